//! The application as an API: the version of its access tokens, its names, and claims that it asks for.

use super::{Case, Outcome};
use crate::facts::is_guid;
use crate::registration::application::Application;
use crate::{Confidence, RuleId, Severity};

pub(super) fn check(case: &Case, outcome: &mut Outcome) {
    let Some(application) = case.application else { return };
    check_personal(application, outcome);
    check_names(application, outcome);
    check_version(case, application, outcome);
}

/// What personal accounts need, and what has no effect on them.
fn check_personal(application: &Application, outcome: &mut Outcome) {
    let Some(accounts) = application.accounts.as_ref().filter(|one| one.value.has_personal())
    else {
        return;
    };
    if let Some(version) = &application.token_version
        && version.value != 2
    {
        let path = version.path;
        let is_api = application.api_member.is_some();
        let severity = if is_api { Severity::Error } else { Severity::Warning };
        outcome.add(
            RuleId::AccessTokenVersion
                .rule()
                .finding("the registration accepts personal accounts, which need access tokens of version 2")
                .with_severity(severity)
                .with_evidence(path, version.shown())
                .with_evidence(accounts.path, accounts.value.id())
                .help(format!("set `{path}` to 2 in the manifest")),
        );
    }
    for member in &application.claims_members {
        outcome.add(
            RuleId::RegistrationEntryInvalid
                .rule()
                .finding(format!("`{member}` has no effect on tokens of personal accounts"))
                .with_severity(Severity::Note)
                .with_evidence(member, "set")
                .with_evidence(accounts.path, accounts.value.id()),
        );
    }
}

/// The names by which clients ask for the API.
fn check_names(application: &Application, outcome: &mut Outcome) {
    let (Some(scopes), Some(names)) = (application.api_member, &application.identifier_uris) else {
        return;
    };
    let finding = |message: String| {
        RuleId::ResourceNotFound.rule().finding(message).with_severity(Severity::Warning)
    };
    if names.value.is_empty() {
        outcome.add(
            finding(
                "the registration defines permissions of its own, but no name to request them by"
                    .to_owned(),
            )
            .with_evidence(names.path, "none")
            .with_evidence(scopes, "set")
            .help("set *Application ID URI* under Expose an API: `api://CLIENT_ID`"),
        );
    }
    if let Some(name) = names.value.iter().find(|name| name.ends_with('/')) {
        outcome.add(
            finding("a name of the API ends with a slash: scopes then need two slashes, and the usual one fails with AADSTS500011".to_owned())
                .with_evidence(names.path, name)
                .help("remove the slash under Expose an API"),
        );
    }
}

/// The version of access tokens decides their `aud` and `iss`.
fn check_version(case: &Case, application: &Application, outcome: &mut Outcome) {
    let Some(version) = &application.token_version else { return };
    let rule = RuleId::AccessTokenVersion.rule();
    let expected = case.facts.context().audience.as_deref();
    if let Some(expected) = expected.filter(|expected| application.is_audience(expected)) {
        let fits = match version.value {
            2 => is_guid(expected),
            _ => !is_guid(expected),
        };
        if fits {
            outcome.healthy("the audience of its access tokens");
            return;
        }
        let own = application.client_id.as_ref().map_or("the client id", |id| id.value.as_str());
        let (found, confidence) = if version.value == 2 {
            (format!("`{own}`"), Confidence::Certain)
        } else {
            ("the name by which they were requested".to_owned(), Confidence::Likely)
        };
        outcome.add(
            rule.finding(format!(
                "access tokens of version {} have {found} as `aud`, and the API expects `{expected}`",
                version.value
            ))
            .with_confidence(confidence)
            .with_evidence(version.path, version.shown())
            .with_evidence("audience", expected)
            .help("let the API accept both, or change the version in the manifest"),
        );
        return;
    }
    let Some(claims) = case.facts.claims() else { return };
    let is_own = claims.audiences().iter().any(|aud| application.is_audience(aud));
    let Some(ver) = claims.text("ver").filter(|_| is_own) else { return };
    if ver.starts_with(&version.value.to_string()) {
        outcome.healthy("the version of its access tokens");
    } else {
        outcome.add(
            rule.finding(format!(
                "the token has version {ver}, and the registration asks for version {}",
                version.value
            ))
            .with_severity(Severity::Warning)
            .with_evidence(version.path, version.shown())
            .with_evidence("ver", ver)
            .help("get a new token: the manifest was changed after this one was issued"),
        );
    }
}
