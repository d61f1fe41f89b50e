//! The AADSTS numbers: the meaning of each, who can fix the problem, and the cause that it points to.

pub mod meanings;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// The numbers of OAuth sign-ins, one record on each line. The data is parsed at the first look-up.
const DATA: &str = include_str!("data/aadsts.json");

/// The numbers of other sign-ins and of sign-in pages, in the same form.
const OTHER_FLOWS: &str = include_str!("data/aadsts_other_flows.json");

/// The facts about one AADSTS number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aadsts {
    /// The number after `AADSTS`.
    pub code: u64,
    /// Microsoft's name for it; `None` if the documentation has none.
    pub name: Option<&'static str>,
    /// The subject of the error.
    pub category: Category,
    /// The id in [`super::causes`] that it points to, if there is one.
    pub cause: Option<&'static str>,
    /// Who can fix the problem.
    pub who: Who,
    /// Whether the same request may be sent again.
    pub retry: Retry,
    /// What happened, in a few words.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Values of the `error` member that come with it. Empty if the number is shown in the browser only.
    pub oauth_error: Vec<&'static str>,
    /// Whether [`Self::oauth_error`] is inferred from the number's subject, and not documented or observed.
    #[serde(default)]
    pub oauth_error_inferred: bool,
    /// Whether the number alone decides the meaning: Microsoft documents it, and uses it for one thing only.
    pub certain: bool,
    /// More about it.
    #[serde(default)]
    pub note: Option<&'static str>,
}

/// The subject of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// The registration of the application.
    AppRegistration,
    /// Policy of the organisation.
    ConditionalAccess,
    /// Consent to scopes.
    Consent,
    /// A code, session or refresh token that has expired or was revoked.
    ExpiredGrant,
    /// A sign-in other than OAuth, or a step on a page: SAML, passkeys, devices.
    OtherFlow,
    /// The request itself.
    RequestBug,
    /// Scope or API.
    ScopeOrAudience,
    /// Tenant, authority or kind of account.
    Tenant,
    /// Too many requests.
    Throttling,
    /// A temporary fault.
    Transient,
    /// An action of the user on the sign-in page.
    UserAction,
}

/// Who can fix a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The user who signs in.
    User,
    /// The owner of the application, or of the program that calls it.
    Developer,
    /// An administrator of the tenant.
    TenantAdmin,
    /// Microsoft itself.
    Microsoft,
}

impl Who {
    /// The name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Developer => "developer",
            Self::TenantAdmin => "tenant-admin",
            Self::Microsoft => "microsoft",
        }
    }
}

/// Whether the same request may be sent again without a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// No: it would fail again.
    No,
    /// Soon, with growing pauses.
    Backoff,
    /// After minutes.
    Later,
    /// The whole sign-in, from its beginning.
    Restart,
    /// At the interval of the device code.
    Poll,
}

/// All numbers, lowest first.
pub fn all() -> &'static [Aadsts] {
    static ALL: OnceLock<Vec<Aadsts>> = OnceLock::new();
    ALL.get_or_init(|| {
        // The data is part of the program, and a test checks that it parses.
        let parse = |text| serde_json::from_str::<Vec<Aadsts>>(text).unwrap_or_default();
        let mut all = parse(DATA);
        all.extend(parse(OTHER_FLOWS));
        all.sort_unstable_by_key(|record| record.code);
        all
    })
}

