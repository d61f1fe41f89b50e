//! The folder of a run, with the programs that stand in for a browser.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};

/// The folder inside the enclosure. It is in memory, and ends with the enclosure.
pub(super) const INSIDE: &str = "/entrada-sandbox";

/// The name of the opener in BROWSER. It is nobody's, so that no program treats it in a way of its own.
pub(super) const BROWSER: &str = "entrada-sandbox-browser";

/// Names of programs that open a page in a browser.
const OPENERS: [&str; 5] =
    [BROWSER, "xdg-open", "sensible-browser", "x-www-browser", "www-browser"];

/// The places of a run.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The file `name` of the run.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where the addresses arrive that the program opens.
    pub(super) fn browser(&self) -> PathBuf {
        self.at("browser")
    }

    /// The script that stands in for a browser: it hands each address over. Python takes an opener that has ended at once for one
    /// that failed, and tries the next.
    pub(super) fn opener(&self) -> String {
        format!(
            "#!/bin/sh\nfor url; do case $url in http://*|https://*) printf '%s\\n' \"$url\" >'{}';; esac; done\nsleep 0.3\n",
            self.browser().display()
        )
    }

    /// Makes the folders and files.
    pub(super) fn prepare(&self) -> io::Result<()> {
        for (name, mode) in
            [("home", 0o755), ("run", 0o700), ("tmp", 0o700), ("bin", 0o755), ("xdg", 0o755)]
        {
            fs::create_dir_all(self.at(name))?;
            fs::set_permissions(self.at(name), Permissions::from_mode(mode))?;
        }
        mkfifoat(CWD, self.browser(), Mode::RUSR | Mode::WUSR)?;
        for name in OPENERS {
            write_with_mode(&self.at("bin").join(name), self.opener().as_bytes(), 0o755)?;
        }
        let applications = self.at("share/applications");
        fs::create_dir_all(&applications)?;
        let desktop = format!(
            "[Desktop Entry]\nType=Application\nName=entrada sandbox\nExec={} %u\n\
             MimeType=x-scheme-handler/http;x-scheme-handler/https;text/html;\n",
            self.at("bin/xdg-open").display()
        );
        fs::write(applications.join("entrada-sandbox.desktop"), desktop)?;
        let defaults = "[Default Applications]\nx-scheme-handler/http=entrada-sandbox.desktop\n\
                        x-scheme-handler/https=entrada-sandbox.desktop\ntext/html=entrada-sandbox.desktop\n";
        fs::write(self.at("xdg/mimeapps.list"), defaults)
    }
}

/// Writes a file whose permissions are `mode` from the start.
pub(super) fn write_with_mode(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}
