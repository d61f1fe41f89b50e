//! The causes that a mail server's refusal points to.

use super::hypothesis::{Hypothesis, token_explains};
use super::mail::{MailLog, Mechanism};
use super::mail_context::SentSecret;
use super::mail_rights::{closed_after_sign_in, not_connected, refused};
use crate::{Confidence, Facts, RuleId};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entrada_core::Protocol;

/// The fields of the conversation to show as evidence.
pub(super) fn evidence(talk: &MailLog) -> Vec<(&'static str, String)> {
    let mut seen = Vec::new();
    let server = talk.quoted.as_deref().or_else(|| talk.refusal());
    seen.extend(server.map(|line| ("server", line.to_owned())));
    seen.extend(talk.error_json().map(|json| ("server's reason", json.to_string())));
    seen.extend(talk.mailbox().map(|user| ("user", user.to_owned())));
    seen
}

/// The cause where the client built its sign-in string wrong, and the server did not accept it.
fn wrong_string(talk: &MailLog, confidence: Confidence) -> Option<Hypothesis> {
    let faults = &talk.initial.as_ref()?.faults;
    let first = faults.first().filter(|_| !talk.signed_in())?;
    let message = format!("the sign-in string is wrong: {first}");
    let mut told = Hypothesis::new(RuleId::WrongXoauth2Format, confidence, message);
    told.evidence.extend(faults.iter().skip(1).map(|fault| ("also", (*fault).to_owned())));
    Some(told)
}

