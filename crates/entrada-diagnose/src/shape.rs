//! Recognises the kind of a pasted string from its format alone.
//!
//! Formats marked undocumented were inferred from public samples: they give a hint, not a verdict.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use entrada_core::{Claims, Jwt, JwtError, Secret};

/// Kinds of strings that people use as access tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A JWT that can be read.
    Jwt(Box<Jwt>),
    /// A JWE: only its header can be read (RFC 7516).
    Jwe(Box<Claims>),
    /// A personal account's compact ticket.
    MsaTicket {
        /// Number of the service it was issued for; undocumented.
        site_id: Option<u32>,
        /// Characters.
        length: usize,
    },
    /// A refresh token, or an authorization code, of a work or school account: both look alike.
    EntraGrant {
        /// The tenant in its first part; undocumented.
        tenant: Option<String>,
        /// The client in its first part; undocumented.
        client_id: Option<String>,
        /// Characters.
        length: usize,
    },
    /// A personal account's refresh token.
    MsaRefreshToken {
        /// Characters.
        length: usize,
    },
    /// The cookie with which a broker sends the device's refresh token (PRT).
    PrtCookie,
    /// A SAML assertion, raw or in base64.
    Saml,
    /// A JWT or ticket that a viewer cut short, or that lost a part.
    Broken {
        /// The reason.
        reason: String,
        /// Characters.
        length: usize,
    },
    /// Something else: perhaps another issuer's opaque token.
    Opaque {
        /// Characters.
        length: usize,
    },
}

/// Site id of Microsoft Graph in personal tickets (undocumented; public samples 2015–2026).
pub const SITE_GRAPH: u32 = 293_577;
/// Site id of Outlook (IMAP, SMTP, EWS) in personal tickets (undocumented).
pub const SITE_OUTLOOK: u32 = 292_841;

/// Maximum length of a token that is parsed: a service refuses a longer one because of its size.
const TOKEN_MAX: usize = 256 * 1024;

/// Minimum length of a truncated token in characters: a shorter string is a word followed by dots.
const CUT_MIN: usize = 15;

/// Average length of the pieces of a wrapped token, in characters.
const PIECE_MIN: usize = 16;

impl Shape {
    /// Whether it is the name of a variable in the place of a token: `$token`.
    pub(crate) fn is_variable(&self) -> bool {
        matches!(self, Self::Broken { reason, .. } if reason.contains(VARIABLE))
    }

    /// A token that was sent in the scheme of passwords.
    pub(crate) fn sent_as_basic(length: usize) -> Self {
        let reason = "it was sent with the word `Basic` before it, which is for passwords; a token needs `Bearer`";
        Self::Broken { reason: reason.to_owned(), length }
    }

    /// Classifies the pasted `text`: quotes, `Bearer `, line breaks and similar are removed first.
    pub fn of(text: &str) -> Self {
        if let Some(jwt) = Self::of_plain_jwt(text) {
            return jwt;
        }
        Self::of_bare(Self::bare(text).expose())
    }

    /// The token alone, from the pasted `text`.
    pub fn bare(text: &str) -> Secret {
        Secret::new(unwrap(text))
    }

    /// A JWT and nothing else, the most common input.
    pub fn of_plain_jwt(text: &str) -> Option<Self> {
        if TOKEN_MAX < text.len() || !text.starts_with("eyJ") {
            return None;
        }
        // The other parts are checked as they are decoded. An empty signature, or a dot at the end, may be a viewer's `...`.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let signature = &text.as_bytes()[memchr::memrchr(b'.', text.as_bytes())? + 1..];
        if signature.is_empty() || !signature.iter().copied().all(plain) {
            return None;
        }
        let jwt = Jwt::decode_unverified(text).ok()?;
        Some(match jwt.claims.get("refresh_token") {
            Some(_) => Self::PrtCookie,
            None => Self::Jwt(Box::new(jwt)),
        })
    }

