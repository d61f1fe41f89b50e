//! What the text around a mail server's refusal shows: the secret that the program sent, and the sentences of a refusal that have
//! lost their mark.

use entrada_core::Protocol;

/// What a program signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentSecret {
    Password,
    Token,
}

/// Words of a sign-in with a token, in lower case.
const TOKEN: [&str; 9] = [
    "access token",
    "access_token",
    "accesstoken",
    "bearer",
    "modern auth",
    "oauth",
    "refresh token",
    "refresh_token",
    "saslmechanismoauth",
];

/// Words of a sign-in with a password, in lower case: code, settings and commands of programs, and what people write.
const PASSWORD: [&str; 28] = [
    "-credential",
    "app password",
    "app-password",
    "apppassword",
    "auth login",
    "auth plain",
    "authentication : login",
    "authentication: login",
    "authenticator \"login\"",
    "authenticator login",
    "basic auth",
    "email_password",
    "host_password",
    "mail_password",
    "networkcredential",
    "pass:",
    "pass =",
    "passwd",
    "passwordauthentication",
    "password",
    "passphrase",
    "retrying login authentication",
    "retrying plain authentication",
    "send-mailmessage",
    "smtp_pass",
    "smtppass",
    "smtplogin",
    "smtp_auth_pass",
];

/// What servers and libraries say of any sign-in that they refuse, in lower case. It does not show that a password was sent.
const SAID: [&str; 8] = [
    "bad password",
    "check your password",
    "check your username and password",
    "incorrect password",
    "password incorrect",
    "username and password not accepted",
    "username or password",
    "wrong password",
];

/// Beginnings of lines with what a server offers, in lower case.
const OFFERS: [&str; 4] = ["capability", "250-auth", "250 auth", "auth="];

/// The secret that `text` shows; `None` if it shows none or both.
pub(super) fn sent_secret(text: &str) -> Option<SentSecret> {
    let mut said = String::with_capacity(text.len());
    for line in text.lines().map(str::to_ascii_lowercase) {
        if !OFFERS.iter().any(|offer| line.contains(offer)) {
            let sentences = line.split_inclusive(". ").filter(|sentence| !tells_of_end(sentence));
            said.extend(sentences);
            said.push('\n');
        }
    }
    // MailKit's way to sign in with a password.
    let without_token =
        said.contains("remove(\"xoauth2\")") || said.contains("remove (\"xoauth2\")");
    for words in SAID {
        said = said.replace(words, "");
    }
    let token = !without_token && TOKEN.iter().any(|word| said.contains(word));
    match (token, PASSWORD.iter().any(|word| said.contains(word))) {
        (true, false) => Some(SentSecret::Token),
        (false, true) => Some(SentSecret::Password),
        _ => None,
    }
}

/// Whether `sentence`, in lower case, tells that Microsoft has ended sign-in with passwords. It does not show that one was sent.
fn tells_of_end(sentence: &str) -> bool {
    const ENDED: [&str; 5] = ["no longer", "deprecat", "discontinued", "removed", "retired"];
    sentence.contains("basic auth") && ENDED.iter().any(|word| sentence.contains(word))
}

/// Words for a mailbox that is not the user's own, in lower case.
const SHARED: [&str; 14] = [
    "another mailbox",
    "another user's mailbox",
    "delegated mailbox",
    "group mailbox",
    "mailbox delegation",
    "on behalf of the mailbox",
    "other mailbox",
    "shared account",
    "shared address",
    "shared e-mail",
    "shared email",
    "shared inbox",
    "shared mail",
    "sharedmailbox",
];

/// Whether `text` speaks of a mailbox that is not the user's own.
pub(super) fn speaks_of_shared(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    SHARED.iter().any(|word| lower.contains(word))
}

/// Words of a text about a mailbox at Microsoft or about its protocols, in lower case.
const OF_MAIL: [&str; 11] = [
    "exchange",
    "imap",
    "mail",
    "microsoft",
    "o365",
    "office 365",
    "office365",
    "outlook",
    "pop3",
    "smtp",
    "xoauth2",
];