/// The causes, most important first.
pub(super) fn causes(facts: &Facts, talk: &MailLog) -> Vec<Hypothesis> {
    let Some(refusal) = talk.refusal() else {
        // The server's answer is not in the evidence.
        return wrong_string(talk, Confidence::Likely).into_iter().collect();
    };
    // Only the refusal is searched: folder names, subjects and capabilities can contain any word.
    let text = refusal.to_ascii_lowercase();
    let line = &text;
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let throttled = ["throttled", "432 4.3.2", "concurrent connections", "suggested backoff"];
    let too_many =
        text.contains("too many") && has(&["connection", "session", "simultaneous", "request"]);
    if has(&throttled) || too_many {
        return vec![
            Hypothesis::certain(RuleId::Throttled, "the server asks for fewer requests")
                .help("wait a few minutes; open fewer connections at a time"),
        ];
    }
    if has(&["accesstokenexpired"]) {
        return vec![
            Hypothesis::certain(
                RuleId::Expired,
                "the token expired while the connection was open",
            )
            .help("reconnect with a new token; keep the life of a connection below that of its token"),
        ];
    }
    if has(&["your account has been locked", "account is locked", "account is disabled"]) {
        return vec![
            Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the account is locked or disabled",
            )
            .help("an administrator unlocks the account, and finds the reason in the tenant's sign-in log"),
        ];
    }
    if has(&["smtpclientauthentication is disabled", "smtp_auth_disabled"]) {
        let whose = if text.contains("tenant") { "tenant" } else { "mailbox" };
        return vec![Hypothesis::certain(
            RuleId::SmtpAuthDisabled,
            format!(
                "SMTP AUTH is switched off for the {whose}, for tokens as well as for passwords"
            ),
        )];
    }
    if has(&[
        "sendasdenied",
        "not allowed to send as",
        "permissions to send as",
        "sender address rejected: not owned",
        "5.2.252",
        "5.7.60 ",
    ]) {
        return vec![Hypothesis::certain(
            RuleId::SendAsDenied,
            "the user is not allowed to send from that address",
        )];
    }
    if has(&["5.1.8 ", "bad outbound sender"]) {
        return vec![
            Hypothesis::certain(RuleId::NotAboutTheToken, "Exchange has blocked the user from sending mail")
                .help("an administrator removes the user from the list of restricted entities (Microsoft Defender portal)"),
        ];
    }
    if has(&[
        "5.1.90",
        "daily limit for message recipients",
        "submissionquotaexceeded",
        "submission quota",
    ]) {
        return vec![
            Hypothesis::certain(
                RuleId::NotAboutTheToken,
                "the sender has reached an Exchange sending limit",
            )
            .help("wait a day, or send fewer messages to fewer recipients"),
        ];
    }
    if has(&["mailbox logon failure", "logonfailed", "430 4.2.0"]) {
        return vec![Hypothesis::certain(
            RuleId::MailboxPermissionMissing,
            "the user cannot open the mailbox that the mail is sent from",
        )];
    }
    if let Some(told) = by_password(talk, &text) {
        return vec![told];
    }
    if let Some(told) = by_shown_password(facts, talk, &text) {
        return told;
    }
    if has(&["conditional access", "security defaults"]) {
        return vec![Hypothesis::likely(
            RuleId::ConditionalAccess,
            "a policy of the tenant blocks this way of signing in",
        )];
    }
    if has(&["did not meet the criteria"]) {
        return by_criteria(facts, talk);
    }
    if talk.signed_in() && has(&["tokenexpired", "token expired", "token has expired", "[expired]"])
    {
        return vec![Hypothesis::certain(
            RuleId::Expired,
            "the token expired while the connection was open",
        )];
    }
    let passing = has(&[
        "unavailable",
        "temporary",
        "internal error",
        "try again later",
        "[serverbug]",
        "[sys/temp]",
    ]);
    // RFC 3463: codes that begin with 4 are temporary, codes that begin with 5 are permanent.
    let permanent = talk.protocol == Protocol::Smtp && line.starts_with('5');
    if talk.is_about_something_else() {
        return vec![Hypothesis::certain(
            RuleId::NotAboutTheToken,
            "the server refuses the message, its sender or the connection; the sign-in is not the problem",
        )];
    }
    if talk.signed_in() && has(&["greylist", "graylist", "socketerror", "connection dropped"]) {
        return vec![
            Hypothesis::likely(
                RuleId::NotAboutTheToken,
                "the server took the sign-in, and then put the message off or lost the connection",
            )
            .help("try again in a few minutes; a mail program does so by itself"),
        ];
    }
    let puts_off = talk.protocol == Protocol::Smtp
        && line.starts_with('4')
        && (has(&[" 4.3.", " 4.4.", " 4.7.0 "])
            || line.split(' ').nth(1).is_none_or(|word| !word.starts_with("4.")));
    if puts_off
        && has(&["4.7.0 temporary server error"])
        && talk.text().contains("not authenticated")
    {
        return vec![
            Hypothesis::possible(
                RuleId::WrongXoauth2Format,
                "the server cannot read the sign-in: an empty password in the place of the token, or a malformed XOAUTH2 string",
            )
            .help("let the program send `AUTH XOAUTH2` with a token: `entrada token -o xoauth2` prints the right string"),
            Hypothesis::possible(RuleId::BasicAuthDisabled, "the program may have sent a password"),
            Hypothesis::possible(RuleId::ServiceIncident, "the server may have an internal error"),
        ];
    }
    if (passing && !permanent) || puts_off {
        let mut told =
            Hypothesis::certain(RuleId::ServiceIncident, "the server has an internal error")
                .help("try again in a few minutes");
        // Exchange puts off a sign-in with a string or a token that it cannot read.
        if talk.protocol == Protocol::Smtp
            && !talk.signed_in()
            && has(&["4.7.0 temporary server error"])
        {
            told = told.help("if it stays, the sign-in itself may be at fault: an empty password in the place of the token, or a malformed XOAUTH2 string; `entrada token -o xoauth2` prints the right one");
        }
        return vec![told];
    }
    if let Some(told) = by_disabled(talk, &text).filter(|_| !talk.signed_in()) {
        return vec![told];
    }
    if let Some(told) = wrong_string(talk, Confidence::Certain) {
        return vec![told];
    }
    if has(&[
        "protocol error",
        "invalid arguments",
        "command argument error",
        "5.5.4",
        "cannot decode",
        "invalid base64",
        "invalid initial",
        "malformed",
    ]) {
        // Without the command it is not certain that the sign-in was refused.
        let sure = if talk.mechanism.is_some() { Confidence::Likely } else { Confidence::Possible };
        let message = "the server does not understand the sign-in command";
        return vec![Hypothesis::new(RuleId::WrongXoauth2Format, sure, message)];
    }
    // RFC 5530 §3.
    if has(&["[noperm]", "[authorizationfailed]"]) && talk.signed_in() {
        return vec![Hypothesis::certain(
            RuleId::MailboxPermissionMissing,
            "the server accepts the token, but its user has no access to that mailbox",
        )];
    }
    if has(&["authenticated but not connected"]) {
        return not_connected(facts, talk);
    }
    if has(&["5.7.57", "client was not authenticated", "client not authenticated"]) {
        return vec![
            Hypothesis::possible(
                RuleId::BasicAuthDisabled,
                "the program sent mail without a sign-in, or its sign-in by password failed before",
            ),
            Hypothesis::possible(
                RuleId::SmtpAuthDisabled,
                "else the server may offer no sign-in for this mailbox",
            ),
        ];
    }
    if has(&["5.7.4 ", "unrecognized authentication type"]) {
        if talk.mechanism == Some(Mechanism::Bearer) && !text.contains("oauthbearer") {
            return vec![
                Hypothesis::certain(
                    RuleId::WrongXoauth2Format,
                    "the server does not offer OAUTHBEARER",
                )
                .help("sign in with XOAUTH2"),
            ];
        }
        return vec![Hypothesis::possible(
            RuleId::SmtpAuthDisabled,
            "the server does not accept this kind of sign-in: SMTP AUTH may be switched off, or the connection may lack TLS",
        )];
    }
    if talk.signed_in() || talk.is_about_the_message() {
        return if talk.let_in(true) { Vec::new() } else { closed_after_sign_in(talk) };
    }
    refused(facts, talk)
}

