//! POP3 (RFC 1939, RFC 2449, RFC 5034).

use super::plan::{MailPlan, Security};
use super::sign_in;
use super::talk::{Stop, Talking};
use entrada_core::Secret;

pub(super) fn converse(talking: &mut Talking, plan: &MailPlan, token: &Secret) -> Result<(), Stop> {
    if plan.security == Security::Starttls {
        talking.ask("STLS")?;
        talking.secure()?;
    }
    match talking.ask("CAPA") {
        Ok(_) => talking.up_to_the_dot()?,
        // A server that does not tell what it can may still do it.
        Err(Stop::No) => (),
        Err(stop) => return Err(stop),
    }
    sign_in(talking, "AUTH", plan, token)?;
    let counted = talking.ask("STAT");
    if !matches!(counted, Err(Stop::Broken(_) | Stop::Closed(_) | Stop::Odd)) {
        talking.leave("QUIT");
    }
    counted.map(drop)
}
