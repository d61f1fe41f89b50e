//! Mail programs of others in the sandbox, unmodified, up to their mailbox, and what is found about each.

use crate::consumers::python;
use crate::sandbox_programs::{run_script, succeeded};

/// Mutt's script, with the settings at its head filled in as its user does.
const MUTT_OAUTH2: &str = r#"
umask 077
client=11111111-1111-1111-1111-111111111111
sed -e "s/^\(EN\|DE\)CRYPTION_PIPE = .*/\1CRYPTION_PIPE = ['cat']/" \
    -e "/'microsoft'/,/^    },/s/'client_id': ''/'client_id': '$client'/" \
    /usr/share/doc/mutt/examples/mutt_oauth2.py >$HOME/mutt_oauth2.py
mutt_oauth2() { python3 $HOME/mutt_oauth2.py "$@" $HOME/token; }
authorize() { printf 'microsoft\n%s\nada@contoso.example\n' $1 | mutt_oauth2 --authorize; }
"#;

#[test]
fn mutts_script_signs_in_and_refreshes_without_scope() {
    let script = format!(
        r#"{MUTT_OAUTH2}
authorize devicecode || exit
mutt_oauth2 --verbose --test | grep authentication >&2
sed -i 's/"access_token_expiration": "[^"]*"/"access_token_expiration": "2020-01-01T00:00:00"/' $HOME/token
mutt_oauth2 | wc -c >&2
"#
    );
    let ran = succeeded(&script, &[]);
    for part in ["IMAP authentication succeeded", "SMTP authentication succeeded"] {
        ran.has(part);
    }
    ran.found("warning refresh-without-scope");
    ran.found_only(&["warning refresh-without-scope", "note secret-of-public-client"]);
}

#[test]
fn mutts_script_sends_no_state_and_logs_the_code() {
    let ran = succeeded(&format!("{MUTT_OAUTH2}\nauthorize localhostauthcode"), &[]);
    ran.found("warning state-missing");
    ran.found("warning secret-in-log");
    ran.found_only(&[
        "warning state-missing",
        "warning secret-in-log",
        "note secret-of-public-client",
    ]);
}

#[test]
fn the_sign_in_of_mutts_script_ends_at_slow_down_and_at_a_passing_fault() {
    let script = format!("{MUTT_OAUTH2}\nauthorize devicecode");
    for (scenario, finding) in [
        ("slow-down", "warning sign-in-ends-at-slow-down"),
        ("throttled", "warning sign-in-ends-at-passing-fault"),
        ("outage", "warning sign-in-ends-at-passing-fault"),
    ] {
        let ran = run_script(&script, &["--scenario", scenario]);
        ran.found(finding);
        ran.found_only(&[finding, "note secret-of-public-client"]);
    }
}

#[test]
fn getmail_keeps_its_token_in_a_readable_file() {
    let ran = succeeded(
        r#"
umask 022
cd $HOME
at=https://login.microsoftonline.com/organizations/oauth2/v2.0
cat >token.json <<END
{"scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access", "user": "ada@contoso.example",
 "client_id": "11111111-1111-1111-1111-111111111111", "client_secret": "",
 "token_uri": "$at/token", "auth_uri": "$at/authorize"}
END
python3 -u $(command -v getmail-gmail-xoauth-tokens) --init token.json >&2 || exit
cat >getmailrc <<END
[retriever]
type = SimpleIMAPSSLRetriever
server = outlook.office365.com
username = ada@contoso.example
use_xoauth2 = True
password_command = ("getmail-gmail-xoauth-tokens", "token.json")
[destination]
type = MDA_external
path = /bin/true
allow_root_commands = True
END
# Its wait for a program that has ended already never returns.
for try in 1 2 3 4 5; do timeout 10 getmail --getmaildir $HOME --rcfile getmailrc >&2 && break; done
sed -i 's/"expires_at": [0-9.]*/"expires_at": 1/' token.json
getmail-gmail-xoauth-tokens token.json | wc -c >&2
"#,
        &[],
    );
    ran.has("msg 1/3");
    for finding in [
        "error state-missing",
        "error secret-in-readable-file",
        "error secret-in-log",
        "warning secret-in-log",
        "warning pkce-missing",
        "warning refresh-without-scope",
    ] {
        ran.found(finding);
    }
}

