//! Whether a program on the user's machine can sign in: the public client flag, and the redirect URI.

use entrada_core::RedirectUri;

use super::redirect::{self, Match};
use super::{Case, Outcome};
use crate::registration::SignInMethod;
use crate::registration::application::{Application, CredentialKind, Platform};
use crate::registration::document::Member;
use crate::{Confidence, Finding, RuleId, Severity};

/// What is known about a way to sign in.
enum Way {
    Works,
    /// It fails, and this is why.
    Fails(Finding),
    /// The document does not have the members that decide it.
    Unknown,
}

pub(super) fn check(case: &Case, outcome: &mut Outcome) {
    let Some(application) = case.application else {
        outcome.unchecked("redirect URIs and public client flows: give `--registration`");
        return;
    };
    note_secrets(application, outcome);
    let method = method(case);
    if method.is_none() && case.has_token() {
        outcome.unchecked("the way to sign in: the token shows that one works");
        return;
    }
    match method {
        Some(SignInMethod::Code) => match by_code(application) {
            Way::Works => outcome.healthy("public client flows"),
            Way::Fails(finding) => outcome.add(finding),
            Way::Unknown => outcome.missing(NO_FLAG),
        },
        Some(SignInMethod::Browser) => match by_browser(case, application, outcome) {
            Way::Works => outcome.healthy("the redirect URI"),
            Way::Fails(finding) => outcome.add(finding),
            Way::Unknown => outcome.missing(NO_REDIRECT_URIS),
        },
        None => {
            let browser = by_browser(case, application, outcome);
            check_either(application, browser, by_code(application), outcome);
        }
    }
}

const NO_FLAG: &str = "public client flows: `isFallbackPublicClient` is not in the registration";
const NO_REDIRECT_URIS: &str =
    "redirect URIs: the registration does not have those of each platform";

/// The method that the case is about; `None` where the program may choose.
fn method(case: &Case) -> Option<SignInMethod> {
    let context = case.facts.context();
    context.sign_in_method.or_else(|| match context.grant_type.as_deref()? {
        "device_code" | "password" => Some(SignInMethod::Code),
        "authorization_code" => Some(SignInMethod::Browser),
        _ => None,
    })
}

/// Both ways are open to the program: one that works is enough, unless the other was meant and is broken.
fn check_either(application: &Application, browser: Way, code: Way, outcome: &mut Outcome) {
    let has_desktop_uri = application
        .redirect_uris(Platform::PublicClient)
        .is_some_and(|member| !member.value.is_empty());
    match (browser, code) {
        (Way::Works, code) => {
            outcome.healthy("the redirect URI");
            match code {
                Way::Works => outcome.healthy("public client flows"),
                Way::Fails(finding) => {
                    let finding = finding.with_severity(Severity::Note);
                    outcome.add(finding.help("a sign-in in the browser does not need it"));
                }
                Way::Unknown => outcome.unchecked(NO_FLAG),
            }
        }
        (Way::Fails(finding), Way::Works) => {
            outcome.healthy("public client flows");
            // A URI under the wrong platform is a fault; without a URI, the code is the way that was meant.
            let finding = if finding.rule.id == RuleId::PlatformTypeMismatch {
                finding
            } else {
                finding.with_severity(Severity::Warning)
            };
            outcome.add(finding.help("or sign in by code: `entrada login --flow device`"));
        }
        (Way::Fails(by_browser), Way::Fails(by_code)) => {
            let is_about_a_uri =
                by_browser.rule.id == RuleId::PlatformTypeMismatch || has_desktop_uri;
            outcome.add(if is_about_a_uri {
                by_browser
            } else {
                by_code.help(format!(
                    "or add `http://localhost` under {}, to sign in in the browser",
                    Platform::PublicClient.title()
                ))
            });
        }
        (Way::Unknown, Way::Works) => {
            outcome.healthy("public client flows");
            outcome.unchecked(NO_REDIRECT_URIS);
        }
        (Way::Fails(finding), Way::Unknown) => outcome.add(finding),
        (Way::Unknown, _) => {
            outcome.missing(NO_REDIRECT_URIS);
        }
    }
}

/// Device code, user name and password: the registration has to be a public client.
fn by_code(application: &Application) -> Way {
    let Some(flag) = &application.public_client else { return Way::Unknown };
    if flag.value {
        return Way::Works;
    }
    // With a URI of the public platform alone, Entra has been seen to accept the code.
    let has_desktop_uri = application
        .redirect_uris(Platform::PublicClient)
        .is_some_and(|member| !member.value.is_empty());
    let confidence = if has_desktop_uri { Confidence::Likely } else { Confidence::Certain };
    Way::Fails(
        RuleId::PublicClientFlowsDisabled
            .rule()
            .finding("the registration does not allow public client flows: Entra refuses a device code with AADSTS7000218")
            .with_confidence(confidence)
            .with_evidence(flag.path, flag.shown())
            .help("in the portal: App registrations, the application, Authentication: *Allow public client flows*: *Yes*"),
    )
}

