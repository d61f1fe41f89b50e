//! POP3 (RFC 1939, RFC 2449, RFC 5034).

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
        session.ask("STLS")?;
        session.secure()?;
    }
    match session.ask("CAPA") {
        Ok(_) => session.up_to_the_dot()?,
        // A server without CAPA may still support it.
        Err(Stop::No) => (),
        Err(stop) => return Err(stop),
    }
    sign_in(session, "AUTH", plan, token)?;
    let counted = session.ask("STAT");
    if !matches!(counted, Err(Stop::Broken(_) | Stop::Closed(_) | Stop::Unexpected)) {
        session.leave("QUIT");
    }
    counted.map(drop)
}
