//! Programs that read mail.

use super::{Ingredients, MailServer, RecipePage, TlsMode, quoted, shell_like};
use entrada_core::{Protocol, xml_escaped};

const BOTH: &[Protocol] = &[Protocol::Imap, Protocol::Smtp];

pub(super) const MUTT: RecipePage = RecipePage {
    title: "mutt",
    file: "~/.muttrc",
    comment: "#",
    language: "text",
    protocols: BOTH,
    program: Some("mutt"),
    sasl_plugin: None,
    notes: &["mutt 2.0 or newer is needed for XOAUTH2"],
};

pub(super) const NEOMUTT: RecipePage = RecipePage {
    title: "NeoMutt",
    file: "~/.neomuttrc",
    program: Some("neomutt"),
    notes: &["NeoMutt of 2020 or newer is needed for XOAUTH2"],
    ..MUTT
};

pub(super) fn mutt(with: &Ingredients, cache: &str) -> String {
    let Ingredients { user, imap, smtp, .. } = with;
    let starttls = [imap.tls, smtp.tls].contains(&TlsMode::Starttls);
    let force = ![imap.tls, smtp.tls].contains(&TlsMode::None);
    let word = |yes: bool| if yes { "yes" } else { "no" };
    let ca = with.if_ca(|file| format!("set certificate_file = {}\n", shell_like(file)));
    format!(
        "set from = {user}\nset use_from = yes\nset imap_user = {user}\nset folder = {folder}\nset spoolfile = \"+INBOX\"\n\
         set imap_authenticators = \"xoauth2\"\nset imap_oauth_refresh_command = {imap_command}\n\
         set smtp_url = {smtp_url}\nset smtp_authenticators = \"xoauth2\"\n\
         set smtp_oauth_refresh_command = {smtp_command}\nset ssl_starttls = {starttls}\nset ssl_force_tls = {force}\n{ca}\
         set header_cache = \"{cache}\"\n",
        user = shell_like(user),
        folder = shell_like(&format!("{}/", address("imap", None, imap))),
        imap_command = shell_like(&with.command("imap")),
        smtp_url = shell_like(&format!("{}/", address("smtp", Some(&with.user_in_url()), smtp))),
        smtp_command = shell_like(&with.command("smtp")),
        starttls = word(starttls),
        force = word(force),
    )
}

pub(super) const AERC: RecipePage = RecipePage {
    title: "aerc",
    file: "~/.config/aerc/accounts.conf",
    comment: "#",
    language: "ini",
    protocols: BOTH,
    program: Some("aerc"),
    sasl_plugin: None,
    notes: &[
        "`chmod 600 ~/.config/aerc/accounts.conf`, or aerc refuses it",
        "aerc trusts only the system's certificates",
    ],
};

pub(super) fn aerc(with: &Ingredients) -> String {
    let Ingredients { name, user, imap, smtp, .. } = with;
    let login = with.user_in_url();
    let scheme = |base: &str, place: &MailServer| match place.tls {
        TlsMode::Implicit => format!("{base}s+xoauth2"),
        TlsMode::Starttls => format!("{base}+xoauth2"),
        TlsMode::None => format!("{base}+insecure+xoauth2"),
    };
    format!(
        "[{name}]\nsource = {imap_scheme}://{login}@{imap_host}:{imap_port}\nsource-cred-cmd = {imap_command}\n\
         outgoing = {smtp_scheme}://{login}@{smtp_host}:{smtp_port}\noutgoing-cred-cmd = {smtp_command}\n\
         default = INBOX\nfrom = {user}\n",
        imap_scheme = scheme("imap", imap),
        imap_host = imap.host,
        imap_port = imap.port,
        imap_command = with.command("imap"),
        smtp_scheme = scheme("smtp", smtp),
        smtp_host = smtp.host,
        smtp_port = smtp.port,
        smtp_command = with.command("smtp"),
    )
}