/// email-oauth2-proxy before Exchange, and a mail client that knows passwords only.
#[test]
fn email_oauth2_proxy_sends_no_challenge_and_logs_the_code() {
    let script = format!(
        r#"
umask 077
cd $HOME
cat >emailproxy.config <<END
[IMAP-1993]
server_address = outlook.office365.com
server_port = 993
local_address = 127.0.0.1
[ada@contoso.example]
permission_url = https://login.microsoftonline.com/common/oauth2/v2.0/authorize
token_url = https://login.microsoftonline.com/common/oauth2/v2.0/token
oauth2_scope = https://outlook.office.com/IMAP.AccessAsUser.All offline_access
redirect_uri = http://localhost:8080
client_id = 11111111-1111-1111-1111-111111111111
END
python={}
$python -m emailproxy --no-gui --local-server-auth --debug --config-file emailproxy.config &
proxy=$!
$python - >&2 <<'END'
import imaplib, time
for attempt in range(50):
    try:
        imap = imaplib.IMAP4("127.0.0.1", 1993)
        break
    except OSError:
        time.sleep(0.2)
imap.login("ada@contoso.example", "a password of the proxy")
print("messages", imap.select("INBOX", readonly=True)[1])
END
kill -INT $proxy
wait
true
"#,
        python().display()
    );
    let ran = succeeded(&script, &[]);
    ran.has("messages [b'3']");
    ran.found("warning pkce-missing");
    ran.found("warning secret-in-log");
    ran.found_only(&["warning pkce-missing", "warning secret-in-log"]);
}

/// Gets a refresh token for programs whose user brings it.
const REFRESH_TOKEN: &str = r#"
umask 077
get_refresh_token() {
at=https://login.microsoftonline.com/organizations/oauth2/v2.0
client=client_id=11111111-1111-1111-1111-111111111111
scope="https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
member() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
code=$(curl -sS $at/devicecode -d $client --data-urlencode "scope=$scope" | member device_code)
grant=grant_type=urn:ietf:params:oauth:grant-type:device_code
for attempt in 1 2 3 4 5; do
    sleep 6
    refresh=$(printf '%s&%s&device_code=%s' $grant $client $code | curl -sS $at/token -d @- | member refresh_token)
    case $refresh in *authorization_pending*) ;; *) break ;; esac
done
}
"#;

/// OfflineIMAP. The first run makes the configuration.
const OFFLINEIMAP: &str = r"
configure() {
get_refresh_token
cat >$HOME/.offlineimaprc <<END
[general]
accounts = a
ui = basic
[Account a]
localrepository = l
remoterepository = r
[Repository l]
type = Maildir
localfolders = ~/Mail
[Repository r]
type = IMAP
remotehost = outlook.office365.com
ssl = yes
sslcacertfile = /etc/ssl/certs/ca-certificates.crt
remoteuser = ada@contoso.example
auth_mechanisms = XOAUTH2
oauth2_request_url = https://login.microsoftonline.com/common/oauth2/v2.0/token
oauth2_client_id = 11111111-1111-1111-1111-111111111111
oauth2_client_secret =
oauth2_refresh_token = $refresh
readonly = True
END
}
[ -e $HOME/.offlineimaprc ] || configure
offlineimap -o -1 >&2
";

#[test]
fn offlineimap_fetches_mail_and_refreshes_without_scope() {
    let ran = succeeded(&format!("{REFRESH_TOKEN}{OFFLINEIMAP}"), &[]);
    ran.has("Finished account 'a'");
    ran.has("Copy message UID 1");
    ran.found("warning refresh-without-scope");
    ran.found("note secret-of-public-client");
}

/// Its second run shows the refresh token in the error, too.
#[test]
fn offlineimap_does_not_keep_the_new_refresh_token() {
    let script = format!("{REFRESH_TOKEN}{OFFLINEIMAP}");
    let ran = run_script(&script, &["--runs", "2", "--scenario", "rotate-and-revoke"]);
    assert_ne!(ran.code, 0, "{ran}");
    ran.found("error rotated-token-not-kept");
    ran.found("error secret-in-log");
    ran.found_only(&[
        "error rotated-token-not-kept",
        "error secret-in-log",
        "warning refresh-without-scope",
        "warning token-requested-again",
        "note secret-of-public-client",
    ]);
}

/// It is a program for a terminal, which shows the mailbox until it is ended. Without `--foreground`, `timeout` would put it in the
/// background of the terminal, where it is stopped, unless the shell of `script` has replaced itself by `timeout`.
#[test]
fn aerc_does_not_keep_the_new_refresh_token() {
    let script = format!(
        r"{REFRESH_TOKEN}
client_id=11111111-1111-1111-1111-111111111111
endpoint=https%3A%2F%2Flogin.microsoftonline.com%2Fcommon%2Foauth2%2Fv2.0%2Ftoken
configure() {{
get_refresh_token
mkdir -p $HOME/.config/aerc
cat >$HOME/.config/aerc/accounts.conf <<END
[a]
source = imaps+xoauth2://ada%40contoso.example:$refresh@outlook.office365.com?client_id=$client_id&token_endpoint=$endpoint
from = Ada <ada@contoso.example>
END
}}
[ -e $HOME/.config/aerc ] || configure
TERM=xterm script -qefc 'timeout --foreground 15 aerc' /dev/null </dev/null >/dev/null 2>&1
"
    );
    let ran = run_script(&script, &["--runs", "2"]);
    ran.found("error rotated-token-not-kept");
    ran.found_only(&[
        "error rotated-token-not-kept",
        "warning refresh-without-scope",
        "warning token-requested-again",
    ]);
}
