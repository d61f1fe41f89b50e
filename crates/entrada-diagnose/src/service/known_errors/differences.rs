//! Two values that a check compares and that look alike: the token's audience or issuer, and the expected one.

use super::Hypothesis;
use crate::{Confidence, RuleId, Who};

/// Words before the value of the token, in lower case. A value in quotes follows, or one up to a blank.
const FOUND: [&str; 14] = [
    "audiences: ",
    "audience: ",
    "issuer: ",
    "issuer ",
    "audience ",
    "got: ",
    "got ",
    "found: ",
    "found ",
    "but was ",
    "actual: ",
    "received: ",
    "received ",
    "aud=",
];

/// Words before an expected value, in lower case.
const EXPECTED: [&str; 13] = [
    "validaudience: ",
    "validaudiences: ",
    "validissuer: ",
    "validissuers: ",
    "configuration.issuer: ",
    "expected one of: ",
    "expected one of ",
    "expected: ",
    "expected ",
    "expecting: ",
    "expecting ",
    "should be ",
    "must be ",
];

/// Maximum number of values that are read, and of bytes of each.
const VALUES_MAX: usize = 24;
const VALUE_MAX: usize = 300;

/// Maximum length of a list of values, in bytes.
const LIST_MAX: usize = 4_000;

/// A value that the API accepts, and the token's value that is nearly the same.
#[derive(Debug, PartialEq, Eq)]
struct Pair<'a> {
    found: &'a str,
    expected: &'a str,
    differences: Vec<&'static str>,
    /// Whether one of them is the App ID URI of the other one.
    is_uri_and_id: bool,
}

/// Names the difference in `told`, if `text` has two values that are nearly the same. `true` if it has.
pub(super) fn refine(text: &str, told: &mut Hypothesis) -> bool {
    let of_audience = told.id == RuleId::WrongAudience;
    let of_issuer = [RuleId::V1V2EndpointMismatch, RuleId::WrongTenant].contains(&told.id);
    if !of_audience && !of_issuer {
        return false;
    }
    let Some(pair) = pair(text) else { return false };
    let (name, setting) =
        if of_audience { ("audience", "ValidAudience") } else { ("issuer", "ValidIssuer") };
    let values = format!("`{}` in the token, `{}` expected", pair.found, pair.expected);
    told.confidence = Confidence::Certain;
    told.who = Some(Who::Developer);
    if pair.is_uri_and_id {
        told.message = format!(
            "the token's audience and the expected one name the same API, once by its client id and once by its App ID URI: {values}"
        );
        told.help = vec![
            format!(
                "let the API accept both: `ValidAudiences` with `{}` and `{}`",
                pair.found, pair.expected
            ),
            "tokens of v2.0 have the client id as `aud`, those of v1.0 the App ID URI: `requestedAccessTokenVersion` in the API's registration chooses the version"
                .to_owned(),
        ];
    } else {
        told.message = format!(
            "the token's {name} and the expected one differ only {}: {values}",
            listed(&pair.differences)
        );
        told.help = vec![format!(
            "set the expected {name} in the API's configuration (`{setting}`) to exactly the token's value, `{}`",
            pair.found
        )];
        if of_audience {
            told.help.push(
                "or request the token for exactly the expected value: it comes from the scope before its last slash"
                    .to_owned(),
            );
        } else {
            // The token is as Entra issues it.
            told.id = RuleId::NotAboutTheToken;
        }
    }
    told.is_complete = true;
    true
}

fn listed(differences: &[&str]) -> String {
    match differences {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        all => all.concat(),
    }
}

/// The token's value and the expected one that are nearly the same. `None` if the API also expects exactly that value.
fn pair(text: &str) -> Option<Pair<'_>> {
    let lower = text.to_ascii_lowercase();
    let expected = values(text, &lower, &EXPECTED);
    let found: Vec<&str> = values(text, &lower, &FOUND)
        .into_iter()
        .filter(|value| !expected.iter().any(|own| own.as_ptr() == value.as_ptr()))
        .collect();
    if found.iter().any(|value| expected.contains(value)) {
        return None;
    }
    let pairs = found.iter().flat_map(|found| expected.iter().map(move |own| compare(found, own)));
    pairs.flatten().min_by_key(|pair| pair.differences.len())
}

/// The values that follow one of `names`; `lower` is `text` in lower case.
fn values<'a>(text: &'a str, lower: &str, names: &[&str]) -> Vec<&'a str> {
    let mut all = Vec::new();
    for name in names {
        for (at, _) in lower.match_indices(name).take(VALUES_MAX) {
            // `validaudience:` ends with `audience:`.
            let is_longer = lower[..at].ends_with(|c: char| c.is_ascii_alphabetic());
            if is_longer && !name.starts_with("configuration") {
                continue;
            }
            let mut end = text.len().min(at + name.len() + LIST_MAX);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let mut rest = text[at + name.len()..end].trim_start_matches(['[', '{']);
            let quote = rest.chars().next().filter(|c| ['\'', '"', '`'].contains(c));
            let value = match quote {
                Some(quote) => {
                    rest = &rest[1..];
                    rest.split(quote).next().filter(|value| value.len() < rest.len())
                }
                None => rest.split([' ', ',', ';', ')', ']', '}']).next(),
            };
            let Some(value) = value else { continue };
            let list = value.split(", ");
            all.extend(
                list.map(|value| if quote.is_none() { value.trim_end_matches('.') } else { value }),
            );
        }
    }
    all.retain(|value| value.len() <= VALUE_MAX && is_value(value));
    all.truncate(VALUES_MAX);
    all
}

