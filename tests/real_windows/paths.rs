//! Paths and text as Windows has them.

use crate::machine::{Machine, USER};

#[test]
fn folders_with_spaces_and_other_letters_are_named_as_they_are() {
    let machine = Machine::new("file", "auto-approve");
    machine.run(&["login"]).with(0);
    let shown = machine.run(&["config", "path"]);
    assert!(shown.out.contains(USER) || shown.err.contains(USER), "{shown:?}");
    machine.assert_no_secret_in_files();
}

#[test]
fn a_home_with_a_long_path_is_used() {
    let machine = Machine::new("file", "auto-approve");
    let mut home = machine.home();
    for _ in 0..8 {
        home.push("a folder with a name of forty characters");
    }
    assert!(300 < home.as_os_str().len());
    for args in [&["login"][..], &["token"], &["token", "--force-refresh"], &["logout"]] {
        let ended = crate::machine::Ended::from(machine.entrada_at(&home, args).output().unwrap());
        ended.with(0);
    }
}

#[test]
fn text_of_powershell_is_read_in_both_of_its_encodings() {
    let machine = Machine::new("file", "auto-approve");
    let text = "AADSTS65001: The user or administrator has not consented.\r\n";
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    std::fs::create_dir_all(machine.home()).unwrap();
    for bytes in [utf_16, with_mark, text.as_bytes().to_vec()] {
        let file = machine.home().join("Fehler 错误.txt");
        std::fs::write(&file, &bytes).unwrap();
        for ended in [
            machine.run(&["diagnose", file.to_str().unwrap()]),
            machine.run_with_stdin(&["diagnose"], &bytes),
        ] {
            assert!(ended.out.contains("error[user-consent-required]"), "{ended:?}");
        }
    }
}

#[test]
fn a_key_file_of_powershell_is_read() {
    let machine = Machine::new("file", "auto-approve");
    let key = "5e".repeat(32) + "\r\n";
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(key.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    machine.run(&["login"]).with(0);
    let file = machine.home().join("key file");
    for bytes in [utf_16, key.into_bytes()] {
        std::fs::write(&file, bytes).unwrap();
        let args = ["token", "--store-key-file", file.to_str().unwrap()];
        let ended = machine.entrada(&args).env_remove("ENTRADA_STORE_KEY").output().unwrap();
        crate::machine::Ended::from(ended).with(0);
    }
}

#[test]
fn the_key_file_that_entrada_makes_is_of_use_to_its_user_alone() {
    let machine = Machine::new("file", "auto-approve");
    let without_key = |args: &[&str]| {
        let mut command = machine.entrada(args);
        for name in ["ENTRADA_STORE", "ENTRADA_STORE_KEY"] {
            command.env_remove(name);
        }
        crate::machine::Ended::from(command.output().unwrap())
    };
    let init = ["config", "init", "work", "--store", "file", "--no-login"];
    let answers = [
        "--client-id",
        "11111111-2222-4333-8444-555555555555",
        "--tenant",
        "common",
        "--job",
        "imap",
    ];
    without_key(&[&init[..], &answers].concat()).with(0);
    let file = machine.home().join(r"AppData\Roaming\entrada\store.key");
    let protected = std::fs::read_to_string(&file).unwrap();
    assert!(protected.starts_with("dpapi:"), "{protected}");
    without_key(&["login", "work"]).with(0);
    without_key(&["token", "work"]).with(0);

    // As another user has it, or another machine.
    let middle = protected.len() / 2;
    let one = if protected.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let mut foreign = protected.clone();
    foreign.replace_range(middle..=middle, one);
    std::fs::write(&file, foreign).unwrap();
    let refused = without_key(&["token", "work"]).with(7);
    assert!(refused.err.contains("only for the user who made the file"), "{refused:?}");
    std::fs::write(&file, protected).unwrap();
    without_key(&["token", "work"]).with(0);
}

#[test]
fn advice_is_quoted_for_the_shells_of_windows() {
    let machine = Machine::new("file", "auto-approve");
    let ended = machine.run(&["token", "--no-interactive", "--scope", "api://a b/x y"]);
    assert!(!ended.err.contains("'\\''"), "{ended:?}");
    let none = machine.entrada(&["token"]).env_remove("APPDATA").output().unwrap();
    let none = crate::machine::Ended::from(none).with(2);
    assert!(none.err.contains("APPDATA") && !none.err.contains("XDG"), "{none:?}");
}
