use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "password-grant",
    severity: Severity::Warning,
    clause: "RFC 9700 §2.4",
    docs: include_str!("pages/password_grant.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let all: Vec<usize> = record.with_grant("password").map(|one| one.number).collect();
    if all.is_empty() {
        return Vec::new();
    }
    vec![RULE.finding(all, "the program sends the user's password", "sign in with a browser or a device code")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_password_is_found() {
        let script = r"
        0 POST TOKEN form=grant_type=password&username=a&password=b -> 400
        ";
        assert_eq!(found(&RULE, script), ["warning #1: the program sends the user's password"]);
    }

    #[test]
    fn another_grant_is_fine() {
        let script = r"
        0 POST TOKEN form=grant_type=client_credentials&client_secret=b -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
