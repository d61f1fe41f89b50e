//! Tests of which names belong to the same API.

use super::*;

fn name(aud: &str) -> Option<&'static str> {
    of_audience(aud).map(|resource| resource.name)
}

#[test]
fn all_spellings_of_an_audience_are_one_api() {
    for aud in [
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
        "HTTPS://Graph.Microsoft.com",
        "https://graph.microsoft.com:443/",
        "00000003-0000-0000-C000-000000000000",
        "spn:00000003-0000-0000-c000-000000000000",
        "https://dod-graph.microsoft.us",
    ] {
        assert_eq!(of_audience(aud), Some(&GRAPH), "{aud}");
    }
    for aud in [
        "https://outlook.office.com",
        "https://outlook.office365.com:443/",
        "https://outlook.office.com/api/",
        "https://partner.outlook.cn/",
        "00000002-0000-0ff1-ce00-000000000000",
    ] {
        assert_eq!(of_audience(aud), Some(&EXCHANGE), "{aud}");
    }
}

#[test]
fn hosts_of_one_customer_are_found_by_pattern() {
    assert_eq!(name("https://contoso-my.sharepoint.com/"), Some("SharePoint Online"));
    assert_eq!(
        name("00000003-0000-0ff1-ce00-000000000000/contoso.sharepoint.com@tenant"),
        Some("SharePoint Online")
    );
    assert_eq!(name("https://contoso.crm.dynamics.com/"), Some("Dataverse"));
    assert_eq!(name("https://contoso.crm4.dynamics.com"), Some("Dataverse"));
    assert_eq!(name("https://a.blob.core.windows.net"), Some("Azure Storage"));
}

#[test]
fn look_alikes_are_other_apis() {
    for aud in [
        "https://sharepoint.com",
        "https://evil.example/x.sharepoint.com",
        "https://x.sharepoint.com.evil.example",
        "https://evil.example#.sharepoint.com",
        "https://graph.microsoft.com.evil.example",
        "https://graph.microsoft.com:444",
        "http://graph.microsoft.com",
        "https://graph.microsoft.com//",
        "graph.microsoft.com",
        "api://mine",
        "",
        "/",
    ] {
        assert_eq!(name(aud), None, "{aud}");
    }
}

#[test]
fn two_hosts_of_one_pattern_are_two_audiences() {
    assert!(same_audience("https://outlook.office.com", "https://outlook.office365.com/"));
    assert!(same_audience("api://Mine/", "api://mine"));
    assert!(!same_audience("https://a.sharepoint.com", "https://b.sharepoint.com"));
    assert!(!same_audience("https://graph.microsoft.com", "https://outlook.office.com"));
}

#[test]
fn a_scope_shows_its_api() {
    assert_eq!(of_scope("Mail.Read"), ResourceOfScope::Graph);
    assert_eq!(of_scope("IMAP.AccessAsUser.All").resource(), Some(&GRAPH));
    assert_eq!(of_scope("OpenID"), ResourceOfScope::SignIn);
    assert_eq!(of_scope("https://graph.microsoft.com/Mail.Read"), ResourceOfScope::Known(&GRAPH));
    assert_eq!(of_scope("https://outlook.office.com/SMTP.Send"), ResourceOfScope::Known(&EXCHANGE));
    assert_eq!(
        of_scope("https://management.core.windows.net//.default"),
        ResourceOfScope::Known(&ARM)
    );
    assert_eq!(
        of_scope("797f4846-ba00-4fd7-ba43-dac1f8f63013/.default"),
        ResourceOfScope::Known(&ARM)
    );
    assert_eq!(of_scope("api://mine/access"), ResourceOfScope::Other("api://mine"));
    assert_eq!(of_scope("api://mine/access").resource(), None);
}

#[test]
fn a_short_name_is_the_part_after_the_api() {
    for (scope, short) in [
        ("Mail.Read", "Mail.Read"),
        ("https://graph.microsoft.com/Mail.Read", "Mail.Read"),
        ("https://management.core.windows.net//.default", ".default"),
        ("00000003-0000-0000-c000-000000000000/User.Read", "User.Read"),
        ("api://mine/access_as_user", "access_as_user"),
        ("https://analysis.windows.net/powerbi/api/Dataset.Read.All", "Dataset.Read.All"),
        ("https://graph.microsoft.com", "https://graph.microsoft.com"),
        ("https://graph.microsoft.com/", "https://graph.microsoft.com/"),
        ("", ""),
        ("/", "/"),
    ] {
        assert_eq!(short_name(scope), short);
    }
    assert!(is_default_scope("https://management.core.windows.net//.Default"));
    assert!(is_default_scope(".default"));
    assert!(!is_default_scope("Mail.Read"));
}

#[test]
fn the_table_is_written_the_way_it_is_compared() {
    assert_eq!(ALL.len(), 22);
    for resource in ALL {
        assert!(uuid::Uuid::try_parse(resource.app_id).is_ok(), "{}", resource.name);
        assert_eq!(of_audience(resource.app_id), Some(*resource));
        for aud in resource.audiences {
            assert_eq!(normalise(aud), *aud);
            assert_eq!(of_audience(aud), Some(*resource), "{aud} names two APIs");
        }
        for prefix in resource.scope_prefixes {
            let scope = format!("{prefix}.default");
            assert_eq!(of_scope(&scope), ResourceOfScope::Known(resource), "{scope}");
        }
    }
}
