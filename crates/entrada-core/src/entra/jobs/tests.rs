//! Tests of single facts, and of the mapping from scopes to a job.

use strum::IntoEnumIterator as _;

use super::*;
use crate::entra::permissions;

fn job(scopes: &str) -> Option<Job> {
    job_for_scopes(&ScopeSet::parse(scopes))
}

#[test]
fn each_job_holds_what_the_permission_data_lists() {
    for (id, sufficient, app_roles) in [
        (
            "graph_mail_list_metadata",
            "Mail.ReadBasic Mail.Read Mail.ReadWrite Mail.ReadBasic.Shared Mail.Read.Shared Mail.ReadWrite.Shared",
            "Mail.ReadBasic.All Mail.ReadBasic Mail.Read Mail.ReadWrite",
        ),
        (
            "graph_mail_read",
            "Mail.Read Mail.ReadWrite Mail.Read.Shared Mail.ReadWrite.Shared",
            "Mail.Read Mail.ReadWrite",
        ),
        (
            "graph_mail_attachments",
            "Mail.Read Mail.ReadWrite Mail.Read.Shared Mail.ReadWrite.Shared",
            "Mail.Read Mail.ReadWrite",
        ),
        ("graph_mail_write", "Mail.ReadWrite Mail.ReadWrite.Shared", "Mail.ReadWrite"),
        ("graph_mail_send", "Mail.Send Mail.Send.Shared", "Mail.Send"),
        ("graph_mail_send_as_shared", "Mail.Send.Shared", "Mail.Send"),
        (
            "graph_mail_shared_read",
            "Mail.Read.Shared Mail.ReadWrite.Shared",
            "Mail.Read Mail.ReadWrite",
        ),
        (
            "graph_mailbox_settings_read",
            "MailboxSettings.Read MailboxSettings.ReadWrite",
            "MailboxSettings.Read MailboxSettings.ReadWrite",
        ),
        ("graph_mailbox_settings_write", "MailboxSettings.ReadWrite", "MailboxSettings.ReadWrite"),
        (
            "graph_calendar_read",
            "Calendars.ReadBasic Calendars.Read Calendars.ReadWrite Calendars.Read.Shared \
             Calendars.ReadWrite.Shared",
            "Calendars.ReadBasic.All Calendars.Read Calendars.ReadWrite",
        ),
        (
            "graph_calendar_write",
            "Calendars.ReadWrite Calendars.ReadWrite.Shared",
            "Calendars.ReadWrite",
        ),
        (
            "graph_calendar_shared",
            "Calendars.Read.Shared Calendars.ReadWrite.Shared",
            "Calendars.Read Calendars.ReadWrite",
        ),
        (
            "graph_contacts_read",
            "Contacts.Read Contacts.ReadWrite Contacts.Read.Shared Contacts.ReadWrite.Shared",
            "Contacts.Read Contacts.ReadWrite",
        ),
        (
            "graph_contacts_write",
            "Contacts.ReadWrite Contacts.ReadWrite.Shared",
            "Contacts.ReadWrite",
        ),
        (
            "graph_profile",
            "User.Read User.ReadWrite User.ReadBasic.All User.Read.All User.ReadWrite.All \
             Directory.Read.All Directory.ReadWrite.All",
            "User.Read.All",
        ),
        ("imap", "IMAP.AccessAsUser.All", "IMAP.AccessAsApp"),
        ("pop", "POP.AccessAsUser.All", "POP.AccessAsApp"),
        ("smtp_auth", "SMTP.Send", "SMTP.SendAsApp"),
        ("ews", "EWS.AccessAsUser.All", "full_access_as_app"),
        ("eas", "EAS.AccessAsUser.All", ""),
        ("outlook_rest_v2", "", ""),
    ] {
        let facts = facts(Job::parse(id).unwrap());
        assert_eq!(facts.sufficient.join(" "), sufficient, "{id}");
        assert_eq!(facts.app_roles.join(" "), app_roles, "{id}");
        assert!(facts.resource.is_some(), "{id}");
    }
}

#[test]
fn requested_scopes_suffice_and_tempting_ones_do_not() {
    for job in Job::iter() {
        let facts = facts(job);
        if facts.sufficient.is_empty() {
            continue;
        }
        let asked = permissions::closure(&facts.scopes.iter().copied().collect());
        assert!(permissions::holds_any(&asked, facts.sufficient), "{job}");
        for least in facts.least_privilege {
            assert!(facts.sufficient.contains(least), "{job}");
        }
        for tempting in facts.tempting.iter().filter(|scope| !scope.contains("://")) {
            let held = permissions::closure(&std::iter::once(*tempting).collect());
            assert!(!permissions::holds_any(&held, facts.sufficient), "{job}: {tempting}");
        }
        for scope in facts.scopes {
            assert_eq!(resources::of_scope(scope).resource(), facts.resource, "{scope}");
            let known = permissions::find(scope);
            assert_ne!(known.and_then(|known| known.admin_consent), Some(true), "{scope}");
        }
    }
}

