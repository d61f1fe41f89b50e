//! The causes of an authorization failure at a mail server: the mailbox, the protocol, the access rights.

use super::hypothesis::{Hypothesis, token_explains};
use super::mail::MailLog;
use super::mail_context::SentSecret;
use crate::read::ApplicationSignIn;
use crate::{Facts, RuleId};
use entrada_core::{Claims, Protocol};

/// Whether the named mailbox belongs to the user who signed in; `None` if that is unknown.
fn own_mailbox(facts: &Facts, talk: &MailLog) -> Option<bool> {
    let mailbox = talk.mailbox()?;
    let mut names = facts.claims().into_iter().flat_map(Claims::user_names).peekable();
    if names.peek().is_none() {
        // The token is unreadable, but the evidence may name the user.
        let account = facts.context().account.as_deref().filter(|name| name.contains('@'))?;
        return Some(account.eq_ignore_ascii_case(mailbox));
    }
    Some(names.any(|name| name.eq_ignore_ascii_case(mailbox)))
}

fn token_user(facts: &Facts) -> String {
    let name = facts.claims().and_then(|claims| claims.user_names().next().map(str::to_owned));
    name.map_or_else(|| "its user".to_owned(), |name| format!("`{name}`"))
}

/// D10: the server accepted the token, but its user has no access to the mailbox.
pub(super) fn not_connected(facts: &Facts, talk: &MailLog) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    if facts.is_app_only() {
        // Exchange accepted the token, so it knows the application. The application lacks access to the mailbox.
        return vec![
            Hypothesis::likely(
                RuleId::MailboxPermissionMissing,
                "the server accepts the token, but the application has no access to that mailbox",
            )
            .help(
                "an administrator runs `Add-MailboxPermission -Identity MAILBOX -User SERVICE_PRINCIPAL \
                 -AccessRights FullAccess`",
            ),
        ];
    }
    let mailbox = talk.mailbox().unwrap_or("that mailbox");
    match own_mailbox(facts, talk) {
        Some(false) => vec![Hypothesis::certain(
            RuleId::MailboxPermissionMissing,
            format!("the server accepts the token, but {} has no access to `{mailbox}`", token_user(facts)),
        )],
        Some(true) => vec![
            Hypothesis::possible(disabled(talk), "the protocol may be switched off for this mailbox"),
            Hypothesis::possible(RuleId::NoMailboxLicense, "the user may have no mailbox in Exchange Online"),
            Hypothesis::possible(RuleId::ServiceIncident, "the server may have an internal error"),
        ],
        None => vec![
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the server accepts the token; its user may have no access to the named mailbox, if that is another user's or a shared one",
            )
            .help("give the token as well, to narrow this down by its user: `entrada diagnose ANSWER TOKEN`"),
            Hypothesis::possible(
                RuleId::WrongAccount,
                "the token and the mailbox may belong to different users, or the name may be an alias of the mailbox",
            )
            .help("a personal mailbox (outlook.com, hotmail.com): sign in by its primary alias, and try a connection without IPv6"),
            Hypothesis::possible(disabled(talk), "the protocol may be switched off for that mailbox"),
            Hypothesis::possible(RuleId::ServiceIncident, "the server may have an internal error"),
        ],
    }
}

/// The rule for a protocol that is switched off.
fn disabled(talk: &MailLog) -> RuleId {
    match talk.protocol {
        Protocol::Imap => RuleId::ImapDisabled,
        Protocol::Pop => RuleId::PopDisabled,
        Protocol::Smtp => RuleId::SmtpAuthDisabled,
    }
}

/// The server accepted the token, then refused a command without a reason. The command suggests the causes.
pub(super) fn closed_after_sign_in(talk: &MailLog) -> Vec<Hypothesis> {
    let Some(refused) = talk.refused_command() else { return Vec::new() };
    let fault =
        Hypothesis::possible(RuleId::ServiceIncident, "the server may have an internal error");
    match (talk.protocol, refused.command.as_deref()) {
        (Protocol::Smtp, Some("MAIL")) => vec![
            Hypothesis::possible(
                RuleId::SendAsDenied,
                "the user may not be allowed to send from the named address",
            ),
            fault,
        ],
        (Protocol::Imap, Some("SELECT" | "EXAMINE" | "STATUS" | "LIST"))
        | (Protocol::Pop, Some("STAT" | "LIST" | "UIDL")) => vec![
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the server accepts the token; its user may have no access to that mailbox",
            ),
            fault,
        ],
        _ => Vec::new(),
    }
}

