//! Diagnoses every acquired token before it is used.

use super::app::App;
use crate::config::Settings;
use entrada_auth::flow::{Acquired, Source, TokenRequest};
use entrada_core::{Account, Job};
use entrada_diagnose::{self as diagnose, Diagnosis, Shape, Verdict};

/// The judgement of what was acquired for each of `jobs`, or for the job that follows from the scopes when none is named.
pub(super) fn judge(
    app: &App<'_, '_>,
    settings: &Settings,
    request: &TokenRequest,
    acquired: &Acquired,
    jobs: &[Job],
) -> Vec<Diagnosis> {
    let each: Vec<Option<Job>> =
        if jobs.is_empty() { vec![None] } else { jobs.iter().copied().map(Some).collect() };
    each.into_iter()
        .map(|job| {
            let mut evidence = app.evidence(settings, request, job);
            evidence.token = Some(Shape::of(acquired.token.access_token.expose()));
            evidence.response.clone_from(&acquired.response);
            evidence.context.account_names = names_of(request, &acquired.account);
            evidence.context.granted.clone_from(&acquired.token.granted);
            evidence.context.grant_type = match acquired.source {
                Source::SignIn | Source::Refresh => Some(acquired.grant_type.to_owned()),
                Source::Cache => None,
            };
            diagnose::run(&evidence)
        })
        .collect()
}

/// Other names of the requested account: an alias, or its new name after a rename.
fn names_of(request: &TokenRequest, account: &Account) -> Vec<String> {
    let is_named =
        request.account.as_deref().is_some_and(|wanted| account.is_identified_by(wanted));
    let ids = [Some(&account.id), account.username.as_ref(), account.oid.as_ref()];
    let all = ids.into_iter().flatten().chain(&account.names);
    if is_named { all.cloned().collect() } else { Vec::new() }
}

/// Whether one of them found an error.
pub(super) fn any_problem(diagnoses: &[Diagnosis]) -> bool {
    diagnoses.iter().any(|diagnosis| diagnosis.verdict == Verdict::Problem)
}
