use crate::judge::{Finding, Observation, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "certificates-refused",
    severity: Severity::Warning,
    clause: "RFC 8446 §6.2; RFC 5280 §6",
    docs: include_str!("pages/certificates_refused.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in &record.observations {
        let Observation::CertificateRefused { host, alert } = one else { continue };
        let message = format!("the program does not trust the certificate for `{host}` ({alert})");
        if found.iter().all(|earlier| earlier.message != message) {
            found.push(RULE.finding([], message, "use the system's certificate store, or read `SSL_CERT_FILE`"));
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
                let record = Record { observations: vec![Observation::CertificateRefused { host: "login.microsoftonline.com".into(), alert: "UnknownCA".into() }, Observation::CertificateRefused { host: "login.microsoftonline.com".into(), alert: "UnknownCA".into() }], ..Record::default() };
        assert_eq!(shown(check(&record)), ["warning : the program does not trust the certificate for `login.microsoftonline.com` (UnknownCA)"]);
    }

    #[test]
    fn other_things_that_were_seen_are_fine() {
        use crate::judge::SecretKind;
        let record = Record { observations: vec![Observation::Log { secret: SecretKind::DeviceCode, place: "log".into() }], ..Record::default() };
        assert!(check(&record).is_empty());
    }
}