#[test]
fn notes_are_phrases() {
    for job in Job::iter() {
        let facts = facts(job);
        for text in facts.notes.iter().chain(std::iter::once(&facts.title)) {
            assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            assert!(text.matches('`').count() % 2 == 0, "{text}");
        }
    }
}

#[test]
fn audiences_of_the_jobs_api_are_accepted_in_every_form() {
    let imap = facts(Job::Imap);
    for aud in [
        "https://outlook.office365.com/",
        "00000002-0000-0FF1-CE00-000000000000",
        "https://ps.outlook.com",
    ] {
        assert!(imap.accepts_audience(aud), "{aud}");
    }
    assert!(!imap.accepts_audience("https://graph.microsoft.com"));
    assert!(facts(Job::None).accepts_audience("anything"));
    assert_eq!(facts(Job::GraphMailRead).accepted_audiences()[0], "https://graph.microsoft.com");
}

#[test]
fn scopes_carry_the_hosts_of_the_cloud() {
    assert_eq!(
        scopes_in(Job::Imap, Cloud::Public),
        ["https://outlook.office.com/IMAP.AccessAsUser.All"]
    );
    assert_eq!(
        scopes_in(Job::GraphMailRead, Cloud::China),
        ["https://microsoftgraph.chinacloudapi.cn/Mail.Read"]
    );
    assert_eq!(scopes_in(Job::Smtp, Cloud::UsGov), ["https://outlook.office365.us/SMTP.Send"]);
    assert_eq!(
        scopes_in(Job::Arm, Cloud::UsGov),
        ["https://management.usgovcloudapi.net/.default"]
    );
    assert!(scopes_in(Job::Custom, Cloud::Public).is_empty());
    assert_eq!(
        app_scope_in(Job::Imap, Cloud::Public).unwrap(),
        "https://outlook.office365.com/.default"
    );
    assert_eq!(
        app_scope_in(Job::GraphMailSend, Cloud::Dod).unwrap(),
        "https://dod-graph.microsoft.us/.default"
    );
    assert_eq!(app_scope_in(Job::None, Cloud::Public), None);
}

#[test]
fn scopes_of_another_api_point_to_its_job() {
    for (scopes, expected) in [
        ("https://outlook.office.com/IMAP.AccessAsUser.All offline_access", Some(Job::Imap)),
        ("https://outlook.office365.com/pop.accessasuser.all", Some(Job::Pop)),
        ("https://outlook.office.com/SMTP.Send openid", Some(Job::Smtp)),
        (
            "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All",
            Some(Job::Imap),
        ),
        ("https://outlook.office365.com/EWS.AccessAsUser.All", Some(Job::Ews)),
        ("https://outlook.office.com/EAS.AccessAsUser.All", Some(Job::Eas)),
        ("https://outlook.office365.com/.default", Some(Job::Imap)),
        ("https://management.core.windows.net//.default", Some(Job::Arm)),
        ("https://outlook.office.com/Mail.Read", None),
        ("IMAP.AccessAsUser.All", None),
        ("https://graph.microsoft.com/Mail.Read", None),
        ("User.Read offline_access", None),
        ("api://mine/access", None),
        ("", None),
    ] {
        assert_eq!(job(scopes), expected, "{scopes}");
    }
}

#[test]
fn permissions_point_to_the_first_job_that_they_suffice_for() {
    for (scopes, expected) in [
        ("Mail.ReadBasic User.Read", Some(Job::GraphMailListMetadata)),
        ("Mail.ReadWrite Mail.ReadBasic", Some(Job::GraphMailRead)),
        ("user.read https://graph.microsoft.com/Calendars.Read", Some(Job::GraphCalendarRead)),
        ("User.Read", Some(Job::GraphProfile)),
        ("Files.Read Sites.Read.All", None),
        ("openid profile", None),
    ] {
        assert_eq!(first_served(&resources::GRAPH, &ScopeSet::parse(scopes)), expected, "{scopes}");
    }
    let pop = ScopeSet::parse("SMTP.Send POP.AccessAsUser.All");
    assert_eq!(first_served(&resources::EXCHANGE, &pop), Some(Job::Pop));
    assert_eq!(first_served(&resources::GRAPH, &pop), None, "these are permissions of Exchange");
    let roles = |roles: &[&str]| first_served_by_roles(&resources::GRAPH, roles);
    assert_eq!(roles(&["Calendars.ReadWrite", "Mail.Send"]), Some(Job::GraphMailSend));
    assert_eq!(roles(&["Directory.Read.All"]), None);
    let none = first_served_by_roles(&resources::EXCHANGE, &[]);
    assert_eq!(none, None, "a job without permissions is none that a token serves");
}