    fn of_bare(text: &str) -> Self {
        let length = text.chars().count();
        let broken = |reason: &str| Self::Broken { reason: reason.to_owned(), length };
        // Several words are not a token, whatever they contain.
        if text.contains(char::is_whitespace)
            && !text.starts_with("Bearer ")
            && !text.starts_with('<')
        {
            return Self::Opaque { length };
        }
        if TOKEN_MAX < text.len() {
            return broken("it is far longer than a token can be");
        }
        if let Some(word) = stand_in(text) {
            return broken(&format!("it is {word} instead of a token"));
        }
        if text.starts_with("Bearer ") {
            return broken("it has the word `Bearer` before it twice");
        }
        let is_long = CUT_MIN < length || looks_like_jwt(text);
        if (text.contains("...") || text.contains('…')) && is_long {
            return broken("a viewer cut it short (`...`)");
        }
        if text.starts_with("PHNhbWw") || text.starts_with('<') && text.contains("Assertion") {
            return Self::Saml;
        }
        if let Some((tenant, client_id)) = entra_grant(text) {
            return Self::EntraGrant { tenant, client_id, length };
        }
        if is_msa_refresh_token(text) {
            return Self::MsaRefreshToken { length };
        }
        if let Some(shape) = msa_ticket(text) {
            return shape;
        }
        match text.matches('.').count() {
            2 => match Jwt::decode_unverified(text) {
                Ok(jwt) if jwt.claims.get("refresh_token").is_some() => Self::PrtCookie,
                Ok(jwt) => Self::Jwt(Box::new(jwt)),
                Err(error) if looks_like_jwt(text) => broken(&error.to_string()),
                Err(_) => Self::Opaque { length },
            },
            4 if looks_like_jwt(text) => {
                let header = text.split('.').next().unwrap_or_default();
                match Claims::decode(header, "header") {
                    Ok(header) if header.get("enc").is_some() => Self::Jwe(Box::new(header)),
                    Ok(_) => broken("it has 5 parts but its header names no encryption"),
                    Err(error) => broken(&error.to_string()),
                }
            }
            dots if looks_like_jwt(text) => {
                broken(&JwtError::Parts { found: dots + 1 }.to_string())
            }
            _ => Self::Opaque { length },
        }
    }

    /// Whether it looks like an ID token next to an access token: with claims about a person and without permissions.
    pub(super) fn is_of_an_id_token(&self) -> bool {
        self.claims().is_some_and(|claims| {
            !claims.has_scp() && claims.roles().is_none() && claims.client_id().is_none()
        })
    }

    /// The token's claims, if they are readable.
    pub fn claims(&self) -> Option<&Claims> {
        match self {
            Self::Jwt(jwt) => Some(&jwt.claims),
            _ => None,
        }
    }
}

/// Removes what logs, shells and mails add around a token.
fn unwrap(text: &str) -> String {
    let mut text = text.trim().trim_end_matches(',').trim();
    if let Some(rest) = text.strip_prefix("\"access_token\"") {
        text = rest.trim_start_matches([':', ' ', '"']);
    }
    for quote in ['"', '\'', '`'] {
        text = text.strip_prefix(quote).unwrap_or(text);
        text = text.strip_suffix(quote).unwrap_or(text);
    }
    let scheme =
        |text: &str| text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer "));
    for name in ["Authorization:", "authorization:"] {
        text = text.strip_prefix(name).unwrap_or(text).trim_start();
    }
    if scheme(text) {
        text = text[7..].trim_start();
    }
    if scheme(text) {
        // A second `Bearer` was sent, and is reported.
        return "Bearer ".to_owned() + &text[7..];
    }
    for quote in ['"', '\'', '`'] {
        text = text.strip_prefix(quote).unwrap_or(text);
        text = text.strip_suffix(quote).unwrap_or(text);
    }
    let text = text.trim();
    if text.len() <= TOKEN_MAX && text.contains(char::is_whitespace) && is_wrapped(text) {
        return text.split_whitespace().collect();
    }
    text.to_owned()
}

