//! Delegated permissions: what each includes, who may consent, and whether personal accounts have it.

use std::collections::BTreeSet;

use super::resources::short_name;
use crate::ScopeSet;

/// The facts about one delegated permission, whichever API publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The name without the API, for example `Mail.Read`.
    pub name: &'static str,
    /// The id on Microsoft Graph, for the manifest of a registration.
    pub id: Option<&'static str>,
    /// Whether an administrator has to consent; `None` if unknown.
    pub admin_consent: Option<bool>,
    /// Whether personal accounts have it; `None` if unknown.
    pub personal_accounts: Option<bool>,
    /// The id of the application permission of the same name, if there is one.
    pub app_role_id: Option<&'static str>,
}

/// The facts about a permission, by its name or full scope, ignoring case.
pub fn find(scope: &str) -> Option<&'static Permission> {
    let name = short_name(scope);
    PERMISSIONS.iter().find(|permission| permission.name.eq_ignore_ascii_case(name))
}

/// All known permissions.
pub fn all() -> &'static [Permission] {
    PERMISSIONS
}

/// The permissions that `scopes` grant, with those that they include, as lower-case names without the API.
///
/// Scopes of the sign-in itself (`openid` and the like) are left out.
///
/// ```
/// use entrada_core::{ScopeSet, entra::permissions};
///
/// let granted = permissions::closure(&ScopeSet::parse("Mail.ReadWrite"));
/// assert!(permissions::holds_any(&granted, &["Mail.Read"]), "it includes the lesser one");
/// ```
pub fn closure(scopes: &ScopeSet) -> BTreeSet<String> {
    let mut closed = BTreeSet::new();
    let mut open: Vec<String> =
        scopes.api().iter().map(|scope| short_name(scope).to_ascii_lowercase()).collect();
    while let Some(name) = open.pop() {
        if closed.contains(&name) {
            continue;
        }
        open.extend(implied_by(&name).iter().map(|implied| implied.to_ascii_lowercase()));
        closed.insert(name);
    }
    closed
}

/// Whether a [`closure`] has at least one of `sufficient`.
pub fn holds_any(closure: &BTreeSet<String>, sufficient: &[&str]) -> bool {
    sufficient.iter().any(|scope| closure.contains(&short_name(scope).to_ascii_lowercase()))
}

fn implied_by(name: &str) -> &'static [&'static str] {
    IMPLIES
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map_or(&[], |(_, implied)| *implied)
}

/// Direct inclusions only; [`closure`] follows them further.
static IMPLIES: &[(&str, &[&str])] = &[
    ("Mail.ReadWrite", &["Mail.Read"]),
    ("Mail.Read", &["Mail.ReadBasic"]),
    ("Mail.Read.Shared", &["Mail.Read"]),
    ("Mail.ReadWrite.Shared", &["Mail.Read.Shared", "Mail.ReadWrite"]),
    ("Mail.Send.Shared", &["Mail.Send"]),
    ("MailboxSettings.ReadWrite", &["MailboxSettings.Read"]),
    ("Calendars.ReadWrite", &["Calendars.Read"]),
    ("Calendars.Read", &["Calendars.ReadBasic"]),
    ("Calendars.Read.Shared", &["Calendars.Read"]),
    ("Calendars.ReadWrite.Shared", &["Calendars.Read.Shared", "Calendars.ReadWrite"]),
    ("Contacts.ReadWrite", &["Contacts.Read"]),
    ("Contacts.Read.Shared", &["Contacts.Read"]),
    ("Contacts.ReadWrite.Shared", &["Contacts.Read.Shared", "Contacts.ReadWrite"]),
    ("User.ReadWrite", &["User.Read"]),
    ("User.Read.All", &["User.ReadBasic.All"]),
    ("User.ReadWrite.All", &["User.Read.All"]),
];

const fn permission(
    name: &'static str,
    id: Option<&'static str>,
    admin_consent: Option<bool>,
    personal_accounts: Option<bool>,
    app_role_id: Option<&'static str>,
) -> Permission {
    Permission { name, id, admin_consent, personal_accounts, app_role_id }
}

