//! The causes of an authorization failure at a service: permissions, access to a mailbox, policies.

use super::directory_client;
use super::hypothesis::{Hypothesis, token_explains};
use super::{HttpAnswer, Service};
use crate::{Confidence, Facts, RuleId};
use entrada_core::TokenSubject;
use entrada_core::entra::resources;

/// D06: the directory gives the same answer for a missing permission and for a missing role of the user.
pub(super) fn by_directory(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if let Some(claims) = facts.claims() {
        let scp = claims.scp().filter(|_| !facts.is_app_only()).unwrap_or_default();
        if !scp.iter().any(|scope| is_for_all(scope, answer)) {
            return vec![no_permission(facts)];
        }
        return vec![
            Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the token has a permission for all such objects, so its user lacks a role in the directory",
            ),
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission"),
        ];
    }
    if let Some(permission) = &facts.evidence.observed.directory_permission {
        return vec![directory_client::missing(permission)];
    }
    if facts.evidence.mentions.application.is_some() {
        return vec![
            Hypothesis::likely(
                RuleId::MissingAppRole,
                "the program signs in without a user, so its token lacks an app role for that call",
            )
            .help("an administrator assigns the *application* permission of that call to the application or the managed identity: for an identity with `New-MgServicePrincipalAppRoleAssignment`, since the portal cannot"),
        ];
    }
    vec![
        Hypothesis::possible(RuleId::MissingScope, "the token may lack a permission for that call")
            .help("give the token as well, to narrow this down by its `scp`, `roles` and `wids`: `entrada diagnose ANSWER TOKEN`")
            .helps(name_call(facts)),
        Hypothesis::possible(
            RuleId::MissingAppRole,
            "if this is an application's token, it may lack an app role for that call",
        ),
    ]
}

/// How to see the permissions of a call of Graph that the evidence does not show.
fn name_call(facts: &Facts) -> Option<&'static str> {
    facts.call().is_none().then_some(
        "name the call, to see which permissions it takes: `entrada diagnose --call 'GET /me/messages' ANSWER`",
    )
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
    if let Some(scope) = facts.required_scope() {
        let rule = if facts.subject() == TokenSubject::App {
            RuleId::MissingAppRole
        } else {
            RuleId::MissingScope
        };
        let mut told = Hypothesis::certain(
            rule,
            format!("the service requires `{scope}`, and the token lacks it"),
        );
        told.evidence.extend(facts.granted().map(|granted| ("the token has", granted.to_string())));
        return told;
    }
    if facts.subject() == TokenSubject::App {
        Hypothesis::likely(
            RuleId::MissingAppRole,
            "the token lacks an application permission that the service requires",
        )
    } else {
        Hypothesis::likely(
            RuleId::MissingScope,
            "the token lacks a permission that the service requires",
        )
    }
}

/// Whether the mailbox in the URL belongs to another user than the token; `None` if that is unknown.
fn another_mailbox(facts: &Facts, answer: &HttpAnswer) -> Option<bool> {
    if answer.plain_segments().iter().any(|segment| segment == "me") {
        return Some(false);
    }
    let mailbox = answer.mailbox().or_else(|| facts.context().mailbox.clone())?;
    let claims = facts.claims()?;
    let own = claims.user_names().chain(claims.text("oid"));
    Some(!own.into_iter().any(|name| name.eq_ignore_ascii_case(&mailbox)))
}

