//! The scopes of the request and of the answer in the error of oauthlib.

use super::Hypothesis;
use entrada_core::ScopeSet;

/// Names the difference between the two lists in `text`: `Scope has changed from "a b" to "a".`
pub(super) fn refine(text: &str, told: &mut Hypothesis) {
    let Some((asked, granted)) = lists(text) else { return };
    let only = |one: &ScopeSet, other: &ScopeSet| -> Vec<String> {
        let is_same = |scope: &str| other.iter().any(|own| own.eq_ignore_ascii_case(scope));
        one.iter().filter(|scope| !is_same(scope)).map(|scope| format!("`{scope}`")).collect()
    };
    let (missing, added) = (only(&asked, &granted), only(&granted, &asked));
    let is_of_offline = missing == ["`offline_access`"];
    let difference = match (missing.as_slice(), added.as_slice()) {
        ([], []) => "the two lists differ only in order or letter case".to_owned(),
        ([_], []) if is_of_offline => "Entra never lists `offline_access` there".to_owned(),
        (missing, []) => format!("the answer lacks {}", missing.join(", ")),
        ([], added) => format!("the answer has {} in addition", added.join(", ")),
        (missing, added) => {
            format!("the answer lacks {} and has {}", missing.join(", "), added.join(", "))
        }
    };
    told.message = format!(
        "the authority granted the token; oauthlib raises an error because the answer's `scope` differs from the request: {difference}"
    );
    if !missing.is_empty() && !is_of_offline && added.is_empty() {
        told.help.push(format!(
            "check whether the program needs {}: it was not granted",
            missing.join(", ")
        ));
    } else if !added.is_empty() {
        told.help.push("or request exactly the scopes that the answer lists".to_owned());
    }
}

/// The scopes after `from` and after `to`.
fn lists(text: &str) -> Option<(ScopeSet, ScopeSet)> {
    let (_, rest) = text.split_once("cope has changed from \"")?;
    let (asked, rest) = rest.split_once('"')?;
    let (_, rest) = rest.split_once("to \"")?;
    let (granted, _) = rest.split_once('"')?;
    Some((ScopeSet::parse(asked), ScopeSet::parse(granted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleId;

    #[test]
    fn the_difference_between_the_lists_is_named() {
        for (text, difference) in [
            ("from \"User.Read offline_access\" to \"User.Read\".", "never lists `offline_access`"),
            (
                "from \"User.Read\" to \"email openid profile User.Read\".",
                "has `email`, `openid`, `profile` in addition",
            ),
            ("from \"Mail.Read Mail.Send\" to \"Mail.Read\".", "lacks `Mail.Send`"),
            ("from \"user.read\" to \"User.Read\".", "letter case"),
        ] {
            let mut told = Hypothesis::likely(RuleId::NotAboutTheToken, "x");
            refine(&format!("Warning: Scope has changed {text}"), &mut told);
            assert!(told.message.contains(difference), "{text}: {}", told.message);
        }
        let mut told = Hypothesis::likely(RuleId::NotAboutTheToken, "x");
        refine("Scope has changed from \"a", &mut told);
        assert_eq!(told.message, "x");
    }
}
