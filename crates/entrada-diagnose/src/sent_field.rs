//! The `Authorization` field of a shown request: a form that no service accepts, whatever token is in it.

use std::borrow::Cow;

use crate::service::is_request_line;

/// Maximum number of lines that are read.
const LINES_MAX: usize = 2_000;

/// The shortest part of a field that is taken for a whole token, in characters: a shorter one was cut by the writer.
const TOKEN_MIN: usize = 100;

/// What a program wrote around a token by mistake.
const AROUND: [char; 12] = ['"', '\'', '`', '<', '>', '{', '}', '[', ']', '$', ',', ';'];

/// The fault of the field in the last request that `text` shows; `None` if it shows no request, or none with a fault.
pub(crate) fn fault(text: &str) -> Option<&'static str> {
    let (mut in_request, mut in_command) = (false, false);
    let mut fields = 0;
    let mut found = None;
    for line in &lines(text) {
        let line = line.trim().trim_start_matches("> ");
        let begins = is_request_line(line);
        let is_command = in_command || line.contains("curl ");
        if begins || (is_command && !in_command) {
            (fields, found) = (0, None);
        }
        in_request = begins || (in_request && !line.is_empty() && line != ">");
        in_command = is_command && line.ends_with(['\\', '^', '`']);
        let shown = match (is_command, in_request) {
            (true, _) => arguments(line),
            (false, true) => vec![line],
            (false, false) => continue,
        };
        for field in shown {
            let Some((name, value)) = field.split_once(':') else { continue };
            if !value.contains("eyJ") {
                continue;
            }
            let fault = match name.to_ascii_lowercase().as_str() {
                "authorisation" => Some("the field is named `Authorization`, with a `z`"),
                "authorization" if 0 < fields => Some("the request has two `Authorization` fields"),
                "authorization" => {
                    fields += 1;
                    fault_of_value(value.trim())
                }
                _ => None,
            };
            found = found.or(fault);
        }
    }
    found
}

/// The lines of `text`. A formatter puts a word that is longer than a line on one of its own: the token after the name of the field.
fn lines(text: &str) -> Vec<Cow<'_, str>> {
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    for line in text.lines().take(LINES_MAX) {
        match lines.last_mut() {
            Some(before) if line.starts_with("eyJ") && awaits_token(before) => {
                before.to_mut().extend([" ", line]);
            }
            _ => lines.push(Cow::Borrowed(line)),
        }
    }
    lines
}

/// Whether `line` ends with the name of the field, or with one word after it.
fn awaits_token(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let after =
        ["authorization:", "authorisation:"].iter().find_map(|name| lower.rsplit_once(name));
    after.is_some_and(|(_, after)| after.split_whitespace().count() <= 1)
}

/// The fault of a field's value that has a whole JWT in it.
fn fault_of_value(value: &str) -> Option<&'static str> {
    let (scheme, token) = value.split_once(' ').unwrap_or(("", value));
    let scheme = scheme.to_ascii_lowercase();
    let core = token.trim().trim_start_matches(AROUND);
    let core = core.strip_prefix("b'").or_else(|| core.strip_prefix("b\"")).unwrap_or(core);
    let end = core.find(|c: char| !is_of_token(c)).unwrap_or(core.len());
    let (jwt, rest) = core.split_at(end);
    if jwt.len() < TOKEN_MIN || jwt.matches('.').count() < 2 {
        return None;
    }
    match scheme.as_str() {
        "" => return Some("the scheme `Bearer` is missing before the token"),
        "bearer:" | "bearer=" => return Some("the scheme is `Bearer`, without a colon"),
        "token" | "jwt" => return Some("the scheme is `Bearer`, and no other word"),
        "bearer" => (),
        _ => return None,
    }
    if core.len() < token.trim().len() {
        return Some("there are other characters before the token");
    }
    match rest.trim() {
        "" => None,
        rest if rest.chars().all(|c| ['+', '/', '='].contains(&c)) => {
            Some("the signature is not base64url: it has no `+`, `/` and `=`")
        }
        rest if rest.chars().all(|c| AROUND.contains(&c)) => {
            Some("there are other characters after the token")
        }
        _ => None,
    }
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c)
}

/// The quoted fields in `line`, a line of a command of curl.
fn arguments(line: &str) -> Vec<&str> {
    let flags = ["-H ", "--header "];
    let starts = flags
        .iter()
        .flat_map(|flag| line.match_indices(flag).map(|(at, flag)| &line[at + flag.len()..]));
    let quoted = starts.filter_map(|rest| {
        let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
        rest[1..].split(quote).next()
    });
    quoted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.{}", "c2ln".repeat(90))
    }

    #[test]
    fn a_field_that_no_service_accepts_has_a_fault() {
        let jwt = token();
        let of = |field: &str| {
            let field = field.replace("JWT", &jwt);
            let raw = fault(&format!("GET /me HTTP/1.1\nHost: x\n{field}\n"));
            let verbose = fault(&format!("> GET /me HTTP/2\n> {field}\n>\n< HTTP/2 200"));
            assert_eq!(raw, verbose, "{field}");
            raw.is_some()
        };
        for field in [
            "Authorization: JWT",
            "Authorization: Bearer: JWT",
            "Authorization: Token JWT",
            "Authorization: Bearer \"JWT\"",
            "Authorization: Bearer b'JWT'",
            "Authorization: Bearer {JWT}",
            "Authorization: Bearer <JWT>",
            "Authorization: Bearer $JWT",
            "Authorization: Bearer JWT,",
            "Authorization: Bearer JWT+/=",
            "Authorisation: Bearer JWT",
        ] {
            assert!(of(field), "{field}");
        }
        for field in [
            "Authorization: Bearer JWT",
            "authorization: bearer JWT",
            "Authorization: PoP JWT",
            "Authorization: Bearer eyJ...",
            "Authorization: Bearer <token>",
            "X-Token: JWT",
        ] {
            assert!(!of(field), "{field}");
        }
    }

    #[test]
    fn a_text_without_a_request_has_no_fault() {
        let jwt = token();
        assert_eq!(fault(&format!("Authorization: {jwt}")), None);
        assert_eq!(fault(&format!("headers = {{\"Authorization\": \"Bearer {jwt}\"}},")), None);
        let curl = |field: &str| fault(&format!("curl -H \"{field}\" https://x")).is_some();
        assert!(curl(&format!("Authorization: {jwt}")));
        assert!(!curl(&format!("Authorization: Bearer {jwt}")));
        let lines = format!("curl https://x \\\n  --header 'Authorization: {jwt}'\n");
        assert!(fault(&lines).is_some());
        for field in ["Authorization:", "Authorization: Token"] {
            assert!(fault(&format!("GET /me HTTP/1.1\n{field}\n{jwt}")).is_some(), "{field}");
        }
        assert_eq!(fault(&format!("GET /me HTTP/1.1\nAuthorization: Bearer\n{jwt}")), None);
    }

    #[test]
    fn the_last_request_counts() {
        let jwt = token();
        let request = |field: &str| format!("GET /me HTTP/1.1\nAuthorization: {field}\n\n");
        let (bad, good) = (request(&jwt), request(&format!("Bearer {jwt}")));
        assert!(fault(&format!("{good}{bad}")).is_some());
        assert_eq!(fault(&format!("{bad}{good}")), None);
        let twice = format!(
            "{}Authorization: Bearer {jwt}\n",
            good.trim_end_matches('\n').to_owned() + "\n"
        );
        assert!(fault(&twice).is_some_and(|fault| fault.contains("two")));
    }
}
