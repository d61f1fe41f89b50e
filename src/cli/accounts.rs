//! `entrada accounts`.

use std::collections::{BTreeMap, BTreeSet};

use super::app::App;
use super::common::Invocation;
use super::stored_sign_in::Application;
use super::ui::style_of;
use super::{Exit, Failure};
use crate::config::flags;
use crate::render::{self, Format};
use entrada_auth::store::{AccountEntry, Grants, StoreKind};
use entrada_auth::sys::Stream;
use entrada_core::{clean, shell_quoted};

/// The settings that the command reads.
pub(super) type Flags = (flags::Store, flags::Interaction);

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<AccountsCommand>,
    /// The format of the list
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    output: Format,
}

#[derive(clap::Subcommand)]
enum AccountsCommand {
    /// Choose the account that commands use where several are signed in and none is named
    Use(Invocation<Use, (flags::Identity, flags::Store, flags::Interaction)>),
}

#[derive(clap::Args)]
struct Use {
    /// The account: its user name or id
    #[arg(id = "chosen-account", value_name = "ACCOUNT")]
    account: String,
    /// The profile to use: its name in the configuration file
    profile: Option<String>,
}

pub(super) fn run(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    match &args.command {
        Some(AccountsCommand::Use(own)) => own.run(app, choose),
        None => list(args, app),
    }
}

fn list(args: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(None)?;
    let grants = app.grants(&settings)?;
    let entries = grants.list()?;
    match args.output {
        Format::Json => {
            let choices = Choices::of(&grants, &entries);
            let mut accounts = Vec::new();
            for entry in &entries {
                let mut account = serde_json::to_value(entry).map_err(std::io::Error::from)?;
                account["chosen"] = choices.has(entry).into();
                account["chosen_for_profiles"] = choices.profiles(entry).into();
                accounts.push(account);
            }
            let document =
                serde_json::json!({ "version": render::json::VERSION, "accounts": accounts });
            app.json(&document)?;
        }
        Format::Human if entries.is_empty() => {
            app.ui.line(format!("no account is signed in ({})", grants.describe()));
        }
        Format::Human => {
            let choices = Choices::of(&grants, &entries);
            let rows: Vec<Vec<String>> = entries
                .iter()
                .map(|entry| {
                    vec![
                        choices.label(entry),
                        entry.tenant.clone(),
                        entry.client_id.clone(),
                        entry.authority.clone(),
                        entry.saved_at.to_string(),
                    ]
                })
                .collect();
            let headings = ["account", "tenant", "client", "authority", "since"];
            let style = style_of(app.sys, Stream::Stdout);
            if render::table_fits(&headings, &rows, style) {
                render::table(app.stdout, &headings, &rows)?;
            } else {
                // One after the other, where the line is too narrow for all of it.
                for row in &rows {
                    for (heading, value) in headings.iter().zip(row) {
                        let indent = if *heading == "account" { "" } else { "  " };
                        render::wrapped(
                            app.stdout,
                            style.width,
                            &format!("{indent}{heading}: {value}"),
                        )?;
                    }
                }
            }
        }
    }
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    Ok(Exit::Success)
}

/// The accounts that are used where several are signed in for one application.
struct Choices(BTreeMap<Application, Choice>);

/// Those of one application.
struct Choice {
    /// The account of a run like this one.
    here: Option<String>,
    /// Profiles with a choice of their own, and their accounts.
    by_profile: BTreeMap<String, String>,
}

impl Choices {
    fn of(grants: &Grants, entries: &[AccountEntry]) -> Self {
        let mut counts: BTreeMap<Application, usize> = BTreeMap::new();
        for entry in entries {
            *counts.entry(Application::of_entry(entry)).or_default() += 1;
        }
        let several = counts.into_iter().filter(|(_, count)| 1 < *count);
        let choice = |application: &Application| Choice {
            here: grants.default_account(&application.query()),
            by_profile: grants.defaults_of(&application.query()).chosen_by_profile,
        };
        Self(several.map(|(application, _)| (application.clone(), choice(&application))).collect())
    }

