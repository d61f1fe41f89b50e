//! The redirect URIs of the registration: which of them the request's one matches, and what Entra accepts as one.

use entrada_core::RedirectUri;
use url::Url;

use super::{Case, Outcome};
use crate::registration::application::{Application, Platform};
use crate::{Finding, RuleId, Severity};

/// How the redirect URI of the request is registered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Under *Mobile and desktop applications*, and under these platforms too.
    PublicClient { also: Vec<Platform> },
    /// Only under another platform.
    OtherPlatform { platform: Platform, registered: String },
    /// Not at all. The registered one that looks most like it, if there is one.
    None { similar: Option<(Platform, String)> },
}

/// Finds `sent` among the redirect URIs of `application`.
pub(super) fn find(application: &Application, sent: &RedirectUri) -> Match {
    let all: Vec<(Platform, &str)> =
        application.all_redirect_uris().map(|(platform, _, uri)| (platform, uri)).collect();
    let mut platforms: Vec<(Platform, &str)> =
        all.iter().copied().filter(|(_, uri)| matches(uri, sent)).collect();
    platforms.dedup_by_key(|(platform, _)| *platform);
    match platforms.first() {
        Some((Platform::PublicClient, _)) => {
            Match::PublicClient { also: platforms[1..].iter().map(|(other, _)| *other).collect() }
        }
        Some((platform, uri)) => {
            Match::OtherPlatform { platform: *platform, registered: (*uri).to_owned() }
        }
        None => {
            let similar = all.iter().find(|(_, uri)| is_similar(uri, sent));
            Match::None { similar: similar.map(|(platform, uri)| (*platform, (*uri).to_owned())) }
        }
    }
}

