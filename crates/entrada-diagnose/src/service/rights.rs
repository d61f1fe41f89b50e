//! What the token may do, when a service says that it may not: permissions, rights on a mailbox, policies.

use super::hypothesis::{Hypothesis, token_explains};
use super::{HttpAnswer, Service};
use crate::{Confidence, Facts, RuleId};
use entrada_core::TokenSubject;
use entrada_core::entra::resources;

/// D06: the directory says the same whether a permission or the user's own role is missing.
pub(super) fn by_directory(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if let Some(claims) = facts.claims() {
        let scp = claims.scp().filter(|_| !facts.is_app_only()).unwrap_or_default();
        if !scp.iter().any(|scope| is_for_all(scope, answer)) {
            return vec![no_permission(facts)];
        }
        return vec![
            Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the token has a permission for all such objects, so it is a role that its user lacks in the directory",
            ),
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission"),
        ];
    }
    vec![
        Hypothesis::possible(RuleId::MissingScope, "the token may lack a permission for that call")
            .help("give the token too: `entrada diagnose ANSWER TOKEN`; its `scp`, `roles` and `wids` decide"),
        Hypothesis::possible(
            RuleId::MissingAppRole,
            "where the token is an application's, it may lack a role for that call",
        ),
    ]
}

/// Whether `scope` is a permission for every object of the kind that was called: `User.ReadWrite.All` for `/users/{id}`.
fn is_for_all(scope: &str, answer: &HttpAnswer) -> bool {
    let path = answer.plain_segments();
    let writes = matches!(answer.method.as_deref(), Some("POST" | "PATCH" | "PUT" | "DELETE"));
    let name = resources::short_name(scope);
    let kinds: &[(&str, &str)] = &[
        ("users", "User."),
        ("groups", "Group."),
        ("devices", "Device."),
        ("applications", "Application."),
        ("serviceprincipals", "Application."),
        ("directoryroles", "RoleManagement."),
    ];
    let kind = kinds.iter().find(|(segment, _)| path.iter().any(|own| own == segment));
    let writing = ["ReadWrite", "AccessAsUser", "Manage"].iter().any(|word| name.contains(word));
    kind.is_some_and(|(_, start)| name.starts_with(start) || name.starts_with("Directory."))
        && name.ends_with(".All")
        && (!writes || writing)
}

pub(super) fn no_permission(facts: &Facts) -> Hypothesis {
    if facts.subject() == TokenSubject::App {
        Hypothesis::likely(
            RuleId::MissingAppRole,
            "the service misses an application permission in the token",
        )
    } else {
        Hypothesis::likely(RuleId::MissingScope, "the service misses a permission in the token")
    }
}

/// Whether the mailbox in the address is another one than the token's own; `None` where that cannot be told.
fn another_mailbox(facts: &Facts, answer: &HttpAnswer) -> Option<bool> {
    if answer.plain_segments().iter().any(|segment| segment == "me") {
        return Some(false);
    }
    let mailbox = answer.mailbox().or_else(|| facts.context().mailbox.clone())?;
    let claims = facts.claims()?;
    let own = claims.user_names().chain(claims.text("oid"));
    Some(!own.into_iter().any(|name| name.eq_ignore_ascii_case(&mailbox)))
}

