//! The file with the key of the `file` store.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::protected_key;
use crate::cli::app::App;
use crate::cli::input::utf_16;
use crate::cli::{Exit, Failure, platform};
use entrada_auth::sys::{
    FileTrust, InputFileError, OutputFile, OutputOptions, SMALL_FILE_MAX, check_path,
    read_input_file,
};
use entrada_core::{Secret, clean, shell_quoted};

/// Whether `path` is one by its looks, and no key that was written in its place: it begins as paths do, or its folder is there.
fn is_path(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let is_below = |start| {
        text.strip_prefix(start).is_some_and(|rest: &str| rest.starts_with(std::path::is_separator))
    };
    let begins = text.starts_with('~') || ["", ".", ".."].into_iter().any(is_below);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    path.is_absolute() || begins || path.exists() || folder.is_some_and(Path::is_dir)
}

/// The key of the `file` store in the file `path`. `is_new` says that the store has no sign-in yet.
pub(in crate::cli) fn key_in(path: &Path, is_new: bool) -> Result<Secret, Failure> {
    let bytes = read_input_file(path, SMALL_FILE_MAX, FileTrust::Secret).map_err(|error| {
        let shown = path.to_string_lossy();
        let shown = clean(&shown);
        if error.is_not_found() {
            let named = if is_path(path) {
                format!("there is no key file `{shown}`")
            } else {
                // It may be the key itself.
                "the file that `store-key-file` names does not exist".to_owned()
            };
            return missing(named, is_new);
        }
        if !is_path(path) {
            return Failure::new(
                Exit::Store,
                "cannot use what `store-key-file` names as a key file",
            );
        }
        let failure =
            Failure::new(Exit::Store, format!("cannot use the key file `{shown}`: {error}"));
        let quoted = |path: &Path| shell_quoted(&path.to_string_lossy());
        match &error {
            InputFileError::Readable { path, cure, .. } => {
                failure.help(format!("`chmod {cure} {}`", quoted(path)))
            }
            InputFileError::Writable(path) => {
                failure.help(format!("`chmod go-w {}`", quoted(path)))
            }
            _ => failure,
        }
    })?;
    // Bytes that are not text are not a key; the store reports that. PowerShell writes text in UTF-16, or with a byte order
    // mark.
    let decoded = utf_16(&bytes).map(Zeroizing::new);
    let text = match &decoded {
        Some(text) => text.as_str(),
        None => std::str::from_utf8(&bytes).unwrap_or_default(),
    };
    protected_key::open(text.trim_start_matches('\u{feff}').trim()).map_err(|reason| {
        let shown = path.to_string_lossy();
        Failure::new(Exit::Store, format!("cannot use the key file `{}`: {reason}", clean(&shown))).help(
            "bring the key itself to another machine, not this file: a key file that holds the key is read everywhere",
        )
    })
}

/// The failure of a run whose key file, as `named`, is not there.
fn missing(named: String, is_new: bool) -> Failure {
    let failure = Failure::new(Exit::Store, named);
    let make = platform::MAKE_KEY_FILE;
    if is_new {
        return failure.help(format!(
            "`store-key-file` holds the path of a file, never the key itself; make one: `{make}`"
        ));
    }
    failure
        .help(
            "the store has sign-ins, which only their own key opens: bring that file back, or give its path in `store-key-file` \
             or `--store-key-file`; nothing is lost",
        )
        .help(format!(
            "only if the key is lost: make a new file, `{make}`; then `entrada logout --everything` removes the sign-ins that it \
             does not open, and `entrada login` signs in again"
        ))
}

/// The path of the key file that entrada makes.
pub(in crate::cli) fn default_key_file(app: &App<'_, '_>) -> Result<PathBuf, Failure> {
    Ok(app.paths()?.config.join("store.key"))
}

/// Makes the key file `path` (mode 0600) with a new key, unless it is there. Returns whether it was made. It is on disk when
/// this returns.
pub(in crate::cli) fn make_key_file(app: &mut App<'_, '_>, path: &Path) -> Result<bool, Failure> {
    let is_new = app.has_new_file_store()?;
    if path.exists() {
        key_in(path, is_new)?;
        return Ok(false);
    }
    // Another process may have made it meanwhile; then that key is the one.
    if NewKeyFile::prepare(app, path)?.write(app)? {
        return Ok(true);
    }
    key_in(path, is_new).map(|_| false)
}

/// A key file that is not there yet, and can be written as far as that can be checked.
pub(super) struct NewKeyFile {
    file: OutputFile,
    key: Secret,
    text: Zeroizing<String>,
}

impl NewKeyFile {
    /// A new key for the file `path`, whose folder is made.
    pub(super) fn prepare(app: &App<'_, '_>, path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| failed(path, error);
        check_path(path).map_err(|error| failed(&error))?;
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folders.create(folder.unwrap_or(Path::new("."))).map_err(|error| failed(&error))?;
        let mut key = Zeroizing::new([0; 32]);
        app.sys.entropy.fill(key.as_mut_slice())?;
        let key = Zeroizing::new(BASE64_STANDARD.encode(key.as_slice()));
        app.redactor.register(&key);
        let text = protected_key::protect(&key).map_err(|error| failed(&error))?;
        let options = OutputOptions { keep_existing: true, ..OutputOptions::default() };
        let file = OutputFile::open(path, options).map_err(|error| failed(&error))?;
        Ok(Self { file, key: Secret::new(key.as_str()), text })
    }

    pub(super) fn key(&self) -> Secret {
        self.key.clone()
    }

    /// Writes it (mode 0600). Returns whether this run made the file, and not another one.
    pub(super) fn write(mut self, app: &mut App<'_, '_>) -> Result<bool, Failure> {
        match self.file.write(app.stdout, self.text.as_bytes()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(self.file.path(), &error)),
        }
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Store, format!("cannot make the key file {}: {error}", path.display())).help(
        "name one in a folder that you may write to: `--store-key-file FILE` with `--store file`",
    )
}
