//! Submission by SMTP (RFC 5321, RFC 6409, RFC 4954).

use super::plan::{MailPlan, Security};
use super::session::{MailSession, Stop};
use super::sign_in;
use entrada_core::Secret;

/// The client's name: an address literal, for a client without a name (RFC 5321 §4.1.3).
const EHLO: &str = "EHLO [127.0.0.1]";

pub(super) fn converse(
    session: &mut MailSession,
    plan: &MailPlan,
    token: &Secret,
) -> Result<(), Stop> {
    session.ask(EHLO)?;
    if plan.security == Security::Starttls {
        session.ask("STARTTLS")?;
        session.secure()?;
        // Capabilities offered before TLS must be discarded (RFC 3207 §4.2).
        session.ask(EHLO)?;
    }
    sign_in(session, "AUTH", plan, token)?;
    // A user who may sign in may still not be allowed to send. The envelope is begun and thrown away: no message, no recipient.
    let sender = &plan.user;
    let begun = if sender.contains('@') {
        session.ask(&format!("MAIL FROM:<{sender}>")).map(drop)
    } else {
        Ok(())
    };
    if !matches!(begun, Err(Stop::Broken(_) | Stop::Closed(_) | Stop::Unexpected)) {
        session.leave("RSET");
        session.leave("QUIT");
    }
    begun
}