/// Name, id, administrator's consent, personal accounts, application permission of the same name.
#[rustfmt::skip]
static PERMISSIONS: &[Permission] = &[
    permission("Mail.ReadBasic", Some("a4b8392a-d8d1-4954-a029-8e668a39a170"), Some(false), Some(true), Some("6be147d2-ea4f-4b5a-a3fa-3eab6f3c140a")),
    permission("Mail.Read", Some("570282fd-fa5c-430d-a7fd-fc8dc98a9dca"), Some(false), Some(true), Some("810c84a8-4a9e-49e6-bf7d-12d183f40d01")),
    permission("Mail.ReadWrite", Some("024d486e-b451-40bb-833d-3e66d98c5c73"), Some(false), Some(true), Some("e2a3a72e-5f79-4c64-b1b1-878b674786c9")),
    permission("Mail.Send", Some("e383f46e-2787-4529-855e-0e479a3ffac0"), Some(false), Some(true), Some("b633e1c5-b582-4048-a93e-9f11b44c7e96")),
    permission("Mail.Read.Shared", Some("7b9103a5-4610-446b-9670-80643382c1fa"), Some(false), Some(false), None),
    permission("Mail.ReadWrite.Shared", Some("5df07973-7d5d-46ed-9847-1271055cbd51"), Some(false), Some(false), None),
    permission("Mail.Send.Shared", Some("a367ab51-6b49-43bf-a716-a1fb06d2a174"), Some(false), Some(false), None),
    permission("MailboxSettings.Read", Some("87f447af-9fa4-4c32-9dfa-4a57a73d18ce"), Some(false), Some(true), Some("40f97065-369a-49f4-947c-6a255697ae91")),
    permission("MailboxSettings.ReadWrite", Some("818c620a-27a9-40bd-a6a5-d96f7d610b4b"), Some(false), Some(true), Some("6931bccd-447a-43d1-b442-00a195474933")),
    permission("MailboxFolder.Read", Some("52dc2051-4958-4636-8f2a-281d39c6981c"), Some(true), Some(false), None),
    permission("MailboxFolder.ReadWrite", Some("077fde41-7e0b-4c5b-bcd1-e9d743a30c80"), Some(true), Some(false), None),
    permission("MailboxItem.Read", Some("82305458-296d-4edd-8b0b-74dd74c34526"), Some(true), Some(false), None),
    permission("MailboxItem.ReadWrite", None, Some(true), Some(false), None),
    permission("MailboxItem.ImportExport", Some("df96e8a0-f4e1-4ecf-8d83-a429f822cbd6"), Some(true), Some(false), None),
    permission("Calendars.ReadBasic", Some("662d75ba-a364-42ad-adee-f5f880ea4878"), Some(true), Some(true), None),
    permission("Calendars.Read", Some("465a38f9-76ea-45b9-9f34-9e8b0d4b0b42"), Some(false), Some(true), Some("798ee544-9d2d-430c-a058-570e29e34338")),
    permission("Calendars.ReadWrite", Some("1ec239c2-d7c9-4623-a91a-a9775856bb36"), Some(false), Some(true), Some("ef54d2bf-783f-4e0f-bca1-3210c0444d99")),
    permission("Calendars.Read.Shared", Some("2b9c4092-424d-4249-948d-b43879977640"), Some(false), Some(true), None),
    permission("Calendars.ReadWrite.Shared", Some("12466101-c9b8-439a-8589-dd09ee67e8e9"), Some(false), Some(false), None),
    permission("Contacts.Read", Some("ff74d97f-43af-4b68-9f2a-b77ee6968c5d"), Some(false), Some(true), Some("089fe4d0-434a-44c5-8827-41ba8a0b17f5")),
    permission("Contacts.ReadWrite", Some("d56682ec-c09e-4743-aaf4-1a3aac4caa21"), Some(false), Some(true), Some("6918b873-d17a-4dc1-b314-35f528134491")),
    permission("Contacts.Read.Shared", Some("242b9d9e-ed24-4d09-9a52-f43769beb9d4"), Some(false), Some(false), None),
    permission("Contacts.ReadWrite.Shared", Some("afb6c84b-06be-49af-80bb-8f3f77004eab"), Some(false), Some(false), None),
    permission("User.Read", Some("e1fe6dd8-ba31-4d61-89e7-88639da4683d"), Some(false), Some(true), None),
    permission("User.ReadBasic.All", Some("b340eb25-3456-403f-be2f-af7a0d370277"), Some(false), Some(false), Some("97235f07-e226-4f63-ace3-39588e11d3a1")),
    permission("People.Read", Some("ba47897c-39ec-4d83-8086-ee8256fa737d"), Some(false), Some(true), None),
    permission("Tasks.Read", Some("f45671fb-e0fe-4b4b-be20-3d3ce43f1bcb"), Some(false), Some(true), None),
    permission("Tasks.ReadWrite", Some("2219042f-cab5-40cc-b0d2-16b1540b4c5f"), Some(false), Some(true), None),
    permission("IMAP.AccessAsUser.All", Some("652390e4-393a-48de-9484-05f9b1212954"), Some(false), Some(true), None),
    permission("POP.AccessAsUser.All", Some("d7b7f2d9-0f45-4ea1-9d42-e50810c06991"), Some(false), Some(true), None),
    permission("SMTP.Send", Some("258f6531-6087-4cc4-bb90-092c5fb3ed3f"), Some(false), Some(true), None),
    permission("EWS.AccessAsUser.All", Some("9769c687-087d-48ac-9cb3-c37dde652038"), None, None, None),
    permission("EAS.AccessAsUser.All", Some("ff91d191-45a0-43fd-b837-bd682c4a0b0f"), None, None, None),
    permission("offline_access", Some("7427e0e9-2fba-42fe-b0c0-848c9e6a8182"), None, None, None),
    permission("openid", Some("37f7f235-527c-4136-accd-4a02d197296e"), None, None, None),
    permission("profile", Some("14dad69e-099b-42c9-810b-d002981feec1"), None, None, None),
    permission("email", Some("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"), None, None, None),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(scopes: &str) -> String {
        closure(&ScopeSet::parse(scopes)).into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn writing_includes_reading_and_shared_includes_own() {
        assert_eq!(closed("Mail.ReadWrite"), "mail.read mail.readbasic mail.readwrite");
        assert_eq!(
            closed("https://graph.microsoft.com/mail.readwrite.shared openid offline_access"),
            "mail.read mail.read.shared mail.readbasic mail.readwrite mail.readwrite.shared"
        );
        assert_eq!(
            closed("User.ReadWrite.All"),
            "user.read.all user.readbasic.all user.readwrite.all"
        );
    }

    #[test]
    fn nothing_else_is_included() {
        for (held, wanted) in [
            ("Mail.ReadWrite.Shared", "Mail.Send"),
            ("Mail.ReadBasic", "Mail.Read"),
            ("Mail.Send", "Mail.Read"),
            ("Mail.Read", "Mail.Read.Shared"),
            ("Mail.Send", "Mail.Send.Shared"),
            ("Mail.ReadWrite", "MailboxSettings.Read"),
            ("IMAP.AccessAsUser.All", "POP.AccessAsUser.All"),
            ("IMAP.AccessAsUser.All", "SMTP.Send"),
            ("SMTP.Send", "Mail.Send"),
            ("Mail.Send", "SMTP.Send"),
            ("offline_access", "Mail.Read"),
        ] {
            assert!(!holds_any(&closure(&ScopeSet::parse(held)), &[wanted]), "{held} → {wanted}");
        }
    }

    #[test]
    fn sign_in_scopes_are_left_out() {
        assert_eq!(closed("openid profile email offline_access"), "");
        assert!(!holds_any(&BTreeSet::new(), &["Mail.Read"]));
        assert!(!holds_any(&closure(&ScopeSet::parse("Mail.Read")), &[]));
    }

    #[test]
    fn facts_are_found_by_name_or_full_scope() {
        let read = find("https://graph.microsoft.com/mail.read").unwrap();
        assert_eq!((read.admin_consent, read.personal_accounts), (Some(false), Some(true)));
        assert_eq!(find("Mail.Read.Shared").unwrap().personal_accounts, Some(false));
        assert_eq!(find("Calendars.ReadBasic").unwrap().admin_consent, Some(true));
        assert_eq!(find("EWS.AccessAsUser.All").unwrap().admin_consent, None);
        assert_eq!(find("Mail.Nothing"), None);
    }
}
