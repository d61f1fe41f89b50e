//! The claims of a token, annotated.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::human::{Style, heading, marked};
use entrada_core::entra::{self, resources};
use entrada_core::{Claims, Jwt, NumericDate, clean, human_duration};

/// Writes the header and payload of `jwt`, one claim a line, with the meaning of each known claim.
pub fn claims(out: &mut dyn Write, jwt: &Jwt, now: NumericDate, style: Style) -> io::Result<()> {
    section(out, "header", &jwt.header, now, style)?;
    section(out, "payload", &jwt.claims, now, style)?;
    let signature = if jwt.has_signature() { "there, not checked" } else { "missing" };
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
    let meaning = entra::claims::meaning(name).unwrap_or_default();
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