/// D05: `ErrorAccessDenied` is the same for a missing scope, for another's mailbox, and for a policy.
pub(super) fn access_denied(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    let Some(claims) = facts.claims() else {
        return vec![
            Hypothesis::possible(
                RuleId::MissingScope,
                "the token may lack the permission for that call",
            )
            .help(
                "give the token too: `entrada diagnose ANSWER TOKEN`; its `scp` or `roles` decide",
            ),
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the caller may have no right on that mailbox",
            ),
            Hypothesis::possible(
                RuleId::ExchangePolicyBlock,
                "a policy may keep the application out of that mailbox",
            ),
        ];
    };
    let path = answer.plain_segments();
    let elsewhere = ["drive", "drives", "sites", "teams", "groups"];
    if path.iter().any(|segment| elsewhere.contains(&segment.as_str())) {
        // No mailbox is opened there.
        return vec![
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission").help(
                "the token may do: whoever owns the file, site or team may have to share it first",
            ),
        ];
    }
    if facts.is_app_only() {
        return vec![
            Hypothesis::likely(
                RuleId::ExchangePolicyBlock,
                "the token has the role, so a policy (application access policy, or RBAC for applications) keeps it out of that mailbox",
            ),
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the application may have no right on that mailbox",
            ),
        ];
    }
    let shared = claims.scp().is_some_and(|scp| {
        scp.iter()
            .any(|scope| resources::short_name(scope).to_ascii_lowercase().ends_with(".shared"))
    });
    // Only Graph has permissions of its own for what others share.
    let graph = answer.service() == Service::Graph || facts.job.id().starts_with("graph");
    match another_mailbox(facts, answer) {
        Some(true) if graph && !shared => vec![Hypothesis::likely(
            RuleId::MissingScope,
            "the mailbox is another user's, and the token has no `.Shared` permission",
        )],
        Some(true) => vec![Hypothesis::likely(
            RuleId::MailboxPermissionMissing,
            "the token would do: its user has no right on that mailbox",
        )],
        Some(false) => vec![
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission"),
            Hypothesis::possible(
                RuleId::ExchangePolicyBlock,
                "a policy may keep the application out",
            ),
        ],
        // Neither the call nor its purpose is known: it may be any.
        None if !answer.names_a_call() && facts.context().job.is_none() => vec![
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission")
                .help("say what was called: `--job`, or the whole output of `curl -v`"),
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the user may have no right on that mailbox",
            ),
        ],
        None => vec![
            Hypothesis::likely(
                RuleId::MailboxPermissionMissing,
                "the token has the permission, so it is the right on the mailbox that is missing",
            ),
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission"),
        ],
    }
}

pub(super) fn unauthorised(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    if facts.claims().is_some() && answer.service() == Service::Ews {
        return vec![blocked_ews()];
    }
    let judge = "give the token too: `entrada diagnose ANSWER TOKEN`; its `aud` and `exp` decide";
    if facts.shape().is_some() {
        return Vec::new();
    }
    vec![
        Hypothesis::possible(RuleId::WrongAudience, "the token may be for another service")
            .help(judge),
        Hypothesis::possible(RuleId::Expired, "the token may have expired"),
        Hypothesis::possible(
            RuleId::MalformedToken,
            "the token may have been cut short on its way",
        ),
    ]
}

pub(super) fn forbidden(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if answer.is_html() {
        // A page has no words of the service's; who sent it cannot be told.
        return vec![Hypothesis::possible(
            RuleId::AnswerNotFromService,
            "a web page came back: something in between may have sent it",
        )];
    }
    if token_explains(facts) {
        return Vec::new();
    }
    let exchange = matches!(answer.service(), Service::Ews | Service::Eas | Service::Exchange);
    if exchange && facts.claims().is_some() {
        return vec![blocked_ews()];
    }
    if exchange {
        return vec![
            Hypothesis::possible(
                RuleId::ExchangePolicyBlock,
                "a policy may keep the application out",
            ),
            Hypothesis::possible(RuleId::MissingScope, "the token may lack the permission"),
        ];
    }
    let mut told = no_permission(facts);
    match answer.service() {
        // What the call is known to need is there: it may be anything else.
        Service::Graph
            if facts.claims().is_some()
                && (answer.names_a_call() || facts.context().job.is_some())
                && facts.suffices() =>
        {
            told.confidence = Confidence::Possible;
            vec![
                if facts.job.id().starts_with("graph-") {
                    Hypothesis::possible(
                        RuleId::ExchangePolicyBlock,
                        "a policy of the service's may forbid it",
                    )
                } else {
                    Hypothesis::possible(
                        RuleId::NotAboutTheToken,
                        "the service may have a right or a policy of its own that forbids it",
                    )
                },
                told,
            ]
        }
        Service::Graph => {
            if facts.shape().is_none() {
                told.confidence = Confidence::Possible;
            }
            vec![told]
        }
        Service::Arm => vec![Hypothesis::possible(
            RuleId::AzureRoleMissing,
            "the caller may have no role that allows it, or a policy forbids it",
        )],
        // Each API has rights of its own beside its permissions.
        service => {
            told.confidence = Confidence::Possible;
            let own = Hypothesis::possible(
                RuleId::NotAboutTheToken,
                "the API may have rights of its own that its user or application lacks",
            );
            if service == Service::Other { vec![own, told] } else { vec![told, own] }
        }
    }
}

/// D15.
fn blocked_ews() -> Hypothesis {
    Hypothesis::likely(
        RuleId::ExchangePolicyBlock,
        "the token is good for Exchange, so the service is closed to it: EWS switched off, or the application not on the list",
    )
}