/// Exchange's refusals as it writes them, the lines of the protocol that they are, and whether only Exchange writes them.
const UNTAGGED: [(&str, &str, bool); 4] = [
    (
        "User is authenticated but not connected",
        "* BAD User is authenticated but not connected.",
        true,
    ),
    ("but not connected", "* BAD User is authenticated but not connected.", false),
    ("AUTHENTICATE failed", "* NO AUTHENTICATE failed.", false),
    ("LOGIN failed.", "* NO LOGIN failed.", false),
];

/// The refusal in `text` that has lost its mark, and the line in which it stands.
pub(super) fn untagged(text: &str) -> Option<(Protocol, String, &str)> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_of_mail = has(&OF_MAIL);
    for (words, said, is_of_exchange) in UNTAGGED {
        if (is_of_mail || is_of_exchange)
            && let Some(line) = text.lines().find(|line| line.contains(words))
        {
            return Some((Protocol::Imap, said.to_owned(), line));
        }
    }
    // MailKit hides the server's line.
    let is_of_mailkit = has(&["mailkit", "mimekit", "saslmechanismoauth2"]);
    let is_open = sent_secret(text).is_none() && !has(&["client_credential", "client credential"]);
    if !is_of_mailkit || is_open {
        return None;
    }
    let line = text.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("authentication failed") && !line.contains("5.7.")
    })?;
    Some(if has(&["smtp"]) && !has(&["imap", "pop3"]) {
        (Protocol::Smtp, "535 Authentication failed.".to_owned(), line)
    } else if has(&["pop3"]) && !has(&["imap"]) {
        (Protocol::Pop, "-ERR Authentication failed.".to_owned(), line)
    } else {
        (Protocol::Imap, "* NO Authentication failed.".to_owned(), line)
    })
}

/// `text` with the code of a refusal and its enhanced code in one line, which Odoo and mails break: `530\n5.7.57 …`.
pub(super) fn with_whole_codes(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for line in text.lines() {
        let bare = line.trim_start_matches(['>', ' ']);
        let class = whole
            .trim_end()
            .rsplit([' ', '\n'])
            .next()
            .filter(|word| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()));
        let class = class.and_then(|word| word.get(..1)).filter(|class| ["4", "5"].contains(class));
        let continues = class.is_some_and(|class| {
            bare.strip_prefix(class).is_some_and(|rest| rest.starts_with('.'))
        });
        if continues {
            whole.truncate(whole.trim_end().len());
            whole.push(' ');
            whole.push_str(bare);
        } else {
            whole.push_str(line);
        }
        whole.push('\n');
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_settings_and_words_show_the_secret() {
        for (text, secret) in [
            ("EMAIL_HOST_PASSWORD = 'x'", Some(SentSecret::Password)),
            ("Send-MailMessage -Credential $cred", Some(SentSecret::Password)),
            ("auth: { user: 'a', pass: 'b' }", Some(SentSecret::Password)),
            (
                "client.AuthenticationMechanisms.Remove(\"XOAUTH2\");\nthe password",
                Some(SentSecret::Password),
            ),
            ("new SaslMechanismOAuth2(user, token)", Some(SentSecret::Token)),
            ("250-AUTH LOGIN XOAUTH2", None),
            ("the password works, do I need OAuth?", None),
            ("unknown user name or bad password", None),
            (
                "Microsoft no longer allows basic authentication (app passwords included). Help!",
                None,
            ),
        ] {
            assert_eq!(sent_secret(text), secret, "{text}");
        }
    }

    #[test]
    fn a_refusal_without_its_mark_needs_a_text_about_mail() {
        for text in [
            "the Outlook account says AUTHENTICATE failed. again",
            "imap setup: User is authenticated but not connected.",
            "MailKit: Authentication failed. with SaslMechanismOAuth2",
        ] {
            assert!(untagged(text).is_some(), "{text}");
        }
        for text in [
            "AUTHENTICATE failed",
            "Login failed for user 'sa' (mail db)",
            "mailkit: Authentication failed",
        ] {
            assert!(untagged(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_broken_code_is_whole_again() {
        assert_eq!(
            with_whole_codes("> Refused: 530\n> 5.7.57 SMTP; no\nx"),
            "> Refused: 530 5.7.57 SMTP; no\nx\n"
        );
        assert_eq!(with_whole_codes("in 500\n4.5.6 of it"), "in 500\n4.5.6 of it\n");
    }
}
