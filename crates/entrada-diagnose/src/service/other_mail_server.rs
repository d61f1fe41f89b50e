//! A refusal by a mail server that is not Exchange Online. Its own settings decide which tokens it accepts, so the causes and the
//! advice that are true of Exchange alone do not apply.

use super::hypothesis::{Hypothesis, token_explains};
use super::mail::{MailLog, Mechanism};
use crate::{Confidence, Facts, RuleId, Who};
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::resources;
use strum::IntoEnumIterator as _;

/// Names of other mail servers in their greetings, in lower case.
const OTHER_SERVERS: [&str; 14] = [
    "courier",
    "cyrus",
    "dovecot",
    "exim",
    "gimap",
    "gmail",
    "gsmtp",
    "haraka",
    "james",
    "maddy",
    "opensmtpd",
    "postfix",
    "stalwart",
    "zimbra",
];

/// Names of other servers in their refusals and in the lines of programs that report them, in lower case.
const IN_A_REFUSAL: [&str; 14] = [
    " gsmtp",
    "support.google.com",
    "imap.gmail.com",
    "smtp.gmail.com",
    "mail.yahoo.com",
    "mail.me.com",
    "gmx.net",
    "gmx.com",
    "web.de",
    "dovecot",
    "mail.ru",
    "yandex.",
    "zoho.",
    "fastmail.com",
];

/// Names by which Exchange greets, in lower case.
const EXCHANGE: [&str; 4] = ["microsoft", "office365.", "outlook.", "sovcloud."];

/// Rules about a setting or a policy of Exchange Online, or about the token that only Exchange wants.
const OF_EXCHANGE: [RuleId; 12] = [
    RuleId::BasicAuthDisabled,
    RuleId::ConditionalAccess,
    RuleId::ExchangePolicyBlock,
    RuleId::GuestUserNoMailbox,
    RuleId::ImapDisabled,
    RuleId::MailboxPermissionMissing,
    RuleId::MissingScope,
    RuleId::NoMailboxLicense,
    RuleId::PopDisabled,
    RuleId::ServicePrincipalNotRegistered,
    RuleId::SmtpAuthDisabled,
    RuleId::WrongAudience,
];

impl MailLog {
    /// Whether the server is not Exchange Online: by its greeting, else by the host that was asked.
    pub(super) fn is_of_other_server(&self) -> bool {
        let greeting = self.server().find(|line| is_greeting(line)).map(str::to_ascii_lowercase);
        let text = self.text();
        if EXCHANGE.iter().any(|name| text.contains(name)) {
            return false;
        }
        let greets_as = |name: &&str| greeting.as_ref().is_some_and(|line| line.contains(*name));
        OTHER_SERVERS.iter().any(greets_as)
            || IN_A_REFUSAL.iter().any(|name| text.contains(name))
            || self.host.as_deref().is_some_and(|host| !is_host_of_exchange(host))
    }
}

/// The first line of a server: `* OK …`, `220 …`, `+OK …`.
fn is_greeting(line: &str) -> bool {
    ["* OK", "* PREAUTH", "220", "+OK"].iter().any(|start| line.starts_with(start))
}

fn is_host_of_exchange(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let is_known = |cloud: Cloud| {
        let facts = cloud.facts();
        [facts.exchange_host, facts.smtp_host].contains(&Some(host.as_str()))
    };
    Cloud::iter().any(is_known) || EXCHANGE.iter().any(|name| host.contains(name))
}

/// `causes`, which were found as if the server were Exchange Online, for another server.
pub(super) fn adapted(facts: &Facts, talk: &MailLog, causes: Vec<Hypothesis>) -> Vec<Hypothesis> {
    let signed_in = talk.signed_in();
    let applies = |one: &Hypothesis| match one.confidence {
        // The server's own words say it.
        Confidence::Certain => true,
        Confidence::Likely => !OF_EXCHANGE.contains(&one.id),
        Confidence::Possible => signed_in && one.id != RuleId::ConditionalAccess,
    };
    let mut kept: Vec<Hypothesis> = causes
        .into_iter()
        .map(|one| by_password(talk, one))
        .filter(applies)
        .map(|one| advised(one, signed_in))
        .collect();
    let is_explained = kept.iter().any(|one| one.confidence == Confidence::Certain);
    if talk.refusal().is_some() && !signed_in && !is_explained && !token_explains(facts) {
        kept.push(settings(facts, talk));
    }
    kept
}