/// Whether Entra accepts `sent` where `registered` is listed: letter by letter, except for the port of `localhost`.
fn matches(registered: &str, sent: &RedirectUri) -> bool {
    match sent {
        RedirectUri::Elsewhere(url) => registered == url.as_str(),
        RedirectUri::Loopback { host, path, .. } => {
            // A URI without a path is the same as one with `/`.
            let plain = |path: &str| if path == "/" { String::new() } else { path.to_owned() };
            let Some(rest) = registered.strip_prefix("http://") else { return false };
            let (authority, own_path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let own_host = without_port(authority);
            own_host.eq_ignore_ascii_case(host) && plain(own_path) == plain(path)
        }
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Whether `registered` looks as if it was meant for `sent`: on this machine, or the same but for letter case or a slash.
fn is_similar(registered: &str, sent: &RedirectUri) -> bool {
    match sent {
        RedirectUri::Elsewhere(url) => {
            let plain = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
            plain(registered) == plain(url.as_str())
        }
        RedirectUri::Loopback { .. } => is_on_this_machine(registered),
    }
}

pub(super) fn is_on_this_machine(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| {
        url.host_str()
            .is_some_and(|host| host == "localhost" || host == "127.0.0.1" || host == "[::1]")
    })
}

/// The most redirect URIs, for work accounts only and with personal accounts (Entra, "Redirect URI restrictions").
const MOST: usize = 256;
const MOST_WITH_PERSONAL: usize = 100;
/// Characters of the longest redirect URI.
const LONGEST: usize = 256;

/// Checks the redirect URIs against Entra's restrictions.
pub(super) fn check_rules(case: &Case, outcome: &mut Outcome) {
    let Some(application) = case.application else { return };
    let has_personal =
        application.accounts.as_ref().is_some_and(|accounts| accounts.value.has_personal());
    let finding = |message: String| RuleId::RegistrationEntryInvalid.rule().finding(message);
    let count = application.all_redirect_uris().count();
    let most = if has_personal { MOST_WITH_PERSONAL } else { MOST };
    if most < count {
        outcome.add(
            finding(format!(
                "the registration has {count} redirect URIs, and {most} are allowed: Entra does not save it"
            ))
            .with_severity(Severity::Error)
            .with_evidence("redirect URIs", count)
            .help("remove those that are not in use"),
        );
    }
    let wrong = application.all_redirect_uris().find_map(|(_, path, uri)| {
        let why = violation(uri, has_personal)?;
        Some((path, uri, why))
    });
    if let Some((path, uri, why)) = wrong {
        outcome.add(
            finding(format!("a redirect URI {why}")).with_evidence(path, uri).help(
                "correct it, or remove it: App registrations, the application, Authentication",
            ),
        );
    }
}

/// Why Entra does not accept `uri` as a redirect URI.
fn violation(uri: &str, has_personal: bool) -> Option<&'static str> {
    if LONGEST < uri.chars().count() {
        return Some("is longer than 256 characters");
    }
    if uri.contains('*') {
        return Some("has a wildcard, which Entra advises against and the portal refuses");
    }
    if uri.contains(['!', '$', '\'', '(', ')', ',', ';']) {
        return Some("has a character that is not allowed: one of `! $ ' ( ) , ;`");
    }
    if uri.starts_with("http://[::1]") {
        return Some("has the address [::1], which Entra does not support");
    }
    if uri.starts_with("http://") && !is_on_this_machine(uri) {
        return Some("is plain http for another machine: only `localhost` may be without https");
    }
    if has_personal && uri.contains('?') {
        return Some("has a query, which personal accounts do not support");
    }
    None
}

/// The finding for a redirect URI under the wrong platform.
pub(super) fn wrong_platform(
    application: &Application,
    platform: Platform,
    registered: &str,
) -> Finding {
    let path = application.redirect_uris(platform).map_or("redirectUris", |member| member.path);
    let number = if platform == Platform::SinglePage { "AADSTS9002327" } else { "AADSTS7000218" };
    RuleId::PlatformTypeMismatch
        .rule()
        .finding(format!(
            "the redirect URI is registered under {}: Entra refuses the code with {number}",
            platform.title()
        ))
        .with_evidence(path, registered)
        .help(format!(
            "in the portal: App registrations, the application, Authentication: remove `{registered}` under {}, and add it under {}",
            platform.title(),
            Platform::PublicClient.title()
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_ignored() {
        for (registered, sent, is_match) in [
            ("http://localhost", "http://localhost", true),
            ("http://localhost", "http://localhost:8400", true),
            ("http://localhost:53682/", "http://localhost", true),
            ("http://localhost/cb", "http://localhost/cb", true),
            ("http://localhost/cb", "http://localhost/CB", false),
            ("http://localhost/cb", "http://localhost", false),
            ("http://localhost", "http://127.0.0.1", false),
            ("http://127.0.0.1", "http://localhost", false),
            ("http://127.0.0.1/", "http://127.0.0.1:9", true),
            ("https://localhost", "http://localhost", false),
            ("http://[::1]:80", "http://[::1]", true),
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/CB", "https://a.example/cb", false),
        ] {
            let sent: RedirectUri = sent.parse().unwrap();
            assert_eq!(matches(registered, &sent), is_match, "{registered} {sent}");
        }
    }

    #[test]
    fn the_restrictions_of_entra_are_known() {
        for uri in [
            "http://localhost",
            "http://127.0.0.1:8400/cb",
            "https://a.example/cb",
            "urn:ietf:wg:oauth:2.0:oob",
            "msal11111111-2222-4333-8444-555555555555://auth",
            "https://login.microsoftonline.com/common/oauth2/nativeclient",
        ] {
            assert_eq!(violation(uri, true), None, "{uri}");
        }
        for uri in [
            "https://*.a.example",
            "https://a.example/(x)",
            "http://[::1]/",
            "http://a.example/cb",
            "https://a.example/cb?x=1",
            &format!("https://a.example/{}", "x".repeat(240)),
        ] {
            assert!(violation(uri, true).is_some(), "{uri}");
        }
        assert_eq!(violation("https://a.example/cb?x=1", false), None, "work accounts only");
    }
}