/// Whether it is one token in several pieces: its lines, or the parts between `+` signs that a form decoded as spaces. Some may be
/// short.
fn is_wrapped(text: &str) -> bool {
    let pieces = text.split_whitespace().count();
    PIECE_MIN * pieces <= text.len() && text.split_whitespace().all(is_token_text)
}

/// Whether `text`, in the place of a token, shows that a person left the token out.
pub(crate) fn is_elided(text: &str) -> bool {
    const WORDS: [&str; 7] =
        ["redacted", "omitted", "removed", "truncated", "snip", "elided", "masked"];
    let text = text.trim();
    if text.contains("...") || text.contains('…') {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    let in_brackets =
        [("<", ">"), ("[", "]"), ("{", "}"), ("(", ")")].iter().any(|(open, close)| {
            text.starts_with(open) && text.ends_with(close) && !lower.starts_with("[object")
        });
    let is_null = ["(null)", "<null>", "{}", "[]", "<>"].contains(&lower.as_str());
    let is_mask =
        3 <= text.len() && text.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'#'));
    let is_word = text.len() <= 64 && WORDS.iter().any(|word| lower.contains(word));
    (in_brackets && !is_null && text.len() <= 200) || is_mask || is_word
}

/// Whether `text` is markup, such as a sign-in page in the place of a token: `<name>` is a placeholder.
fn is_markup(text: &str) -> bool {
    text.starts_with('<') && (text.contains("</") || text.starts_with("<!"))
}

const VARIABLE: &str = "the name of a variable";

/// Placeholders that programs write for a missing value.
fn stand_in(text: &str) -> Option<&'static str> {
    if 64 < text.len() {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "undefined" => Some("the word `undefined`"),
        "null" | "none" | "nil" | "nan" | "(null)" => Some("the null value (`null`)"),
        "[object object]" | "[object promise]" => Some("`[object …]`"),
        _ if is_markup(text) => Some("a web page or another document in markup"),
        _ if text.starts_with(['$', '%', '<', '{']) && text.len() > 1 => {
            let ends = text.ends_with(['}', '>', '%', ')']) || text.starts_with('$');
            ends.then_some(VARIABLE)
        }
        "your_access_token" | "access_token" | "your_token" | "token" => Some("a placeholder"),
        _ => None,
    }
}

fn is_token_text(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+/=%!*$~".contains(c))
}

/// `eyJ` is `{"` in base64: nearly every JOSE header starts with it.
fn looks_like_jwt(text: &str) -> bool {
    text.starts_with("eyJ") || text.starts_with("ewo") || text.starts_with("ewog")
}

/// `^Ew[A-D]…`, standard base64 without dots. Bytes 4–7 hold the number of the service it is for; undocumented.
fn msa_ticket(text: &str) -> Option<Shape> {
    let known = ["EwA", "EwB", "EwC", "EwD"].iter().any(|prefix| text.starts_with(prefix));
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=%".contains(c);
    if !known || text.len() < 100 || !text.chars().all(base64) {
        return None;
    }
    // Sixteen characters make twelve bytes, enough for the header.
    let start = BASE64_STANDARD_NO_PAD.decode(text.get(..16)?).ok();
    let site_id = start.and_then(|bytes| {
        (bytes.get(..2)? == [0x13, 0x00])
            .then(|| Some(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)))?
    });
    Some(Shape::MsaTicket { site_id, length: text.chars().count() })
}

