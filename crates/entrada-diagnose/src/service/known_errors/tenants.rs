//! The tenant of the token and the expected one, in the text of a refused issuer.

use uuid::Uuid;

use super::Hypothesis;
use crate::RuleId;

/// Words right before the issuer that the service expects, in lower case.
const EXPECTED: [&str; 5] = [
    "must match the tenant '",
    "expected one of ",
    "validissuer: '",
    "expected iss claim to be: ",
    "did not match: '",
];

/// Words right before the issuer of the token, in lower case.
const FOUND: [&str; 5] = ["wrong issuer '", "found ", "but was: ", ". issuer: '", "got: "];

/// Maximum number of addresses that are read.
const ADDRESSES_MAX: usize = 40;

/// Maximum number of bytes before an address that are compared.
const BEFORE: usize = 40;

/// Names both tenants in the message, and the expected one in the help. A text that does not say which is which changes nothing.
pub(super) fn name(text: &str, told: &mut Hypothesis) {
    if told.id != RuleId::WrongTenant {
        return;
    }
    let lower = text.to_ascii_lowercase();
    let tenants: Vec<(usize, Uuid)> = lower
        .match_indices("https://")
        .take(ADDRESSES_MAX)
        .filter_map(|(at, _)| Some((at, tenant_at(&lower[at..])?)))
        .collect();
    let after = |words: &[&str]| {
        let named = tenants.iter().find(|(at, _)| {
            let mut start = at.saturating_sub(BEFORE);
            while !lower.is_char_boundary(start) {
                start += 1;
            }
            words.iter().any(|word| lower[start..*at].ends_with(word))
        });
        named.map(|(_, tenant)| *tenant)
    };
    let (Some(expected), Some(found)) = (after(&EXPECTED), after(&FOUND)) else { return };
    if expected == found {
        return;
    }
    told.message = format!("{}: the issuer is of `{found}`, not of `{expected}`", told.message);
    told.help.retain(|help| !help.contains("the message") && !help.contains("--tenant"));
    told.help.insert(0, format!("sign in at that tenant: `--tenant {expected}`"));
}

/// The tenant in the path of an issuer.
fn tenant_at(address: &str) -> Option<Uuid> {
    let (_host, path) = address.strip_prefix("https://")?.split_once('/')?;
    Uuid::try_parse(path.get(..36)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "8eb213ed-9578-5194-a853-903769e45328";
    const OTHER: &str = "ec8f58d9-684c-5eca-a406-049b3fd4c793";

    #[test]
    fn the_expected_tenant_is_named_whatever_the_order() {
        for text in [
            format!(
                "is from the wrong issuer 'https://sts.windows.net/{ONE}/'. It must match the tenant 'https://sts.windows.net/{OTHER}/' associated"
            ),
            format!(
                "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{OTHER}/, found https://sts.windows.net/{ONE}/."
            ),
            format!(
                "Expected iss claim to be: https://sts.windows.net/{OTHER}/, but was: https://sts.windows.net/{ONE}/."
            ),
        ] {
            let mut told =
                Hypothesis::certain(RuleId::WrongTenant, "x").help("the message names it");
            name(&text, &mut told);
            assert_eq!(
                told.help,
                [format!("sign in at that tenant: `--tenant {OTHER}`")],
                "{text}"
            );
            assert!(told.message.contains(ONE), "{}", told.message);
        }
    }

    #[test]
    fn issuers_without_a_role_change_nothing() {
        let mut told = Hypothesis::certain(RuleId::WrongTenant, "x").help("the message names it");
        name(
            &format!("https://sts.windows.net/{ONE}/ https://sts.windows.net/{OTHER}/"),
            &mut told,
        );
        assert_eq!((told.message.as_str(), told.help.len()), ("x", 1));
    }
}
