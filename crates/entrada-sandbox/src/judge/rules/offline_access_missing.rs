use crate::judge::{Endpoint, Exchange, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "offline-access-missing",
    severity: Severity::Warning,
    clause: "OpenID Connect Core 1.0 §11; Entra: Permissions and consent, `offline_access`",
    docs: include_str!("pages/offline_access_missing.md"),
    check,
};

use entrada_core::entra::resources::{ResourceOfScope, of_scope};

fn check(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in record.exchanges.iter().filter(|one| lacks_offline_access(one)) {
        let again = record.after(one).find(|later| {
            later.is_interactive() && later.client_id() == one.client_id() && 60_000 < later.at - one.at
                || later.is_interactive() && later.client_id() == one.client_id() && later.run != one.run
        });
        if found.iter().any(|earlier| earlier.requests.contains(&one.number)) {
            continue;
        }
        let help = "add `offline_access` to the scope, and keep the refresh token";
        found.push(match again {
            Some(later) => RULE.finding(
                [one.number, later.number],
                "without `offline_access` there is no refresh token, and the user signs in again",
                help,
            ),
            None => RULE
                .finding([one.number], "the sign-in asks for no refresh token (`offline_access`)", help)
                .with_severity(Severity::Note),
        });
    }
    found
}

fn lacks_offline_access(one: &Exchange) -> bool {
    let is_for_code = one.parameter("response_type").is_none_or(|kind| kind.contains("code"));
    let is_start = one.endpoint() == Endpoint::DeviceCode
        || one.endpoint() == Endpoint::Authorize && one.parameter("client_id").is_some() && is_for_code;
    let Some(scope) = one.parameter("scope") else { return false };
    is_start
        && !one.is_v1()
        && one.host != "login.live.com"
        && !scope.split_whitespace().any(|own| own.eq_ignore_ascii_case("offline_access"))
        && scope.split_whitespace().any(|own| of_scope(own) != ResourceOfScope::SignIn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_second_sign_in_for_lack_of_a_refresh_token_is_found() {
        let script = r"
        0 POST DEVICE form=CLIENT&scope=User.Read -> 200
        1 POST DEVICE form=CLIENT&scope=User.Read run=2 -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1 and #2: without `offline_access` there is no refresh token, and the user signs in again"]);
    }

    #[test]
    fn with_offline_access_or_for_a_sign_in_alone_it_is_fine() {
        let script = r"
        0 POST DEVICE form=CLIENT&scope=User.Read+offline_access -> 200
        1 GET AUTHORIZE?CLIENT&scope=openid+profile -> 200
        2 POST https://login.microsoftonline.com/common/oauth2/devicecode form=CLIENT&resource=x -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }

    #[test]
    fn a_sign_in_without_a_refresh_token_is_a_note_by_itself() {
        let script = "0 POST DEVICE form=CLIENT&scope=User.Read -> 200";
        let expected = "note #1: the sign-in asks for no refresh token (`offline_access`)";
        assert_eq!(found(&RULE, script), [expected]);
    }
}
