//! Programs that send mail.

use super::{Ingredients, RecipePage, TlsMode, quoted};
use entrada_core::Protocol;

pub(super) const MSMTP: RecipePage = RecipePage {
    title: "msmtp",
    file: "~/.msmtprc",
    comment: "#",
    language: "text",
    protocols: &[Protocol::Smtp],
    program: Some("msmtp"),
    sasl_plugin: None,
    notes: &[
        "msmtp 1.8.4 or newer is needed for XOAUTH2; it needs no plugin",
        "try it without sending: `msmtp --serverinfo`, then `entrada probe PROFILE --job smtp`",
    ],
};

pub(super) fn msmtp(with: &Ingredients) -> String {
    let Ingredients { name, user, smtp, .. } = with;
    let (tls, starttls) = match smtp.tls {
        TlsMode::Implicit => ("on", "off"),
        TlsMode::Starttls => ("on", "on"),
        TlsMode::None => ("off", "off"),
    };
    let ca = match smtp.tls {
        TlsMode::None => String::new(),
        _ => format!("tls_trust_file {}\n", plain(with.ca.as_deref().unwrap_or("system"))),
    };
    format!(
        "account {name}\nhost {host}\nport {port}\ntls {tls}\ntls_starttls {starttls}\n{ca}auth xoauth2\nuser {user}\n\
         from {user}\npasswordeval {command}\n\naccount default : {name}\n",
        host = smtp.host,
        port = smtp.port,
        user = plain(user),
        command = plain(&with.command("smtp")),
    )
}

pub(super) const GIT_SEND_EMAIL: RecipePage = RecipePage {
    title: "git send-email",
    file: "~/.gitconfig",
    comment: "#",
    language: "ini",
    protocols: &[Protocol::Smtp],
    program: Some("git"),
    sasl_plugin: None,
    notes: &[
        "git send-email supports tokens since git 2.50; through msmtp, any git with `sendmailCmd` (2.33) can send",
        "msmtp needs its own configuration: `entrada recipe msmtp`",
        "try it without sending: `git send-email --dry-run FILE`",
    ],
};

pub(super) fn git_send_email(with: &Ingredients) -> String {
    let Ingredients { name, user, .. } = with;
    format!(
        "[sendemail]\n\tfrom = {user}\n\tenvelopeSender = {user}\n\tsendmailCmd = msmtp --account={name}\n",
        user = quoted(user),
    )
}

/// `text` in the syntax of msmtp, which strips the outer quotes and knows no other quoting.
fn plain(text: &str) -> String {
    format!("\"{text}\"")
}
