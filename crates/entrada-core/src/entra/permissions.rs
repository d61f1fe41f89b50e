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

/// What else is worth knowing about the permission `name`.
pub fn note(name: &str) -> Option<&'static str> {
    NOTES.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, note)| *note)
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

/// Microsoft announced the need for `Mail-Advanced` on 2026-03-24; the lists of the service principal hide it so far.
const ADVANCED: &str = "from 2026-12-31 it is needed to change subject, body, recipients, sender and the like of messages that are not \
                        drafts; flags, categories, read state, moving and deleting stay with `Mail.ReadWrite`";
const IMPORT_EXPORT: &str = "it is for the import and export API below `/admin/exchange/mailboxes`, not for `/me/mailFolders`; Microsoft's \
                             lists disagree on whether it needs an administrator";

static NOTES: &[(&str, &str)] = &[
    ("Mail-Advanced.ReadWrite", ADVANCED),
    ("Mail-Advanced.ReadWrite.Shared", ADVANCED),
    ("Mail-Advanced.ReadWrite.All", ADVANCED),
    (
        "Mail.ReadWrite",
        "from 2026-12-31, changing subject, body, recipients or sender of a message that is not a draft needs `Mail-Advanced.ReadWrite`",
    ),
    ("MailboxFolder.Read", IMPORT_EXPORT),
    ("MailboxFolder.ReadWrite", IMPORT_EXPORT),
    ("MailboxItem.Read", IMPORT_EXPORT),
    ("MailboxItem.ImportExport", IMPORT_EXPORT),
    (
        "User-Mail.ReadWrite.All",
        "it is about the e-mail addresses of user objects (`mail`, `otherMails`), and opens no mailbox",
    ),
    (
        "Mail.ReadBasic",
        "a smaller permission does not help with consent: it is on the list of the managed policy too",
    ),
    (
        "SMTP.Send",
        "users may still consent to it; `Mail.Send` on Microsoft Graph sends without SMTP AUTH",
    ),
    (
        "EWS.AccessAsUser.All",
        "EWS is blocked from 2026-10-01 unless the tenant allows the application, and ends on 2027-04-01",
    ),
];

