//! Presents a token to its service, in the service's own protocol, and returns the answer. No mail is
//! sent, and nothing is changed or marked as read.
//!
//! The mail protocols are spoken here, in lines: `async-imap`, `lettre` and their like replace the server's words by their own
//! errors, and the probe needs the words.

mod imap;
mod plan;
mod pop;
mod session;
mod smtp;
mod web;

pub use plan::{
    MailPlan, PlanError, ProbeOptions, ProbePlan, SaslMechanism, Security, Server, WebPlan, plan,
};
pub use session::{SessionOutcome, Transcript};
pub use web::{Answered, ServiceAnswer, WebVerdict, ask};

use entrada_auth::sys::Dial;
use entrada_core::oauth::sasl;
use entrada_core::{Protocol, Redactor, Secret, Side};
use session::{MailSession, Stop};

/// Signs in as `plan` says, opens the mailbox, and leaves.
pub fn converse(dial: &dyn Dial, plan: &MailPlan, token: &Secret) -> Transcript {
    let mut session = MailSession::new(plan.protocol);
    let outcome = match session.dial(dial, plan).and_then(|()| match plan.protocol {
        Protocol::Imap => imap::converse(&mut session, plan, token),
        Protocol::Pop => pop::converse(&mut session, plan, token),
        Protocol::Smtp => smtp::converse(&mut session, plan, token),
    }) {
        Ok(()) => SessionOutcome::Taken,
        Err(Stop::No) if session.has_begun() => SessionOutcome::Refused,
        // A server that refuses and then closes the connection has refused.
        Err(Stop::Closed(_)) if session.has_begun() && session.was_refused() => {
            SessionOutcome::Refused
        }
        Err(Stop::No | Stop::Unexpected) => SessionOutcome::Unexpected,
        Err(Stop::Closed(_)) if session.was_refused() => SessionOutcome::Unexpected,
        Err(Stop::Closed(error) | Stop::Broken(error)) => SessionOutcome::Broken(error),
    };
    let strings = [sasl::xoauth2(&plan.user, token), sasl::oauthbearer(&plan.user, token)];
    let mut transcript = session.end(outcome);
    redact_received(&Redactor::of([token, &strings[0], &strings[1]]), &mut transcript.lines);
    transcript
}

/// Removes the secrets from the server's lines.
fn redact_received(redactor: &Redactor, lines: &mut [(Side, String)]) {
    let mut received: Vec<&mut String> = lines
        .iter_mut()
        .filter_map(|(side, line)| (*side == Side::Server).then_some(line))
        .collect();
    redactor.lines(&mut received);
}

/// Times that a server may ask on after it was shown the token: once for the reason (RFC 7628 §3.2.3).
const CHALLENGES_MAX: usize = 3;

/// Shows the token by `mechanism`, where the server has said that it listens: `command` is the one that begins it. The string
/// comes on a line of its own, for the first line may be too short for it (RFC 4954 §4, RFC 5034 §4).
fn sign_in(
    session: &mut MailSession,
    command: &str,
    plan: &MailPlan,
    token: &Secret,
) -> Result<(), Stop> {
    let mechanism = plan.mechanism.unwrap_or_else(|| session.offered());
    session.begin();
    session.say(&format!("{command} {}", mechanism.name()))?;
    if !session.goes_on()? {
        // The server accepts a client that has sent no token.
        return Err(Stop::Unexpected);
    }
    let string = match mechanism {
        SaslMechanism::Xoauth2 => sasl::xoauth2(&plan.user, token),
        SaslMechanism::Oauthbearer => sasl::oauthbearer(&plan.user, token),
    };
    session.say_secret(&string, &format!("(the {} string for {})", mechanism.name(), plan.user))?;
    for _ in 0..CHALLENGES_MAX {
        if !session.goes_on()? {
            return Ok(());
        }
        // What came is the reason; it wants an answer before the refusal itself comes (RFC 7628 §3.2.3).
        session.say(match mechanism {
            SaslMechanism::Xoauth2 => "",
            SaslMechanism::Oauthbearer => "AQ==",
        })?;
    }
    Err(Stop::Unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_said_stays_and_lines_stay_lines() {
        let token = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJtYWlsIiwic2NwIjoieCJ9.c2lnbmF0dXJlIG9mIGl0";
        let mut lines = vec![
            (Side::Server, format!("one {}", &token[..30])),
            (Side::Client, "C".to_owned()),
            (Side::Server, format!("{} two", &token[30..])),
            (Side::Server, "three".to_owned()),
        ];
        redact_received(&Redactor::of([&Secret::new(token)]), &mut lines);
        let said: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(said, ["one [secret]", "C", " two", "three"]);
    }
}
