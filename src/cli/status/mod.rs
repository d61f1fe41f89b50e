//! `entrada status`.

mod all;
mod documents;

use super::app::App;
use super::progress::Progress;
use super::stored_sign_in;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::{Span, flags};
use crate::render::{self, Format};
use entrada_auth::flow;
use entrada_auth::flow::RefusedRefresh;
use entrada_auth::flow::forecast::{Forecast, forecast};
use entrada_auth::store::{AccountEntry, CachedToken, Grant, StoreError, StoreErrorKind};
use entrada_auth::sys::Stream;
use entrada_core::entra::lifetimes::REFRESH_INACTIVITY;
use entrada_core::{NumericDate, clean, human_duration, shell_quoted};
use entrada_diagnose::{self as diagnose, Context, Evidence};

use all::Table;
use documents::{Documents, document};

/// The settings that the command reads.
pub(super) type Flags = (flags::Identity, flags::Freshness, flags::Store, flags::Interaction);

#[derive(clap::Args)]
pub(super) struct Args {
    /// The profile to use: its name in the configuration file; all accounts by default
    profile: Option<String>,
    /// Show all stored sign-ins, whatever the settings select, in one table with a forecast of how long each lasts
    #[arg(long, conflicts_with = "profile")]
    all: bool,
    /// The format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: Format,
}

/// A sign-in of the store, and its content.
struct Stored {
    entry: AccountEntry,
    /// What the item has; `None` if only the list names it; an error if it cannot be read.
    grant: Result<Option<StoredGrant>, StoreError>,
}

/// A grant, and what is known of its future.
struct StoredGrant {
    grant: Grant,
    forecast: Forecast,
    /// The refusal of its last refresh.
    refused: Option<RefusedRefresh>,
}

impl StoredGrant {
    /// The refusal after which the user has to sign in again.
    fn ended(&self) -> Option<&RefusedRefresh> {
        self.refused.as_ref().filter(|refused| refused.needs_sign_in)
    }
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let grants = app.grants(&settings)?;
    let entries = if args.all {
        grants.list()?
    } else if args.profile.is_some() {
        App::selected(&settings, &grants)?
    } else {
        // Given settings narrow the list; missing settings do not.
        let layer = &app.common.layer;
        let is = |given: Option<&String>, own: &str| {
            given.is_none_or(|given| given.eq_ignore_ascii_case(own))
        };
        let account = settings.get(|layer| &layer.account);
        let mut entries = grants.list()?;
        entries.retain(|entry| {
            is(layer.client_id.as_ref(), &entry.client_id)
                && is(layer.tenant.as_ref(), &entry.tenant)
        });
        grants.filter_by_account(entries, account.as_deref())
    };
    let now = app.sys.clock.now();
    let min_ttl = settings.get(|layer| &layer.min_ttl).map(Span::seconds);
    // One sign-in after the other, so that a store of many takes no more memory than its list.
    let mut shown = match args.output {
        Format::Json => Shown::Json(Documents::new(grants.describe())),
        Format::Human if args.all => Shown::Table(Table::default()),
        Format::Human => Shown::Each,
    };
    let progress = match shown {
        Shown::Table(_) => Progress::start(app),
        Shown::Json(_) | Shown::Each => Progress::start_beside_output(app),
    };
    let count = entries.len();
    let (mut damage, mut fault) = (None, None);
    for (index, entry) in entries.into_iter().enumerate() {
        progress.show(|| format!("reading {} of {count}: {}", index + 1, entry.label()));
        let key = entry.key();
        let grant = match grants.load(&key) {
            Err(error) if !is_damage(&error) => {
                fault = Some(error);
                break;
            }
            other => other.map(|grant| {
                grant.map(|grant| {
                    let refused = flow::refused_refresh(&grants, &key, &grant, now);
                    let permanent = refused.as_ref().filter(|refused| refused.is_permanent);
                    let permanent = permanent.map(|refused| refused.at);
                    let forecast = forecast(&key, &grant, grants.kind(), min_ttl, permanent);
                    StoredGrant { grant, forecast, refused }
                })
            }),
        };
        let stored = Stored { entry, grant };
        match &mut shown {
            Shown::Json(documents) => documents.add(app, document(&stored))?,
            Shown::Table(table) => table.add(&stored, now),
            Shown::Each => human(app, &stored, args.profile.as_deref(), now)?,
        }
        damage = damage.or(stored.grant.err());
    }
    drop(progress);
    match (shown, fault) {
        // What was shown before the fault stays a document.
        (Shown::Json(documents), Some(fault)) => {
            documents.end_if_begun(app)?;
            return Err(fault.into());
        }
        (_, Some(fault)) => return Err(fault.into()),
        (Shown::Json(documents), None) => documents.end(app)?,
        (_, None) if count == 0 => {
            app.ui.line(format!("no account is signed in ({})", grants.describe()));
            for other in stored_sign_in::other_sign_ins(app, &settings) {
                app.ui.line(format!("help: {other}"));
            }
        }
        (shown, None) => {
            if let Shown::Table(table) = shown {
                table.show(app)?;
            }
            app.ui.line(format!("kept in {}", grants.describe()));
        }
    }
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    damage.map_or(Ok(Exit::Success), |error| Err(error.into()))
}

/// How the sign-ins are shown.
enum Shown {
    Json(Documents),
    Table(Table),
    /// As paragraphs.
    Each,
}

/// Why an item cannot be shown.
fn unreadable(error: &StoreError) -> String {
    match &error.reason {
        StoreErrorKind::Corrupt(what) => format!("damaged: {what}"),
        other => format!("unreadable: {other}"),
    }
}

