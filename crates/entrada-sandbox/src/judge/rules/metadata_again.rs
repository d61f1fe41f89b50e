use crate::judge::{Endpoint, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "metadata-again",
    severity: Severity::Note,
    clause: "OpenID Connect Discovery 1.0 §4; RFC 9111",
    docs: include_str!("pages/metadata_again.md"),
    check,
};

/// So many fetches in one run are reported.
const MANY: usize = 3;

/// The run, host and path of a fetch.
type Target<'a> = (u32, &'a str, &'a str);

fn check(record: &Record) -> Vec<Finding> {
    let mut groups: Vec<(Target<'_>, Vec<usize>)> = Vec::new();
    for one in record.at(Endpoint::Metadata) {
        let key = (one.run, one.host.as_str(), one.path.as_str());
        match groups.iter_mut().find(|(own, _)| *own == key) {
            Some((_, all)) => all.push(one.number),
            None => groups.push((key, vec![one.number])),
        }
    }
    let many = groups.into_iter().filter(|(_, all)| MANY <= all.len());
    many.map(|(_, all)| {
        let message = format!("the OpenID configuration is fetched {} times in one run", all.len());
        RULE.finding(all, message, "fetch it once, and keep it")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn the_same_document_again_and_again_is_found() {
        let script = r"
        0 GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration -> 200
        1 GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration -> 200
        2 GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration -> 200
        ";
        assert_eq!(found(&RULE, script), ["note #1, #2 and #3: the OpenID configuration is fetched 3 times in one run"]);
    }

    #[test]
    fn one_fetch_in_each_run_is_fine() {
        let script = r"
        0 GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration -> 200
        1 GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration run=2 -> 200
        2 GET https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration run=3 -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