/// Whether `value` may be an audience or an issuer, and no word of a sentence.
fn is_value(value: &str) -> bool {
    let value = value.trim();
    let is_guid = uuid::Uuid::try_parse(value).is_ok();
    is_guid || value.contains("://") || (value.contains(['-', '.', '_']) && 8 <= value.len())
}

/// How the two differ; `None` if they are equal, or more than nearly the same.
fn compare<'a>(found: &'a str, expected: &'a str) -> Option<Pair<'a>> {
    let mut differences = Vec::new();
    let plain = |text: &str| {
        text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect::<String>()
    };
    let (mut one, mut other) = (plain(found), plain(expected));
    if one != found || other != expected {
        differences.push("by a blank");
    }
    let slash = |text: &str| text.len() - text.trim_end_matches('/').len();
    if slash(&one) != slash(&other) {
        differences.push("by the slash at the end");
    }
    for text in [&mut one, &mut other] {
        text.truncate(text.trim_end_matches('/').len());
    }
    let bare = |text: &str| {
        let bare = text.get(..6).filter(|start| start.eq_ignore_ascii_case("api://"));
        bare.map_or(text, |_| &text[6..]).to_owned()
    };
    let is_uri_and_id = one.len() != other.len() && bare(&one).eq_ignore_ascii_case(&bare(&other));
    if is_uri_and_id {
        (one, other) = (bare(&one), bare(&other));
    }
    let scheme = |text: &str| text.strip_prefix("http://").map(|rest| format!("https://{rest}"));
    match (scheme(&one), scheme(&other)) {
        (Some(secure), None) if secure.eq_ignore_ascii_case(&other) => {
            differences.push("by `http` and `https`");
            one = secure;
        }
        (None, Some(secure)) if secure.eq_ignore_ascii_case(&one) => {
            differences.push("by `http` and `https`");
            other = secure;
        }
        _ => (),
    }
    if one != other && one.eq_ignore_ascii_case(&other) {
        differences.push("in letter case");
        other.clone_from(&one);
    }
    let is_near = one == other && !one.is_empty() && (is_uri_and_id || !differences.is_empty());
    is_near.then_some(Pair { found, expected, differences, is_uri_and_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "7b1d9c34-52ae-4f0d-9e68-c3a41f7e2d05";

    fn said(id: RuleId, text: &str) -> Option<String> {
        let mut told = Hypothesis::likely(id, "x");
        refine(text, &mut told).then_some(told.message)
    }

    #[test]
    fn the_difference_between_two_values_is_named() {
        use RuleId::{V1V2EndpointMismatch as Issuer, WrongAudience as Audience};
        for (id, text, difference) in [
            (
                Audience,
                "Audiences: 'api://orders/'. Did not match: validationParameters.ValidAudience: 'api://orders' or validationParameters.ValidAudiences: 'null'.",
                "only by the slash at the end",
            ),
            (
                Audience,
                "Audiences: 'api://orders-v2'. Did not match: validationParameters.ValidAudience: 'api://orders-v2 '",
                "only by a blank",
            ),
            (
                Audience,
                "Audiences: 'api://Orders.Api'. Did not match: ValidAudience: 'api://orders.api'",
                "only in letter case",
            ),
            (
                Issuer,
                "Issuer: 'https://a.example/v2.0'. Did not match: validationParameters.ValidIssuer: 'null' or validationParameters.ValidIssuers: 'https://b.example, https://a.example/v2.0/'",
                "only by the slash at the end",
            ),
            (
                Issuer,
                "oidc: id token issued by a different provider, expected \"https://a.example/V2.0/\" got \"https://a.example/v2.0\"",
                "by the slash at the end and in letter case",
            ),
            (
                Issuer,
                "unexpected iss value, expected http://a.example/v2.0, got: https://a.example/v2.0",
                "only by `http` and `https`",
            ),
        ] {
            let said = said(id, text).unwrap_or_else(|| panic!("{text}"));
            assert!(said.contains(difference), "{text}: {said}");
        }
        let text = format!("Audiences: 'api://{ID}'. Did not match: ValidAudience: '{ID}'");
        assert!(said(Audience, &text).unwrap().contains("App ID URI"));
    }

    #[test]
    fn values_that_differ_more_or_not_at_all_are_left_alone() {
        for text in [
            "Audiences: 'api://orders'. Did not match: ValidAudience: 'api://invoices'",
            "Audiences: 'api://orders'. Did not match: ValidAudience: 'api://orders'",
            "Audiences: '[PII is hidden]'. Did not match: ValidAudience: '[PII is hidden]'",
            "Audiences: 'api://orders/'. Did not match: ValidAudiences: 'api://orders, api://orders/'",
            "",
        ] {
            assert_eq!(said(RuleId::WrongAudience, text), None, "{text}");
        }
        let expired = "Audiences: 'api://orders/'. ValidAudience: 'api://orders'";
        assert_eq!(said(RuleId::Expired, expired), None);
    }

    #[test]
    fn an_issuer_that_differs_in_its_dress_is_a_matter_of_the_configuration() {
        let text = "Issuer: 'https://a.example/v2.0'. Did not match: ValidIssuer: 'https://a.example/v2.0/'";
        let mut told = Hypothesis::likely(RuleId::V1V2EndpointMismatch, "x");
        assert!(refine(text, &mut told));
        assert_eq!((told.id, told.confidence), (RuleId::NotAboutTheToken, Confidence::Certain));
    }
}
