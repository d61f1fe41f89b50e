//! The audience of the token and the expected one, in an error's text.

use super::Hypothesis;
use crate::Confidence;
use entrada_core::entra::resources;

/// Words right before the audience of the token, in lower case.
const FOUND: [&str; 4] =
    ["provided audience (", "provided audience: ", "provided audience '", "but was: "];

/// Words right before the audience that the service expects, in lower case.
const EXPECTED: [&str; 5] = [
    "must be set to exactly ",
    "must be set to ",
    "expected aud claim to be: ",
    "expected audience: ",
    "valid audience: ",
];

/// Maximum length of an audience in bytes.
const AUDIENCE_MAX: usize = 200;

/// Names both audiences of `text`. Without one of them the text is only a sentence about audiences.
pub(super) fn refine(text: &str, told: &mut Hypothesis) {
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
                format!("request a token for `{expected}`: `{}`", default_scope(expected))
            }];
        }
        (Some(found), None) => {
            told.message =
                format!("the token is for {}, and the service does not accept it", of(found));
        }
        (None, Some(expected)) => {
            told.help = vec![format!("request a token for `{expected}`")];
        }
        (None, None) => told.confidence = Confidence::Possible,
    }
}

/// The scope that requests a token for `audience`.
fn default_scope(audience: &str) -> String {
    format!("{}/.default", audience.trim_end_matches('/'))
}

/// The address or id after `before`: in quotes, in brackets, or up to a space.
fn value_after<'a>(text: &'a str, lower: &str, before: &str) -> Option<&'a str> {
    let at = lower.find(before)? + before.len();
    let rest = text.get(at..)?.trim_start_matches(['"', '\'', '`', '(', '[', ' ']);
    let end = rest.find(|c: char| c.is_whitespace() || "\"'`)],;<>".contains(c));
    let value = rest.get(..end.unwrap_or(rest.len()))?.trim_end_matches('.');
    let is_audience = value.contains("://") || uuid::Uuid::try_parse(value).is_ok();
    (is_audience && value.len() <= AUDIENCE_MAX).then_some(value)
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
    fn a_sentence_without_an_audience_is_a_guess() {
        let told = refined("The provided audience (see above) must be set to the right value");
        assert_eq!((told.confidence, told.message.as_str()), (Confidence::Possible, "x"));
    }
}