/// `0.A…`/`1.A…` with tenant and client in the first part (undocumented), or the older `OAQABAAAAA…`, `AQABAAAAA…`.
fn entra_grant(text: &str) -> Option<(Option<String>, Option<String>)> {
    if text.starts_with("OAQABAAAAA")
        || text.starts_with("AQABAAAAA")
        || text.starts_with("AwABAAAA")
    {
        return Some((None, None));
    }
    let rest = text.strip_prefix("0.").or_else(|| text.strip_prefix("1."))?;
    let (first, tail) = rest.split_once('.')?;
    let marked = first.starts_with('A') && (40..=60).contains(&first.len());
    if !marked || !(tail.starts_with("Ag") || tail.starts_with("AQ")) {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(first).unwrap_or_default();
    let guid = |from: usize| {
        let bytes: [u8; 16] = bytes.get(from..from + 16)?.try_into().ok()?;
        Some(uuid::Uuid::from_bytes_le(bytes).to_string())
    };
    Some((guid(3), guid(19)))
}

/// `M.C5xx_BAY.0.U.-…`; older ones start `M.R3_`, `M.C1`.
fn is_msa_refresh_token(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("M.") else { return false };
    (rest.starts_with('C') || rest.starts_with('R'))
        && 30 < text.len()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.!*$".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(payload))
    }

    #[test]
    fn what_clings_to_a_token_is_taken_off() {
        let token = jwt(r#"{"aud":"x"}"#);
        let wrapped = format!("{}\n  {}", &token[..20], &token[20..]);
        for pasted in [
            token.clone(),
            format!("Bearer {token}\n"),
            format!("\"{token}\","),
            format!("Authorization: Bearer {token}"),
            format!("'Bearer {token}'"),
            format!("\"access_token\": \"{token}\","),
            wrapped,
        ] {
            assert!(Shape::of(&pasted).claims().is_some(), "{pasted}");
        }
    }

    #[test]
    fn a_token_that_lost_a_part_is_broken_not_unknown() {
        let token = jwt(r#"{"aud":"x"}"#);
        let (two, _) = token.rsplit_once('.').unwrap();
        for (pasted, reason) in [
            (two.to_owned(), "expected 3 dot-separated parts, found 2"),
            (format!("{}...", &token[..20]), "a viewer cut it short (`...`)"),
        ] {
            let Shape::Broken { reason: found, .. } = Shape::of(&pasted) else {
                panic!("{pasted}")
            };
            assert_eq!(found, reason);
        }
    }

    #[test]
    fn personal_tickets_tell_their_service() {
        let mut bytes = vec![0x13, 0x00, 0xa8, 0x02];
        bytes.extend(SITE_GRAPH.to_le_bytes());
        bytes.extend([7; 200]);
        let ticket = base64::prelude::BASE64_STANDARD.encode(&bytes);
        assert!(ticket.starts_with("Ew"), "{ticket}");
        let Shape::MsaTicket { site_id, .. } = Shape::of(&ticket) else { panic!("{ticket}") };
        assert_eq!(site_id, Some(SITE_GRAPH));
    }

    #[test]
    fn work_refresh_tokens_tell_tenant_and_client() {
        let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        let mut bytes = vec![1, 0xc4, 0x01];
        bytes.extend(uuid::Uuid::parse_str(tenant).unwrap().to_bytes_le());
        bytes.extend(uuid::Uuid::parse_str(client).unwrap().to_bytes_le());
        bytes.extend([0; 5]);
        let first = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
        let token = format!("1.A{}.AgABAw{}", &first[1..], "x".repeat(200));
        let Shape::EntraGrant { tenant: found, client_id, .. } = Shape::of(&token) else {
            panic!()
        };
        assert_eq!(found.as_deref(), Some(tenant));
        assert_eq!(client_id.as_deref(), Some(client));
    }

    #[test]
    fn other_strings_are_named_for_what_they_are() {
        assert!(matches!(
            Shape::of(&format!("M.C546_BAY.0.U.-{}", "Ab!*$".repeat(30))),
            Shape::MsaRefreshToken { .. }
        ));
        assert_eq!(Shape::of("PHNhbWw6QXNzZXJ0aW9u"), Shape::Saml);
        assert!(matches!(Shape::of("hello"), Shape::Opaque { length: 5 }));
        assert!(matches!(Shape::of(&"x".repeat(10_000_000)), Shape::Broken { .. }));
    }
}
