use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "refresh-without-scope",
    severity: Severity::Warning,
    clause: "RFC 6749 §6; Entra: OAuth 2.0 authorization code flow, section on refreshing",
    docs: include_str!("pages/refresh_without_scope.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let all: Vec<usize> = record
        .with_grant("refresh_token")
        .filter(|one| one.parameter("scope").is_none() && one.parameter("resource").is_none())
        .map(|one| one.number)
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    vec![RULE.finding(all, "the refresh names no scope", "send the scope of the API, and `offline_access`")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_refresh_without_scope_is_found() {
        let script = r"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1: the refresh names no scope"]);
    }

    #[test]
    fn scope_or_resource_is_fine() {
        let script = r"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r&scope=x -> 200
        1 POST TOKEN form=grant_type=refresh_token&refresh_token=r&resource=x -> 200
        2 POST TOKEN form=grant_type=authorization_code&code=r -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