/// D05: `ErrorAccessDenied` is the same for a missing scope, for another user's mailbox, and for a policy.
pub(super) fn access_denied(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    let Some(claims) = facts.claims() else {
        // Exchange writes `ErrorAccessDenied`, SharePoint and OneDrive this code.
        if answer.code().as_deref() == Some("accessDenied") {
            return vec![denied_by_sharepoint()];
        }
        return vec![
            Hypothesis::possible(
                RuleId::MissingScope,
                "the token may lack the permission for that call",
            )
            .help(
                "give the token as well, to narrow this down by its `scp` or `roles`: `entrada diagnose ANSWER TOKEN`",
            )
            .helps(name_call(facts).filter(|_| !matches!(answer.service(), Service::Ews | Service::Eas)))
            .help("a program without a user needs the permission of the type *Application* (to send mail `Mail.Send`), with the consent of an administrator; a delegated one does not count for it"),
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the caller may have no access to that mailbox",
            ),
            Hypothesis::possible(
                RuleId::ExchangePolicyBlock,
                "a policy may block the application's access to that mailbox",
            ),
        ];
    };
    let path = answer.plain_segments();
    let elsewhere = ["drive", "drives", "sites", "teams", "groups"];
    if path.iter().any(|segment| elsewhere.contains(&segment.as_str())) {
        // This call does not open a mailbox.
        return vec![
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission").help(
                "the token may be sufficient: the owner of the file, site or team may have to share it first",
            ),
        ];
    }
    if facts.is_app_only() {
        return vec![
            Hypothesis::likely(
                RuleId::ExchangePolicyBlock,
                "the token has the app role, so a policy (application access policy, or RBAC for applications) blocks its access to that mailbox",
            ),
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the application may have no access to that mailbox",
            ),
        ];
    }
    let shared = claims.scp().is_some_and(|scp| {
        scp.iter()
            .any(|scope| resources::short_name(scope).to_ascii_lowercase().ends_with(".shared"))
    });
    // Only Graph has separate permissions for shared items.
    let graph = answer.service() == Service::Graph || facts.job.id().starts_with("graph");
    match another_mailbox(facts, answer) {
        Some(true) if graph && !shared => vec![Hypothesis::likely(
            RuleId::MissingScope,
            "the mailbox belongs to another user, and the token has no `.Shared` permission",
        )],
        Some(true) => vec![Hypothesis::likely(
            RuleId::MailboxPermissionMissing,
            "the token is sufficient, but its user has no access to that mailbox",
        )],
        Some(false) => vec![
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission"),
            Hypothesis::possible(RuleId::ExchangePolicyBlock, "a policy may block the application"),
        ],
        // The call and the job are unknown, so any permission may be missing.
        None if !answer.names_a_call() && facts.context().job.is_none() => vec![
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission")
                .help("say which call was made: give `--job`, or the whole output of `curl -v`"),
            Hypothesis::possible(
                RuleId::MailboxPermissionMissing,
                "the user may have no access to that mailbox",
            ),
        ],
        None => vec![
            Hypothesis::likely(
                RuleId::MailboxPermissionMissing,
                "the token has the permission, so its user lacks access to that mailbox",
            ),
            Hypothesis::possible(RuleId::MissingScope, "that call may need another permission"),
        ],
    }
}

/// The cause of `accessDenied`, the code of SharePoint and OneDrive.
fn denied_by_sharepoint() -> Hypothesis {
    let mut told = Hypothesis::likely(
        RuleId::NotAboutTheToken,
        "SharePoint or OneDrive refuses: the caller has no right on that site, drive or item",
    )
    .help("as a user: the owner of the site or file adds the user, also where the user is an administrator of the tenant")
    .help("as an application: an administrator grants `Sites.Read.All`, `Files.Read.All` or more of Microsoft Graph as application permissions; with `Sites.Selected` each site needs its own grant (`POST /sites/{id}/permissions`)")
    .help("the tenant may close access by network or to unmanaged devices (`Access control` of the SharePoint admin centre)");
    told.is_complete = true;
    told
}

pub(super) fn unauthorised(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    if facts.claims().is_some() && answer.service() == Service::Ews {
        return vec![blocked_ews()];
    }
    let judge = "give the token as well, to narrow this down by its `aud` and `exp`: `entrada diagnose ANSWER TOKEN`";
    if facts.shape().is_some() {
        return Vec::new();
    }
    vec![
        Hypothesis::possible(RuleId::WrongAudience, "the token may be for another service")
            .help(judge),
        Hypothesis::possible(RuleId::Expired, "the token may have expired"),
        Hypothesis::possible(
            RuleId::MalformedToken,
            "the token may have been cut short before it was sent",
        ),
    ]
}

pub(super) fn forbidden(facts: &Facts, answer: &HttpAnswer) -> Vec<Hypothesis> {
    if answer.is_html() {
        // A page does not contain the service's own error, and its sender is unknown.
        return vec![Hypothesis::possible(
            RuleId::AnswerNotFromService,
            "the answer is a web page: a proxy, filter or portal may have sent it",
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
            Hypothesis::possible(RuleId::ExchangePolicyBlock, "a policy may block the application"),
            Hypothesis::possible(RuleId::MissingScope, "the token may lack the permission"),
        ];
    }
    let mut told = no_permission(facts);
    match answer.service() {
        // The token has the permissions that the call is known to need, so the cause is something else.
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
                        "a policy of the service may block the call",
                    )
                } else {
                    Hypothesis::possible(
                        RuleId::NotAboutTheToken,
                        "the caller may lack a right in the service itself, or a policy of the service may block the call",
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
            "the caller may have no role that allows this action, or a policy may block it",
        )],
        // Each API can have its own rights in addition to its permissions.
        service => {
            told.confidence = Confidence::Possible;
            let own = Hypothesis::possible(
                RuleId::NotAboutTheToken,
                "the user or application may lack a right that the API manages itself",
            );
            if service == Service::Other { vec![own, told] } else { vec![told, own] }
        }
    }
}

/// D15.
fn blocked_ews() -> Hypothesis {
    Hypothesis::likely(
        RuleId::ExchangePolicyBlock,
        "the token is valid for Exchange, so the service blocks the call: EWS is switched off, or the application is not on the list of allowed applications",
    )
}
