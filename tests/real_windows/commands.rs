//! Programs that get a token, and programs that ask for one.

use crate::machine::Machine;

#[test]
fn a_program_gets_the_token_and_its_exit_code_is_kept() {
    let machine = Machine::new("file", "auto-approve");
    machine.run(&["login"]).with(0);
    let token = machine.run(&["token"]).with(0).out;
    let shown = machine.run(&["exec", "--", "cmd", "/c", "echo %ACCESS_TOKEN%"]).with(0);
    assert_eq!(shown.out.trim(), token.trim());
    machine.run(&["exec", "--", "cmd", "/c", "exit 7"]).with(7);
    machine.run(&["exec", "--", "no-such-program"]).with(127);
    let fd = machine.run(&["exec", "--fd", "3", "--", "cmd", "/c", "exit 0"]);
    assert_ne!(fd.code, Some(0));
    assert!(fd.err.contains("environment variable"), "{fd:?}");
}

#[test]
fn a_batch_file_is_found_as_the_shell_finds_it() {
    let machine = Machine::new("file", "auto-approve");
    machine.run(&["login"]).with(0);
    let bin = machine.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("az-like.cmd"), "@echo off\r\necho got %1\r\nexit /b 5\r\n").unwrap();
    let path = std::env::join_paths(
        std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = machine.entrada(&["exec", "--", "az-like", "a b"]);
    let ended = command.env("PATH", path.unwrap()).env("PATHEXT", ".EXE;.CMD").output().unwrap();
    let ended = crate::machine::Ended::from(ended).with(5);
    assert!(ended.out.contains("a b"), "{ended:?}");
}

#[test]
fn git_asks_with_the_line_ends_of_windows() {
    let machine = Machine::new("file", "auto-approve");
    machine.run(&["login"]).with(0);
    for end in ["\n", "\r\n"] {
        let question = ["protocol=https", "host=dev.azure.com", "", ""].join(end);
        let answer =
            machine.run_with_stdin(&["git-credential", "get"], question.as_bytes()).with(0);
        assert!(answer.out.contains("password="), "{answer:?}");
        assert!(!answer.out.contains('\r'), "{answer:?}");
    }
}
