//! The permissions that Microsoft Graph and Exchange Online publish, by the ids that registrations and grants name them with.

use std::sync::OnceLock;

use super::resources::{EXCHANGE, GRAPH, Resource};

/// The state of Microsoft's managed consent policy in this table. Microsoft changes the policy by itself.
pub const MANAGED_POLICY_AS_OF: &str = "July 2026";

const GRAPH_DATA: &str = include_str!("data/graph_permissions.txt");
const EXCHANGE_DATA: &str = include_str!("data/exchange_permissions.txt");

/// Whether a permission is for a user's token or for the application itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionKind {
    /// A delegated permission: `Scope` in a registration, `scp` in a token.
    Delegated,
    /// An application permission: `Role` in a registration, `roles` in a token.
    Application,
}

impl PermissionKind {
    /// The words of Microsoft's documentation.
    pub fn title(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::Application => "application",
        }
    }
}

/// A permission of one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedPermission {
    /// The name without the API, such as `Mail.Read`.
    pub name: &'static str,
    /// The id of the delegated permission.
    pub delegated_id: Option<&'static str>,
    /// The id of the application permission.
    pub application_id: Option<&'static str>,
    /// Whether the delegated permission always needs an administrator's consent; `None` where the sources disagree.
    pub admin_consent: Option<bool>,
    /// Whether personal accounts have the delegated permission.
    pub personal_accounts: bool,
    /// Whether Microsoft's managed consent policy keeps users of work accounts from consenting
    /// ([`MANAGED_POLICY_AS_OF`]). It is the default of new tenants.
    pub managed_policy: bool,
}

impl PublishedPermission {
    /// The id of this kind of the permission.
    pub fn id(&self, kind: PermissionKind) -> Option<&'static str> {
        match kind {
            PermissionKind::Delegated => self.delegated_id,
            PermissionKind::Application => self.application_id,
        }
    }
}

/// The mail programs whose permissions users may consent to where the tenant allows popular mail clients, by client id
/// (Entra, "Manage app consent policies").
pub const POPULAR_MAIL_CLIENTS: [(&str, &str); 6] = [
    ("f8d98a96-0999-43f5-8af3-69971c7bb423", "Apple Mail"),
    ("b50c1dbd-1855-4e54-b07c-d3c3029e93d3", "Spark"),
    ("e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd", "eM Client"),
    ("8acd33ea-7197-4a96-bc33-d7cc7101262f", "Samsung Email"),
    ("2cee05de-2b8f-45a2-8289-2a06ca32c4c8", "Android Mail"),
    ("9e5f94bc-e8a4-4e73-b8be-63364c29d753", "Thunderbird"),
];

/// Whether the client id is one of [`POPULAR_MAIL_CLIENTS`].
pub fn is_popular_mail_client(client_id: &str) -> bool {
    POPULAR_MAIL_CLIENTS.iter().any(|(id, _)| id.eq_ignore_ascii_case(client_id))
}

/// The permissions of `api`; `None` for an API whose permissions are not on record.
pub fn of_api(api: &Resource) -> Option<&'static [PublishedPermission]> {
    static GRAPH_TABLE: OnceLock<Vec<PublishedPermission>> = OnceLock::new();
    static EXCHANGE_TABLE: OnceLock<Vec<PublishedPermission>> = OnceLock::new();
    if *api == GRAPH {
        Some(GRAPH_TABLE.get_or_init(|| table(GRAPH_DATA)))
    } else if *api == EXCHANGE {
        Some(EXCHANGE_TABLE.get_or_init(|| table(EXCHANGE_DATA)))
    } else {
        None
    }
}

/// The permission of `api` with this id and kind.
///
/// ```
/// use entrada_core::entra::permission_ids::{self, PermissionKind};
/// use entrada_core::entra::resources::GRAPH;
///
/// let id = "652390e4-393a-48de-9484-05f9b1212954";
/// let found = permission_ids::by_id(&GRAPH, PermissionKind::Delegated, id).unwrap();
/// assert_eq!((found.name, found.managed_policy), ("IMAP.AccessAsUser.All", true));
/// ```
pub fn by_id(
    api: &Resource,
    kind: PermissionKind,
    id: &str,
) -> Option<&'static PublishedPermission> {
    let own = |permission: &&PublishedPermission| {
        permission.id(kind).is_some_and(|own| own.eq_ignore_ascii_case(id))
    };
    of_api(api)?.iter().find(own)
}