/// The cause where a password was sent and the server accepts only tokens.
fn by_password(talk: &MailLog, text: &str) -> Option<Hypothesis> {
    if text.contains("basicauth")
        || text.contains("basic authentication is disabled")
        || text.contains("basic authentication is not supported")
    {
        return Some(Hypothesis::certain(
            RuleId::BasicAuthDisabled,
            "the server does not accept passwords",
        ));
    }
    let password = talk.mechanism == Some(Mechanism::Password);
    if password && !talk.signed_in() && talk.names_no_mailbox() {
        return Some(
            Hypothesis::likely(
                RuleId::UserCredentials,
                "the user name that was sent is no address; Exchange Online knows users by their address",
            )
            .help("give the whole address as the user name, and sign in with a token (OAuth 2.0): Exchange Online accepts no password"),
        );
    }
    if password && !talk.signed_in() {
        return Some(Hypothesis::certain(
            RuleId::BasicAuthDisabled,
            "a password was sent; the server accepts only tokens",
        ));
    }
    let by_login = text.contains("no login failed")
        || text.contains("user credentials were incorrect")
        // POP's answer to `PASS`; a refused token gets `Authentication failure` instead.
        || text.contains("-err logon failure: unknown user name or bad password");
    let token = matches!(talk.mechanism, Some(Mechanism::Token | Mechanism::Bearer));
    (by_login && !token).then(|| {
        Hypothesis::likely(
            RuleId::BasicAuthDisabled,
            "a password seems to have been sent; Exchange Online accepts only tokens",
        )
    })
}

impl MailLog {
    /// Whether the user name of `AUTH LOGIN`, which the client sends in base64, is no address.
    fn names_no_mailbox(&self) -> bool {
        let mut prompts = self.lines.iter().zip(self.lines.iter().skip(1));
        // The prompt is `Username:` in base64, in any case.
        let answer = prompts.find(|((_, prompt), _)| {
            let prompt = prompt.to_ascii_lowercase();
            prompt.starts_with("334 vxnlcm5hbwu6") || prompt.starts_with("334 dxnlcm5hbwu6")
        });
        let sent = answer.map(|(_, (_, sent))| sent.trim().trim_start_matches("C: "));
        let name = sent.and_then(|sent| BASE64_STANDARD.decode(sent).ok());
        name.and_then(|name| String::from_utf8(name).ok())
            .is_some_and(|name| !name.is_empty() && !name.contains('@'))
    }
}

/// Words of a refused sign-in, in lower case.
const REFUSED: [&str; 6] = [
    "authenticate failed",
    "authentication failed",
    "authentication fail",
    "authentication unsuccessful",
    "login failed",
    "not authenticated",
];

/// The causes where the text around a refused sign-in shows a password.
fn by_shown_password(facts: &Facts, talk: &MailLog, text: &str) -> Option<Vec<Hypothesis>> {
    let is_refused = REFUSED.iter().any(|words| text.contains(words));
    if talk.sent != Some(SentSecret::Password)
        || talk.mechanism.is_some()
        || talk.initial.is_some()
        || facts.shape().is_some()
        || talk.signed_in()
        || !is_refused
    {
        return None;
    }
    let mut all = vec![Hypothesis::likely(
        RuleId::BasicAuthDisabled,
        "the program signs in with a password; Exchange Online accepts only tokens",
    )];
    if talk.protocol == Protocol::Smtp {
        all.push(Hypothesis::possible(
            RuleId::SmtpAuthDisabled,
            "SMTP AUTH may be switched off for the mailbox or the tenant",
        ));
    }
    Some(all)
}

fn by_disabled(talk: &MailLog, text: &str) -> Option<Hypothesis> {
    let off = ["disabled", "not enabled", "switched off", "blocked"];
    if !off.iter().any(|word| text.contains(word)) {
        return None;
    }
    match talk.protocol {
        Protocol::Imap if text.contains("imap") => {
            Some(Hypothesis::certain(RuleId::ImapDisabled, "IMAP is switched off for this mailbox"))
        }
        Protocol::Pop if text.contains("pop") => {
            Some(Hypothesis::certain(RuleId::PopDisabled, "POP is switched off for this mailbox"))
        }
        // The second is Postfix's (`503 5.5.1 Error: authentication not enabled`).
        Protocol::Smtp if text.contains("smtp") || text.contains("authentication not enabled") => {
            Some(Hypothesis::certain(RuleId::SmtpAuthDisabled, "SMTP AUTH is switched off"))
        }
        _ => None,
    }
}

/// `535 5.7.139 … the request did not meet the criteria to be authenticated successfully`.
fn by_criteria(facts: &Facts, talk: &MailLog) -> Vec<Hypothesis> {
    if token_explains(facts) {
        return Vec::new();
    }
    let message = "a policy of the tenant may block this way of signing in";
    if facts.claims().is_some() {
        return vec![Hypothesis::likely(RuleId::ConditionalAccess, message)];
    }
    let mut all = vec![
        Hypothesis::possible(RuleId::ConditionalAccess, message).help(
            "an administrator finds the attempt, and the policy, in the tenant's sign-in log",
        ),
        Hypothesis::possible(RuleId::SmtpAuthDisabled, "SMTP AUTH may be switched off"),
    ];
    if talk.mechanism.is_none() {
        all.push(Hypothesis::possible(RuleId::BasicAuthDisabled, "a password may have been sent"));
    }
    all
}
