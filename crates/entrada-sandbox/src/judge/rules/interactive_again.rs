use crate::judge::{Endpoint, Exchange, Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "interactive-again",
    severity: Severity::Warning,
    clause: "RFC 6749 §6; Entra: acquire a token silently first (MSAL)",
    docs: include_str!("pages/interactive_again.md"),
    check,
};

fn check(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    for start in record.exchanges.iter().filter(|one| one.is_interactive()) {
        // The user asked for another account, or the authority for another sign-in.
        let is_wanted = start.parameter("claims").is_some() || start.parameter("prompt").is_some();
        let client = start.client_id();
        let before = || record.exchanges.iter().filter(|one| one.number < start.number);
        let issued = last_issued(record, start, client);
        let Some(issued) = issued.filter(|_| !is_wanted) else { continue };
        let tried = before().any(|one| {
            issued < one.number && one.grant() == Some("refresh_token") && one.client_id() == client
        });
        // The same page, loaded again before its answer.
        let is_same_sign_in = before().any(|one| {
            issued < one.number && one.is_interactive() && one.endpoint() == Endpoint::Authorize
        });
        if !tried && !is_same_sign_in {
            found.push(RULE.finding(
                [issued, start.number],
                "the user signs in again, and the refresh token of the first sign-in is not tried",
                "keep the refresh token, and try a refresh first",
            ));
        }
    }
    found
}

/// The number of the last request before `start` that brought a refresh token of the same authority to `client`.
fn last_issued(record: &Record, start: &Exchange, client: &str) -> Option<usize> {
    let before = record.exchanges.iter().rev().filter(|one| one.number < start.number);
    let mut issued = before
        .filter(|one| one.host == start.host && one.issued())
        .filter(|one| one.client_id() == client && one.text("refresh_token").is_some());
    issued.next().map(|one| one.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_second_sign_in_is_found() {
        let script = r#"
        1 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 200 {"access_token":"a","refresh_token":"r"}
        2 POST DEVICE form=CLIENT&scope=x run=2 -> 200
        "#;
        assert_eq!(found(&RULE, script), ["warning #1 and #2: the user signs in again, and the refresh token of the first sign-in is not tried"]);
    }

    #[test]
    fn a_refresh_first_another_client_and_a_wish_for_a_sign_in_are_fine() {
        let script = r#"
        1 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 200 {"access_token":"a","refresh_token":"r"}
        2 POST TOKEN form=CLIENT&grant_type=refresh_token&refresh_token=r -> 400 {"error":"invalid_grant"}
        3 POST DEVICE form=CLIENT&scope=x -> 200
        "#;
        assert!(found(&RULE, script).is_empty());
        let script = r#"
        1 POST TOKEN form=CLIENT&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=d -> 200 {"access_token":"a","refresh_token":"r"}
        1.5 GET https://contoso.b2clogin.com/contoso.example/b2c_1_x/oauth2/v2.0/authorize?CLIENT -> 200
        2 GET AUTHORIZE?CLIENT&prompt=select_account -> 200
        3 POST DEVICE form=client_id=other&scope=x -> 200
        "#;
        assert!(found(&RULE, script).is_empty());
    }
}
