//! Parses the requested scopes and their API.

use super::account::Person;
use super::refusal::EntraError;
use entrada_core::OIDC_SCOPES;

/// An API that gets tokens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EmulatedResource {
    pub(super) app_id: &'static str,
    /// The prefixes that its scopes may have, without a trailing slash. The emulator's own output uses the first.
    uris: &'static [&'static str],
    /// The number of the audience inside compact tokens of personal accounts.
    pub(super) site: Option<u32>,
    permissions: &'static [&'static str],
    /// The scopes of `.default` before any consent.
    defaults: &'static [&'static str],
}

pub(super) static GRAPH: EmulatedResource = EmulatedResource {
    app_id: "00000003-0000-0000-c000-000000000000",
    uris: &["https://graph.microsoft.com"],
    site: Some(293_577),
    permissions: &[
        "User.Read",
        "User.ReadWrite",
        "User.ReadBasic.All",
        "User.Read.All",
        "Mail.ReadBasic",
        "Mail.Read",
        "Mail.ReadWrite",
        "Mail.Send",
        "Mail.Read.Shared",
        "Mail.ReadWrite.Shared",
        "Mail.Send.Shared",
        "MailboxSettings.Read",
        "MailboxSettings.ReadWrite",
        "MailboxFolder.Read",
        "MailboxFolder.ReadWrite",
        "MailboxItem.Read",
        "MailboxItem.ReadWrite",
        "MailboxItem.ImportExport",
        "Calendars.ReadBasic",
        "Calendars.Read",
        "Calendars.ReadWrite",
        "Calendars.Read.Shared",
        "Calendars.ReadWrite.Shared",
        "Contacts.Read",
        "Contacts.ReadWrite",
        "Contacts.Read.Shared",
        "Contacts.ReadWrite.Shared",
        "People.Read",
        "Tasks.Read",
        "Tasks.ReadWrite",
        "Files.Read",
        "Files.ReadWrite",
        "Files.Read.All",
        "Files.ReadWrite.All",
        "Sites.Read.All",
        "Group.Read.All",
        "Directory.Read.All",
        "Directory.AccessAsUser.All",
        "Notes.Read",
        "Chat.Read",
        "Presence.Read",
        "IMAP.AccessAsUser.All",
        "POP.AccessAsUser.All",
        "SMTP.Send",
    ],
    defaults: &["User.Read", "Mail.Read"],
};
pub(super) static EXCHANGE: EmulatedResource = EmulatedResource {
    app_id: "00000002-0000-0ff1-ce00-000000000000",
    uris: &["https://outlook.office.com", "https://outlook.office365.com"],
    site: Some(292_841),
    permissions: &[
        "IMAP.AccessAsUser.All",
        "POP.AccessAsUser.All",
        "SMTP.Send",
        "EWS.AccessAsUser.All",
        "EAS.AccessAsUser.All",
        "Mail.Read",
        "Mail.ReadWrite",
        "Mail.Send",
        "Calendars.Read",
        "Calendars.ReadWrite",
        "Contacts.Read",
        "Contacts.ReadWrite",
        "User.Read",
        "Tasks.Read",
        "Tasks.ReadWrite",
        "MailboxSettings.Read",
    ],
    defaults: &["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"],
};
pub(super) static ARM: EmulatedResource = EmulatedResource {
    app_id: "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    uris: &[
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://management.usgovcloudapi.net",
    ],
    site: None,
    permissions: &["user_impersonation"],
    defaults: &["user_impersonation"],
};
static DEVOPS: EmulatedResource = EmulatedResource {
    app_id: "499b84ac-1321-427f-aa17-267ca6975798",
    uris: &["499b84ac-1321-427f-aa17-267ca6975798", "https://app.vssps.visualstudio.com"],
    site: None,
    permissions: &["user_impersonation"],
    defaults: &["user_impersonation"],
};
static RESOURCES: [&EmulatedResource; 4] = [&GRAPH, &EXCHANGE, &ARM, &DEVOPS];

