use crate::judge::{Finding, Observation, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "secret-in-readable-file",
    severity: Severity::Error,
    clause: "RFC 6819 §5.3.3; RFC 9700 §4.14",
    docs: include_str!("pages/secret_in_readable_file.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &record.observations {
        let Observation::File { secret, path, mode } = one else { continue };
        if mode & 0o044 == 0 {
            continue;
        }
        let message = format!("{} is in `{path}`, which other users can read (mode {mode:o})", secret.title());
        found.push(RULE.finding_of_secret(*secret, message, "create the file with mode 600, or use the keyring"));
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
        let record = Record { observations: vec![Observation::File { secret: SecretKind::RefreshToken, path: "x".into(), mode: 0o644 }], ..Record::default() };
        assert_eq!(shown(check(&record)), ["error : a refresh token is in `x`, which other users can read (mode 644)"]);
    }

    #[test]
    fn other_things_that_were_seen_are_fine() {
        use crate::judge::SecretKind;
        let record = Record { observations: vec![Observation::File { secret: SecretKind::RefreshToken, path: "x".into(), mode: 0o600 }], ..Record::default() };
        assert!(check(&record).is_empty());
    }
}
