use crate::judge::{Finding, Observation, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "certificate-unchecked",
    severity: Severity::Error,
    clause: "RFC 9110 §4.3.4; RFC 6749 §10.9",
    docs: include_str!("pages/certificate_unchecked.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in &record.observations {
        let Observation::WrongCertificateAccepted { host } = one else { continue };
        let message = format!("the program accepts any certificate for `{host}`");
        if found.iter().all(|earlier| earlier.message != message) {
            let help = "remove `verify=False`, `InsecureSkipVerify` and the like";
            found.push(RULE.finding([], message, help));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn what_was_seen_is_found() {
                let record = Record { observations: vec![Observation::WrongCertificateAccepted { host: "graph.microsoft.com".into() }], ..Record::default() };
        assert_eq!(shown(check(&record)), ["error : the program accepts any certificate for `graph.microsoft.com`"]);
    }

    #[test]
    fn other_things_that_were_seen_are_fine() {
        use crate::judge::SecretKind;
        let record = Record { observations: vec![Observation::Log { secret: SecretKind::DeviceCode, place: "log".into() }], ..Record::default() };
        assert!(check(&record).is_empty());
    }
}
