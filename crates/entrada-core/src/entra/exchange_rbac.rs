//! RBAC for Applications in Exchange Online: roles that Exchange itself grants to an application, for some mailboxes.
//!
//! A token of such an application is good without a `roles` claim, so a missing role proves nothing for these permissions.

/// The application permission, and the role of Exchange that replaces it. IMAP, POP and ActiveSync have none.
const ROLES: &[(&str, &str)] = &[
    ("Mail.Read", "Application Mail.Read"),
    ("Mail.ReadBasic", "Application Mail.ReadBasic"),
    ("Mail.ReadWrite", "Application Mail.ReadWrite"),
    ("Mail.Send", "Application Mail.Send"),
    ("MailboxSettings.Read", "Application MailboxSettings.Read"),
    ("MailboxSettings.ReadWrite", "Application MailboxSettings.ReadWrite"),
    ("Calendars.Read", "Application Calendars.Read"),
    ("Calendars.ReadWrite", "Application Calendars.ReadWrite"),
    ("Contacts.Read", "Application Contacts.Read"),
    ("Contacts.ReadWrite", "Application Contacts.ReadWrite"),
    ("full_access_as_app", "Application EWS.AccessAsApp"),
    // Since 2025-10.
    ("SMTP.SendAsApp", "Application SMTP.SendAsApp"),
];

/// The role of Exchange that replaces the application permission `permission`; `None` if there is none.
///
/// ```
/// use entrada_core::entra::exchange_rbac;
///
/// assert_eq!(exchange_rbac::role_for("Mail.Read"), Some("Application Mail.Read"));
/// assert_eq!(exchange_rbac::role_for("IMAP.AccessAsApp"), None);
/// ```
pub fn role_for(permission: &str) -> Option<&'static str> {
    ROLES.iter().find(|(own, _)| own.eq_ignore_ascii_case(permission)).map(|(_, role)| *role)
}
