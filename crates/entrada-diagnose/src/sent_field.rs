//! The `Authorization` field of a shown request: a form that no service accepts, whatever token is in it.

/// Maximum number of lines that are read.
const LINES_MAX: usize = 2_000;

/// The shortest part of a field that is taken for a whole token, in characters: a shorter one was cut by the writer.
const TOKEN_MIN: usize = 100;

/// What a program wrote around a token by mistake.
const AROUND: [char; 12] = ['"', '\'', '`', '<', '>', '{', '}', '[', ']', '$', ',', ';'];

/// The fault of the first malformed field in `text`; `None` if it shows no request, or none with a fault.
pub(crate) fn fault(text: &str) -> Option<&'static str> {
    let mut in_request = false;
    let mut fields = 0;
    for line in text.lines().take(LINES_MAX) {
        let line = line.trim().trim_start_matches("> ");
        if is_request_line(line) {
            (in_request, fields) = (true, 0);
        } else if line.is_empty() || line == ">" {
            in_request = false;
        }
        let mut shown = arguments(line);
        if in_request {
            shown.push(line);
        } else {
            fields = 0;
        }
        for field in shown {
            let Some((name, value)) = field.split_once(':') else { continue };
            if !value.contains("eyJ") {
                continue;
            }
            if name.eq_ignore_ascii_case("authorisation") {
                return Some("the field is named `Authorization`, with a `z`");
            }
            if name.eq_ignore_ascii_case("authorization") {
                fields += 1;
                if 1 < fields {
                    return Some("the request has two `Authorization` fields");
                }
                if let Some(fault) = fault_of_value(value.trim()) {
                    return Some(fault);
                }
            }
        }
    }
    None
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

/// Whether `line` is a request line: `GET /v1.0/me HTTP/1.1`.
fn is_request_line(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|method| method.bytes().all(|byte| byte.is_ascii_uppercase()))
        && words.nth(1).is_some_and(|word| word.starts_with("HTTP/"))
}

/// The quoted fields that a command of curl in `line` sends.
fn arguments(line: &str) -> Vec<&str> {
    if !line.contains("curl") {
        return Vec::new();
    }
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
    }
}
