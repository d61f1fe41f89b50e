//! `entrada git-credential`: a credential helper (git's `gitcredentials`, `git-credential`) for Azure DevOps.

use std::collections::BTreeMap;
use std::io::Read;

use url::Url;

use super::app::App;
use super::failure::of_acquire;
use super::input::read_text;
use super::obtain::{AcquireOptions, obtain};
use super::{Exit, Failure};
use crate::config::flags;
use entrada_auth::flow;

/// The settings that the command reads.
pub(super) type Flags = flags::AcquisitionExceptScopes;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The operation that git asks for: `get`, `store` or `erase`
    operation: String,
}

/// Azure DevOps (Microsoft's "Microsoft Entra tokens" for Azure DevOps).
const AZURE_DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
/// Bytes of a description of a credential; git writes some hundred.
const DESCRIPTION_MAX: u64 = 64 << 10;

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let asked = Description::read(app.stdin)?;
    // Other hosts and unknown operations are ignored: another helper may answer them.
    if !asked.is_of_azure_devops() || !matches!(args.operation.as_str(), "get" | "erase") {
        return Ok(Exit::Success);
    }
    app.common.layer.scope = Some(vec![AZURE_DEVOPS.to_owned()]);
    app.common.layer.job = Some(Vec::new());
    let settings = app.settings_of_sign_in(None)?;
    if args.operation == "erase" {
        // The server refused the token: refresh the next one.
        let Some(refused) = asked.secret() else { return Ok(Exit::Success) };
        let request = app.request(&settings, &[], app.interaction(&settings))?;
        let grants = app.grants(&settings)?;
        flow::forget_token(app.sys, &grants, &request, refused).map_err(|error| {
            let evidence = app.evidence(&settings, &request, None);
            of_acquire(error, evidence, &app.login_command(&settings))
        })?;
        return Ok(Exit::Success);
    }
    let acquired = obtain(app, &settings, "git-credential", AcquireOptions::default())?;
    let token = acquired.token.access_token.expose();
    if asked.takes_bearer() {
        writeln!(
            app.stdout,
            "capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1"
        )?;
    } else {
        // An older git knows only passwords, and Azure DevOps accepts a token as a password.
        let told = acquired.account.username.as_deref();
        let name = asked.value("username").or(told).unwrap_or("entrada");
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        writeln!(app.stdout, "username={name}\npassword={token}")?;
    }
    writeln!(app.stdout, "password_expiry_utc={}", acquired.token.expires_at.0)?;
    app.stdout.flush()?;
    Ok(Exit::Success)
}

/// `contoso.visualstudio.com`. A host with more labels before it may be another program behind a tunnel.
fn is_an_organisation(host: &str) -> bool {
    let name = host.strip_suffix(".visualstudio.com").unwrap_or_default();
    !name.is_empty() && !name.contains('.')
}

/// What git says of the credential: `key=value` lines, read as git itself reads them (git's `git-credential`,
/// "INPUT/OUTPUT FORMAT", and `credential.c`).
#[derive(Default)]
struct Description {
    /// Attributes with one value: the last that was given.
    single: BTreeMap<String, String>,
    /// Attributes whose key ends with `[]`, each with all its values in order; an empty one starts the list anew.
    lists: BTreeMap<String, Vec<String>>,
}

