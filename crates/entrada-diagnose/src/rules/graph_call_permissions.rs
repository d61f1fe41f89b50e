use crate::graph_call::{CallCheck, Sufficiency, is_personal};
use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::TokenSubject;
use entrada_core::entra::graph::{Lookup, PermissionList};

pub(super) static RULE: Rule = Rule {
    id: RuleId::GraphCallPermissions,
    severity: Severity::Note,
    who: Who::User,
    docs: include_str!("pages/graph-call-permissions.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let check = facts.call().filter(|check| check.is_worth_noting(facts))?;
    let call = check.shown();
    let access = match check.lookup() {
        Lookup::Found(access) => access,
        Lookup::OtherMethods(methods) => {
            return Some(unknown(format!(
                "`{call}` is not on record: the path is, with {}",
                methods.join(", ")
            )));
        }
        Lookup::Unknown => {
            return Some(unknown(format!(
                "`{call}` is not on record, so its permissions are unknown"
            )));
        }
    };
    let mut finding = by_sufficiency(facts, check, &call);
    for (field, list) in [
        ("delegated, work or school account", &access.work),
        ("delegated, personal account", &access.personal),
        ("application", &access.application),
    ] {
        finding = finding.with_evidence(field, listed(list));
    }
    if check.call().is_beta() {
        finding = finding.help("the call goes to beta, and the permissions are those of v1.0");
    }
    Some(finding)
}

/// A call without a record: the token is judged by all but its permissions.
fn unknown(message: String) -> Finding {
    RULE.finding(message)
        .help("look the call up in Microsoft's reference of Graph: each page has a table of its permissions")
}

fn by_sufficiency(facts: &Facts, check: &CallCheck, call: &str) -> Finding {
    let is_offered = check.list(facts).is_none_or(|list| !list.is_empty());
    if !is_offered && is_personal(facts) && facts.subject() == TokenSubject::User {
        return RULE
            .finding(format!("personal Microsoft accounts cannot make the call `{call}`"))
            .with_severity(Severity::Error)
            .with_confidence(Confidence::Likely)
            .help("sign in with a work or school account");
    }
    let name = |permission: &str| permission.rsplit('/').next().unwrap_or(permission).to_owned();
    match check.sufficiency(facts) {
        Sufficiency::Suffices(held) => {
            let held = name(&held);
            let least = check.least(facts).filter(|least| !least.eq_ignore_ascii_case(&held));
            let message = match least {
                Some(least) => {
                    format!(
                        "`{held}` suffices for `{call}`; the least privileged permission is `{least}`"
                    )
                }
                None => format!("`{held}` suffices for `{call}`"),
            };
            let finding = RULE.finding(message);
            if held.to_ascii_lowercase().starts_with("mail.readbasic") {
                return finding.help(
                    "with `Mail.ReadBasic`, the answer leaves out bodies, previews and attachments",
                );
            }
            finding
        }
        Sufficiency::Unclear(held, listed) => RULE.finding(format!(
            "`{listed}` suffices for `{call}`; whether `{held}` does too is not on record"
        )),
        Sufficiency::Insufficient | Sufficiency::Unknown => {
            RULE.finding(format!("`{call}` needs one of these permissions"))
        }
    }
}

fn listed(list: &PermissionList) -> String {
    if list.is_empty() { "none: not possible".to_owned() } else { list.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, response, token};
    use crate::{Evidence, Verdict};

    fn by(call: &str, mut evidence: Evidence) -> Evidence {
        evidence.context.call = Some(call.parse().unwrap());
        evidence
    }

    #[test]
    fn the_permission_that_suffices_is_named_beside_the_least_one() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"User.Read Mail.ReadWrite"}"#;
        assert_eq!(
            finding_of(&RULE, &by("GET /me/messages", token(claims))).unwrap(),
            "`Mail.ReadWrite` suffices for `GET /me/messages`; the least privileged permission is `Mail.ReadBasic`"
        );
        assert_eq!(finding_of(&RULE, &token(claims)), None, "no call");
    }

    #[test]
    fn a_call_without_a_record_is_undetermined() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","exp":1700004000}"#;
        for call in ["GET /me/teapot", "PUT /me/messages"] {
            let evidence = by(call, token(claims));
            assert!(finding_of(&RULE, &evidence).unwrap().contains("is not on record"), "{call}");
            assert_eq!(crate::run(&evidence).verdict, Verdict::Undetermined, "{call}");
        }
        assert!(crate::run(&by("GET /me/messages", token(claims))).verdict.is_ok());
    }

    #[test]
    fn a_call_that_personal_accounts_lack_is_an_error_for_their_tokens() {
        let body = r#"{"access_token":"EwB","scope":"https://graph.microsoft.com/Presence.Read"}"#;
        let mut evidence = by("GET /me/presence", response(body, ""));
        evidence.context.tenant = Some("consumers".to_owned());
        let finding = (RULE.check)(&Facts::new(&evidence)).unwrap();
        assert_eq!(finding.severity, Severity::Error);
        evidence.context.tenant = Some("contoso.com".to_owned());
        assert_eq!((RULE.check)(&Facts::new(&evidence)).unwrap().severity, Severity::Note);
    }
}
