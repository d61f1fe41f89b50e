//! The jobs that a token works for, from its audience and permissions.

use strum::IntoEnumIterator as _;

use crate::{Context, Evidence, Facts, RuleId, Severity, Shape, rules};
use entrada_core::Job;

/// Jobs, grouped by whether the token works for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serves {
    /// The audience, the kind of token and the permissions match.
    pub does: Vec<Job>,
    /// A property of the token itself prevents the job.
    pub does_not: Vec<Job>,
    /// The jobs from both lists that the evidence or the user named.
    pub named: Vec<Job>,
}

/// Rules which show that a token is wrong for a job, not just expired or refused.
const UNFIT: [RuleId; 9] = [
    RuleId::AppOnlyTokenForDelegatedJob,
    RuleId::DelegatedTokenForAppOnlyJob,
    RuleId::FirstPartyPreauthorization,
    RuleId::IdTokenUsedAsAccessToken,
    RuleId::MissingAppRole,
    RuleId::MissingScope,
    RuleId::RefreshTokenUsedAsAccessToken,
    RuleId::SovereignCloudMismatch,
    RuleId::WrongAudience,
];

/// The known jobs and the named ones; `None` if the token shows too little.
pub(super) fn serves(evidence: &Evidence, facts: &Facts) -> Option<Serves> {
    let readable = matches!(facts.shape(), Some(Shape::Jwt(_)));
    if !readable && facts.granted().is_none_or(|granted| granted.api().is_empty()) {
        return None;
    }
    let named = facts.context().jobs.iter().chain(&facts.context().own_jobs).copied();
    let on_record = Job::iter().filter(|job| {
        // "Any call" is not a specific call, and no token works for a retired API.
        !matches!(job, Job::Graph | Job::Custom | Job::None | Job::OutlookRestV2)
    });
    // A job that was chosen for the token shows nothing about it.
    let asked =
        Some(facts.job).filter(|_| !facts.job_is_of_the_token() && facts.context().call.is_none());
    let mut all: Vec<Job> = on_record.chain(named).chain(asked).collect();
    all.retain(|job| !matches!(job, Job::Custom | Job::None));
    all.sort_unstable();
    all.dedup();
    // Only the token and its granted scopes: a refusal would be reported for every job.
    let mut case = Evidence {
        token: facts.shape().cloned(),
        response: evidence.response.clone(),
        // The requested scopes and the call are not properties of the token.
        context: Context { requested: None, call: None, ..evidence.context.clone() },
        now: evidence.now,
        ..Evidence::default()
    };
    let mut serves = Serves { named: facts.context().jobs.clone(), ..Serves::default() };
    for job in all {
        case.context.job = Some(job);
        let facts = Facts::new(&case);
        let unfit = rules::all()
            .filter(|rule| UNFIT.contains(&rule.id))
            .filter_map(|rule| (rule.check)(&facts))
            .any(|finding| finding.severity == Severity::Error);
        if unfit { serves.does_not.push(job) } else { serves.does.push(job) }
    }
    Some(serves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing;
    use entrada_core::{OwnJob, OwnNeeds};

    fn does(claims: &str) -> Vec<&'static str> {
        let evidence = testing::token(claims);
        let serves = serves(&evidence, &Facts::new(&evidence)).unwrap();
        serves.does.iter().map(|job| job.id()).collect()
    }

    #[test]
    fn a_token_serves_what_its_audience_and_permissions_allow() {
        assert_eq!(
            does(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Send User.Read"}"#),
            ["graph-mail-send", "graph-profile"]
        );
        assert_eq!(
            does(r#"{"aud":"https://outlook.office.com","scp":"IMAP.AccessAsUser.All SMTP.Send"}"#),
            ["imap", "smtp"]
        );
        assert_eq!(does(r#"{"aud":"api://mine","scp":"x"}"#), [] as [&str; 0]);
    }

    #[test]
    fn a_job_of_the_users_own_is_served_by_its_audience_and_permission() {
        let own = |name: &str, audience: &str, scopes| {
            Job::Own(OwnJob::new(OwnNeeds {
                name: name.to_owned(),
                title: name.to_owned(),
                audience: audience.to_owned(),
                sufficient: scopes,
                ..OwnNeeds::default()
            }))
        };
        let mut evidence = testing::token(r#"{"aud":"api://orders","scp":"Orders.Read"}"#);
        evidence.context.own_jobs = vec![
            own("orders", "api://orders", vec!["Orders.Read"]),
            own("orders-write", "api://orders", vec!["Orders.Write"]),
            own("crm", "api://crm", vec!["Orders.Read"]),
        ];
        let serves = serves(&evidence, &Facts::new(&evidence)).unwrap();
        let names: Vec<&str> = serves.does.iter().map(|job| job.id()).collect();
        assert_eq!(names, ["orders"]);
        // They are no findings: nobody asked for them.
        let of_nobody = testing::token(r#"{"aud":"api://orders","scp":"Orders.Read"}"#);
        let count = |evidence| crate::judge(evidence).findings.len();
        assert_eq!(count(&evidence), count(&of_nobody));
    }

    #[test]
    fn the_call_that_a_token_is_judged_by_changes_nothing() {
        let claims = r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Send User.Read"}"#;
        let mut evidence = testing::token(claims);
        evidence.context.call = "POST /me/sendMail".parse().ok();
        evidence.context.job = Some(Job::Graph);
        let serves = serves(&evidence, &Facts::new(&evidence)).unwrap();
        assert_eq!(serves.does, [Job::GraphMailSend, Job::GraphProfile]);
    }

    #[test]
    fn an_expired_token_would_still_be_the_right_one() {
        let claims = r#"{"aud":"https://outlook.office.com","scp":"SMTP.Send","exp":1}"#;
        assert_eq!(does(claims), ["smtp"]);
    }
}
