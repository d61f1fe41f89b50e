//! IMAP (RFC 9051; RFC 7628 for the sign-in).

use super::plan::{MailPlan, Security};
use super::session::{MailSession, Stop};
use super::sign_in;
use entrada_core::Secret;

pub(super) fn converse(
    session: &mut MailSession,
    plan: &MailPlan,
    token: &Secret,
) -> Result<(), Stop> {
    if plan.security == Security::Starttls {
        session.ask("STARTTLS")?;
        session.secure()?;
    }
    session.ask("CAPABILITY")?;
    sign_in(session, "AUTHENTICATE", plan, token)?;
    // Exchange takes the token for a mailbox that is closed to its user, and says so only here. EXAMINE changes nothing, not
    // even which messages are new.
    let opened = session.ask("EXAMINE INBOX");
    if !matches!(opened, Err(Stop::Broken(_) | Stop::Closed(_) | Stop::Unexpected)) {
        session.leave("LOGOUT");
    }
    opened.map(drop)
}
