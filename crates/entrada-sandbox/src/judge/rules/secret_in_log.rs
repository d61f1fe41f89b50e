use crate::judge::{Finding, Observation, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "secret-in-log",
    severity: Severity::Error,
    clause: "RFC 9700 §4.3.1; RFC 6819 §5.1.1",
    docs: include_str!("pages/secret_in_log.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &record.observations {
        let Observation::Log { secret, place } = one else { continue };
        let message = format!("{} stands in {place}", secret.title());
        found.push(RULE.finding_of_secret(*secret, message, "write the names of parameters, and not their values"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn what_was_seen_is_found() {
        use crate::judge::SecretKind;
        let record = Record { observations: vec![Observation::Log { secret: SecretKind::AccessToken, place: "standard error".into() }, Observation::Log { secret: SecretKind::AuthorizationCode, place: "`a.log`".into() }], ..Record::default() };
        assert_eq!(shown(check(&record)), ["error : an access token stands in standard error", "warning : an authorization code stands in `a.log`"]);
    }

    #[test]
    fn other_things_that_were_seen_are_fine() {
        use crate::judge::SecretKind;
        let record = Record { observations: vec![Observation::File { secret: SecretKind::RefreshToken, path: "x".into(), mode: 0o600 }], ..Record::default() };
        assert!(check(&record).is_empty());
    }
}
