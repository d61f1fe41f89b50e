//! Where the sign-ins of a new profile are kept: the keyring, encrypted files with a key file, or encrypted files with a
//! passphrase, in this order.

use super::super::app::App;
use super::super::help::hanging;
use super::super::platform::READS_KEY_FILE;
use super::super::store::{default_key_file, make_key_file, named_key_files};
use super::super::{Exit, Failure};
use super::init::question;
use crate::config::{Layer, Settings};
use entrada_auth::store::{StoreKind, StoredKeys};
use entrada_core::clean;

/// Bytes of the item by which a keyring is tried.
const TRIAL: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Keyring,
    KeyFile,
    Passphrase,
}

/// Chooses the store, unless a flag, a variable or the file names one that needs no choice. What is chosen is set in `layer`.
pub(super) fn choose(
    app: &mut App<'_, '_>,
    settings: &Settings,
    layer: &mut Layer,
    ask: bool,
) -> Result<(), Failure> {
    let named = settings.get(|layer| &layer.store);
    let has_key = app.given_key(settings)?.is_some();
    let choice = match named {
        Some(StoreKind::File) if !has_key && ask => of_files(app)?,
        Some(StoreKind::File) if !has_key => Choice::KeyFile,
        None if ask => of_all(app, settings)?,
        _ => return Ok(()),
    };
    match choice {
        Choice::Keyring => layer.store = Some(StoreKind::Keyring),
        Choice::KeyFile if has_key => layer.store = Some(StoreKind::File),
        Choice::KeyFile => {
            let stored = StoredKeys::of(&app.paths()?.data)?;
            let path = default_key_file(app)?;
            let named = named_key_files(app).into_iter().find(|path| path.exists());
            let path = match named {
                Some(named) if stored.has_key && !path.exists() => named,
                _ => path,
            };
            if stored.has_passphrase && !stored.has_key {
                return Err(Failure::new(
                    Exit::Store,
                    "the store was made with a passphrase, so a key file does not open it; nothing was written",
                )
                .help("give the store a key file: `entrada store rekey --store file`; then run this command again"));
            }
            if stored.has_key && !path.exists() {
                return Err(Failure::new(
                    Exit::Store,
                    "the store was made with a key that is in another place; nothing was written",
                )
                .help("name the file with that key: `--store file --store-key-file FILE`"));
            }
            let is_new = make_key_file(app, &path)?;
            let shown = path.to_string_lossy().into_owned();
            app.ui.line(if is_new {
                format!(
                    "wrote a new key to {}, {READS_KEY_FILE}; keep a copy: without it the sign-ins cannot be read",
                    clean(&shown)
                )
            } else {
                format!("the key is in {}", clean(&shown))
            });
            layer.store = Some(StoreKind::File);
            layer.store_key_file = Some(shown);
        }
        Choice::Passphrase => {
            layer.store = Some(StoreKind::File);
            app.ui.line(
                "each command asks for the passphrase, so this profile is not for scripts; `entrada store rekey` changes that",
            );
        }
    }
    Ok(())
}

/// The question whose answer is one of `choices`, each with its words.
fn pick(
    app: &mut App<'_, '_>,
    choices: &[(Choice, &str, String)],
    default: usize,
    refused: Option<&(Choice, String)>,
) -> Result<Choice, Failure> {
    let width = choices.iter().map(|(_, name, _)| name.len()).max().unwrap_or_default();
    let rows = choices.iter().enumerate().map(|(index, (_, name, about))| {
        let first = format!("  {}  {name:width$}  ", index + 1);
        // Without a terminal, each on one line.
        let columns = app.ui.style.width.unwrap_or(usize::MAX >> 1);
        hanging(about, &first, first.len(), columns) + "\n"
    });
    let rows: String = rows.collect();
    app.ui.page(&format!("Where are sign-ins kept?\n{rows}"));
    let read = |text: &str| {
        let by_number =
            text.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
        let name = text.to_ascii_lowercase().replace(['-', ' '], "");
        let by_name = || choices.iter().find(|(_, own, _)| own.replace(' ', "") == name);
        match (by_number.or_else(by_name), refused) {
            (Some((choice, ..)), Some((no, why))) if choice == no => Err(why.clone()),
            (Some((choice, ..)), _) => Ok(*choice),
            (None, _) => Err(format!("answer with a number from 1 to {}", choices.len())),
        }
    };
    question(app, "Your choice", &default.to_string(), read)
}

fn file_choices(app: &App<'_, '_>) -> Result<[(Choice, &'static str, String); 2], Failure> {
    let path = default_key_file(app)?;
    let path = clean(&path.to_string_lossy()).into_owned();
    let verb =
        if std::path::Path::new(&path).exists() { "with the key in" } else { "with a new key in" };
    Ok([
        (Choice::KeyFile, "key file", format!("encrypted files, {verb} {path}; for scripts too")),
        (
            Choice::Passphrase,
            "passphrase",
            "encrypted files; you type a passphrase at each command; not for scripts".to_owned(),
        ),
    ])
}

fn of_files(app: &mut App<'_, '_>) -> Result<Choice, Failure> {
    let choices = file_choices(app)?;
    pick(app, &choices, 1, None)
}

fn of_all(app: &mut App<'_, '_>, settings: &Settings) -> Result<Choice, Failure> {
    let tried = app.grants(settings).and_then(|grants| Ok(grants.test_write(TRIAL)?));
    let refused = tried.err().map(|failure| failure.reason());
    let keyring = match &refused {
        None => "the keyring of this desktop; open while you are logged in".to_owned(),
        Some(why) => format!("not usable here: {why}"),
    };
    let default = if refused.is_some() { 2 } else { 1 };
    let [key_file, passphrase] = file_choices(app)?;
    let choices = [(Choice::Keyring, "keyring", keyring), key_file, passphrase];
    let refused =
        refused.map(|why| (Choice::Keyring, format!("the keyring is not usable here: {why}")));
    pick(app, &choices, default, refused.as_ref())
}
