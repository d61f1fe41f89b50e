//! The way to sign in, and a refusal that it explains.

use super::*;

#[test]
fn the_way_to_sign_in_has_to_be_registered() {
    let case =
        |flag: bool, uris: [&'static str; 3], method: Option<SignInMethod>, sent: &'static str| {
            found(move |files| {
                files.application["isFallbackPublicClient"] = json!(flag);
                for (platform, uri) in ["publicClient", "web", "spa"].into_iter().zip(uris) {
                    let all: Vec<&str> = uri.split_whitespace().collect();
                    files.application[platform] = json!({ "redirectUris": all });
                }
                files.context.sign_in_method = method;
                files.context.redirect_uri = sent.parse().ok();
            })
        };
    let (code, browser) = (Some(SignInMethod::Code), Some(SignInMethod::Browser));
    let local = "http://localhost";
    let native = "https://login.microsoftonline.com/common/oauth2/nativeclient";
    for (flag, uris, method, sent, expected) in [
        // A device code needs the flag.
        (true, ["", "", ""], code, "", ""),
        (false, ["", "", ""], code, "", "error certain public-client-flows-disabled"),
        (false, [local, "", ""], code, "", "error likely public-client-flows-disabled"),
        // A browser needs the redirect URI, letter by letter, on the right platform.
        (false, [local, "", ""], browser, "", ""),
        (false, ["", "", ""], browser, "", "error certain redirect-uri-mismatch"),
        (true, ["", local, ""], browser, "", "error certain platform-type-mismatch"),
        (true, ["", "", local], browser, "", "error certain platform-type-mismatch"),
        (true, [local, local, ""], browser, "", "warning certain platform-type-mismatch"),
        (true, ["http://127.0.0.1", "", ""], browser, "", "error certain redirect-uri-mismatch"),
        (true, [local, "", ""], browser, "http://127.0.0.1", "error certain redirect-uri-mismatch"),
        (
            true,
            ["http://localhost/CB", "", ""],
            browser,
            "http://localhost/cb",
            "error certain redirect-uri-mismatch",
        ),
        (true, ["https://localhost", "", ""], browser, "", "error likely redirect-uri-mismatch"),
        (true, [native, "", ""], browser, native, ""),
        // Either will do.
        (false, [local, "", ""], None, "", "note likely public-client-flows-disabled"),
        (true, ["", "", ""], None, "", "warning certain redirect-uri-mismatch"),
        (true, [native, "", ""], None, "", "warning certain redirect-uri-mismatch"),
        (true, ["", local, ""], None, "", "error certain platform-type-mismatch"),
        (false, ["", local, ""], None, "", "error certain platform-type-mismatch"),
        (
            false,
            ["", "https://a.example/cb", ""],
            None,
            "",
            "error certain public-client-flows-disabled",
        ),
        (false, ["http://127.0.0.1", "", ""], None, "", "error certain redirect-uri-mismatch"),
    ] {
        let expected: Vec<&str> = if expected.is_empty() { vec![] } else { vec![expected] };
        assert_eq!(case(flag, uris, method, sent), expected, "{flag} {uris:?} {method:?} {sent}");
    }
}

#[test]
fn redirect_uris_that_entra_does_not_accept_are_found() {
    let uris = |all: Vec<String>| {
        found(move |files| files.application["web"]["redirectUris"] = json!(all))
    };
    let invalid = ["warning certain registration-entry-invalid"];
    assert_eq!(uris(vec!["https://*.contoso.example".to_owned()]), invalid);
    assert_eq!(uris(vec!["http://contoso.example/cb".to_owned()]), invalid);
    let many = |count: usize| (0..count).map(|n| format!("https://contoso.example/{n}")).collect();
    assert_eq!(uris(many(255)), [""; 0]);
    assert_eq!(uris(many(256)), ["error certain registration-entry-invalid"]);
}

#[test]
fn a_secret_of_a_public_client_is_noted() {
    let secret = json!([{ "endDateTime": "2030-01-01T00:00:00Z", "keyId": USER, "hint": "abc" }]);
    assert_eq!(
        found(with("/passwordCredentials", secret)),
        ["note certain client-secret-for-public-client"]
    );
    let expired = json!([{ "endDateTime": "2020-01-01T00:00:00Z", "keyId": USER }]);
    assert_eq!(found(with("/keyCredentials", expired)), ["note certain client-assertion-invalid"]);
}

#[test]
fn a_refusal_that_the_registration_explains_stays_one_finding() {
    let refused = diagnosis(|files| {
        files.application["isFallbackPublicClient"] = json!(false);
        files.application["publicClient"]["redirectUris"] = json!([]);
        files.beside = Some("AADSTS7000218: The request body must contain the following parameter: 'client_assertion'.".to_owned());
    });
    let cause = refused.cause().unwrap();
    assert_eq!(cause.rule.id, RuleId::PublicClientFlowsDisabled);
    let fields: Vec<&str> = cause.evidence.iter().map(|seen| seen.field).collect();
    assert!(
        fields.contains(&"isFallbackPublicClient") && fields.contains(&"error_codes"),
        "{fields:?}"
    );
    // A fault that did not cause this refusal is a warning.
    let other = found(|files| {
        files.application["publicClient"]["redirectUris"] = json!([]);
        files.application["web"]["redirectUris"] = json!(["http://localhost"]);
        files.beside = Some("AADSTS65001: The user has not consented.".to_owned());
    });
    assert_eq!(other[0], "error certain user-consent-required");
    assert!(other.contains(&"warning certain platform-type-mismatch".to_owned()), "{other:?}");
}
