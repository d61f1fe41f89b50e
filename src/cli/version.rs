//! `entrada version`.

use super::app::App;
use super::{Exit, Failure, VERSION_LINE};
use entrada_auth::store::StoreKind;
use strum::IntoEnumIterator as _;

/// The commit that was built; set by `release/build`.
const COMMIT: &str = match option_env!("ENTRADA_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, app: &mut App<'_, '_>) -> Result<Exit, Failure> {
    app.stdout.write_all(VERSION_LINE.as_bytes())?;
    if 0 < app.common.verbose {
        app.stdout.write_all(details().as_bytes())?;
    }
    Ok(Exit::Success)
}

/// What was built: for reports of defects.
fn details() -> String {
    let features = if cfg!(feature = "emulator") { "emulator" } else { "none" };
    let stores: Vec<&str> = StoreKind::iter()
        .filter(|kind| *kind != StoreKind::Custom)
        .filter(|kind| cfg!(target_os = "linux") || *kind != StoreKind::Keyutils)
        .map(Into::into)
        .collect();
    format!(
        "target: {}\nfeatures: {features}\ncommit: {COMMIT}\nstores: {}\n",
        target(),
        stores.join(", ")
    )
}

/// The platform that the program was built for, in the form of Rust's target triples.
fn target() -> String {
    let platform = if cfg!(target_os = "windows") {
        "pc-windows"
    } else if cfg!(target_vendor = "apple") {
        "apple-darwin"
    } else {
        "unknown-linux"
    };
    let environment = if cfg!(target_env = "musl") {
        "-musl"
    } else if cfg!(target_env = "gnu") {
        "-gnu"
    } else if cfg!(target_env = "msvc") {
        "-msvc"
    } else {
        ""
    };
    format!("{}-{platform}{environment}", std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_details_name_target_features_commit_and_stores() {
        let text = details();
        let names: Vec<&str> =
            text.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        assert_eq!(names, ["target", "features", "commit", "stores"]);
        assert!(text.contains(std::env::consts::ARCH), "{text}");
        assert_eq!(text.contains("keyutils"), cfg!(target_os = "linux"), "{text}");
        assert!(text.contains("stores: keyring, file") && !text.contains("custom"), "{text}");
    }
}