/// The permission of `api` with this name, ignoring case.
pub fn by_name(api: &Resource, name: &str) -> Option<&'static PublishedPermission> {
    of_api(api)?.iter().find(|permission| permission.name.eq_ignore_ascii_case(name))
}

fn table(data: &'static str) -> Vec<PublishedPermission> {
    data.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect()
}

fn row(line: &'static str) -> Option<PublishedPermission> {
    let mut columns = line.split(' ');
    let name = columns.next()?;
    let mut id = || columns.next().map(|id| Some(id).filter(|id| *id != "-"));
    let (delegated_id, application_id) = (id()?, id()?);
    let flags = columns.next()?;
    let admin_consent = match (flags.contains('a'), flags.contains(['u', '1', '2', '3'])) {
        _ if flags.contains('?') => None,
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    Some(PublishedPermission {
        name,
        delegated_id,
        application_id,
        admin_consent,
        personal_accounts: flags.contains('p'),
        managed_policy: flags.contains(['1', '2', '3']),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::permissions;

    #[test]
    fn every_line_is_a_permission_with_ids() {
        for (api, data, least) in [(&GRAPH, GRAPH_DATA, 900), (&EXCHANGE, EXCHANGE_DATA, 39)] {
            let lines = data.lines().filter(|line| !line.starts_with('#')).count();
            let rows = of_api(api).unwrap();
            assert_eq!(rows.len(), lines);
            assert!(least < rows.len());
            for row in rows {
                let ids = [row.delegated_id, row.application_id];
                assert!(ids.iter().any(Option::is_some), "{}", row.name);
                for id in ids.into_iter().flatten() {
                    assert!(uuid::Uuid::try_parse(id).is_ok(), "{}: {id}", row.name);
                }
            }
        }
        assert_eq!(of_api(&crate::entra::resources::ARM), None);
    }

    #[test]
    fn no_name_and_no_id_of_one_kind_is_listed_twice() {
        for api in [&GRAPH, &EXCHANGE] {
            let rows = of_api(api).unwrap();
            let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), rows.len());
            for kind in [PermissionKind::Delegated, PermissionKind::Application] {
                let mut ids: Vec<&str> = rows.iter().filter_map(|row| row.id(kind)).collect();
                let all = ids.len();
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), all, "{kind:?}");
            }
        }
    }

    #[test]
    fn the_ids_agree_with_the_table_of_permissions() {
        for known in permissions::all() {
            let Some(id) = known.id else { continue };
            if known.name.starts_with("Mail-Advanced.") {
                // Announced for 2026-12-31, and not on Microsoft's list of ids yet.
                continue;
            }
            let found = by_id(&GRAPH, PermissionKind::Delegated, id);
            assert_eq!(found.map(|row| row.name), Some(known.name));
        }
    }

    #[test]
    fn the_managed_policy_covers_reading_mail_and_not_sending_it() {
        let covered = |name| by_name(&GRAPH, name).unwrap().managed_policy;
        for name in ["mail.read", "Mail.ReadBasic", "IMAP.AccessAsUser.All", "Tasks.Read"] {
            assert!(covered(name), "{name}");
        }
        for name in ["Mail.Send", "SMTP.Send", "Contacts.Read", "User.Read", "offline_access"] {
            assert!(!covered(name), "{name}");
        }
        let all = of_api(&GRAPH).unwrap().iter().filter(|row| row.managed_policy).count();
        assert_eq!(all, 36, "32 of Graph, and 4 of Exchange that Graph lists as well");
    }

    #[test]
    fn an_id_counts_for_its_own_api_and_kind() {
        let imap_of_exchange = "195adc35-e27b-454b-a7ed-1ecdffa1c09f";
        assert!(by_id(&EXCHANGE, PermissionKind::Delegated, imap_of_exchange).is_some());
        assert_eq!(by_id(&GRAPH, PermissionKind::Delegated, imap_of_exchange), None);
        assert_eq!(by_id(&EXCHANGE, PermissionKind::Application, imap_of_exchange), None);
        assert!(is_popular_mail_client("9E5F94BC-E8A4-4E73-B8BE-63364C29D753"));
        assert!(!is_popular_mail_client(imap_of_exchange));
    }
}