/// A refused password says nothing of whether the server accepts passwords. That a password was sent is certain only where the
/// command is shown.
fn by_password(talk: &MailLog, one: Hypothesis) -> Hypothesis {
    if one.id != RuleId::BasicAuthDisabled || one.confidence == Confidence::Possible {
        return one;
    }
    let (sure, message) = if talk.mechanism == Some(Mechanism::Password) {
        (
            one.confidence,
            "the server refuses the user name or the password; the program sent no token",
        )
    } else {
        (
            Confidence::Likely,
            "the server refuses a sign-in with a password, which the program seems to have sent in place of a token",
        )
    };
    let refused = Hypothesis::new(RuleId::NotAboutTheToken, sure, message)
        .help("let the program sign in with XOAUTH2 or OAUTHBEARER");
    Hypothesis { who: Some(Who::User), ..refused }
}

/// With the advice for another server where that of the rule is for Exchange.
fn advised(one: Hypothesis, signed_in: bool) -> Hypothesis {
    if one.id == RuleId::ServiceIncident && !signed_in {
        return one.help(
            "if it persists, read the server's log: it may not reach the issuer of the token, for its keys or for introspection",
        );
    }
    if OF_EXCHANGE.contains(&one.id) || one.id == RuleId::SendAsDenied {
        let help = vec!["ask the operator of the mail server".to_owned()];
        return Hypothesis { help, is_complete: true, ..one };
    }
    one
}

/// The server does not accept the token, and gives no reason.
fn settings(facts: &Facts, talk: &MailLog) -> Hypothesis {
    let server =
        talk.host.as_deref().map_or_else(|| "the server".to_owned(), |host| format!("`{host}`"));
    let mut found = Hypothesis::possible(
        RuleId::MailServerSettings,
        format!("{server} is not Exchange Online: its own OAuth settings may not fit this token"),
    );
    found.who = Some(Who::User);
    let Some(claims) = facts.claims() else { return found };
    let is_for_exchange = claims
        .audiences()
        .iter()
        .any(|aud| resources::of_audience(aud).is_some_and(|own| *own == resources::EXCHANGE));
    for name in ["iss", "azp", "appid", "scp"] {
        if let Some(value) = claims.text(name) {
            found = found.with_evidence(name, value);
        }
    }
    found = found.with_evidence("aud", claims.audiences().join(", "));
    if is_for_exchange {
        found = found.help(
            "the token is for Exchange Online, which alone can check its signature: give the server an API of its own, and request a \
             token for that (`[jobs.NAME]` in the configuration file)",
        );
    }
    found.help("compare the `kid` in the token's header with the server's copy of the issuer's keys: an emulator that starts makes new keys")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, run};
    use entrada_core::{NumericDate, Protocol, Side};

    fn found(greeting: &str, host: Option<&str>, refusal: &str) -> Vec<(RuleId, Confidence)> {
        let lines = [
            (Side::Server, greeting),
            (Side::Client, "a1 AUTHENTICATE XOAUTH2"),
            (Side::Server, "+"),
            (Side::Client, "(the XOAUTH2 string)"),
            (Side::Server, refusal),
        ];
        let lines = lines.map(|(side, line)| (side, line.to_owned())).to_vec();
        let mut log = MailLog::new(Protocol::Imap, lines, None);
        log.host = host.map(str::to_owned);
        let now = Some(NumericDate(1_800_000_000));
        let evidence = Evidence { mail: Some(log), now, ..Evidence::default() };
        let findings = run(&evidence).findings;
        findings.iter().map(|finding| (finding.rule.id, finding.confidence)).collect()
    }

    #[test]
    fn a_refusal_by_another_server_leads_to_its_settings() {
        let settings = [(RuleId::MailServerSettings, Confidence::Possible)];
        let no = "a1 NO [AUTHENTICATIONFAILED] Authentication failed.";
        for (greeting, host) in [
            ("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] Dovecot (Debian) ready.", None),
            ("* OK ready", Some("mail.example")),
            ("* OK ready", Some("127.0.0.1")),
        ] {
            assert_eq!(found(greeting, host, no), settings, "{greeting} {host:?}");
        }
        let unsupported = "a1 NO Unsupported authentication mechanism.";
        assert_eq!(found("* OK ready", Some("mail.example"), unsupported), settings);
        // Exchange, or a server of which nothing is known.
        for (greeting, host) in [
            ("* OK The Microsoft Exchange IMAP4 service is ready.", Some("localhost")),
            ("* OK ready", Some("outlook.office365.com")),
            ("* OK ready", None),
        ] {
            let all = found(greeting, host, no);
            assert!(!all.contains(&settings[0]) && 1 < all.len(), "{greeting} {host:?}: {all:?}");
        }
    }

    #[test]
    fn what_the_server_states_itself_stays() {
        for (refusal, cause) in [
            ("a1 NO IMAP access is disabled for this mailbox", RuleId::ImapDisabled),
            ("a1 NO [UNAVAILABLE] Temporary authentication failure.", RuleId::ServiceIncident),
        ] {
            assert_eq!(
                found("* OK Dovecot ready.", None, refusal),
                [(cause, Confidence::Certain)],
                "{refusal}"
            );
        }
    }
}