fn by_browser(case: &Case, application: &Application, outcome: &mut Outcome) -> Way {
    let default = RedirectUri::default();
    let sent = case.facts.context().redirect_uri.as_ref().unwrap_or(&default);
    let found = redirect::find(application, sent);
    if let Match::PublicClient { also } = found {
        if !also.is_empty() {
            outcome.add(two_platforms(application, sent, &also));
        }
        return Way::Works;
    }
    if !application.knows_redirect_uris() {
        return Way::Unknown;
    }
    match found {
        Match::PublicClient { .. } => Way::Works,
        Match::OtherPlatform { platform, registered } => {
            Way::Fails(redirect::wrong_platform(application, platform, &registered))
        }
        Match::None { similar } => Way::Fails(not_registered(application, sent, similar)),
    }
}

fn not_registered(
    application: &Application,
    sent: &RedirectUri,
    similar: Option<(Platform, String)>,
) -> Finding {
    let sent = shown(sent);
    let rule = RuleId::RedirectUriMismatch.rule();
    let path = application
        .redirect_uris(Platform::PublicClient)
        .map_or("redirectUris", |member| member.path);
    let finding = match &similar {
        Some((platform, registered)) => {
            let own = application.redirect_uris(*platform).map_or(path, |member| member.path);
            let finding = rule
                .finding(format!(
                    "the request's redirect URI is `{sent}`, and the registration has `{registered}`: Entra answers with AADSTS50011"
                ))
                .with_evidence(own, registered);
            if registered.starts_with("https://localhost") {
                finding.with_confidence(Confidence::Likely)
            } else {
                finding
            }
        }
        None => {
            let all: Vec<&str> = application.all_redirect_uris().map(|(.., uri)| uri).collect();
            let shown = if all.is_empty() { "none".to_owned() } else { all.join(" ") };
            rule.finding(format!(
                "the request's redirect URI `{sent}` is not registered: Entra answers with AADSTS50011"
            ))
            .with_evidence(path, shown)
        }
    };
    let finding = finding.with_evidence("redirect URI", &sent).help(format!(
        "in the portal: App registrations, the application, Authentication, Add a redirect URI, {}: `{sent}`",
        Platform::PublicClient.title()
    ));
    match similar {
        Some((Platform::PublicClient, registered)) if registered.parse::<RedirectUri>().is_ok() => {
            finding.help(format!("or send the registered one: `--redirect-uri {registered}`"))
        }
        _ => finding,
    }
}

fn two_platforms(application: &Application, sent: &RedirectUri, also: &[Platform]) -> Finding {
    let sent = shown(sent);
    let platforms: Vec<&str> = also.iter().map(|platform| platform.title()).collect();
    let mut finding = RuleId::PlatformTypeMismatch
        .rule()
        .finding(format!(
            "`{sent}` is registered under {} and under {}: Entra may choose either, so sign-ins fail now and then",
            Platform::PublicClient.title(),
            platforms.join(" and ")
        ))
        .with_severity(Severity::Warning);
    for platform in also {
        if let Some(member) = application.redirect_uris(*platform) {
            finding = finding.with_evidence(member.path, member.value.join(" "));
        }
    }
    finding
        .help(format!("in the portal: Authentication: remove it under {}", platforms.join(" and ")))
}

/// The redirect URI without its port, which Entra ignores for this machine.
fn shown(sent: &RedirectUri) -> String {
    match sent {
        RedirectUri::Loopback { host, path, .. } => format!("http://{host}{path}"),
        RedirectUri::Elsewhere(url) => url.to_string(),
    }
}

/// A public client needs no secret, and is refused if it sends one.
fn note_secrets(application: &Application, outcome: &mut Outcome) {
    let is_public = matches!(application.public_client, Some(Member { value: true, .. }))
        || application
            .redirect_uris(Platform::PublicClient)
            .is_some_and(|member| !member.value.is_empty());
    let all = application.credentials.iter().flatten();
    let secrets = all.filter(|one| one.kind == CredentialKind::Secret).count();
    if is_public && 0 < secrets {
        outcome.add(
            RuleId::ClientSecretForPublicClient
                .rule()
                .finding("the registration has a client secret, which a public client must not send (AADSTS700025)")
                .with_severity(Severity::Note)
                .with_evidence("passwordCredentials", secrets)
                .help("remove the secret if no server uses it"),
        );
    }
}
