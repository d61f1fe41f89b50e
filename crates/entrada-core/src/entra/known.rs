//! Well-known ids: clients, tenants, directory roles.

/// The tenant of personal Microsoft accounts, also called `consumers`.
pub const CONSUMERS_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Microsoft Services: issues the token when an application requests one from `common` without a user.
pub const SERVICES_TENANT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

/// The role in `wids` of every user who is not a guest.
pub const MEMBER_WID: &str = "b79fbf4d-3ef9-4689-8143-76b194e85509";

/// A well-known client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownClient {
    /// The client ID, as in the claims `appid` and `azp`.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Whether it is a Microsoft client with fixed scopes (AADSTS65002).
    pub first_party: bool,
    /// Whether consent cannot add permissions.
    pub fixed: bool,
}

/// Whether only personal accounts can sign in at the tenant segment `tenant`.
pub fn is_consumers(tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case("consumers") || tenant.eq_ignore_ascii_case(CONSUMERS_TENANT)
}

/// The well-known client with this id.
pub fn client(id: &str) -> Option<&'static KnownClient> {
    CLIENTS.iter().find(|client| client.id.eq_ignore_ascii_case(id))
}

/// The owner of a well-known tenant.
pub fn tenant(id: &str) -> Option<&'static str> {
    look_up(TENANTS, id)
}

/// The meaning of a well-known id in the `wids` claim.
pub fn wid(id: &str) -> Option<&'static str> {
    look_up(WIDS, id)
}

fn look_up(table: &[(&str, &'static str)], id: &str) -> Option<&'static str> {
    table.iter().find(|(own, _)| own.eq_ignore_ascii_case(id)).map(|(_, name)| *name)
}

const fn microsoft(id: &'static str, name: &'static str) -> KnownClient {
    KnownClient { id, name, first_party: true, fixed: true }
}

/// A Microsoft client to which users may grant more scopes.
const fn open(id: &'static str, name: &'static str) -> KnownClient {
    KnownClient { id, name, first_party: true, fixed: false }
}

static CLIENTS: &[KnownClient] = &[
    microsoft("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Azure CLI"),
    microsoft("1950a258-227b-4e31-a9cf-717495945fc2", "Azure PowerShell"),
    open("14d82eec-204b-4c2f-b7e8-296a70dab67e", "Microsoft Graph Command Line Tools"),
    microsoft("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office"),
    microsoft("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"),
    microsoft("5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "Microsoft Teams web client"),
    microsoft("27922004-5251-4030-b22d-91ecd9a37ea4", "Outlook Mobile"),
    microsoft("29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker"),
    open("de8bc8b5-d9f9-48b1-a8ad-b748da725064", "Graph Explorer"),
    KnownClient {
        id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753",
        name: "Mozilla Thunderbird",
        first_party: false,
        fixed: false,
    },
];

static TENANTS: &[(&str, &str)] = &[
    (CONSUMERS_TENANT, "personal Microsoft accounts"),
    (SERVICES_TENANT, "Microsoft Services, not an organisation of the user"),
    ("72f988bf-86f1-41af-91ab-2d7cd011db47", "Microsoft, the company"),
];

static WIDS: &[(&str, &str)] = &[
    (MEMBER_WID, "any user who is not a guest"),
    ("0997a1d0-0d1d-4acb-b408-d5ca73121e90", "any application that signs in as itself"),
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_any_case() {
        let cli = client("04B07795-8DDB-461A-BBEE-02F9E1BF7B46").unwrap();
        assert_eq!((cli.name, cli.first_party), ("Azure CLI", true));
        assert!(!client("9e5f94bc-e8a4-4e73-b8be-63364c29d753").unwrap().first_party);
        assert_eq!(tenant(CONSUMERS_TENANT), Some("personal Microsoft accounts"));
        assert_eq!(wid("62e90394-69f5-4237-9190-012177145e10"), Some("Global Administrator"));
    }

    #[test]
    fn other_ids_are_unknown() {
        let id = "00000000-0000-0000-0000-000000000000";
        assert_eq!((client(id), tenant(id), wid(id)), (None, None, None));
    }

    #[test]
    fn every_id_is_a_guid() {
        let ids = CLIENTS.iter().map(|client| client.id);
        let others = TENANTS.iter().chain(WIDS).map(|(id, _)| *id);
        for id in ids.chain(others) {
            assert!(uuid::Uuid::try_parse(id).is_ok(), "{id}");
        }
    }
}