impl Description {
    fn read(from: &mut dyn Read) -> Result<Self, Failure> {
        // A description that is cut off could end before the attribute that counts.
        let text = read_text(&mut from.take(DESCRIPTION_MAX + 1))?;
        if DESCRIPTION_MAX < u64::try_from(text.expose().len()).unwrap_or(u64::MAX) {
            return Err(Failure::usage("the description of the credential is longer than 64 KiB"));
        }
        Self::parse(text.expose())
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut found = Self::default();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            // The line itself may be a password, and is not shown.
            let (key, value) = line.split_once('=').ok_or_else(|| {
                Failure::usage("the description of the credential has a line without `=`")
                    .help("git writes `key=value` lines; see `git help credential`")
            })?;
            if key.ends_with("[]") {
                let list = found.lists.entry(key.to_owned()).or_default();
                if value.is_empty() {
                    list.clear();
                } else {
                    list.push(value.to_owned());
                }
            } else if key == "url" {
                found = Self::of_address(value)?;
            } else {
                found.single.insert(key.to_owned(), value.to_owned());
            }
        }
        Ok(found)
    }

    /// Reads the attributes from a URL. Earlier attributes are discarded, as git does.
    fn of_address(address: &str) -> Result<Self, Failure> {
        let url = Url::parse(address).map_err(|_| {
            Failure::usage("the description of the credential has a `url` that is not a URL")
        })?;
        // `\` begins a path here, and is a character of the user name or the host for git.
        let authority = address.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        if authority.is_none_or(|authority| authority.contains('\\')) {
            return Err(Failure::usage(
                "the description of the credential has a `url` that programs read differently",
            ));
        }
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut single = BTreeMap::from([
            ("protocol".to_owned(), url.scheme().to_owned()),
            ("host".to_owned(), host),
        ]);
        // One with `%` in it would have to be decoded; without one, the account's own name is given.
        if !url.username().is_empty() && !url.username().contains('%') {
            single.insert("username".to_owned(), url.username().to_owned());
        }
        Ok(Self { single, lists: BTreeMap::new() })
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.single.get(key).map(String::as_str)
    }

    fn is_of_azure_devops(&self) -> bool {
        let host = self.value("host").unwrap_or_default().to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        self.value("protocol") == Some("https")
            && (host == "dev.azure.com" || is_an_organisation(host))
    }

    /// Whether git (2.46 and later) can send a token as what it is.
    fn takes_bearer(&self) -> bool {
        let capabilities = self.lists.get("capability[]");
        capabilities.is_some_and(|values| values.iter().any(|value| value == "authtype"))
    }

    fn secret(&self) -> Option<&str> {
        self.value("credential").or_else(|| self.value("password"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Description {
        Description::parse(&(lines.join("\n") + "\n")).unwrap()
    }

    #[test]
    fn of_an_attribute_that_comes_twice_the_last_counts() {
        for (lines, is_ours) in [
            (&["protocol=https", "host=dev.azure.com"][..], true),
            (&["protocol=https", "host=dev.azure.com", "host=evil.example"], false),
            (&["protocol=https", "host=evil.example", "host=dev.azure.com"], true),
            (&["protocol=https", "protocol=http", "host=dev.azure.com"], false),
            (&["protocol=http", "protocol=https", "host=dev.azure.com"], true),
            (&["protocol=https", "host=dev.azure.com", "host="], false),
            (&["protocol=https", "host=dev.azure.com", "host[]=evil.example"], true),
            (&["protocol=https", "host[]=dev.azure.com"], false),
            (&["protocol=https", "host=dev.azure.com", "url=https://evil.example/x"], false),
            (&["url=https://evil.example/x", "host=dev.azure.com"], true),
            (&["url=https://ada@dev.azure.com/contoso"], true),
            (&["url=https://dev.azure.com:443/contoso"], true),
            (&["url=https://dev.azure.com:8443/contoso"], false),
            (&["url=http://dev.azure.com/contoso"], false),
            (&["url=https://dev.azure.com/contoso/a\\b"], true),
            (&["protocol=https", "", "host=dev.azure.com"], false),
            (&["protocol=https\r", "host=dev.azure.com\r"], true),
        ] {
            assert_eq!(read(lines).is_of_azure_devops(), is_ours, "{lines:?}");
        }
        let twice = read(&["username=ada", "password=one", "username=bob", "password=two"]);
        assert_eq!((twice.value("username"), twice.secret()), (Some("bob"), Some("two")));
        let both = read(&["credential=one", "password=p", "credential=two"]);
        assert_eq!(both.secret(), Some("two"));
        let renamed = read(&["username=ada", "url=https://dev.azure.com/"]);
        assert_eq!(renamed.value("username"), None);
        let named = read(&["url=https://bob@dev.azure.com/"]);
        assert_eq!(named.value("username"), Some("bob"));
    }

    #[test]
    fn a_list_keeps_every_value_until_an_empty_one() {
        for (lines, takes_bearer) in [
            (&["capability[]=authtype"][..], true),
            (&["capability[]=authtype", "capability[]=state"], true),
            (&["capability[]=state", "capability[]=authtype"], true),
            (&["capability[]=authtype", "capability[]="], false),
            (&["capability[]=authtype", "capability[]=", "capability[]=state"], false),
            (&["capability[]=", "capability[]=authtype"], true),
            (&["capability[]=authtype", "wwwauth[]="], true),
            (&["capability=authtype"], false),
        ] {
            assert_eq!(read(lines).takes_bearer(), takes_bearer, "{lines:?}");
        }
    }

    #[test]
    fn what_git_would_not_read_is_refused_and_not_shown() {
        for text in [
            "protocol=https\nsecret-line\nhost=dev.azure.com\n",
            "url=secret-line",
            "url=https://dev.azure.com\\@secret-line/",
            "url=https:\\\\dev.azure.com/secret-line",
        ] {
            let error = Description::parse(text).err().unwrap();
            assert_eq!(error.exit, Exit::Usage);
            assert!(!format!("{error:?}").contains("secret-line"), "{error:?}");
        }
        let long = format!("host=dev.azure.com\n{}host=evil.example\n", "x=y\n".repeat(1 << 14));
        assert!(Description::read(&mut long.as_bytes()).is_err());
    }
}
