//! `entrada git-credential`: a credential helper (git's `gitcredentials`, `git-credential`) for Azure DevOps.

use std::io::Read;

use super::app::App;
use super::failure::of_acquire;
use super::input::read_text;
use super::obtain::{Ask, obtain};
use super::{Exit, Failure};
use crate::flow;

/// Answer git for Azure DevOps, as its credential helper
///
/// git config --global credential.https://dev.azure.com.helper '!entrada git-credential'
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What git wants: `get`, `store` or `erase`
    operation: String,
}

/// Azure DevOps (Microsoft's "Microsoft Entra tokens" for Azure DevOps).
const AZURE_DEVOPS: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
/// Bytes of a description of a credential; git writes some hundred.
const DESCRIPTION_MAX: u64 = 64 << 10;

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let asked = Description::read(app.stdin)?;
    // Others' hosts are other helpers' affair, and so is whatever git may ask one day.
    if !asked.is_of_azure_devops() || !matches!(args.operation.as_str(), "get" | "erase") {
        return Ok(Exit::Success);
    }
    app.common.layer.scope = Some(vec![AZURE_DEVOPS.to_owned()]);
    app.common.layer.job = Some(Vec::new());
    let settings = app.settings(None)?;
    if args.operation == "erase" {
        // The server did not take it: the next one is to be fresh.
        let Some(refused) = asked.secret() else { return Ok(Exit::Success) };
        let request = app.request(&settings, &[], app.interaction(&settings))?;
        let grants = app.grants(&settings)?;
        flow::drop_token(app.sys, &grants, &request, refused).map_err(|error| {
            let evidence = app.evidence(&settings, &request, None);
            of_acquire(error, evidence, &app.login_command(&settings))
        })?;
        return Ok(Exit::Success);
    }
    let acquired = obtain(app, &settings, "git-credential", Ask::default())?;
    let token = acquired.token.access_token.expose();
    if asked.takes_bearer() {
        writeln!(
            app.stdout,
            "capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1"
        )?;
    } else {
        // An older git knows passwords alone, and Azure DevOps takes a token for one.
        let told = acquired.account.username.as_deref();
        let name = asked.value("username").or(told).unwrap_or("entrada");
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        writeln!(app.stdout, "username={name}\npassword={token}")?;
    }
    writeln!(app.stdout, "password_expiry_utc={}", acquired.token.expires_at.0)?;
    app.stdout.flush()?;
    Ok(Exit::Success)
}

/// `contoso.visualstudio.com`. What has more names before it may be somebody's program behind a tunnel.
fn is_an_organisation(host: &str) -> bool {
    let name = host.strip_suffix(".visualstudio.com").unwrap_or_default();
    !name.is_empty() && !name.contains('.')
}

/// What git says of the credential: `key=value` lines.
struct Description(Vec<(String, String)>);

impl Description {
    fn read(from: &mut dyn Read) -> Result<Self, Failure> {
        let text = read_text(&mut from.take(DESCRIPTION_MAX))?;
        let lines = text.expose().lines().take_while(|line| !line.is_empty());
        let pairs = lines.filter_map(|line| line.split_once('='));
        Ok(Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()))
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    fn is_of_azure_devops(&self) -> bool {
        let host = self.value("host").unwrap_or_default().to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host);
        self.value("protocol") == Some("https")
            && (host == "dev.azure.com" || is_an_organisation(host))
    }

    /// Whether git (2.46 and later) can send a token as what it is.
    fn takes_bearer(&self) -> bool {
        self.0.iter().any(|(key, value)| key == "capability[]" && value == "authtype")
    }

    fn secret(&self) -> Option<&str> {
        self.value("credential").or_else(|| self.value("password"))
    }
}