impl EmulatedResource {
    /// The first prefix.
    pub(super) fn uri(&self) -> &'static str {
        self.uris[0]
    }

    /// Whether `aud` identifies this API.
    pub(super) fn is_audience(&self, aud: &str) -> bool {
        let aud = aud.trim_end_matches('/');
        aud.eq_ignore_ascii_case(self.app_id)
            || self.uris.iter().any(|uri| uri.eq_ignore_ascii_case(aud))
    }
}

/// The parsed scopes of one token request.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) resource: &'static EmulatedResource,
    /// The API prefix in the request, with its trailing slash; empty for Graph's short names.
    pub(super) prefix: String,
    /// Short names, in Entra's spelling.
    pub(super) names: Vec<&'static str>,
    /// Whether `.default` was requested.
    pub(super) default: bool,
    /// The requested scopes of [`OIDC_SCOPES`].
    pub(super) sign_in: Vec<&'static str>,
}

impl Wanted {
    /// The `aud` claim: the API as the request named it.
    pub(super) fn audience(&self) -> String {
        if self.prefix.is_empty() {
            self.resource.app_id.to_owned()
        } else {
            self.prefix.trim_end_matches('/').to_owned()
        }
    }

    /// Whether this sign-in scope was requested.
    pub(super) fn signs_in(&self, scope: &str) -> bool {
        self.sign_in.contains(&scope)
    }

    /// Whether only sign-in scopes were requested.
    pub(super) fn only_sign_in(&self) -> bool {
        self.names.is_empty() && !self.default
    }

    /// The scopes of the API: those requested, or those that `.default` stands for.
    pub(super) fn api_names(&self) -> Vec<&'static str> {
        if self.default { self.resource.defaults.to_vec() } else { self.names.clone() }
    }
}

/// How scopes of several APIs are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeveralApis {
    /// AADSTS28000, as in the redemption of a code.
    Refused,
    /// The first API counts, as in a refresh, and on the authorize page, which only collects consent.
    FirstCounts,
}

/// Reads a `scope` parameter.
pub(super) fn parse(scope: &str, several: SeveralApis) -> Result<Wanted, EntraError> {
    let mut wanted = Wanted {
        resource: &GRAPH,
        prefix: String::new(),
        names: Vec::new(),
        default: false,
        sign_in: Vec::new(),
    };
    let mut first: Option<&'static EmulatedResource> = None;
    for scope in scope.split(' ').filter(|scope| !scope.is_empty()) {
        if scope.contains([',', '\n', '\r', '\t', ';', '"', '\\']) {
            return Err(bad_scope(scope));
        }
        if let Some(oidc) = OIDC_SCOPES.iter().find(|oidc| oidc.eq_ignore_ascii_case(scope)) {
            wanted.sign_in.push(oidc);
            continue;
        }
        let (resource, prefix, name) = split(scope)?;
        match first {
            None => {
                first = Some(resource);
                wanted.resource = resource;
                prefix.clone_into(&mut wanted.prefix);
            }
            Some(first) if first == resource => (),
            Some(_) if several == SeveralApis::FirstCounts => continue,
            Some(_) => {
                let text = format!(
                    "Provided value for the input parameter scope is not valid because it contains more than \
                             one resource. Scope {scope} is not valid."
                );
                return Err(EntraError::with("invalid_request", 28_000, text));
            }
        }
        if name.eq_ignore_ascii_case(".default") {
            wanted.default = true;
        } else {
            let known = permission(resource, name)?;
            if !wanted.names.contains(&known) {
                wanted.names.push(known);
            }
        }
    }
    if wanted.default && !wanted.names.is_empty() {
        return Err(bad_scope(scope));
    }
    Ok(wanted)
}

/// The API, the prefix as written, and the short name.
fn split(scope: &str) -> Result<(&'static EmulatedResource, &str, &str), EntraError> {
    let Some(slash) = scope.rfind('/') else {
        return Ok((&GRAPH, "", scope));
    };
    let (prefix, name) = scope.split_at(slash + 1);
    let audience = prefix.trim_end_matches('/');
    RESOURCES.iter().find(|resource| resource.is_audience(audience)).map_or_else(
        || {
            let text = format!(
                "The resource principal named {audience} was not found in the tenant named Contoso. This can happen \
                 if the application has not been installed by the administrator of the tenant or consented to by any \
                 user in the tenant. You might have sent your authentication request to the wrong tenant."
            );
            Err(EntraError::with("invalid_resource", 500_011, text))
        },
        |resource| Ok((*resource, prefix, name)),
    )
}

