//! IMAP (RFC 9051; RFC 7628 for the sign-in).

use super::plan::{MailPlan, Security};
use super::sign_in;
use super::talk::{Stop, Talking};
use entrada_core::Secret;

pub(super) fn converse(talking: &mut Talking, plan: &MailPlan, token: &Secret) -> Result<(), Stop> {
    if plan.security == Security::Starttls {
        talking.ask("STARTTLS")?;
        talking.secure()?;
    }
    talking.ask("CAPABILITY")?;
    sign_in(talking, "AUTHENTICATE", plan, token)?;
    // Exchange takes the token for a mailbox that is closed to its user, and says so only here. EXAMINE changes nothing, not
    // even which messages are new.
    let opened = talking.ask("EXAMINE INBOX");
    if !matches!(opened, Err(Stop::Broken(_) | Stop::Closed(_) | Stop::Odd)) {
        talking.leave("LOGOUT");
    }
    opened.map(drop)
}
