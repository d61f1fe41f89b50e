use crate::judge::{Exchange, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "token-requested-again",
    severity: Severity::Warning,
    clause: "RFC 6749 §5.1 (`expires_in`); Entra: token caching in MSAL",
    docs: include_str!("pages/token_requested_again.md"),
    check,
};

/// A token is renewed some minutes before it ends. Milliseconds.
const MARGIN: i64 = 300_000;

fn check(record: &Record) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in record.with_grant("refresh_token").filter(|one| one.issued()) {
        let Some(life) = one.number("expires_in").or_else(|| one.number("ext_expires_in")) else { continue };
        let good_until = one.ended() + life * 1_000 - MARGIN;
        let again = record.after(one).find(|later| is_same(one, later) && later.at < good_until);
        let Some(again) = again else { continue };
        let challenged = record.exchanges.iter().any(|between| {
            one.number < between.number && between.number < again.number && between.status == 401
        });
        let is_reported = found.iter().any(|earlier| earlier.requests.contains(&one.number));
        if !challenged && !is_reported {
            found.push(RULE.finding(
                [one.number, again.number],
                format!("the program refreshes again while its token is valid for {life} s"),
                "keep the access token until some minutes before its end",
            ));
        }
    }
    found
}

fn is_same(one: &Exchange, later: &Exchange) -> bool {
    let asked = |exchange: &Exchange| {
        let scope = exchange.parameter("scope").or_else(|| exchange.parameter("resource")).unwrap_or_default();
        let mut names: Vec<String> = scope.split_whitespace().map(str::to_ascii_lowercase).collect();
        names.sort();
        (exchange.host.clone(), exchange.path.clone(), exchange.client_id().to_owned(), names)
    };
    later.grant() == Some("refresh_token") && later.parameter("claims").is_none() && asked(one) == asked(later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_second_refresh_for_the_same_is_found() {
        let script = r#"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r1&scope=a+b -> 200 {"access_token":"a","expires_in":3600}
        9 POST TOKEN form=grant_type=refresh_token&refresh_token=r1&scope=b+a -> 200 {"access_token":"a","expires_in":3600}
        "#;
        assert_eq!(found(&RULE, script), ["warning #1 and #2: the program refreshes again while its token is valid for 3600 s"]);
    }

    #[test]
    fn another_scope_an_expired_token_and_a_challenge_are_fine() {
        let script = r#"
        0 POST TOKEN form=grant_type=refresh_token&refresh_token=r1&scope=a -> 200 {"access_token":"a","expires_in":3600}
        1 POST TOKEN form=grant_type=refresh_token&refresh_token=r1&scope=b -> 200 {"access_token":"a","expires_in":3600}
        3400 POST TOKEN form=grant_type=refresh_token&refresh_token=r1&scope=a -> 200 {"access_token":"a","expires_in":3600}
        3401 GET https://graph.microsoft.com/v1.0/me -> 401
        3402 POST TOKEN form=grant_type=refresh_token&refresh_token=r1&scope=a -> 200 {"access_token":"a","expires_in":3600}
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