    /// Whether a run like this one uses `entry`.
    fn has(&self, entry: &AccountEntry) -> bool {
        let choice = self.0.get(&Application::of_entry(entry));
        choice.is_some_and(|choice| choice.here.as_ref() == Some(&entry.account))
    }

    /// The profiles for which `entry` is chosen.
    fn profiles(&self, entry: &AccountEntry) -> Vec<&str> {
        let choice = self.0.get(&Application::of_entry(entry));
        let all = choice.into_iter().flat_map(|choice| &choice.by_profile);
        let own = all.filter(|(_, account)| **account == entry.account);
        own.map(|(profile, _)| profile.as_str()).collect()
    }

    /// The name of `entry`, with what it is chosen for.
    fn label(&self, entry: &AccountEntry) -> String {
        let mut notes: Vec<String> =
            self.has(entry).then(|| "chosen".to_owned()).into_iter().collect();
        let profiles = self.profiles(entry);
        notes.extend(profiles.iter().map(|profile| format!("chosen for the profile {profile}")));
        let label = entry.label();
        if notes.is_empty() { label.to_owned() } else { format!("{label} ({})", notes.join("; ")) }
    }
}

/// `entrada accounts use`.
fn choose(args: &Use, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    let settings = app.settings(args.profile.as_deref())?;
    let wanted = &args.account;
    if let Some(named) = settings.get(|layer| &layer.account) {
        return Err(Failure::usage(format!(
            "the settings name the account `{}`, so no choice is made",
            clean(&named)
        ))
        .help("change `account` there: `entrada config show` says where it is set"));
    }
    let grants = app.grants(&settings)?;
    if grants.kind() == StoreKind::Memory {
        return Err(Failure::usage("the memory store keeps no accounts")
            .help("name the store of the sign-in: `--store`"));
    }
    let named_client = settings.get(|layer| &layer.client_id).is_some();
    let of_client = if named_client { Some(Application::of(&settings)?) } else { None };
    let mut all = grants.list()?;
    all.retain(|entry| {
        of_client.as_ref().is_none_or(|application| Application::of_entry(entry) == *application)
    });
    let found = grants.signed_in(grants.filter_by_account(all.clone(), Some(wanted)));
    for warning in grants.take_warnings() {
        app.ui.line(format!("warning: {warning}"));
    }
    let entry = match &found[..] {
        [entry] => entry,
        [] => return Err(not_signed_in(wanted, &all, args.profile.as_deref())),
        several => return Err(not_one(wanted, several)),
    };
    let application = Application::of_entry(entry);
    grants.change_defaults(&application.query(), |defaults| {
        defaults.choose(settings.profile.as_deref(), entry.account.clone());
    })?;
    let whose = match settings.profile.as_deref() {
        Some(profile) => format!("commands with the profile `{}`", clean(profile)),
        None => {
            format!("commands for the client {} without a profile", application.query().client_id)
        }
    };
    app.ui.line(format!(
        "{whose} use {} from now on, unless `--account` names another",
        entry.label()
    ));
    Ok(Exit::Success)
}

fn not_signed_in(wanted: &str, all: &[AccountEntry], profile: Option<&str>) -> Failure {
    let names: BTreeSet<&str> = all.iter().map(AccountEntry::label).collect();
    let there = if names.is_empty() {
        "no account is".to_owned()
    } else {
        format!("there are: {}", names.into_iter().collect::<Vec<_>>().join(", "))
    };
    let profile = profile.map_or_else(String::new, |profile| format!(" {}", shell_quoted(profile)));
    Failure::usage(format!("`{}` is not signed in; {there}", clean(wanted))).help(format!(
        "sign in: `entrada login{profile} --account {}`",
        shell_quoted(&clean(wanted))
    ))
}

fn not_one(wanted: &str, several: &[AccountEntry]) -> Failure {
    let message = format!("`{}` is signed in more than once", clean(wanted));
    several.iter().fold(Failure::usage(message), |failure, entry| {
        failure.help(format!(
            "one of them: `entrada accounts use {} {}`",
            shell_quoted(&entry.account),
            Application::of_entry(entry).selectors()
        ))
    })
}
