//! What a person sees on a terminal of 80 or 60 columns and 24 lines.

use entrada::cli::Exit;

use crate::world::World;

/// Lines of a small terminal, without the one for the wait.
const LINES: usize = 23;

#[test]
fn the_code_stands_below_the_qr_code_and_both_are_in_sight() {
    for width in [80, 60] {
        let world = World::new().at_a_terminal_of(width);
        let run = world.run_exactly(&["login", "--flow", "device", "--qr"], "");
        assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
        let lines: Vec<&str> = run.stderr.lines().collect();
        let is_picture = |line: &&str| line.starts_with(['█', '▄', '▀']);
        let first = lines.iter().position(is_picture).unwrap();
        let last = lines.iter().rposition(is_picture).unwrap();
        let place = |start: &str| lines.iter().position(|line| line.starts_with(start)).unwrap();
        let (open, enter) = (place("  open   "), place("  enter  "));
        assert!(last < open && open < enter, "{}", run.stderr);
        assert!(enter + 1 - first < LINES, "{} lines", enter + 1 - first);
        for line in &lines[..=enter] {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

/// Lines that are wider than `width` although they have a place to be broken: a space outside of a command in backticks.
fn broken_by_the_terminal(text: &str, width: usize) -> Vec<&str> {
    let is_one_word = |line: &str| {
        let line = line.trim();
        !line.contains(' ') || (line.starts_with('`') && line.matches('`').count() == 2)
    };
    let wide = |line: &&str| width < line.chars().count() && !is_one_word(line);
    text.lines().filter(wide).collect()
}

#[cfg(unix)]
#[test]
fn the_emulators_first_command_fits_and_can_be_copied() {
    for width in [60, 80] {
        let world = World::new().at_a_terminal_of(width);
        world.signal_comes(2);
        let run = world.run_exactly(&["emulator", "--port", "0", "--imap", "0"], "");
        assert!(broken_by_the_terminal(&run.stderr, width).is_empty(), "{}", run.stderr);
        let whole = run.stderr.replace(" \\\n      ", " ");
        let line = whole.lines().find(|line| line.starts_with("  entrada login")).unwrap();
        assert!(line.contains("--tenant organizations --client-id 11111111-"), "{}", run.stderr);
    }
}

#[test]
fn no_line_is_left_to_the_terminal_to_be_broken() {
    for width in [60, 80] {
        let world = World::new().at_a_terminal_of(width);
        world.set("NO_COLOR", "1");
        world.login(&["--job", "imap"]);
        let har = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/samples/sign-in.har");
        let refusal = r#"{"error":"invalid_grant","error_description":"AADSTS500011: The resource principal named api://orders was not found.","error_codes":[500011]}"#;
        for (args, stdin) in [
            (&["doctor"][..], ""),
            (&["doctor", "--client-id", "no-guid", "--store", "keyring"], ""),
            (&["emulator", "--list"], ""),
            (&["diagnose", har], ""),
            (&["diagnose", "-"], refusal),
            (&["status"], ""),
            (&["status", "--all"], ""),
            (&["accounts"], ""),
            (&["token", "--job", "graph-mail-read", "--no-interactive"], ""),
            (&["explain", "500011"], ""),
            (&["probe", "--job", "imap"], ""),
            (&["recipe", "mbsync"], ""),
        ] {
            let run = world.run_exactly(args, stdin);
            for text in [&run.stdout, &run.stderr] {
                // A recipe is a file of another program.
                let is_file = args[0] == "recipe" && *text == run.stdout;
                let wide = broken_by_the_terminal(text, width);
                assert!(is_file || wide.is_empty(), "{width} {args:?}: {wide:#?}\n{text}");
            }
        }
    }
}

#[test]
fn a_question_names_the_choices_and_breaks_no_word() {
    let world = World::new().at_a_terminal_of(60);
    let run = world.run_exactly(&["config", "init", "mail", "--no-login"], "nonsense\nimap\n\n");
    assert!(run.stderr.contains("The jobs: graph-mail-list-metadata,"), "{}", run.stderr);
    assert!(run.stderr.contains("smtp") && run.stderr.contains("entrada explain jobs"));
    let asked = run.stderr.split("The jobs").nth(1).unwrap();
    let asked = asked.split("Application (client) ID: ").next().unwrap();
    // No answer is echoed here, so what follows a question stands behind it.
    let asked = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m"]
        .iter()
        .fold(asked.to_owned(), |text, colour| text.replace(colour, ""));
    let pieces = asked.lines().flat_map(|line| line.split("]: "));
    for line in pieces.flat_map(|line| line.split("(client) ID: ")) {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn settings_are_listed_below_each_other_where_a_table_does_not_fit() {
    let shown = |width| {
        let world = World::new().at_a_terminal_of(width);
        world
            .run_exactly(
                &["config", "show", "--client-id", "e1a7a000-0000-4000-8000-000000000001"],
                "",
            )
            .stdout
    };
    assert!(shown(100).starts_with("SETTING "), "{}", shown(100));
    let narrow = shown(60);
    assert!(narrow.contains("setting: client-id\n"), "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn a_question_of_the_dialogue_fits_the_terminal() {
    let world = World::new().at_a_terminal_of(80);
    for name in ["ENTRADA_TENANT", "ENTRADA_CLIENT_ID", "ENTRADA_AUTHORITY"] {
        world.unset(name);
    }
    let answers = "custom\napi://contoso.example/orders/Orders.Read\norganizations\n11111111-1111-1111-1111-111111111111\n";
    let run = world.run_with_stdin(&["config", "init", "--no-login"], answers);
    assert_eq!(run.exit, Exit::Success, "{}", run.stderr);
    // The answers are not shown here, so that questions follow each other on a line.
    let parts: Vec<&str> = run.stderr.split([':', '\n']).map(str::trim).collect();
    for question in ["What is the token for?", "Which permission of which API", "Whose accounts?"] {
        let part = parts.iter().find(|part| part.starts_with(question));
        let part = part.unwrap_or_else(|| panic!("{question}: {}", run.stderr));
        // With a few columns for the answer.
        assert!(part.len() <= 70, "{part}");
        let is_whole = part.ends_with(']') || part.starts_with("Which");
        assert!(is_whole, "in one line: {}", run.stderr);
    }
}

#[test]
fn the_choice_of_a_store_fits_the_terminal() {
    let world = World::new().at_a_terminal_of(80);
    for name in ["ENTRADA_STORE", "ENTRADA_STORE_KEY"] {
        world.unset(name);
    }
    let run = world.run_with_stdin(&["config", "init", "--no-login", "--job", "imap"], "2\n");
    let (_, rows) = run.stderr.split_once("Where are sign-ins kept?\n").unwrap();
    let (rows, _) = rows.split_once("Your choice").unwrap();
    assert!(rows.lines().count() > 3, "{rows}");
    for row in rows.lines() {
        // A path is one word, and may be longer.
        assert!(row.len() <= 80 || !row.trim().contains(' '), "{row}");
        assert!(row.starts_with(' '), "{row}");
    }
}