/// The record of `code`, the bare number.
///
/// ```
/// use entrada_core::entra::aadsts;
///
/// let expired = aadsts::find(700_082).unwrap();
/// assert_eq!(expired.cause, Some("refresh-token-expired"));
/// println!("{}. {}", expired.meaning, expired.remedy);
/// ```
pub fn find(code: u64) -> Option<&'static Aadsts> {
    let all = all();
    all.binary_search_by_key(&code, |record| record.code).ok().and_then(|index| all.get(index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::causes;

    /// How many numbers Microsoft's page lists.
    const DOCUMENTED: usize = 340;

    fn cause(code: u64) -> Option<&'static str> {
        find(code).unwrap().cause
    }

    #[test]
    fn the_table_parses_and_holds_each_number_once() {
        for (data, least) in [(DATA, 549), (OTHER_FLOWS, 286)] {
            let parsed: Vec<Aadsts> = serde_json::from_str(data).unwrap();
            assert!(least <= parsed.len(), "{}", parsed.len());
            assert!(parsed.is_sorted_by(|one, next| one.code < next.code));
            assert_eq!(data.lines().count(), parsed.len() + 2, "one record per line");
        }
        assert!(all().is_sorted_by(|one, next| one.code < next.code), "a number stands in both");
    }

    /// The numbers of Microsoft's page "Microsoft Entra authentication and authorization error codes" (2026).
    #[test]
    fn every_documented_number_has_a_record() {
        let documented = include_str!("data/aadsts_documented.txt");
        let numbers: Vec<u64> =
            documented.split_whitespace().map(|number| number.parse().unwrap()).collect();
        assert!(DOCUMENTED <= numbers.len(), "{}", numbers.len());
        for number in numbers {
            assert!(find(number).is_some(), "AADSTS{number}");
        }
    }

    #[test]
    fn every_cause_is_known() {
        for record in all() {
            assert!(record.cause.is_none_or(causes::is_cause), "{record:?}");
        }
    }

    #[test]
    fn sentences_are_short_phrases_and_safe_to_print() {
        for record in all() {
            let texts = [Some(record.meaning), Some(record.remedy), record.note];
            for text in texts.into_iter().flatten() {
                assert!(!text.is_empty() && text.len() < 200, "{}: {text}", record.code);
                assert!(!text.ends_with('.') && !text.contains('\n'), "{}: {text}", record.code);
                assert!(text.matches('`').count() % 2 == 0, "{}: {text}", record.code);
            }
            assert!(record.name.is_none_or(|name| !name.is_empty()), "{}", record.code);
        }
    }

    #[test]
    fn well_known_numbers_point_to_their_cause() {
        for (code, expected) in [
            (7_000_218, "public-client-flows-disabled"),
            (65001, "user-consent-required"),
            (90094, "admin-consent-required"),
            (53003, "conditional-access"),
            (530_036, "conditional-access"),
            (50076, "mfa-required"),
            (700_082, "refresh-token-expired"),
            (700_084, "spa-refresh-token-lifetime"),
            (50173, "refresh-token-revoked"),
            (700_016, "app-not-found-in-tenant"),
            (9_002_331, "wrong-authority-endpoint"),
            (50020, "wrong-tenant"),
            (90002, "invalid-tenant"),
            (900_439, "sovereign-cloud-mismatch"),
            (50011, "redirect-uri-mismatch"),
            (9_002_327, "platform-type-mismatch"),
            (28000, "mixed-resources"),
            (650_053, "invalid-scope"),
            (650_057, "api-permission-not-configured"),
            (7_000_215, "client-secret-wrong"),
            (54005, "auth-code-reused"),
            (50196, "device-polling-loop"),
            (90055, "throttled"),
            (1_002_012, "scope-not-default-for-client-credentials"),
        ] {
            assert_eq!(cause(code), Some(expected), "{code}");
        }
        assert_eq!(cause(50126), Some("user-credentials"));
        assert_eq!(cause(70000), None, "its text decides");
        assert_eq!(find(70016).unwrap().retry, Retry::Poll);
        assert_eq!(find(90033).unwrap().who, Who::Microsoft);
    }

    #[test]
    fn an_unknown_number_has_no_record() {
        for code in [0, 1, 70_017, u64::MAX] {
            assert_eq!(find(code), None);
        }
    }

    #[test]
    fn a_number_with_two_meanings_is_not_certain() {
        for code in [70000, 70002, 70008, 9_002_313] {
            assert!(!find(code).unwrap().certain, "{code}");
        }
        assert!(find(53003).unwrap().certain);
    }

    #[test]
    fn the_json_value_is_the_id() {
        for who in [Who::User, Who::Developer, Who::TenantAdmin, Who::Microsoft] {
            assert_eq!(serde_json::to_value(who).unwrap(), who.id());
        }
    }
}
