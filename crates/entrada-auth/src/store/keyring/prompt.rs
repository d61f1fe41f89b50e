//! Asking the user to unlock, and taking the question back.

use std::time::Duration;

use futures_lite::StreamExt as _;
use futures_lite::future::or;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{Connection, Proxy};

use super::line::Line;
use super::link::{PATH, SERVICE, driven};
use super::watch::Watch;
use super::{Interaction, trouble};
use crate::store::{BackendError, StoreErrorKind};

const INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// How long taking a dialog back may take.
const DISMISSAL: Duration = Duration::from_secs(1);

/// A dialog that is up.
pub(super) struct Dialog {
    bus: Connection,
    path: OwnedObjectPath,
}

/// Unlocks `object`, an item or a collection; through a dialog where the service wants one and it may come up.
pub(super) async fn unlock(
    bus: &Connection,
    object: &OwnedObjectPath,
    interaction: Interaction,
    watch: &Watch<'_>,
) -> Result<(), BackendError> {
    if interaction == Interaction::Forbidden {
        return Err(BackendError::new(StoreErrorKind::Locked));
    }
    let interface = Some("org.freedesktop.Secret.Service");
    let objects = (vec![object],);
    let reply = bus.call_method(Some(SERVICE), PATH, interface, "Unlock", &objects);
    let reply = reply.await.map_err(trouble::of_bus)?;
    let body = reply.body();
    let (_, path): (Vec<OwnedObjectPath>, OwnedObjectPath) =
        body.deserialize().map_err(trouble::of_bus)?;
    if path.as_str() == "/" {
        return Ok(());
    }
    let proxy = Proxy::new(bus, SERVICE, path.clone(), INTERFACE);
    let proxy = proxy.await.map_err(trouble::of_bus)?;
    // Listen before asking: the answer may come at once.
    let mut completed = proxy.receive_signal("Completed").await.map_err(trouble::of_bus)?;
    watch.prompting(Dialog { bus: bus.clone(), path });
    proxy.call_method("Prompt", &("",)).await.map_err(trouble::of_bus)?;
    let signal = completed.next().await;
    watch.alive();
    let went_away =
        || BackendError::unavailable("the keyring's program ended while its dialog was up");
    let body = signal.ok_or_else(went_away)?.body();
    let (dismissed, _): (bool, OwnedValue) = body.deserialize().map_err(trouble::of_bus)?;
    if dismissed { Err(BackendError::new(StoreErrorKind::Dismissed)) } else { Ok(()) }
}

/// Takes `dialog` back, so that it does not outlive us and block the next program.
pub(super) async fn dismiss(Dialog { bus, path }: Dialog, line: &Line) {
    // Whether that worked changes nothing: the wait is over.
    let dismissal = async {
        let _ = bus.call_method(Some(SERVICE), path, Some(INTERFACE), "Dismiss", &()).await;
    };
    line.extend(DISMISSAL);
    driven(&bus, or(dismissal, line.over())).await;
}
