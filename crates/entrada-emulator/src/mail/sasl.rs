//! The sign-in with an access token: XOAUTH2 and OAUTHBEARER (RFC 7628).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Emulator;
use crate::account::EmulatedAccount;
use crate::scope::EXCHANGE;
use entrada_core::{NumericDate, Protocol};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Xoauth2,
    OauthBearer,
}

impl Mechanism {
    pub(super) fn find(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "XOAUTH2" => Some(Self::Xoauth2),
            "OAUTHBEARER" => Some(Self::OauthBearer),
            _ => None,
        }
    }
}

/// The error of RFC 7628 §3.2.2, in base64.
pub(super) fn error() -> String {
    STANDARD.encode("{\"status\":\"invalid_token\",\"schemes\":\"bearer\"}")
}

/// The user whose mailbox `response` opens: the token is for Exchange and this protocol, and for the user that is named. A
/// token of an application opens every mailbox.
pub(super) fn user(
    protocol: Protocol,
    mechanism: Mechanism,
    response: &str,
    emulator: &Emulator,
    now: NumericDate,
) -> Option<&'static EmulatedAccount> {
    let (name, token) = parse(mechanism, response)?;
    let mut state = emulator.state();
    state.remember_secret(token.clone());
    let caller = state.caller(Some(&token), &EXCHANGE, now).ok()?;
    let permissions = match protocol {
        Protocol::Imap => ["IMAP.AccessAsUser.All", "IMAP.AccessAsApp"],
        Protocol::Pop => ["POP.AccessAsUser.All", "POP.AccessAsApp"],
        Protocol::Smtp => ["SMTP.Send", "SMTP.SendAsApp"],
    };
    if !caller.has_any(&permissions) {
        return None;
    }
    let named = state.known_account(&name)?;
    caller.account.is_none_or(|own| own.oid == named.oid).then_some(named)
}

/// User name and token of an initial response.
fn parse(mechanism: Mechanism, response: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(response.trim()).ok()?).ok()?;
    let mut parts = text.split('\u{1}');
    let first = parts.next()?;
    let user = match mechanism {
        Mechanism::Xoauth2 => first.strip_prefix("user=")?.to_owned(),
        Mechanism::OauthBearer => {
            let name = first.strip_prefix("n,a=")?.strip_suffix(',')?;
            name.replace("=2C", ",").replace("=3D", "=")
        }
    };
    let token = parts.find_map(|part| part.strip_prefix("auth=Bearer "))?;
    Some((user, token.to_owned()))
}
