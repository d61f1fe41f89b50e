use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "telemetry",
    severity: Severity::Note,
    clause: "Entra and Azure: documents of each program",
    docs: include_str!("pages/telemetry.md"),
    check,
};

/// Hosts that collect usage data, and the endings of such hosts.
const HOSTS: [&str; 10] = [
    "dc.services.visualstudio.com",
    "dc.applicationinsights.azure.com",
    "dc.applicationinsights.microsoft.com",
    "in.applicationinsights.azure.com",
    "rt.services.visualstudio.com",
    "events.data.microsoft.com",
    "vortex.data.microsoft.com",
    "telemetry.microsoft.com",
    "google-analytics.com",
    "ingest.sentry.io",
];

fn check(record: &Record) -> Vec<Finding> {
    let mut hosts: Vec<(&str, Vec<usize>)> = Vec::new();
    for one in &record.exchanges {
        let ends = |own: &str| one.host == own || one.host.strip_suffix(own).is_some_and(|rest| rest.ends_with('.'));
        if !HOSTS.iter().any(|own| ends(own)) {
            continue;
        }
        match hosts.iter_mut().find(|(host, _)| *host == one.host) {
            Some((_, all)) => all.push(one.number),
            None => hosts.push((&one.host, vec![one.number])),
        }
    }
    let finding = |(host, all): (&str, Vec<usize>)| {
        let message = format!("the program sends usage data to `{host}`");
        RULE.finding(all, message, "look for the program's switch for telemetry")
    };
    hosts.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn hosts_of_usage_data_are_found() {
        let script = r"
        0 POST https://dc.services.visualstudio.com/v2/track -> 404
        1 POST https://eu.in.applicationinsights.azure.com/v2/track -> 404
        2 POST https://dc.services.visualstudio.com/v2/track -> 404
        ";
        assert_eq!(found(&RULE, script), ["note #1 and #3: the program sends usage data to `dc.services.visualstudio.com`", "note #2: the program sends usage data to `eu.in.applicationinsights.azure.com`"]);
    }

    #[test]
    fn other_hosts_are_fine() {
        let script = r"
        0 GET https://graph.microsoft.com/v1.0/me -> 200
        1 GET https://notingest.sentry.io.example/ -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
