//! `entrada status`.

use super::app::App;
use super::talk::style_of;
use super::{Exit, Failure};
use crate::model::{NumericDate, clean, human_duration};
use crate::render::{self, Format};
use crate::store::{CachedToken, Entry, Grant, StoreError, Trouble};
use crate::sys::Stream;

/// Show what is stored, how old it is and how long it lasts
#[derive(clap::Args)]
pub(super) struct Args {
    /// A profile of the configuration file; every account when absent
    profile: Option<String>,
    /// How it is written
    #[arg(long, short, default_value = "human")]
    output: Format,
}

/// Seconds that Entra lets a refresh token lie unused: 90 days.
const INACTIVITY: i64 = 90 * 86_400;

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let grants = app.grants(&settings)?;
    let mut entries = grants.list()?;
    if args.profile.is_some() {
        entries = App::selected(&settings, entries)?;
    } else if let Some(account) = settings.get(|layer| &layer.account) {
        entries.retain(|entry| entry.is_called(&account));
    }
    let now = app.sys.clock.now();
    let (mut documents, mut damage) = (Vec::new(), None);
    for entry in &entries {
        let grant = match grants.load(&entry.key()) {
            Err(error) if !is_damage(&error) => return Err(error.into()),
            other => other,
        };
        match args.output {
            Format::Human => human(app, entry, &grant, now)?,
            Format::Json => documents.push(document(entry, &grant)),
        }
        damage = damage.or(grant.err());
    }
    match args.output {
        Format::Json => {
            let all = serde_json::json!({
                "version": render::json::VERSION,
                "store": grants.describe(),
                "accounts": documents,
            });
            render::json::write(app.stdout, &all)?;
        }
        Format::Human if entries.is_empty() => {
            app.talk.line(format!("nobody is signed in ({})", grants.describe()));
        }
        Format::Human => app.talk.line(format!("kept in {}", grants.describe())),
    }
    for warning in grants.take_warnings() {
        app.talk.line(format!("warning: {warning}"));
    }
    damage.map_or(Ok(Exit::Success), |error| Err(error.into()))
}

/// Whether only this one item cannot be read.
fn is_damage(error: &StoreError) -> bool {
    matches!(error.trouble, Trouble::Corrupt(_) | Trouble::Newer(_))
}

fn human(
    app: &mut App<'_, '_>,
    entry: &Entry,
    grant: &Result<Option<Grant>, StoreError>,
    now: NumericDate,
) -> Result<(), Failure> {
    let style = style_of(app.sys, Stream::Stdout);
    writeln!(app.stdout, "{}", render::heading(style, &clean(entry.label())))?;
    let mut line = |name: &str, value: &str| {
        render::field(app.stdout, style, &format!("  {name:15}"), &clean(value))
    };
    line("client", &format!("{} at {}/{}", entry.client_id, entry.authority, entry.tenant))?;
    let grant = match grant {
        Ok(Some(grant)) => grant,
        Ok(None) => {
            line("stored", "nothing: only the list names it")?;
            return Ok(());
        }
        Err(error) => {
            let trouble = match &error.trouble {
                Trouble::Corrupt(what) => format!("damaged: {what}"),
                other => format!("unreadable: {other}"),
            };
            line("stored", &trouble)?;
            return Ok(());
        }
    };
    let age = human_duration(now.seconds_since(grant.signed_in_at));
    line("signed in", &format!("{} ({age} ago, {})", grant.signed_in_at, grant.grant_type))?;
    line("refresh token", &refresh_token(grant, now))?;
    for token in &grant.access_tokens {
        line("access token", &format!("{}; {}", life(token, now), token.requested.api()))?;
    }
    Ok(())
}

fn refresh_token(grant: &Grant, now: NumericDate) -> String {
    if grant.refresh_token.is_none() {
        return "none: sign in again when the access token ends".to_owned();
    }
    let known = grant.refresh_expires_at;
    let end = known.unwrap_or(grant.refreshed_at.plus_seconds(INACTIVITY));
    let left = end.seconds_since(now);
    let when = if 0 < left { format!("in {}", human_duration(left)) } else { "by now".to_owned() };
    let what = if known.is_some() { "ends" } else { "if unused, ends about" };
    format!("{} old; {what} {when}", human_duration(now.seconds_since(grant.refreshed_at)))
}

fn life(token: &CachedToken, now: NumericDate) -> String {
    let left = token.expires_at.seconds_since(now);
    if 0 < left {
        format!("{} left", human_duration(left))
    } else {
        format!("expired {} ago", human_duration(left))
    }
}

fn document(entry: &Entry, grant: &Result<Option<Grant>, StoreError>) -> serde_json::Value {
    let error = grant.as_ref().err().map(ToString::to_string);
    let grant = grant.as_ref().ok().and_then(Option::as_ref);
    let tokens: Vec<_> = grant
        .into_iter()
        .flat_map(|grant| &grant.access_tokens)
        .map(|token| {
            serde_json::json!({
                "requested": token.requested.to_string(),
                "granted": token.granted.as_ref().map(ToString::to_string),
                "received_at": token.received_at,
                "expires_at": token.expires_at,
            })
        })
        .collect();
    let refresh_token = grant.map(|grant| {
        serde_json::json!({
            "present": grant.refresh_token.is_some(),
            "received_at": grant.refreshed_at,
            "expires_at": grant.refresh_expires_at,
        })
    });
    let mut document = serde_json::json!({
        "entry": entry,
        "signed_in_at": grant.map(|grant| grant.signed_in_at),
        "grant_type": grant.map(|grant| grant.grant_type.as_str()),
        "refresh_token": refresh_token,
        "access_tokens": tokens,
    });
    if let Some(error) = error {
        document["error"] = error.into();
    }
    document
}

#[cfg(feature = "emulator")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::logout::tests::{damage_beside, grants_in, run_in};

    #[test]
    fn a_damaged_grant_is_shown_as_one_and_hides_no_other() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(run_in(home.path(), "11", &["login"]).0, Exit::Success);
        damage_beside(home.path(), &grants_in(home.path(), "11"));
        let (exit, stdout, stderr) = run_in(home.path(), "11", &["status"]);
        assert_eq!(exit, Exit::Store, "{stderr}");
        assert_eq!(
            stdout.matches("  stored         damaged: wrong key or altered file").count(),
            1
        );
        assert_eq!(stdout.matches("  refresh token  ").count(), 1, "{stdout}");
        let (exit, stdout, _) = run_in(home.path(), "11", &["status", "-o", "json"]);
        assert_eq!(exit, Exit::Store);
        let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        let accounts = document["accounts"].as_array().unwrap();
        let errors: Vec<_> = accounts.iter().filter_map(|one| one["error"].as_str()).collect();
        assert_eq!((accounts.len(), errors.len()), (2, 1));
    }
}