/// Whether only this one item cannot be read.
fn is_damage(error: &StoreError) -> bool {
    matches!(
        error.reason,
        StoreErrorKind::Corrupt(_)
            | StoreErrorKind::WrongKey(_)
            | StoreErrorKind::WrongKeyKind { .. }
            | StoreErrorKind::RekeyUnfinished(_)
            | StoreErrorKind::Newer(_)
    )
}

fn human(
    app: &mut App<'_, '_>,
    stored: &Stored,
    profile: Option<&str>,
    now: NumericDate,
) -> Result<(), Failure> {
    let Stored { entry, grant } = stored;
    let style = style_of(app.sys, Stream::Stdout);
    let refused = grant.as_ref().ok().and_then(|own| own.as_ref()?.refused.as_ref());
    let remedy = refused.map(|refused| remedy(app, entry, profile, refused)).unwrap_or_default();
    writeln!(app.stdout, "{}", render::heading(style, &clean(entry.label())))?;
    let mut line = |name: &str, value: &str| {
        render::field(app.stdout, style, &format!("  {name:15}"), &clean(value))
    };
    line("client", &format!("{} at {}/{}", entry.client_id, entry.authority, entry.tenant))?;
    let stored = match grant {
        Ok(Some(stored)) => stored,
        Ok(None) => {
            line("stored", "nothing: only the list names it")?;
            return Ok(());
        }
        Err(error) => {
            line("stored", &unreadable(error))?;
            return Ok(());
        }
    };
    let grant = &stored.grant;
    if let Some(refused) = &stored.refused {
        let (when, permanently) =
            (past(refused.at, now), if refused.is_permanent { ", permanently" } else { "" });
        let cause = cause(refused).map_or_else(String::new, |(_, message)| format!(": {message}"));
        line("last refresh", &format!("refused by the authority, {when}{permanently}{cause}"))?;
        line("what to do", &remedy)?;
    }
    let signed_in = grant.signed_in_at.map_or_else(
        || format!("at an unknown time ({})", grant.grant_type),
        |at| format!("{at} ({}, {})", past(at, now), grant.grant_type),
    );
    line("signed in", &signed_in)?;
    if stored.ended().is_none() {
        line("refresh token", &refresh_token(grant, now))?;
    }
    for token in &grant.access_tokens {
        line("access token", &format!("{}; {}", life(token, now), token.requested.api()))?;
    }
    Ok(())
}

/// The rule and the message of the cause of a refusal.
fn cause(refused: &RefusedRefresh) -> Option<(&'static str, String)> {
    let evidence = Evidence {
        refusal: Some(refused.error.clone()),
        context: Context { grant_type: Some("refresh_token".to_owned()), ..Context::default() },
        ..Evidence::default()
    };
    let diagnosis = diagnose::run(&evidence);
    let cause = diagnosis.cause()?;
    Some((cause.rule.id.as_str(), cause.message.to_string()))
}

/// What to do after the refusal of a refresh, with the profile that was asked about.
fn remedy(
    app: &App<'_, '_>,
    entry: &AccountEntry,
    profile: Option<&str>,
    refused: &RefusedRefresh,
) -> String {
    let login = |name| format!("`entrada login {}`", shell_quoted(name));
    match cause(refused) {
        _ if refused.needs_sign_in => {
            let login = profile.map_or_else(|| stored_sign_in::login_command(app, entry), login);
            format!("sign in again: {login}")
        }
        Some((id, _)) => format!("`entrada explain {id}`"),
        None => "`entrada token` shows the authority's answer".to_owned(),
    }
}

fn refresh_token(grant: &Grant, now: NumericDate) -> String {
    if grant.refresh_token.is_none() {
        return "none: sign in again when the access token expires".to_owned();
    }
    if now < grant.refreshed_at {
        let came = past(grant.refreshed_at, now);
        return format!("received {came}; its expiry cannot be computed from that clock");
    }
    let known = grant.refresh_expires_at;
    let end = known.unwrap_or(grant.refreshed_at.plus_seconds(REFRESH_INACTIVITY));
    let left = end.seconds_since(now);
    let end = match (0 < left, known.is_some()) {
        (true, true) => format!("expires in {}", human_duration(left)),
        (true, false) => format!("expires in about {}, unless it is used", about(left)),
        (false, true) => format!("expired {} ago", human_duration(left)),
        (false, false) => "has probably expired: it was not used for too long".to_owned(),
    };
    format!("received {}; {end}", past(grant.refreshed_at, now))
}

/// `seconds` in whole days, where it is that long.
fn about(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    human_duration(if DAY <= seconds { (seconds + DAY / 2) / DAY * DAY } else { seconds })
}

/// How long ago `at` was; the clock may have been wrong.
fn past(at: NumericDate, now: NumericDate) -> String {
    let ago = now.seconds_since(at);
    if ago < 0 {
        format!("{} in the future of this machine's clock", human_duration(ago))
    } else {
        format!("{} ago", human_duration(ago))
    }
}

fn life(token: &CachedToken, now: NumericDate) -> String {
    if now < token.received_at {
        let came = past(token.received_at, now);
        return format!("not used: received {came}");
    }
    let left = token.expires_at.seconds_since(now);
    if 0 < left {
        format!("{} left", human_duration(left))
    } else {
        format!("expired {} ago", human_duration(left))
    }
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
            stdout
                .matches("  stored         damaged: wrong key or altered file; the key opens other")
                .count(),
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
