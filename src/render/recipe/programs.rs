//! Scripts.

use super::{Ingredients, RecipePage, TlsMode};
use entrada_core::{Protocol, posix_quoted};

pub(super) const CURL: RecipePage = RecipePage {
    title: "curl",
    file: "a shell script",
    comment: "#",
    language: "sh",
    protocols: &[Protocol::Imap],
    program: Some("curl"),
    sasl_plugin: None,
    notes: &[
        "the token goes to curl through a pipe: on the command line, other users could see it",
        "`EXAMINE` opens the inbox read-only; for an API: `entrada token -o curl | curl -K - URL`",
    ],
};

pub(super) fn curl(with: &Ingredients) -> String {
    let Ingredients { user, imap, .. } = with;
    let (scheme, more) = match imap.tls {
        TlsMode::Implicit => ("imaps", ""),
        TlsMode::Starttls => ("imap", " --ssl-reqd"),
        TlsMode::None => ("imap", ""),
    };
    let ca = with.if_ca(|file| format!(" --cacert {}", posix_quoted(file)));
    format!(
        "{command} |\n    sed 's/.*/oauth2-bearer = \"&\"/' |\n    \
         curl --silent --show-error --config -{more}{ca} --user {user} \\\n        \
         --url {url} --request 'EXAMINE INBOX'\n",
        command = with.command("imap"),
        user = posix_quoted(&format!("{user}:")),
        url = posix_quoted(&format!("{scheme}://{}:{}", imap.host, imap.port)),
    )
}

pub(super) const PYTHON: RecipePage = RecipePage {
    title: "Python",
    file: "a Python script",
    comment: "#",
    language: "python",
    protocols: &[Protocol::Imap],
    program: Some("python3"),
    sasl_plugin: None,
    notes: &[
        "only Python's standard library is needed; for Azure's SDKs see `entrada token -o azure-cli`",
    ],
};

pub(super) fn python(with: &Ingredients) -> String {
    let Ingredients { user, imap, .. } = with;
    let words: Vec<String> = with.words("imap").iter().map(|word| string(word)).collect();
    let context = match &with.ca {
        Some(file) => format!("ssl.create_default_context(cafile={})", string(file)),
        None => "ssl.create_default_context()".to_owned(),
    };
    let (open, more) = match imap.tls {
        TlsMode::Implicit => {
            (format!("imaplib.IMAP4_SSL(HOST, {}, ssl_context=CONTEXT)", imap.port), "")
        }
        TlsMode::Starttls => {
            (format!("imaplib.IMAP4(HOST, {})", imap.port), "mail.starttls(CONTEXT)\n")
        }
        TlsMode::None => (format!("imaplib.IMAP4(HOST, {})", imap.port), ""),
    };
    format!(
        "import imaplib\nimport ssl\nimport subprocess\n\nUSER, HOST = {user}, {host}\nCONTEXT = {context}\n\
         token = subprocess.run([{words}], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()\n\
         mail = {open}\n{more}\
         mail.authenticate(\"XOAUTH2\", lambda _: f\"user={{USER}}\\x01auth=Bearer {{token}}\\x01\\x01\".encode())\n\
         print(mail.select(\"INBOX\", readonly=True))\nmail.logout()\n",
        user = string(user),
        host = string(&imap.host),
        words = words.join(", "),
    )
}

pub(super) const POWERSHELL: RecipePage = RecipePage {
    title: "PowerShell",
    file: "a PowerShell script",
    comment: "#",
    language: "powershell",
    protocols: &[],
    program: Some("pwsh"),
    sasl_plugin: None,
    notes: &["the token is never on a command line: it goes from a variable into a header"],
};

pub(super) fn powershell(with: &Ingredients) -> String {
    let words: Vec<String> = with
        .words("graph-mail-read")
        .iter()
        .map(|word| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                power_quoted(word)
            }
        })
        .collect();
    format!(
        "$token = {command}\nif ($LASTEXITCODE -ne 0) {{ exit $LASTEXITCODE }}\n\
         Invoke-RestMethod -Headers @{{ Authorization = \"Bearer $token\" }} `\n    \
         -Uri {graph} | Select-Object -ExpandProperty value\n",
        command = words.join(" "),
        graph = power_quoted(&format!("{}/v1.0/me/messages?$top=5&$select=subject", with.graph)),
    )
}

fn string(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `word` between single quotes, of which PowerShell knows five kinds.
fn power_quoted(word: &str) -> String {
    let double = |c: char| {
        let times = if "'\u{2018}\u{2019}\u{201a}\u{201b}".contains(c) { 2 } else { 1 };
        std::iter::repeat_n(c, times)
    };
    format!("'{}'", word.chars().flat_map(double).collect::<String>())
}
