//! A command line for each command of the program.

use entrada::cli;

/// A command that is added must be added here too. `demo` is left out, because it has secrets of its own.
pub(crate) fn one_for_each_command() -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for command in cli::command().get_subcommands() {
        let arguments: &[&str] = match command.get_name() {
            "demo" => continue,
            "login" | "token" | "accounts" | "status" | "logout" | "diagnose" | "inspect"
            | "probe" | "doctor" | "man" | "help" | "version" => &[],
            "explain" => &["scp"],
            "trace" => &["show", "-"],
            "config" => &["show"],
            "store" => &["rekey"],
            "emulator" => &["--list"],
            "sandbox" => &["judge", "-"],
            "exec" if cfg!(windows) => &["--", "cmd", "/c", "exit 0"],
            "exec" => &["--", "true"],
            "recipe" => &["curl"],
            "completions" => &["bash"],
            "git-credential" => &["get"],
            "import" => &["-"],
            "export" => &["--msal"],
            other => panic!("say here how `{other}` is run"),
        };
        let words = std::iter::once(command.get_name()).chain(arguments.iter().copied());
        commands.push(words.map(str::to_owned).collect());
    }
    commands
}
