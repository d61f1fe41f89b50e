//! The files of one run: none of them is both read and written, and none is written twice.

use std::cell::{Cell, RefCell};
use std::path::Path;

use super::Failure;
use super::app::App;
use entrada_auth::sys::FileId;
use entrada_core::clean;

/// The files that were read so far, and those that are to be written.
#[derive(Default)]
pub(super) struct Files {
    read: RefCell<Vec<FileId>>,
    written: RefCell<Vec<(FileId, &'static str)>>,
    /// Whether a file was both read and written: then nothing is written any more, not even by a failed run.
    is_refused: Cell<bool>,
}

impl Files {
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.get()
    }
}

impl App<'_, '_> {
    /// Notes that the file `path` is read. An error where an output would replace it, before that is written.
    pub(super) fn reading(&self, path: &Path) -> Result<(), Failure> {
        self.reading_file(FileId::of(path), path)
    }

    /// The same for standard input, where it was redirected from a file.
    pub(super) fn reading_stdin(&self) -> Result<(), Failure> {
        self.reading_file(FileId::of_stdin(), Path::new("standard input"))
    }

    fn reading_file(&self, file: Option<FileId>, path: &Path) -> Result<(), Failure> {
        let Some(file) = file else { return Ok(()) };
        let flag =
            self.files.written.borrow().iter().find(|(own, _)| *own == file).map(|(_, flag)| *flag);
        if let Some(flag) = flag {
            return Err(self.refuse(flag, path, "is read as well"));
        }
        self.files.read.borrow_mut().push(file);
        Ok(())
    }

    /// Notes that the file `path`, which was given to `flag`, is written. An error where it is one that was read, or that another
    /// flag writes.
    pub(super) fn writing(&self, flag: &'static str, path: &Path) -> Result<(), Failure> {
        if path == Path::new("-") {
            return Ok(());
        }
        let Some(file) = FileId::of(path) else { return Ok(()) };
        if self.files.read.borrow().contains(&file) {
            return Err(self.refuse(flag, path, "is read as well"));
        }
        let mut written = self.files.written.borrow_mut();
        match written.iter().find(|(own, _)| *own == file) {
            Some((_, other)) if *other == flag => return Ok(()),
            Some((_, other)) => {
                return Err(self.refuse(flag, path, &format!("is written by `{other}` as well")));
            }
            None => (),
        }
        written.push((file, flag));
        Ok(())
    }

    fn refuse(&self, flag: &str, path: &Path, what: &str) -> Failure {
        self.files.is_refused.set(true);
        self.recorder.cancel();
        let shown = path.to_string_lossy();
        let shown = clean(&shown);
        Failure::usage(format!(
            "`{flag}` would replace `{shown}`, which {what}; nothing was written"
        ))
        .help(format!("name another file: `{flag} FILE`"))
    }
}