/// Direct inclusions only; [`closure`] follows them further.
static IMPLIES: &[(&str, &[&str])] = &[
    ("Mail.ReadWrite", &["Mail.Read"]),
    ("Mail.Read", &["Mail.ReadBasic"]),
    ("Mail.ReadBasic.Shared", &["Mail.ReadBasic"]),
    ("Mail.Read.Shared", &["Mail.Read", "Mail.ReadBasic.Shared"]),
    ("Mail.ReadWrite.Shared", &["Mail.Read.Shared", "Mail.ReadWrite"]),
    ("Mail.Send.Shared", &["Mail.Send"]),
    ("Mail-Advanced.ReadWrite.Shared", &["Mail-Advanced.ReadWrite"]),
    ("MailboxSettings.ReadWrite", &["MailboxSettings.Read"]),
    ("MailboxFolder.ReadWrite", &["MailboxFolder.Read"]),
    ("MailboxFolder.ReadWrite.All", &["MailboxFolder.Read.All"]),
    ("MailboxItem.ReadWrite", &["MailboxItem.Read"]),
    ("MailboxItem.ReadWrite.All", &["MailboxItem.Read.All"]),
    ("MailboxItem.ImportExport", &["MailboxItem.Export"]),
    ("MailboxItem.ImportExport.All", &["MailboxItem.Export.All"]),
    ("MailboxConfigItem.ReadWrite", &["MailboxConfigItem.Read"]),
    ("Calendars.ReadWrite", &["Calendars.Read"]),
    ("Calendars.Read", &["Calendars.ReadBasic"]),
    ("Calendars.Read.Shared", &["Calendars.Read"]),
    ("Calendars.ReadWrite.Shared", &["Calendars.Read.Shared", "Calendars.ReadWrite"]),
    ("Contacts.ReadWrite", &["Contacts.Read"]),
    ("Contacts.Read.Shared", &["Contacts.Read"]),
    ("Contacts.ReadWrite.Shared", &["Contacts.Read.Shared", "Contacts.ReadWrite"]),
    ("Tasks.ReadWrite", &["Tasks.Read"]),
    ("Tasks.Read.Shared", &["Tasks.Read"]),
    ("Tasks.ReadWrite.Shared", &["Tasks.Read.Shared", "Tasks.ReadWrite"]),
    ("Tasks.ReadWrite.All", &["Tasks.Read.All"]),
    ("Notes.ReadWrite", &["Notes.Read", "Notes.Create"]),
    ("Notes.ReadWrite.All", &["Notes.Read.All", "Notes.ReadWrite"]),
    ("Notes.Read.All", &["Notes.Read"]),
    ("ShortNotes.ReadWrite", &["ShortNotes.Read"]),
    ("People.Read.All", &["People.Read"]),
    ("OnlineMeetings.ReadWrite", &["OnlineMeetings.Read"]),
    ("Presence.ReadWrite", &["Presence.Read"]),
    ("Presence.Read.All", &["Presence.Read"]),
    ("Group-Conversation.ReadWrite.All", &["Group-Conversation.Read.All"]),
    ("Group.ReadWrite.All", &["Group.Read.All", "Group-Conversation.ReadWrite.All"]),
    ("Group.Read.All", &["Group-Conversation.Read.All"]),
    ("User.ReadWrite", &["User.Read"]),
    ("User.Read.All", &["User.ReadBasic.All", "User.Read"]),
    ("User.ReadWrite.All", &["User.Read.All", "User.ReadWrite"]),
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
    permission("MailboxFolder.Read", Some("52dc2051-4958-4636-8f2a-281d39c6981c"), Some(false), Some(false), None),
    permission("MailboxFolder.ReadWrite", Some("077fde41-7e0b-4c5b-bcd1-e9d743a30c80"), Some(false), Some(false), None),
    permission("MailboxItem.Read", Some("82305458-296d-4edd-8b0b-74dd74c34526"), Some(false), Some(false), None),
    permission("MailboxItem.ReadWrite", Some("ec1ade38-5268-4bc8-87fa-b230e42f7a88"), Some(true), Some(false), None),
    permission("MailboxItem.ImportExport", Some("df96e8a0-f4e1-4ecf-8d83-a429f822cbd6"), Some(false), Some(false), None),
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
    permission("EWS.AccessAsUser.All", Some("9769c687-087d-48ac-9cb3-c37dde652038"), Some(false), None, None),
    permission("EAS.AccessAsUser.All", Some("ff91d191-45a0-43fd-b837-bd682c4a0b0f"), Some(false), None, None),
    permission("offline_access", Some("7427e0e9-2fba-42fe-b0c0-848c9e6a8182"), Some(false), Some(true), None),
    permission("openid", Some("37f7f235-527c-4136-accd-4a02d197296e"), Some(false), Some(true), None),
    permission("profile", Some("14dad69e-099b-42c9-810b-d002981feec1"), Some(false), Some(true), None),
    permission("email", Some("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"), Some(false), Some(true), None),
    permission("Mail.ReadBasic.Shared", Some("b11fa0e7-fdb7-4dc9-b1f1-59facd463480"), Some(false), None, None),
    permission("Mail.ReadBasic.All", None, None, None, Some("693c5e45-0940-467d-9b8a-1022fb9d42ef")),
    permission("Mail-Advanced.ReadWrite", Some("f3af82f6-18e0-4a41-8dc8-a03c11854a8d"), Some(true), None, None),
    permission("Mail-Advanced.ReadWrite.Shared", Some("bebf0bb6-2ff3-4295-a17d-f3561da294fb"), Some(true), None, None),
    permission("Mail-Advanced.ReadWrite.All", None, None, None, Some("e118f1da-5c1c-46cf-bff6-8858d786f46f")),
    permission("MailboxFolder.Read.All", None, None, None, Some("99280d24-a782-4793-93cc-0888549957f6")),
    permission("MailboxFolder.ReadWrite.All", None, None, None, Some("fef87b92-8391-4589-9da7-eb93dab7dc8a")),
    permission("MailboxItem.Export", Some("58d3e7fa-3ce9-4a0c-9baa-0971f64709d9"), Some(true), Some(false), None),
    permission("MailboxItem.Read.All", None, None, None, Some("7d9f353d-a7bd-4fbb-822a-26d5dd39a3ce")),
    permission("MailboxItem.ReadWrite.All", None, None, None, Some("1583d471-fede-4e7c-b062-57e9d60cfb49")),
    permission("MailboxItem.Export.All", None, None, None, Some("937550e9-33a3-494b-88ae-d9cd394b1fbb")),
    permission("MailboxItem.ImportExport.All", None, None, None, Some("76577085-e73d-4f1d-b26a-85fb33892327")),
    permission("MailboxConfigItem.Read", Some("dce2e6fc-0f4b-40da-94e2-14b4477f3d92"), Some(false), Some(true), Some("27d9d776-f4d2-426d-80ad-5f22f2b01b0a")),
    permission("MailboxConfigItem.ReadWrite", Some("7d461784-7715-4b09-9f90-91a6d8722652"), Some(false), Some(true), Some("aa6d92d4-b25a-4640-aefe-3e3231e5e736")),
    permission("MailTips.ReadBasic.Shared", None, None, None, None),
    permission("MailTips.ReadBasic.All", None, None, None, None),
    permission("Calendars.ReadBasic.All", None, None, None, Some("8ba4a692-bc31-4128-9094-475872af8a53")),
    permission("OrgContact.Read.All", Some("08432d1b-5911-483c-86df-7980af5cdee0"), Some(true), Some(false), Some("e1a88a34-94c4-4418-be12-c87b00e26bea")),
    permission("Tasks.Read.Shared", Some("88d21fd4-8e5a-4c32-b5e2-4a1c95f34f72"), Some(false), Some(false), None),
    permission("Tasks.ReadWrite.Shared", Some("c5ddf11b-c114-4886-8558-8a4e557cd52b"), Some(false), Some(false), None),
    permission("Tasks.Read.All", None, None, None, Some("f10e1f91-74ed-437f-a6fd-d6ae88e26c1f")),
    permission("Tasks.ReadWrite.All", None, None, None, Some("44e666d1-d276-445b-a5fc-8815eeb81d55")),
    permission("People.Read.All", Some("b89f9189-71a5-4e70-b041-9887f0bc7e4a"), Some(true), Some(false), Some("b528084d-ad10-4598-8b93-929746b4d7d6")),
    permission("Place.Read.All", Some("cb8f45a0-5c2e-4ea1-b803-84b870a7d7ec"), Some(true), Some(false), Some("913b9306-0ce1-42b8-9137-6a7df690a760")),
    permission("OnlineMeetings.Read", Some("9be106e1-f4e3-4df5-bdff-e4bc531cbe43"), Some(false), Some(false), None),
    permission("OnlineMeetings.ReadWrite", Some("a65f2972-a4f8-4f5e-afd7-69ccb046d5dc"), Some(false), Some(false), None),
    permission("Notes.Create", Some("9d822255-d64d-4b7a-afdb-833b9a97ed02"), Some(false), Some(true), None),
    permission("Notes.Read", Some("371361e4-b9e2-4a3f-8315-2a301a3b0a3d"), Some(false), Some(true), None),
    permission("Notes.ReadWrite", Some("615e26af-c38a-4150-ae3e-c3b0d4cb1d6a"), Some(false), Some(true), None),
    permission("Notes.Read.All", Some("dfabfca6-ee36-4db2-8208-7a28381419b3"), Some(false), Some(false), Some("3aeca27b-ee3a-4c2b-8ded-80376e2134a4")),
    permission("Notes.ReadWrite.All", Some("64ac0503-b4fa-45d9-b544-71a463f05da0"), Some(false), Some(false), Some("0c458cef-11f3-48c2-a568-c66751c238c0")),
    permission("ShortNotes.Read", Some("50f66e47-eb56-45b7-aaa2-75057d9afe08"), Some(false), Some(true), None),
    permission("ShortNotes.ReadWrite", Some("328438b7-4c01-4c07-a840-e625a749bb89"), Some(false), Some(true), None),
    permission("Group-Conversation.Read.All", Some("c92fbbc2-50e0-4842-93ef-385c3293ea3d"), Some(true), Some(false), Some("4f0a8235-6f6f-4ec7-9500-34b452a4a0c3")),
    permission("Group-Conversation.ReadWrite.All", Some("302bcbb5-855a-4e49-ae20-94a331b0281e"), Some(true), Some(false), Some("6679c91b-820a-4900-ab47-e97b197a89c4")),
    permission("User.ReadWrite", Some("b4e74841-8e56-480b-be8b-910348b18b4c"), Some(false), Some(true), None),
    permission("User.Read.All", Some("a154be20-db9c-4678-8ab7-66f6cc099a59"), Some(true), Some(false), Some("df021288-bdef-4463-88db-98f22de89214")),
    permission("User.ReadWrite.All", Some("204e0828-b5ca-4ad8-b9f3-f32a958e7cc4"), Some(true), Some(false), Some("741f803b-c850-494e-b5df-cde7c675a1ca")),
    permission("User-Mail.ReadWrite.All", Some("6166886a-9576-433b-8544-658177bdef1d"), Some(true), Some(false), Some("280d0935-0796-47d1-8d26-273470a3f17a")),
    permission("User.RevokeSessions.All", Some("fc30e98b-8810-4501-81f5-c20a3196387b"), Some(true), Some(false), Some("77f3a031-c388-4f99-b373-dc68676a979e")),
    permission("Presence.Read", Some("76bc735e-aecd-4a1d-8b4c-2b915deabb79"), Some(false), Some(false), None),
    permission("Presence.Read.All", Some("9c7a330d-35b3-4aa1-963d-cb2b9f927841"), Some(false), Some(false), Some("a70e0c2d-e793-494c-94c4-118fa0a67f42")),
    permission("Presence.ReadWrite", Some("8d3c54a7-cf58-4773-bf81-c0cd6ad522bb"), Some(false), Some(false), None),
    permission("ExchangeMessageTrace.Read.All", Some("b2e7d27e-14e7-41ad-bb15-a88ceb9c3e90"), Some(true), Some(false), Some("89b20d8a-76e2-4057-867b-9961f800b9a4")),
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
            "mail.read mail.read.shared mail.readbasic mail.readbasic.shared mail.readwrite mail.readwrite.shared"
        );
        assert_eq!(
            closed("User.ReadWrite.All"),
            "user.read user.read.all user.readbasic.all user.readwrite user.readwrite.all"
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
            ("Mail.ReadWrite", "Mail-Advanced.ReadWrite"),
            ("Mail-Advanced.ReadWrite", "Mail.ReadWrite"),
            ("Mail.ReadBasic", "Mail.ReadBasic.Shared"),
            ("User-Mail.ReadWrite.All", "Mail.ReadWrite"),
            ("MailboxItem.Read", "Mail.Read"),
            ("People.Read", "Contacts.Read"),
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
    fn every_permission_stands_once_and_every_note_and_inclusion_names_one() {
        let mut names: Vec<&str> = all().iter().map(|own| own.name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|one, next| one < next));
        assert!(NOTES.iter().all(|(name, _)| find(name).is_some()));
        for wave in &crate::entra::consent::WAVES {
            for name in wave.graph.iter().chain(wave.exchange) {
                let known = find(name).is_some();
                let other = ["Files.", "Sites.", "Chat."].iter().any(|api| name.starts_with(api));
                assert!(known || other, "{name}");
            }
        }
    }

    #[test]
    fn facts_are_found_by_name_or_full_scope() {
        let read = find("https://graph.microsoft.com/mail.read").unwrap();
        assert_eq!((read.admin_consent, read.personal_accounts), (Some(false), Some(true)));
        assert_eq!(find("Mail.Read.Shared").unwrap().personal_accounts, Some(false));
        assert_eq!(find("Calendars.ReadBasic").unwrap().admin_consent, Some(true));
        // By its kind; the managed policy is another matter.
        assert_eq!(find("EWS.AccessAsUser.All").unwrap().admin_consent, Some(false));
        assert_eq!(find("MailboxItem.Read").unwrap().admin_consent, Some(false));
        let advanced = find("Mail-Advanced.ReadWrite").unwrap();
        assert_eq!(advanced.admin_consent, Some(true));
        assert!(note(advanced.name).unwrap().contains("2026-12-31"));
        assert_eq!(find("Mail.Nothing"), None);
    }
}
