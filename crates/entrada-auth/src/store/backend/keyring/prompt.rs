//! The dialog that asks the user to unlock the keyring, and its dismissal.

use std::time::Duration;

use futures_lite::StreamExt as _;
use futures_lite::future::or;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{Connection, Proxy};

use super::connection::{PATH, SERVICE, driven};
use super::poll_loop::PollLoop;
use super::timeouts::Timeouts;
use super::{Interaction, errors};
use crate::store::{BackendError, StoreErrorKind};

const INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// The time limit for dismissing a dialog.
const DISMISSAL: Duration = Duration::from_secs(1);

/// An open dialog.
pub(super) struct Dialog {
    bus: Connection,
    path: OwnedObjectPath,
}

/// Unlocks `object`, an item or a collection. Shows a dialog if the service wants one and it is allowed.
pub(super) async fn unlock(
    bus: &Connection,
    object: &OwnedObjectPath,
    interaction: Interaction,
    timeouts: &Timeouts<'_>,
) -> Result<(), BackendError> {
    if interaction == Interaction::Forbidden {
        return Err(BackendError::new(StoreErrorKind::Locked));
    }
    let interface = Some("org.freedesktop.Secret.Service");
    let objects = (vec![object],);
    let reply = bus.call_method(Some(SERVICE), PATH, interface, "Unlock", &objects);
    let reply = reply.await.map_err(errors::from_bus)?;
    let body = reply.body();
    let (_, path): (Vec<OwnedObjectPath>, OwnedObjectPath) =
        body.deserialize().map_err(errors::from_bus)?;
    if path.as_str() == "/" {
        return Ok(());
    }
    let proxy = Proxy::new(bus, SERVICE, path.clone(), INTERFACE);
    let proxy = proxy.await.map_err(errors::from_bus)?;
    // The subscription comes before the call, because the answer may arrive at once.
    let mut completed = proxy.receive_signal("Completed").await.map_err(errors::from_bus)?;
    timeouts.dialog_opened(Dialog { bus: bus.clone(), path });
    proxy.call_method("Prompt", &("",)).await.map_err(errors::from_bus)?;
    let signal = completed.next().await;
    timeouts.restart();
    let went_away =
        || BackendError::unavailable("the keyring's program ended while its dialog was open");
    let body = signal.ok_or_else(went_away)?.body();
    let (dismissed, _): (bool, OwnedValue) = body.deserialize().map_err(errors::from_bus)?;
    if dismissed { Err(BackendError::new(StoreErrorKind::Dismissed)) } else { Ok(()) }
}

/// Dismisses `dialog`, so that it does not stay open after entrada ends and block the next program.
pub(super) async fn dismiss(Dialog { bus, path }: Dialog, poll_loop: &PollLoop) {
    // The result is ignored, because the wait is over in any case.
    let dismissal = async {
        let _ = bus.call_method(Some(SERVICE), path, Some(INTERFACE), "Dismiss", &()).await;
    };
    poll_loop.set_limit(DISMISSAL);
    driven(&bus, or(dismissal, poll_loop.timed_out())).await;
}
