//! Compares the requested with the granted scopes, and lists the jobs that each missing scope breaks.

use std::collections::{BTreeSet, HashSet};

use strum::IntoEnumIterator as _;

use crate::Facts;
use entrada_core::entra::jobs;
use entrada_core::entra::permissions::{closure, holds_any};
use entrada_core::entra::resources::{self, ResourceOfScope, short_name};
use entrada_core::{Job, ScopeSet, clean};

/// Maximum number of scopes that are listed: no real token has more.
const ROWS_MAX: usize = 200;

/// The result for one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Requested and granted, by its own name.
    Granted,
    /// Requested, and part of a broader scope that was granted.
    Included,
    /// Requested and not granted.
    Missing,
    /// Granted but not requested this time: consent accumulates.
    Extra,
    /// Requested; the evidence does not show whether it was granted.
    Untold,
}

impl Standing {
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Included => "included",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Untold => "untold",
        }
    }
}

/// One scope that was requested, granted, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As requested, else as granted.
    pub scope: String,
    /// The result.
    pub standing: Standing,
    /// The proof, if it is not the list of granted scopes.
    pub note: Option<&'static str>,
    /// Jobs of this API that do not work because this scope is missing.
    pub breaks: Vec<Job>,
}

/// The rows, worst first; empty unless both the requested and the granted scopes are known.
pub(super) fn table(facts: &Facts) -> Vec<Row> {
    let Some(requested) = facts.context().requested.as_ref().filter(|asked| !asked.is_empty())
    else {
        return Vec::new();
    };
    // RFC 6749 §5.1: a response without `scope` grants the requested scopes.
    let silent = facts.response().is_some_and(|response| response.granted().is_none());
    let granted = match facts.granted() {
        Some(granted) => granted,
        None if silent => requested,
        None => return Vec::new(),
    };
    let closed = closure(granted);
    // Names are collected once: a hostile response may have a hundred thousand.
    let granted_names = names(granted);
    let own = |scope: &str| granted_names.contains(&short_name(scope).to_ascii_lowercase());
    let mut rows: Vec<Row> = requested
        .iter()
        .take(ROWS_MAX)
        .map(|scope| {
            let (standing, note) = match sign_in_scope(facts, scope) {
                Some(told) => told,
                None if resources::is_default_scope(scope) => default(granted),
                None if own(scope) => (
                    Standing::Granted,
                    silent.then_some("the response lists no scopes, so all were granted"),
                ),
                None if closed.contains(&short_name(scope).to_ascii_lowercase()) => {
                    (Standing::Included, None)
                }
                None => (Standing::Missing, None),
            };
            let breaks =
                if standing == Standing::Missing { broken_by(scope, &closed) } else { Vec::new() };
            Row { scope: clean(scope).into_owned(), standing, note, breaks }
        })
        .collect();
    let requested_names = names(requested);
    let asked = |scope: &str| requested_names.contains(&short_name(scope).to_ascii_lowercase());
    let extra = granted.api();
    let extra = extra.iter().filter(|scope| !asked(scope) && !resources::is_default_scope(scope));
    rows.extend(extra.take(ROWS_MAX).map(|scope| Row {
        scope: clean(scope).into_owned(),
        standing: Standing::Extra,
        note: None,
        breaks: Vec::new(),
    }));
    rows.sort_by_key(|row| match row.standing {
        Standing::Missing => 0,
        Standing::Granted | Standing::Included => 1,
        Standing::Untold => 2,
        Standing::Extra => 3,
    });
    rows
}

/// The names of `scopes`, without their API and in lower case.
fn names(scopes: &ScopeSet) -> HashSet<String> {
    scopes.iter().map(|scope| short_name(scope).to_ascii_lowercase()).collect()
}

/// `.default` requests the permissions of the registration: any granted scope satisfies it.
fn default(granted: &ScopeSet) -> (Standing, Option<&'static str>) {
    if granted.api().is_empty() {
        (Standing::Missing, None)
    } else {
        (Standing::Granted, Some("every permission that has consent"))
    }
}

