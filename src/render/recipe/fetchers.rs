//! Programs that fetch mail.

use super::{Ingredients, RecipePage, TlsMode, quoted};
use entrada_core::Protocol;

pub(super) const MBSYNC: RecipePage = RecipePage {
    title: "mbsync (isync)",
    file: "~/.mbsyncrc",
    comment: "#",
    language: "text",
    protocols: &[Protocol::Imap],
    program: Some("mbsync"),
    sasl_plugin: Some(
        "mbsync signs in through Cyrus SASL, which needs a plugin for XOAUTH2: on Debian and Ubuntu `apt install libsasl2-modules-kdexoauth2`; without it mbsync says `SASL(-4): no mechanism available`",
    ),
    notes: &[
        "create the mail folder first: the comment at the top has the command",
        "then `mbsync -a`",
    ],
};

pub(super) fn mbsync(with: &Ingredients) -> String {
    let Ingredients { name, user, imap, .. } = with;
    let security = match imap.tls {
        TlsMode::Implicit => "IMAPS",
        TlsMode::Starttls => "STARTTLS",
        TlsMode::None => "None",
    };
    let ca = with.if_ca(|file| format!("CertificateFile {}\n", quoted(file)));
    format!(
        "# Before the first run: mkdir -p ~/Mail/{name}\nIMAPAccount {name}\nHost {host}\nPort {port}\nUser {user}\nAuthMechs XOAUTH2\nPassCmd {command}\n\
         # Called TLSType from isync 1.5 on, which still accepts this name.\nSSLType {security}\n{ca}\n\
         IMAPStore {name}-remote\nAccount {name}\n\n\
         MaildirStore {name}-local\nPath ~/Mail/{name}/\nInbox ~/Mail/{name}/INBOX\nSubFolders Verbatim\n\n\
         Channel {name}\nFar :{name}-remote:\nNear :{name}-local:\nPatterns *\nCreate Near\nSyncState *\n",
        host = imap.host,
        port = imap.port,
        user = quoted(user),
        command = quoted(&with.command("imap")),
    )
}

pub(super) const OFFLINEIMAP: RecipePage = RecipePage {
    title: "OfflineIMAP",
    file: "~/.offlineimaprc",
    comment: "#",
    language: "ini",
    protocols: &[Protocol::Imap],
    program: Some("offlineimap"),
    sasl_plugin: None,
    notes: &["offlineimap3 is needed (Debian's package has that name)", "then `offlineimap -o`"],
};

pub(super) fn offlineimap(with: &Ingredients) -> String {
    let Ingredients { name, user, imap, .. } = with;
    let (ssl, starttls) = match imap.tls {
        TlsMode::Implicit => ("yes", "no"),
        TlsMode::Starttls => ("no", "yes"),
        TlsMode::None => ("no", "no"),
    };
    let ca = interpolated(with.ca.as_deref().unwrap_or("OS-DEFAULT"));
    let user = interpolated(user);
    let words: Vec<String> =
        with.words("imap").iter().map(|word| interpolated(&python(word))).collect();
    format!(
        "[general]\naccounts = {name}\n\n[Account {name}]\nlocalrepository = {name}-local\n\
         remoterepository = {name}-remote\n\n[Repository {name}-local]\ntype = Maildir\nlocalfolders = ~/Mail/{name}\n\n\
         [Repository {name}-remote]\ntype = IMAP\nremotehost = {host}\nremoteport = {port}\nremoteuser = {user}\n\
         ssl = {ssl}\nstarttls = {starttls}\nsslcacertfile = {ca}\nauth_mechanisms = XOAUTH2\n\
         oauth2_access_token_eval = __import__('subprocess').check_output([{words}]).decode().strip()\n",
        host = imap.host,
        port = imap.port,
        words = words.join(", "),
    )
}

pub(super) const GETMAIL: RecipePage = RecipePage {
    title: "getmail",
    file: "~/.config/getmail/getmailrc",
    comment: "#",
    language: "ini",
    protocols: &[Protocol::Imap],
    program: Some("getmail"),
    sasl_plugin: None,
    notes: &[
        "getmail6 is needed",
        "create the Maildir first: `mkdir -p ~/Mail/{new,cur,tmp}`",
        "it fetches new mail and leaves all mail on the server, with the flags that getmail sets",
        "then `getmail`",
    ],
};

pub(super) fn getmail(with: &Ingredients) -> String {
    let Ingredients { user, imap, .. } = with;
    let kind = match imap.tls {
        TlsMode::Implicit => "SimpleIMAPSSLRetriever",
        TlsMode::Starttls | TlsMode::None => "SimpleIMAPRetriever",
    };
    let ca = match imap.tls {
        TlsMode::Implicit => with.if_ca(|file| format!("ca_certs = {file}\n")),
        TlsMode::Starttls | TlsMode::None => String::new(),
    };
    let words: Vec<String> = with.words("imap").iter().map(|word| python(word)).collect();
    format!(
        "[retriever]\ntype = {kind}\nserver = {host}\nport = {port}\nusername = {user}\n{ca}use_xoauth2 = True\n\
         password_command = ({words})\n\n[destination]\ntype = Maildir\npath = ~/Mail/\n\n\
         [options]\nread_all = False\ndelete = False\n",
        host = imap.host,
        port = imap.port,
        words = words.join(", "),
    )
}

pub(super) const FETCHMAIL: RecipePage = RecipePage {
    title: "fetchmail",
    file: "~/.fetchmailrc",
    comment: "#",
    language: "text",
    protocols: &[Protocol::Imap],
    program: Some("fetchmail"),
    sasl_plugin: None,
    notes: &[
        "fetchmail 6, the version in most distributions, cannot sign in with a token: use getmail or mbsync. Version 7 can",
        "`chmod 600 ~/.fetchmailrc`, or fetchmail refuses it",
        "this configuration is untested: fetchmail 7 has no package",
    ],
};

pub(super) fn fetchmail(with: &Ingredients) -> String {
    let Ingredients { user, imap, .. } = with;
    let tls = match imap.tls {
        TlsMode::Implicit => "ssl",
        TlsMode::Starttls => "sslproto tls1.2+",
        TlsMode::None => "sslproto ''",
    };
    let ca = with.if_ca(|file| format!("  sslcertfile {}\n", quoted(file)));
    format!(
        "# The token comes on a descriptor: {command} | fetchmail --passwordfd 0\n\
         poll {host} service {port} protocol IMAP auth oauthbearer\n  username {user}\n  {tls}\n{ca}  keep\n",
        command = with.command("imap"),
        host = imap.host,
        port = imap.port,
        user = quoted(user),
    )
}

/// `word` as a Python string literal.
fn python(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `text` for configurations that Python's `ConfigParser` reads, where `%` begins an interpolation.
fn interpolated(text: &str) -> String {
    text.replace('%', "%%")
}
