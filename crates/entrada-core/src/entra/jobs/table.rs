//! The known jobs.

use super::JobFacts;
use crate::entra::resources::{ARM, EXCHANGE, GRAPH};

/// A Graph job without facts: the base of the other jobs.
const GRAPH_JOB: JobFacts = JobFacts {
    title: "",
    resource: Some(&GRAPH),
    audience: None,
    scopes: &[],
    least_privilege: &[],
    sufficient: &[],
    tempting: &[],
    app_roles: &[],
    personal_accounts: Some(true),
    admin_consent: false,
    example_endpoint: None,
    notes: &[],
};

const EXCHANGE_JOB: JobFacts = JobFacts { resource: Some(&EXCHANGE), ..GRAPH_JOB };

/// The API is unknown, so the token has no requirements.
const OPEN_JOB: JobFacts = JobFacts { resource: None, personal_accounts: None, ..GRAPH_JOB };

pub(super) static GRAPH_MAIL_LIST_METADATA: JobFacts = JobFacts {
    title: "list my messages, headers only",
    scopes: &["https://graph.microsoft.com/Mail.ReadBasic"],
    least_privilege: &["Mail.ReadBasic"],
    sufficient: &[
        "Mail.ReadBasic",
        "Mail.Read",
        "Mail.ReadWrite",
        "Mail.ReadBasic.Shared",
        "Mail.Read.Shared",
        "Mail.ReadWrite.Shared",
    ],
    tempting: &["User.Read", "Mail.Send", "MailboxSettings.Read", "IMAP.AccessAsUser.All"],
    app_roles: &["Mail.ReadBasic.All", "Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"],
    example_endpoint: Some("GET /v1.0/me/messages"),
    notes: &[
        "with `Mail.ReadBasic` the call works, but body, preview and attachments are left out",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAIL_READ: JobFacts = JobFacts {
    title: "read my mail, bodies included",
    scopes: &["https://graph.microsoft.com/Mail.Read"],
    least_privilege: &["Mail.Read"],
    sufficient: &["Mail.Read", "Mail.ReadWrite", "Mail.Read.Shared", "Mail.ReadWrite.Shared"],
    tempting: &[
        "Mail.ReadBasic",
        "Mail.Send",
        "User.Read",
        "IMAP.AccessAsUser.All",
        "EWS.AccessAsUser.All",
    ],
    app_roles: &["Mail.Read", "Mail.ReadWrite"],
    example_endpoint: Some("GET /v1.0/me/messages/{id}"),
    notes: &[
        "`Mail.ReadBasic` opens a message without its body and attachments, which is not enough to read mail",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAIL_ATTACHMENTS: JobFacts = JobFacts {
    title: "download attachments",
    scopes: &["https://graph.microsoft.com/Mail.Read"],
    least_privilege: &["Mail.Read"],
    sufficient: &["Mail.Read", "Mail.ReadWrite", "Mail.Read.Shared", "Mail.ReadWrite.Shared"],
    tempting: &["Mail.ReadBasic"],
    app_roles: &["Mail.Read", "Mail.ReadWrite"],
    example_endpoint: Some("GET /v1.0/me/messages/{id}/attachments"),
    notes: &[
        "the upload URL of a large attachment is on `outlook.office.com` and needs no token; it refuses Graph's token",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAIL_WRITE: JobFacts = JobFacts {
    title: "create drafts, move, delete and flag messages",
    scopes: &["https://graph.microsoft.com/Mail.ReadWrite"],
    least_privilege: &["Mail.ReadWrite"],
    sufficient: &["Mail.ReadWrite", "Mail.ReadWrite.Shared"],
    tempting: &["Mail.Read", "Mail.Send"],
    app_roles: &["Mail.ReadWrite"],
    example_endpoint: Some("PATCH /v1.0/me/messages/{id}"),
    notes: &[
        "sending needs another permission, `Mail.Send`",
        "`createReply` and `createForward` create drafts; `reply`, `forward` and `send` send mail",
        "from 2026-12-31, changing subject, body, recipients or sender of a message that is not a draft needs `Mail-Advanced.ReadWrite`; flags, categories, moving and deleting do not",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAIL_SEND: JobFacts = JobFacts {
    title: "send mail through Graph",
    scopes: &["https://graph.microsoft.com/Mail.Send"],
    least_privilege: &["Mail.Send"],
    sufficient: &["Mail.Send", "Mail.Send.Shared"],
    tempting: &["Mail.ReadWrite", "Mail.ReadWrite.Shared", "SMTP.Send"],
    app_roles: &["Mail.Send"],
    example_endpoint: Some("POST /v1.0/me/sendMail"),
    notes: &["`Mail.Send` can send an existing draft; creating a draft needs `Mail.ReadWrite`"],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAIL_SEND_AS_SHARED: JobFacts = JobFacts {
    title: "send from a shared or another mailbox",
    scopes: &["https://graph.microsoft.com/Mail.Send.Shared"],
    least_privilege: &["Mail.Send.Shared"],
    sufficient: &["Mail.Send.Shared"],
    tempting: &["Mail.Send"],
    app_roles: &["Mail.Send"],
    personal_accounts: Some(false),
    example_endpoint: Some("POST /v1.0/me/sendMail, with `from`"),
    notes: &[
        "the account also needs `Send As` or `Send on Behalf` on that mailbox; otherwise Graph answers `ErrorSendAsDenied`",
        "`/users/{shared}/sendMail` also needs `Full Access`",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAIL_SHARED_READ: JobFacts = JobFacts {
    title: "read a shared or delegated mailbox",
    scopes: &["https://graph.microsoft.com/Mail.Read.Shared"],
    least_privilege: &["Mail.Read.Shared"],
    sufficient: &["Mail.Read.Shared", "Mail.ReadWrite.Shared"],
    tempting: &["Mail.Read", "Mail.ReadWrite"],
    app_roles: &["Mail.Read", "Mail.ReadWrite"],
    personal_accounts: Some(false),
    example_endpoint: Some("GET /v1.0/users/{shared}/mailFolders('Inbox')/messages"),
    notes: &[
        "the path is `/users/{mailbox}`; `/me` is always the user's own mailbox",
        "the scope has no effect until the mailbox's owner or an administrator grants access",
        "without `.Shared` the usual answer is `ErrorAccessDenied`, sometimes `ErrorItemNotFound`",
        "Microsoft's tables and its guide disagree on `Mail.Read` here; it is probably not sufficient",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAILBOX_SETTINGS_READ: JobFacts = JobFacts {
    title: "read mailbox settings, rules and categories",
    scopes: &["https://graph.microsoft.com/MailboxSettings.Read"],
    least_privilege: &["MailboxSettings.Read"],
    sufficient: &["MailboxSettings.Read", "MailboxSettings.ReadWrite"],
    tempting: &["Mail.Read", "Mail.ReadWrite"],
    app_roles: &["MailboxSettings.Read", "MailboxSettings.ReadWrite"],
    example_endpoint: Some("GET /v1.0/me/mailboxSettings"),
    notes: &["inbox rules and categories belong to `MailboxSettings`, not to `Mail`"],
    ..GRAPH_JOB
};

pub(super) static GRAPH_MAILBOX_SETTINGS_WRITE: JobFacts = JobFacts {
    title: "change mailbox settings, such as automatic replies",
    scopes: &["https://graph.microsoft.com/MailboxSettings.ReadWrite"],
    least_privilege: &["MailboxSettings.ReadWrite"],
    sufficient: &["MailboxSettings.ReadWrite"],
    tempting: &["MailboxSettings.Read", "Mail.ReadWrite"],
    app_roles: &["MailboxSettings.ReadWrite"],
    example_endpoint: Some("PATCH /v1.0/me/mailboxSettings"),
    ..GRAPH_JOB
};

pub(super) static GRAPH_CALENDAR_READ: JobFacts = JobFacts {
    title: "read my calendar",
    // `Calendars.ReadBasic` is a smaller permission, but always needs an administrator. `Calendars.Read` needs one by default
    // only, since 2025-11.
    scopes: &["https://graph.microsoft.com/Calendars.Read"],
    least_privilege: &["Calendars.ReadBasic"],
    sufficient: &[
        "Calendars.ReadBasic",
        "Calendars.Read",
        "Calendars.ReadWrite",
        "Calendars.Read.Shared",
        "Calendars.ReadWrite.Shared",
    ],
    tempting: &["Mail.Read", "User.Read"],
    app_roles: &["Calendars.ReadBasic.All", "Calendars.Read", "Calendars.ReadWrite"],
    admin_consent: true,
    example_endpoint: Some("GET /v1.0/me/events"),
    notes: &[
        "`Calendars.ReadBasic` shows events without body and attachments",
        "`Calendars.ReadBasic` is listed as needing an administrator, `Calendars.Read` is not",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_CALENDAR_WRITE: JobFacts = JobFacts {
    title: "create and change events",
    scopes: &["https://graph.microsoft.com/Calendars.ReadWrite"],
    least_privilege: &["Calendars.ReadWrite"],
    sufficient: &["Calendars.ReadWrite", "Calendars.ReadWrite.Shared"],
    tempting: &["Calendars.Read"],
    app_roles: &["Calendars.ReadWrite"],
    example_endpoint: Some("POST /v1.0/me/events"),
    ..GRAPH_JOB
};

pub(super) static GRAPH_CALENDAR_SHARED: JobFacts = JobFacts {
    title: "use calendars shared with me, find meeting times",
    scopes: &["https://graph.microsoft.com/Calendars.Read.Shared"],
    least_privilege: &["Calendars.Read.Shared"],
    sufficient: &["Calendars.Read.Shared", "Calendars.ReadWrite.Shared"],
    tempting: &["Calendars.Read", "Calendars.ReadWrite"],
    app_roles: &["Calendars.Read", "Calendars.ReadWrite"],
    personal_accounts: Some(false),
    example_endpoint: Some("POST /v1.0/me/findMeetingTimes"),
    notes: &[
        "personal accounts have `Calendars.Read.Shared` but neither `Calendars.ReadWrite.Shared` nor `findMeetingTimes`",
    ],
    ..GRAPH_JOB
};

pub(super) static GRAPH_CONTACTS_READ: JobFacts = JobFacts {
    title: "read contacts",
    scopes: &["https://graph.microsoft.com/Contacts.Read"],
    least_privilege: &["Contacts.Read"],
    sufficient: &[
        "Contacts.Read",
        "Contacts.ReadWrite",
        "Contacts.Read.Shared",
        "Contacts.ReadWrite.Shared",
    ],
    tempting: &["People.Read", "User.ReadBasic.All"],
    app_roles: &["Contacts.Read", "Contacts.ReadWrite"],
    example_endpoint: Some("GET /v1.0/me/contacts"),
    ..GRAPH_JOB
};

pub(super) static GRAPH_CONTACTS_WRITE: JobFacts = JobFacts {
    title: "write contacts",
    scopes: &["https://graph.microsoft.com/Contacts.ReadWrite"],
    least_privilege: &["Contacts.ReadWrite"],
    sufficient: &["Contacts.ReadWrite", "Contacts.ReadWrite.Shared"],
    tempting: &["Contacts.Read"],
    app_roles: &["Contacts.ReadWrite"],
    example_endpoint: Some("POST /v1.0/me/contacts"),
    ..GRAPH_JOB
};

pub(super) static GRAPH_PROFILE: JobFacts = JobFacts {
    title: "ask Graph who I am",
    scopes: &["https://graph.microsoft.com/User.Read"],
    least_privilege: &["User.Read"],
    sufficient: &[
        "User.Read",
        "User.ReadWrite",
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    tempting: &["openid", "profile", "Mail.Read"],
    app_roles: &["User.Read.All"],
    example_endpoint: Some("GET /v1.0/me"),
    notes: &["`openid` and `profile` alone give an ID token and `/oidc/userinfo`, not `/me`"],
    ..GRAPH_JOB
};

pub(super) static IMAP: JobFacts = JobFacts {
    title: "open a mailbox by IMAP (XOAUTH2)",
    scopes: &["https://outlook.office.com/IMAP.AccessAsUser.All"],
    least_privilege: &["IMAP.AccessAsUser.All"],
    sufficient: &["IMAP.AccessAsUser.All"],
    tempting: &[
        "Mail.Read",
        "Mail.ReadWrite",
        "EWS.AccessAsUser.All",
        "https://graph.microsoft.com/IMAP.AccessAsUser.All",
    ],
    app_roles: &["IMAP.AccessAsApp"],
    example_endpoint: Some("outlook.office365.com:993, AUTHENTICATE XOAUTH2"),
    notes: &[
        "write the scope in full: without a prefix, or with Graph's, the token is for Graph and IMAP answers `AUTHENTICATE failed`",
        "for personal accounts the scope must start with `https://outlook.office.com/`, and `.default` is not available",
        "`user=` is the mailbox's address; for a shared mailbox it is the shared address, with the delegate's own token",
        "IMAP can be off for one mailbox: `Set-CASMailbox -ImapEnabled $true` turns it on",
        "without a user, register the application in Exchange: `New-ServicePrincipal` with the object id of the enterprise application, then `Add-MailboxPermission`",
    ],
    ..EXCHANGE_JOB
};

pub(super) static POP: JobFacts = JobFacts {
    title: "fetch mail by POP3 (XOAUTH2)",
    scopes: &["https://outlook.office.com/POP.AccessAsUser.All"],
    least_privilege: &["POP.AccessAsUser.All"],
    sufficient: &["POP.AccessAsUser.All"],
    tempting: &["IMAP.AccessAsUser.All", "Mail.Read"],
    app_roles: &["POP.AccessAsApp"],
    example_endpoint: Some("outlook.office365.com:995, AUTH XOAUTH2"),
    notes: &[
        "`AUTH XOAUTH2` and the base64 go on separate lines",
        "every refusal has the same text: `-ERR Authentication failure: unknown user name or bad password.`",
    ],
    ..EXCHANGE_JOB
};

pub(super) static SMTP: JobFacts = JobFacts {
    title: "submit mail by SMTP AUTH (XOAUTH2)",
    scopes: &["https://outlook.office.com/SMTP.Send"],
    least_privilege: &["SMTP.Send"],
    sufficient: &["SMTP.Send"],
    tempting: &["Mail.Send", "https://graph.microsoft.com/SMTP.Send", "SMTP.AccessAsUser.All"],
    app_roles: &["SMTP.SendAsApp"],
    example_endpoint: Some("smtp.office365.com:587, STARTTLS, AUTH XOAUTH2"),
    notes: &[
        "SMTP AUTH must be on, also for OAuth; `535 5.7.139` means that it is off",
        "`Set-CASMailbox -SmtpClientAuthenticationDisabled $false` turns it on for a mailbox, `Set-TransportConfig` for the tenant; a mailbox with `$null` follows the tenant",
        "security defaults turn SMTP AUTH off",
        "personal accounts send through `smtp-mail.outlook.com:587`",
        "passwords are off by default from the end of December 2026; tokens still work",
        "`graph-mail-send` does not need SMTP AUTH",
    ],
    ..EXCHANGE_JOB
};

pub(super) static EWS: JobFacts = JobFacts {
    title: "use Exchange Web Services",
    scopes: &["https://outlook.office.com/EWS.AccessAsUser.All"],
    least_privilege: &["EWS.AccessAsUser.All"],
    sufficient: &["EWS.AccessAsUser.All"],
    tempting: &["Mail.Read", "Mail.ReadWrite", "full_access_as_user"],
    app_roles: &["full_access_as_app"],
    personal_accounts: Some(false),
    example_endpoint: Some("POST https://outlook.office365.com/EWS/Exchange.asmx"),
    notes: &[
        "EWS is being retired: off from 2026-10-01 unless the tenant has `EWSEnabled` set and the application on `EwsAllowedAppIDs`, and removed on 2027-04-01; a valid token can be refused",
        "without a user, each call names the mailbox: `ExchangeImpersonation` and `X-AnchorMailbox`",
        "personal accounts get a token that EWS libraries cannot read",
        "ids for a manifest: `EWS.AccessAsUser.All` is `3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5`, `full_access_as_app` is `dc890d15-9560-4a4c-9b7f-a736ec74ec40`",
    ],
    ..EXCHANGE_JOB
};

pub(super) static EAS: JobFacts = JobFacts {
    title: "use Exchange ActiveSync",
    scopes: &["https://outlook.office.com/EAS.AccessAsUser.All"],
    least_privilege: &["EAS.AccessAsUser.All"],
    sufficient: &["EAS.AccessAsUser.All"],
    tempting: &["EWS.AccessAsUser.All", "Mail.Read"],
    personal_accounts: None,
    example_endpoint: Some("https://outlook.office365.com/Microsoft-Server-ActiveSync"),
    notes: &[
        "`client_id` in the server's challenge is Exchange, not the application",
        "the server may block a new device whatever its token",
    ],
    ..EXCHANGE_JOB
};

pub(super) static OUTLOOK_REST_V2: JobFacts = JobFacts {
    title: "use the retired Outlook REST API v2.0",
    tempting: &["Mail.Read"],
    personal_accounts: None,
    example_endpoint: Some("GET https://outlook.office.com/api/v2.0/me/messages"),
    notes: &[
        "the API is retired; use Graph",
        "`Mail.Read` in a token for `outlook.office.com` is from an old program; Graph refuses the token",
    ],
    ..EXCHANGE_JOB
};

pub(super) static ANY_GRAPH: JobFacts = JobFacts {
    title: "call Microsoft Graph",
    scopes: &["https://graph.microsoft.com/.default"],
    example_endpoint: Some("GET /v1.0/me"),
    notes: &["`.default` grants the registered permissions that have consent"],
    ..GRAPH_JOB
};

pub(super) static ANY_ARM: JobFacts = JobFacts {
    title: "call Azure Resource Manager",
    resource: Some(&ARM),
    scopes: &["https://management.azure.com/.default"],
    personal_accounts: None,
    example_endpoint: Some("GET https://management.azure.com/subscriptions"),
    ..GRAPH_JOB
};

pub(super) static CUSTOM: JobFacts = JobFacts {
    title: "call an API of your own",
    notes: &["`--audience` and `--scope` describe the token that the API needs"],
    ..OPEN_JOB
};

pub(super) static NONE: JobFacts =
    JobFacts { title: "no target: kind of token, lifetime and grant", ..OPEN_JOB };