/// The response does not list the scopes of the sign-in itself; the tokens that they return prove them.
fn sign_in_scope(facts: &Facts, scope: &str) -> Option<(Standing, Option<&'static str>)> {
    if resources::of_scope(scope) != ResourceOfScope::SignIn
        && !short_name(scope).eq_ignore_ascii_case("offline_access")
    {
        return None;
    }
    let Some(response) = facts.response() else {
        return Some((Standing::Untold, Some("an access token does not show it")));
    };
    Some(match short_name(scope).to_ascii_lowercase().as_str() {
        "offline_access" if response.refresh_token.is_some() => {
            (Standing::Granted, Some("a refresh token was issued"))
        }
        // This is allowed: the refresh token that was used stays valid.
        "offline_access" if facts.context().grant_type.as_deref() == Some("refresh_token") => {
            (Standing::Untold, Some("the refresh token that was used stays valid"))
        }
        "offline_access" => (Standing::Missing, Some("no refresh token was issued")),
        "openid" if response.id_token.is_some() => {
            (Standing::Granted, Some("an ID token was issued"))
        }
        _ => (Standing::Untold, Some("visible only in the ID token")),
    })
}

/// The jobs that `scope` enables and the granted scopes do not.
fn broken_by(scope: &str, closed: &BTreeSet<String>) -> Vec<Job> {
    let with = closure(&[scope].into_iter().collect());
    let api = resources::of_scope(scope).resource();
    let broken = |job: &Job| {
        let needs = jobs::facts(*job);
        needs.resource == api
            && *job != Job::OutlookRestV2
            && !needs.sufficient.is_empty()
            && holds_any(&with, needs.sufficient)
            && !holds_any(closed, needs.sufficient)
    };
    Job::iter().filter(broken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Evidence;
    use crate::rules::testing::{response, token};

    fn rows(evidence: &Evidence) -> Vec<String> {
        let name = |row: &Row| {
            let jobs: Vec<&str> = row.breaks.iter().map(|job| job.id()).collect();
            format!("{} {} {}", row.scope, row.standing.id(), jobs.join(","))
        };
        table(&Facts::new(evidence)).iter().map(name).collect()
    }

    #[test]
    fn each_scope_that_was_asked_for_has_its_standing() {
        let body = r#"{"access_token":"x","refresh_token":"r","scope":"https://graph.microsoft.com/Mail.ReadWrite User.Read openid profile email"}"#;
        assert_eq!(
            rows(&response(body, "Mail.Read Mail.Send Mail.ReadWrite offline_access openid")),
            [
                "Mail.Send missing graph-mail-send",
                "Mail.Read included ",
                "Mail.ReadWrite granted ",
                "offline_access granted ",
                "openid untold ",
                "User.Read extra ",
            ]
        );
    }

    #[test]
    fn a_missing_refresh_token_is_a_missing_offline_access_but_not_at_a_refresh() {
        let body = r#"{"access_token":"x","scope":"Mail.Read"}"#;
        let mut evidence = response(body, "Mail.Read offline_access");
        assert_eq!(rows(&evidence)[0], "offline_access missing ");
        evidence.context.grant_type = Some("refresh_token".to_owned());
        assert_eq!(rows(&evidence)[1], "offline_access untold ");
    }

    #[test]
    fn an_answer_without_scopes_grants_what_was_asked() {
        assert_eq!(rows(&response(r#"{"access_token":"x"}"#, "Mail.Read")), ["Mail.Read granted "]);
    }

    #[test]
    fn a_scope_from_outside_is_harmless() {
        let body = r#"{"access_token":"x","scope":"Mail.Read pro\u007ffile"}"#;
        assert_eq!(
            rows(&response(body, "Mail.Read ema\u{7f}il")),
            ["email missing ", "Mail.Read granted ", "profile extra "]
        );
    }

    #[test]
    fn without_a_request_there_is_nothing_to_compare() {
        assert!(
            rows(&token(r#"{"aud":"https://graph.microsoft.com","scp":"Mail.Read"}"#)).is_empty()
        );
    }
}
