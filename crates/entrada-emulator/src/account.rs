//! The accounts and the directories.

/// The directory of the built-in work accounts.
pub const CONTOSO: &str = "0c0ffee0-1111-4222-8333-444455556666";
/// The home directory of the built-in guest.
pub const PARTNER: &str = "0a57ee00-7777-4888-8999-aaaabbbbcccc";
/// The directory of all personal accounts.
pub const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A built-in account.
#[derive(Debug)]
pub struct EmulatedAccount {
    /// For example `ada@contoso.example`.
    pub username: &'static str,
    /// For example `Ada Lovelace`.
    pub name: &'static str,
    /// The kind of account.
    pub kind: AccountKind,
    /// Whether it has a mailbox that Graph can read.
    pub mailbox: bool,
    /// The object id in [`EmulatedAccount::tid`].
    pub oid: &'static str,
    /// The directory that issues the tokens.
    pub tid: &'static str,
    /// The home object id, `uid` of `client_info`.
    pub uid: &'static str,
    /// The home directory, `utid` of `client_info`.
    pub utid: &'static str,
    /// The `upn` claim.
    pub upn: &'static str,
}

/// The kind of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A work or school account in its own directory.
    Work,
    /// A work account that is a guest in another directory.
    Guest,
    /// A personal Microsoft account.
    Personal,
}

/// The accounts that the sign-in page offers.
pub static ACCOUNTS: &[EmulatedAccount] = &[
    EmulatedAccount {
        username: "ada@contoso.example",
        name: "Ada Lovelace",
        kind: AccountKind::Work,
        mailbox: true,
        oid: "ada00000-0000-4000-8000-000000000001",
        tid: CONTOSO,
        uid: "ada00000-0000-4000-8000-000000000001",
        utid: CONTOSO,
        upn: "ada@contoso.example",
    },
    EmulatedAccount {
        username: "lin@contoso.example",
        name: "Lin Tausend",
        kind: AccountKind::Work,
        mailbox: false,
        oid: "11100000-0000-4000-8000-000000000002",
        tid: CONTOSO,
        uid: "11100000-0000-4000-8000-000000000002",
        utid: CONTOSO,
        upn: "lin@contoso.example",
    },
    EmulatedAccount {
        username: "grace@partner.example",
        name: "Grace Hopper",
        kind: AccountKind::Guest,
        mailbox: false,
        oid: "9ace0000-0000-4000-8000-000000000003",
        tid: CONTOSO,
        uid: "9ace0000-0000-4000-8000-00000000a003",
        utid: PARTNER,
        upn: "grace_partner.example#EXT#@contoso.example",
    },
    EmulatedAccount {
        username: "ada@outlook.example",
        name: "Ada Lovelace",
        kind: AccountKind::Personal,
        mailbox: true,
        oid: "00000000-0000-0000-ada0-000000000004",
        tid: CONSUMERS,
        uid: "00000000-0000-0000-ada0-000000000004",
        utid: CONSUMERS,
        upn: "ada@outlook.example",
    },
];

impl EmulatedAccount {
    /// The account with this user name, letter case aside.
    pub fn find(username: &str) -> Option<&'static Self> {
        ACCOUNTS.iter().find(|account| account.username.eq_ignore_ascii_case(username))
    }

    pub(super) fn is_personal(&self) -> bool {
        self.kind == AccountKind::Personal
    }
}

/// A directory of the emulator.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Its GUID.
    pub id: String,
    /// The verified domains.
    pub domains: Vec<String>,
    /// For example `Contoso`.
    pub name: String,
}

impl Directory {
    pub(super) fn contoso() -> Self {
        let domains = ["contoso.example", "contoso.onmicrosoft.com"].map(str::to_owned).to_vec();
        Self { id: CONTOSO.to_owned(), domains, name: "Contoso".to_owned() }
    }
}

/// The tenant segment of a path, in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TenantSegment {
    Common,
    Organizations,
    Consumers,
    /// The GUID of a directory.
    Directory(String),
}

impl TenantSegment {
    /// `None` if the emulator has no such tenant.
    pub(super) fn parse(text: &str, directories: &[Directory]) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        Some(match text.as_str() {
            "common" => Self::Common,
            "organizations" => Self::Organizations,
            "consumers" | CONSUMERS => Self::Consumers,
            _ => {
                let known = directories.iter().find(|dir| {
                    dir.id.eq_ignore_ascii_case(&text) || dir.domains.contains(&text)
                })?;
                Self::Directory(known.id.to_ascii_lowercase())
            }
        })
    }

    /// The segment as a person reads it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Common => "common",
            Self::Organizations => "organizations",
            Self::Consumers => "consumers",
            Self::Directory(id) => id,
        }
    }

    /// Whether this account may sign in at this tenant.
    pub(super) fn allows(&self, account: &EmulatedAccount) -> bool {
        match self {
            Self::Common => true,
            Self::Consumers => account.is_personal(),
            Self::Organizations | Self::Directory(_) => !account.is_personal(),
        }
    }

    /// The directory that issues the tokens of `account` at this tenant.
    pub(super) fn tid(&self, account: &EmulatedAccount) -> String {
        match self {
            Self::Directory(id) => id.clone(),
            _ => account.tid.to_owned(),
        }
    }

    /// The form in the issuer of the metadata.
    pub(super) fn issuer_part(&self) -> &str {
        match self {
            Self::Common | Self::Organizations => "{tenantid}",
            Self::Consumers => CONSUMERS,
            Self::Directory(id) => id,
        }
    }
}
