use crate::judge::{Finding, Observation, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "secret-in-arguments",
    severity: Severity::Error,
    clause: "RFC 9700 §4.3; proc_pid_cmdline(5)",
    docs: include_str!("pages/secret_in_arguments.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in &record.observations {
        let Observation::Argument { secret, process } = one else { continue };
        let message = format!("{} is among the arguments of `{process}`", secret.title());
        found.push(RULE.finding_of_secret(*secret, message, "pass secrets on standard input or in a file of the user"));
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
        let record = Record { observations: vec![Observation::Argument { secret: SecretKind::RefreshToken, process: "x".into() }, Observation::Argument { secret: SecretKind::DeviceCode, process: "y".into() }], ..Record::default() };
        assert_eq!(shown(check(&record)), ["error : a refresh token is among the arguments of `x`", "warning : a device code is among the arguments of `y`"]);
    }

    #[test]
    fn other_things_that_were_seen_are_fine() {
        use crate::judge::SecretKind;
        let record = Record { observations: vec![Observation::Log { secret: SecretKind::DeviceCode, place: "log".into() }], ..Record::default() };
        assert!(check(&record).is_empty());
    }
}
