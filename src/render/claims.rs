//! The claims of a token, annotated.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::human::{Style, heading, marked};
use entrada_core::entra::resources;
use entrada_core::{Claims, Jwt, NumericDate, clean, human_duration};

/// The meanings of the claims that Entra sends.
const MEANINGS: [(&str, &str); 43] = [
    ("acct", "0: member of the tenant, 1: guest"),
    ("acr", "0: authentication did not meet ISO 29115, 1: it did"),
    ("acrs", "authentication contexts that were satisfied"),
    ("aio", "internal to Entra"),
    ("alg", "the signature algorithm"),
    ("amr", "how the user authenticated"),
    ("app_displayname", "the application's name"),
    ("appid", "the client that asked (v1.0 tokens)"),
    ("appidacr", "how the client authenticated: 0 public, 1 secret, 2 certificate"),
    ("aud", "the recipient that the token is for"),
    ("azp", "the client that asked (v2.0 tokens)"),
    ("azpacr", "how the client authenticated: 0 public, 1 secret, 2 certificate"),
    ("email", "an address, not verified"),
    ("exp", "when the token expires"),
    ("iat", "when the token was issued; Entra sets it five minutes back"),
    ("idp", "who authenticated the user, where that is not the issuer"),
    ("idtyp", "`app`: the token belongs to an application, without a user"),
    ("ipaddr", "where the user signed in from"),
    ("iss", "who issued it"),
    ("kid", "which key signed it"),
    ("name", "the user's name, for display only"),
    ("nbf", "when the token becomes valid; Entra sets it five minutes back"),
    ("nonce", "in the header: hashed before signing, so only the service can check the signature"),
    ("oid", "the user or application in that tenant"),
    ("platf", "the platform of the device"),
    ("preferred_username", "the user, for display only"),
    ("puid", "internal user number"),
    ("rh", "internal to Entra"),
    ("roles", "application permissions, or the user's app roles next to `scp`"),
    ("scp", "delegated permissions; never contains `offline_access`"),
    ("sid", "the session"),
    ("signin_state", "properties of the session"),
    ("sub", "the user, as this application knows them"),
    ("tid", "the tenant that issued it"),
    ("typ", "kind of token"),
    ("unique_name", "the user, for display only"),
    ("upn", "the user's sign-in name"),
    ("uti", "this token's id, for the sign-in log"),
    ("ver", "chosen by the service, not by the endpoint"),
    ("wids", "directory roles of the user"),
    ("x5t", "which certificate signed it"),
    ("xms_cc", "`CP1`: the client handles claims challenges (CAE)"),
    ("xms_tcdt", "when the tenant was created"),
];

/// The meaning of the claim `name`, if Entra sends it.
pub fn claim_meaning(name: &str) -> Option<&'static str> {
    let index = MEANINGS.binary_search_by_key(&name, |(known, _)| known).ok()?;
    MEANINGS.get(index).map(|(_, meaning)| *meaning)
}

/// Every claim that Entra sends, with its meaning.
pub fn claim_meanings() -> impl Iterator<Item = (&'static str, &'static str)> {
    MEANINGS.into_iter()
}

/// Writes the header and payload of `jwt`, one claim a line, with the meaning of each known claim.
pub fn claims(out: &mut dyn Write, jwt: &Jwt, now: NumericDate, style: Style) -> io::Result<()> {
    section(out, "header", &jwt.header, now, style)?;
    section(out, "payload", &jwt.claims, now, style)?;
    let signature = if 0 < jwt.signature_length { "there, not checked" } else { "missing" };
    writeln!(out, "{}  {signature}", heading(style, "signature"))
}

fn section(
    out: &mut dyn Write,
    title: &str,
    claims: &Claims,
    now: NumericDate,
    style: Style,
) -> io::Result<()> {
    writeln!(out, "{}", heading(style, title))?;
    let wide = claims.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(24);
    for (name, value) in claims.iter() {
        let shown = match value {
            Value::String(text) => clean(text).into_owned(),
            other => clean(&other.to_string()).into_owned(),
        };
        let note = note(name, value, claims, now);
        let line = format!("  {:wide$}  {shown}", clean(name));
        let room = |width: usize| line.width() + 4 + note.width() <= width;
        if note.is_empty() {
            writeln!(out, "{line}")?;
        } else if style.width.is_none_or(room) {
            writeln!(out, "{line}  # {note}")?;
        } else {
            writeln!(out, "{line}")?;
            marked(out, style, "      #", &format!(" {note}"), 8)?;
        }
    }
    Ok(())
}

pub(super) fn note(name: &str, value: &Value, claims: &Claims, now: NumericDate) -> String {
    let meaning = claim_meaning(name).unwrap_or_default();
    if ["exp", "iat", "nbf", "auth_time", "xms_tcdt"].contains(&name)
        && let Some(time) = claims.time(name)
    {
        let away = time.seconds_since(now);
        let distance = human_duration(away);
        let when = if 0 <= away { format!("in {distance}") } else { format!("{distance} ago") };
        return format!("{time}, {when}; {meaning}").trim_end_matches("; ").to_owned();
    }
    if name == "aud"
        && let Some(resource) = value.as_str().and_then(resources::of_audience)
    {
        return format!("{}; {meaning}", resource.name);
    }
    meaning.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meanings_are_sorted_for_the_search() {
        assert!(MEANINGS.is_sorted_by_key(|(name, _)| *name));
    }
}
