//! The audience of the token and the expected one, in an error's text.

use super::Hypothesis;
use crate::Confidence;
use entrada_core::entra::resources;
use entrada_core::shell_quoted;

/// Words right before the audience of the token, in lower case.
const FOUND: [&str; 5] = [
    "provided audience (",
    "provided audience: ",
    "provided audience '",
    "but was: ",
    "token is intended for ",
];

/// Words right before the audience that the service expects, in lower case.
const EXPECTED: [&str; 7] = [
    "must be set to exactly ",
    "must be set to ",
    "expected aud claim to be: ",
    "expected audience: ",
    "valid audience: ",
    "accepts tokens intended for ",
    "acquire a new token for the resource ",
];

/// Further words before either, which count only where both are named and differ.
const FOUND_NEAR: [&str; 9] = [
    "found: ",
    "found ",
    "but got ",
    "got: ",
    "got ",
    "received: ",
    "received ",
    "actual: ",
    "token's audience is ",
];
const EXPECTED_NEAR: [&str; 8] = [
    "expected: ",
    "expected ",
    "expecting ",
    "want: ",
    "want ",
    "should be ",
    "must be ",
    "required audience ",
];

/// Maximum number of places at which an audience may follow.
const PLACES_MAX: usize = 8;

/// Maximum length of an audience in bytes.
const AUDIENCE_MAX: usize = 200;

/// Names both audiences of `text`. Without one of them the text is only a sentence about audiences.
pub(in crate::service) fn refine(text: &str, told: &mut Hypothesis) {
    let lower = text.to_ascii_lowercase();
    let after = |words: &[&str]| words.iter().find_map(|before| value_after(text, &lower, before));
    let (found, expected) = (after(&FOUND), after(&EXPECTED));
    let of = |audience: &str| match resources::of_audience(audience) {
        Some(known) => format!("{} (`{audience}`)", known.name),
        None => format!("`{audience}`"),
    };
    match (found, expected) {
        (Some(found), Some(expected)) => {
            told.message =
                format!("the token is for {}, and the service accepts {}", of(found), of(expected));
            told.help = vec![if expected.contains('*') {
                format!(
                    "request a token for the service's own address (`{expected}`, with its name in place of `*`)"
                )
            } else {
                request(expected)
            }];
        }
        (Some(found), None) => {
            told.message =
                format!("the token is for {}, and the service does not accept it", of(found));
        }
        (None, Some(expected)) => {
            told.help = vec![request(expected)];
        }
        (None, None) => told.confidence = Confidence::Possible,
    }
}

/// Names the audience of the token and the expected one, if `text` has both.
pub(in crate::service) fn name_both(text: &str, told: &mut Hypothesis) {
    let lower = text.to_ascii_lowercase();
    let after = |words: &[&str]| words.iter().find_map(|before| value_after(text, &lower, before));
    let found = after(&FOUND).or_else(|| after(&FOUND_NEAR));
    let expected = after(&EXPECTED).or_else(|| after(&EXPECTED_NEAR));
    if let (Some(found), Some(expected)) = (found, expected)
        && found != expected
    {
        let of = |audience: &str| match resources::of_audience(audience) {
            Some(known) => format!("{} (`{audience}`)", known.name),
            None => format!("`{audience}`"),
        };
        told.message =
            format!("the token is for {}, and the service accepts {}", of(found), of(expected));
        told.help = vec![request(expected)];
    }
}

/// The advice to request a token for `audience`.
fn request(audience: &str) -> String {
    format!(
        "request a token for `{audience}`: the scope `{}`, or `az account get-access-token --resource {}`",
        default_scope(audience),
        shell_quoted(audience)
    )
}

/// The scope that requests a token for `audience`.
fn default_scope(audience: &str) -> String {
    format!("{}/.default", audience.trim_end_matches('/'))
}

/// The address or id after `before`: in quotes, in brackets, or up to a space. A placeholder in its place is passed over.
fn value_after<'a>(text: &'a str, lower: &str, before: &str) -> Option<&'a str> {
    lower.match_indices(before).take(PLACES_MAX).find_map(|(at, _)| {
        let rest = text.get(at + before.len()..)?;
        let rest = rest.trim_start_matches(['"', '\'', '`', '(', '[', ' ']);
        let end = rest.find(|c: char| c.is_whitespace() || "\"'`)],;<>".contains(c));
        let value = rest.get(..end.unwrap_or(rest.len()))?.trim_end_matches('.');
        let is_audience = value.contains("://") || uuid::Uuid::try_parse(value).is_ok();
        (is_audience && value.len() <= AUDIENCE_MAX).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleId;

    fn refined(text: &str) -> Hypothesis {
        let mut told = Hypothesis::likely(RuleId::WrongAudience, "x");
        refine(text, &mut told);
        told
    }

    #[test]
    fn both_audiences_are_named() {
        for (text, found, expected) in [
            (
                "Provided audience (https://analysis.windows.net/powerbi/api) did not match. The audience must be set to exactly \"https://*.asazure.windows.net\".",
                "Power BI",
                "with its name in place of `*`",
            ),
            (
                "Expected aud claim to be: 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d, but was: https://management.core.windows.net/.",
                "Azure Resource Manager",
                "`2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default`",
            ),
        ] {
            let told = refined(text);
            assert!(told.message.contains(found), "{}", told.message);
            assert!(told.help[0].contains(expected), "{:?}", told.help);
        }
    }

    #[test]
    fn the_expected_audience_decides_the_advice() {
        let mut told = Hypothesis::likely(RuleId::WrongAudience, "x");
        name_both(
            "AKV10022: Invalid audience. Expected https://vault.usgovcloudapi.net, found: https://vault.azure.net.",
            &mut told,
        );
        assert!(
            told.help[0].contains("`https://vault.usgovcloudapi.net/.default`"),
            "{:?}",
            told.help
        );
        let mut told = Hypothesis::likely(RuleId::WrongAudience, "x");
        name_both("Invalid audience. Expected another one", &mut told);
        assert_eq!(told.message, "x");
    }

    #[test]
    fn a_placeholder_is_passed_over() {
        let told = refined(
            "Expected aud claim to be: <guid> but was: https://management.core.windows.net/. Reason: Expected aud claim to be: 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d, but was: https://management.core.windows.net/.",
        );
        assert!(told.help[0].contains("--resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"));
    }

    #[test]
    fn a_sentence_without_an_audience_is_a_guess() {
        let told = refined("The provided audience (see above) must be set to the right value");
        assert_eq!((told.confidence, told.message.as_str()), (Confidence::Possible, "x"));
    }
}
