//! The forms in which a registration is exported.

use super::*;

/// The same registration in the older form, in the oldest, and as PowerShell writes it.
fn forms() -> [Value; 3] {
    let permissions = || permissions(GRAPH_API, IMAP, "Scope");
    let old = json!({
        "appId": CLIENT, "id": OBJECT, "signInAudience": "AzureADMyOrg", "allowPublicClient": true,
        "replyUrlsWithType": [{ "url": "http://localhost", "type": "InstalledClient" }],
        "requiredResourceAccess": permissions(), "accessTokenAcceptedVersion": 2, "identifierUris": [],
        "passwordCredentials": [], "keyCredentials": [],
    });
    let oldest = json!({
        "appId": CLIENT, "objectId": OBJECT, "availableToOtherTenants": false, "publicClient": true,
        "replyUrls": ["http://localhost"], "requiredResourceAccess": permissions(),
    });
    let powershell = json!({
        "AppId": CLIENT, "Id": OBJECT, "SignInAudience": "AzureADMyOrg", "IsFallbackPublicClient": true,
        "PublicClient": { "RedirectUris": ["http://localhost"] }, "Web": { "RedirectUris": null },
        "Spa": { "RedirectUris": [] },
        "RequiredResourceAccess": [{
            "ResourceAppId": GRAPH_API, "ResourceAccess": [{ "Id": IMAP, "Type": "Scope" }],
        }],
    });
    [old, oldest, powershell]
}

#[test]
fn every_form_is_judged_as_that_of_microsoft_graph() {
    for form in forms() {
        let healthy = diagnosis(|files| files.application = form.clone());
        assert!(healthy.verdict.is_ok(), "{form} {:?}", healthy.findings);
        let expected = checked(&diagnosis(|_| ())).0;
        assert_eq!(checked(&healthy).0, expected, "{form}");
    }
}

#[test]
fn a_fault_is_found_in_every_form() {
    let [old, oldest, powershell] = forms();
    let replaced = |form: &Value, from: &str, to: &str| {
        let text = form.to_string();
        assert!(text.contains(from), "{text}");
        let form: Value = serde_json::from_str(&text.replace(from, to)).unwrap();
        found(move |files| files.application = form)
    };
    let platform = ["error certain platform-type-mismatch"];
    assert_eq!(replaced(&old, "InstalledClient", "Web"), platform);
    assert_eq!(replaced(&old, "InstalledClient", "Spa"), platform);
    assert_eq!(replaced(&oldest, r#""publicClient":true"#, r#""publicClient":null"#), platform);
    let no_uris = r#""PublicClient":{"RedirectUris":[]}"#;
    assert_eq!(
        replaced(&powershell, r#""PublicClient":{"RedirectUris":["http://localhost"]}"#, no_uris),
        ["warning certain redirect-uri-mismatch"]
    );
}