pub(super) const HIMALAYA: RecipePage = RecipePage {
    title: "Himalaya",
    file: "~/.config/himalaya/config.toml",
    comment: "#",
    language: "toml",
    protocols: BOTH,
    program: Some("himalaya"),
    sasl_plugin: None,
    notes: &[
        "a build with OAuth is needed: `cargo install himalaya --features oauth2,keyring`",
        "this configuration is untested: Debian has no package of Himalaya",
    ],
};

pub(super) fn himalaya(with: &Ingredients) -> String {
    let Ingredients { name, user, imap, smtp, client_id, authority, .. } = with;
    let part = |backend: &str, kind: &str, place: &MailServer, command: &str| {
        let encryption = match place.tls {
            TlsMode::Implicit => "tls",
            TlsMode::Starttls => "start-tls",
            TlsMode::None => "none",
        };
        format!(
            "{backend}.type = \"{kind}\"\n{backend}.host = {host}\n{backend}.port = {port}\n\
             {backend}.encryption.type = \"{encryption}\"\n{backend}.login = {user}\n{backend}.auth.type = \"oauth2\"\n\
             {backend}.auth.method = \"xoauth2\"\n{backend}.auth.client-id = {client}\n\
             {backend}.auth.auth-url = {authorize}\n{backend}.auth.token-url = {token}\n\
             {backend}.auth.access-token.cmd = {command}\n",
            host = quoted(&place.host),
            port = place.port,
            user = quoted(user),
            client = quoted(client_id),
            authorize = quoted(&format!("{authority}/oauth2/v2.0/authorize")),
            token = quoted(&format!("{authority}/oauth2/v2.0/token")),
            command = quoted(command),
        )
    };
    format!(
        "[accounts.{name}]\ndefault = true\nemail = {user}\n\n{imap}\n{smtp}",
        user = quoted(user),
        imap = part("backend", "imap", imap, &with.command("imap")),
        smtp = part("message.send.backend", "smtp", smtp, &with.command("smtp")),
    )
}

pub(super) const THUNDERBIRD: RecipePage = RecipePage {
    title: "Thunderbird",
    file: "isp/DOMAIN.xml in Thunderbird's own folder",
    comment: "",
    language: "xml",
    protocols: BOTH,
    program: Some("thunderbird"),
    sasl_plugin: None,
    notes: &[
        "Thunderbird signs in by itself, with its own application ID. It accepts no tokens from other programs, and this is the configuration that it needs (https://wiki.mozilla.org/Thunderbird:Autoconfiguration)",
        "by hand: Account Settings, Server Settings: the servers below, `OAuth2` as the authentication method; the same for the outgoing server",
        "to find out why a sign-in fails: `entrada probe --job imap`, `entrada probe --job smtp`; if the tenant blocks Thunderbird's application, Thunderbird cannot sign in",
    ],
};

pub(super) fn thunderbird(with: &Ingredients) -> String {
    let domain = with.user.rsplit('@').next().unwrap_or_default();
    let server = |tag: &str, kind: &str, place: &MailServer| {
        let socket = match place.tls {
            TlsMode::Implicit => "SSL",
            TlsMode::Starttls => "STARTTLS",
            TlsMode::None => "plain",
        };
        format!(
            "    <{tag} type=\"{kind}\">\n      <hostname>{host}</hostname>\n      <port>{port}</port>\n      \
             <socketType>{socket}</socketType>\n      <authentication>OAuth2</authentication>\n      \
             <username>%EMAILADDRESS%</username>\n    </{tag}>\n",
            host = xml_escaped(&place.host),
            port = place.port,
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"{domain}\">\n    \
         <domain>{domain}</domain>\n    <displayName>{name}</displayName>\n    \
         <displayShortName>{name}</displayShortName>\n{imap}{smtp}  </emailProvider>\n</clientConfig>\n",
        domain = xml_escaped(domain),
        name = xml_escaped(&with.name),
        imap = server("incomingServer", "imap", &with.imap),
        smtp = server("outgoingServer", "smtp", &with.smtp),
    )
}

/// `imaps://user@host:port`.
fn address(scheme: &str, user: Option<&str>, place: &MailServer) -> String {
    let s = if place.tls == TlsMode::Implicit { "s" } else { "" };
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    format!("{scheme}{s}://{user}{}:{}", place.host, place.port)
}