/// D09, D12, D14: the server refused the sign-in without a reason. The token's contents decide.
pub(super) fn refused(facts: &Facts, talk: &MailLog) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    let closed =
        Hypothesis::possible(disabled(talk), "the protocol may be switched off for this mailbox");
    if facts.is_app_only() {
        return vec![
            Hypothesis::likely(
                RuleId::ServicePrincipalNotRegistered,
                "this is an application's token: its service principal must be registered in Exchange",
            ),
            closed,
        ];
    }
    if facts.is_guest() {
        return vec![Hypothesis::likely(
            RuleId::GuestUserNoMailbox,
            "the account is a guest in the token's tenant and has no mailbox there",
        )];
    }
    if facts.claims().is_some() {
        return match own_mailbox(facts, talk) {
            Some(false) => {
                let mailbox = talk.mailbox().unwrap_or_default();
                vec![Hypothesis::likely(
                    RuleId::WrongAccount,
                    format!(
                        "the token belongs to {}, but the sign-in names `{mailbox}`",
                        token_user(facts)
                    ),
                )]
            }
            own => {
                let rights = Hypothesis::possible(
                    RuleId::MailboxPermissionMissing,
                    "the user may have no access to that mailbox",
                );
                let policy = Hypothesis::possible(
                    RuleId::ConditionalAccess,
                    "a policy of the service may block the token",
                );
                // A user always has access to the own mailbox.
                let rights = Some(rights).filter(|_| own.is_none());
                std::iter::once(closed).chain(rights).chain([policy]).collect()
            }
        };
    }
    if let Some(scope) = facts.evidence.mentions.graph_scope.as_deref() {
        let told = Hypothesis::likely(
            RuleId::WrongAudience,
            "the text requests a token for Microsoft Graph, and a mail server accepts only tokens for Exchange Online",
        );
        return vec![
            told.with_evidence("scope", scope).help(
                "request `https://outlook.office.com/IMAP.AccessAsUser.All` (`POP.AccessAsUser.All`, `SMTP.Send`) for a user, or `https://outlook.office365.com/.default` for an application",
            ),
            closed,
        ];
    }
    if facts.evidence.mentions.application == Some(ApplicationSignIn::ClientCredentials) {
        return vec![
            Hypothesis::likely(
                RuleId::ServicePrincipalNotRegistered,
                "the text speaks of the client credentials flow: an application's service principal must be registered in Exchange, with access to the mailbox",
            ),
            Hypothesis::possible(
                RuleId::WrongAudience,
                "the token may be for another service, such as Microsoft Graph",
            ),
            closed,
        ];
    }
    if talk.is_of_shared {
        return of_shared(talk, closed);
    }
    let scope = match talk.protocol {
        Protocol::Imap => "IMAP.AccessAsUser.All",
        Protocol::Pop => "POP.AccessAsUser.All",
        Protocol::Smtp => "SMTP.Send",
    };
    // In the order in which to check them.
    let mut all = vec![
        Hypothesis::possible(RuleId::WrongAudience, "the token may be for another service, such as Microsoft Graph").help(
            "give the token as well, to narrow this down by its `aud`, `scp`, `exp` and user: `entrada diagnose ANSWER TOKEN`",
        ),
        Hypothesis::possible(RuleId::MissingScope, format!("the token may lack `{scope}`")),
        Hypothesis::possible(RuleId::Expired, "the token may have expired"),
        Hypothesis::possible(RuleId::WrongAccount, "the token and the mailbox may belong to different users"),
    ];
    if talk.mechanism.is_none() && talk.sent != Some(SentSecret::Token) {
        let message = "a password may have been sent";
        all.push(Hypothesis::possible(RuleId::BasicAuthDisabled, message));
    }
    // What only an administrator can change comes last.
    all.push(closed);
    all.push(Hypothesis::possible(
        RuleId::ServicePrincipalNotRegistered,
        "if this is an application's token, its service principal may not be registered in Exchange",
    ));
    all
}

/// The causes where the text speaks of a shared mailbox: SMTP takes another name than IMAP and POP.
fn of_shared(talk: &MailLog, closed: Hypothesis) -> Vec<Hypothesis> {
    let rights = Hypothesis::possible(
        RuleId::MailboxPermissionMissing,
        "the user of the token may have no access to the shared mailbox",
    );
    if talk.protocol == Protocol::Smtp {
        return vec![
            Hypothesis::possible(
                RuleId::WrongAccount,
                "SMTP takes no sign-in in the name of a shared mailbox: the user name has to be that of the token's user",
            )
            .help("sign in with the address of the user who got the token, name the shared mailbox only in `From`, and let an administrator grant `Send As`: `Add-RecipientPermission MAILBOX -Trustee USER -AccessRights SendAs`"),
            rights,
            closed,
        ];
    }
    vec![
        rights.help("an administrator runs `Add-MailboxPermission -Identity MAILBOX -User USER -AccessRights FullAccess`; the sign-in names the shared mailbox, with the token of the user"),
        Hypothesis::possible(
            RuleId::WrongAudience,
            "the token may be for another service, such as Microsoft Graph",
        ),
        closed,
    ]
}