fn permission(resource: &'static EmulatedResource, name: &str) -> Result<&'static str, EntraError> {
    let found = resource.permissions.iter().find(|known| known.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let text = format!(
            "The application 'entrada' asked for scope '{name}' that doesn't exist on the resource '{}'. Contact the \
             app vendor.",
            resource.app_id
        );
        EntraError::with("invalid_client", 650_053, text)
    })
}

fn bad_scope(scope: &str) -> EntraError {
    let text = format!(
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
         'scope' is not valid. The scope {scope} is not valid."
    );
    EntraError::with("invalid_scope", 70_011, text)
}

/// Refuses scopes that personal accounts cannot have.
pub(super) fn check_for(person: &Person, wanted: &Wanted) -> Result<(), EntraError> {
    if !person.is_personal() {
        return Ok(());
    }
    let exchange = wanted.resource == &EXCHANGE;
    if wanted.resource.site.is_none() || exchange && !wanted.prefix.contains("outlook.office.com") {
        return Err(EntraError::new(
            "invalid_scope",
            70_011,
            "The provided resource value for the input parameter 'scope' is not valid.",
        ));
    }
    if exchange && wanted.default {
        return Err(EntraError::with(
            "invalid_scope",
            70_011,
            format!(
                "The provided value for the input parameter 'scope' is not valid. The scope '{}.default' refers to a \
                 resource which is not listed in the client's Required Resource Access.",
                wanted.prefix
            ),
        ));
    }
    Ok(())
}

/// Whether a sign-in with the scopes `granted` requested everything in `wanted`.
pub(super) fn covers(granted: &str, wanted: &Wanted) -> bool {
    let granted: Vec<(&EmulatedResource, &str)> = granted
        .split(' ')
        .filter(|scope| !scope.is_empty())
        .filter_map(|scope| split(scope).ok())
        .map(|(resource, _, name)| (resource, name))
        .collect();
    let had = |name: &str| {
        granted
            .iter()
            .any(|(resource, own)| *resource == wanted.resource && own.eq_ignore_ascii_case(name))
    };
    had(".default") || !wanted.default && wanted.names.iter().all(|name| had(name))
}

/// Whether a token with `granted` has one of the scopes in `needed`.
pub(super) fn allows(granted: &[&str], needed: &[&str]) -> bool {
    granted.iter().any(|scope| needed.iter().any(|need| need.eq_ignore_ascii_case(scope)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_without_prefix_is_one_of_graph() {
        let wanted = parse("IMAP.AccessAsUser.All offline_access", SeveralApis::Refused).unwrap();
        assert_eq!(wanted.resource, &GRAPH);
        assert_eq!(wanted.audience(), GRAPH.app_id);
        assert!(wanted.signs_in("offline_access") && !wanted.signs_in("openid"));
    }

    #[test]
    fn the_audience_is_as_named_in_the_request() {
        for (scope, aud) in [
            ("https://graph.microsoft.com/mail.read", "https://graph.microsoft.com"),
            ("https://outlook.office365.com/SMTP.Send", "https://outlook.office365.com"),
            (
                "https://management.core.windows.net//.default",
                "https://management.core.windows.net",
            ),
        ] {
            assert_eq!(parse(scope, SeveralApis::Refused).unwrap().audience(), aud, "{scope}");
        }
    }

    #[test]
    fn scopes_that_entra_refuses_are_refused_with_its_number() {
        for (scope, code) in [
            ("Mail.Read,User.Read", 70_011),
            ("https://graph.microsoft.com/.default Mail.Read", 70_011),
            ("Mail.Raed", 650_053),
            ("api://nobody/x", 500_011),
            ("Mail.Read https://outlook.office.com/SMTP.Send", 28_000),
        ] {
            assert_eq!(parse(scope, SeveralApis::Refused).unwrap_err().code, code, "{scope}");
        }
        let first =
            parse("Mail.Read https://outlook.office.com/SMTP.Send", SeveralApis::FirstCounts);
        assert_eq!(first.unwrap().names, ["Mail.Read"]);
    }
}
