use crate::graph_call::CallCheck;
use crate::{Facts, Finding, Rule, RuleId, Severity, Who};
use entrada_core::{Job, TokenSubject};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AppOnlyTokenForDelegatedJob,
    severity: Severity::Warning,
    who: Who::Developer,
    docs: include_str!("pages/app-only-token-for-delegated-job.md"),
    check,
    advise,
};

fn check(facts: &Facts) -> Option<Finding> {
    let is_stated = facts.context().grant_type.as_deref() == Some("client_credentials");
    // ActiveSync and the retired Outlook API do not accept application tokens.
    let never = (matches!(facts.job, Job::Eas | Job::OutlookRestV2) || is_for_users(facts))
        && facts.audience_fits() != Some(false);
    let offered = facts
        .call()
        .and_then(CallCheck::access)
        .is_some_and(|access| !access.application.is_empty());
    if offered && facts.context().subject.is_none() {
        // An application can make this call.
        return None;
    }
    // The job was chosen for the token: it serves no job on record.
    let is_any = facts.job == Job::Graph && facts.job_is_of_the_token();
    if !never && facts.context().subject.is_none() && (is_stated || is_any || facts.job == Job::Arm)
    {
        // The application is intended; or the service is Azure, which checks its own roles and needs no user; or nobody asked
        // for a call.
        return None;
    }
    if !facts.is_app_only() || (facts.context().subject == Some(TokenSubject::App) && !never) {
        return None;
    }
    facts.wanted_resource()?;
    let claims = facts.claims()?;
    let mut finding = match facts.call().filter(|_| never) {
        Some(check) if check.call().is_me() => RULE.finding(format!(
            "the token acts for an application, and `{}` is about the signed-in user",
            check.shown()
        )),
        Some(check) => RULE.finding(format!(
            "the token acts for an application, and `{}` needs a signed-in user",
            check.shown()
        )),
        None => RULE.finding("the token acts for an application, not for a signed-in user"),
    };
    finding = match claims.text("idtyp") {
        Some(kind) => finding.with_evidence("idtyp", kind),
        None => finding.with_evidence("scp", "absent"),
    };
    if let Some(roles) = claims.roles() {
        finding = finding.with_evidence("roles", roles.join(" "));
    }
    // `--as user` states that a user is intended: the job then fails.
    if facts.context().subject == Some(TokenSubject::User) || never {
        finding = finding.with_severity(Severity::Error);
    }
    if never {
        if facts.call().is_some_and(|check| check.call().is_me()) {
            finding =
                finding.help("to act as the application, call `/users/{id}` instead of `/me`");
        }
        let scope = facts.call().and_then(|check| check.delegated_scope(facts));
        let flag = scope.map_or_else(String::new, |scope| format!("--scope {scope}"));
        return Some(finding.help(format!("sign in as the user: {}", facts.login(&flag))));
    }
    Some(finding.help(format!("to act as a user, sign in: {}", facts.login(""))).help(
        match facts.job {
            Job::Imap | Job::Pop | Job::Smtp | Job::Ews => {
                "if the application itself is to act, run the diagnosis with `--as app`"
            }
            _ => "to act as the application, call `/users/{id}` and run the diagnosis with `--as app`",
        },
    ))
}

fn advise(_facts: &Facts, finding: Finding) -> Finding {
    finding.help("call `/users/{id}` instead of `/me`, or sign in as a user")
}

/// Whether the token is judged by a call that no application can make without a user.
fn is_for_users(facts: &Facts) -> bool {
    facts.call().is_some_and(|check| {
        check.call().is_me() || check.access().is_some_and(|access| access.application.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn an_application_is_not_a_user() {
        for claims in [
            r#"{"aud":"https://graph.microsoft.com","idtyp":"app","roles":["Mail.Read"]}"#,
            r#"{"aud":"https://graph.microsoft.com","roles":["Mail.Read"]}"#,
        ] {
            assert!(finding_of(&RULE, &token(claims)).is_some(), "{claims}");
        }
    }

    #[test]
    fn me_is_never_served_without_a_user() {
        let by = |call: &str, subject: Option<TokenSubject>| {
            let claims = r#"{"aud":"https://graph.microsoft.com","roles":["Mail.ReadWrite"]}"#;
            let mut evidence = token(claims);
            evidence.context.call = Some(call.parse().unwrap());
            evidence.context.subject = subject;
            (RULE.check)(&Facts::new(&evidence)).map(|finding| finding.severity)
        };
        for subject in [None, Some(TokenSubject::App), Some(TokenSubject::User)] {
            assert_eq!(by("GET /me/messages", subject), Some(Severity::Error), "{subject:?}");
        }
        assert_eq!(by("GET /me/teapot", None), Some(Severity::Error), "not on record, but `/me`");
        assert_eq!(by("POST /users/a@b.c/changePassword", None), Some(Severity::Error));
        assert_eq!(by("GET /users/a@b.c/messages", None), None);
    }

    #[test]
    fn a_user_with_app_roles_is_a_user() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read","roles":["Boss"]}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
        let claims = r#"{"aud":"https://graph.microsoft.com","idtyp":"user","scp":"Mail.Read"}"#;
        assert_eq!(finding_of(&RULE, &token(claims)), None);
    }

    #[test]
    fn acting_as_the_application_is_no_problem() {
        let mut evidence = token(r#"{"aud":"https://graph.microsoft.com","idtyp":"app"}"#);
        evidence.context.subject = Some(TokenSubject::App);
        assert_eq!(finding_of(&RULE, &evidence), None);
    }
}
