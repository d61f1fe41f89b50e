//! `--registration`: the files in their forms, beside other evidence, and in `doctor`.

use entrada::cli::Exit;
use serde_json::Value;

use crate::corpus;
use crate::snapshots::hold;
use crate::world::Run;

const APP: &str = "3f2a1c77-5b0e-4c39-9d51-7a2f0c6e8b14";
const OWNER: &str = "6a1b9e02-4f73-4c8d-9b25-d80e5f7c13aa";

fn file(name: &str) -> String {
    format!("{}/tests/it/registrations/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn diagnose(args: &[&str], stdin: &str) -> Run {
    let args = [&["diagnose"], args].concat();
    corpus::world().run_exactly(&args, stdin)
}

fn shown(run: &Run) -> String {
    format!("exit {}\n--- stdout\n{}--- stderr\n{}", run.exit.code(), run.stdout, run.stderr)
}

/// The ids of errors and warnings.
fn serious(run: &Run) -> Vec<String> {
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let serious = findings.iter().filter(|finding| finding["severity"] != "note");
    serious.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_healthy_registration_names_what_was_checked_and_what_was_not() {
    let run = diagnose(
        &[
            "--registration",
            &file("az.json"),
            "--service-principal",
            &file("service_principal.json"),
            "--grants",
            &file("grants_imap.json"),
            "--job",
            "imap",
            "--tenant",
            OWNER,
            "--client-id",
            APP,
        ],
        "",
    );
    hold("registration", "healthy", &shown(&run));
}

#[test]
fn a_fault_is_shown_with_its_member_and_what_to_do() {
    let text = std::fs::read_to_string(file("manifest.json")).unwrap();
    let text = text.replace("InstalledClient", "Spa");
    let run = diagnose(&["--registration", "-", "--flow", "browser"], &text);
    hold("registration", "platform-type-mismatch", &shown(&run));
}

#[test]
fn the_three_forms_are_read_alike() {
    for (name, job) in [
        ("az.json", "imap"),
        ("manifest.json", "graph-mail-send"),
        ("powershell.json", "graph-mail-send"),
    ] {
        let text = std::fs::read_to_string(file(name)).unwrap();
        for text in [
            text.clone(),
            text.replace('\n', "\r\n"),
            format!("[{}]", text.trim_start_matches('\u{feff}')),
        ] {
            let args = ["--registration", "-", "--job", job, "--flow", "device", "-o", "json"];
            let healthy = diagnose(&args, &text);
            assert_eq!(healthy.exit, Exit::Success, "{name}: {}", healthy.stdout);
            assert!(healthy.stdout.contains("public client flows"), "{name}: {}", healthy.stdout);
            let off = text
                .replace("\"isFallbackPublicClient\": true", "\"isFallbackPublicClient\": null")
                .replace("\"IsFallbackPublicClient\": true", "\"IsFallbackPublicClient\": null")
                .replace("\"allowPublicClient\": true", "\"allowPublicClient\": null");
            assert_ne!(off, text, "{name}");
            let run = diagnose(&args, &off);
            assert_eq!(run.exit, Exit::Findings, "{name}: {}", run.stdout);
            assert_eq!(serious(&run)[0], "public-client-flows-disabled", "{name}");
        }
    }
}

#[test]
fn a_registration_explains_a_refusal_beside_it() {
    let text = std::fs::read_to_string(file("az.json")).unwrap();
    let text = text.replace("\"isFallbackPublicClient\": true", "\"isFallbackPublicClient\": null");
    let world = corpus::world();
    let path = world.home.path().join("app.json");
    std::fs::write(&path, text).unwrap();
    let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.","error_codes":[7000218]}"#;
    let run = world.run_exactly(
        &["diagnose", "--registration", path.to_str().unwrap(), "-o", "json", "-"],
        refusal,
    );
    assert_eq!(run.exit, Exit::Findings, "{}", run.stderr);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["input"]["kind"], "oauth_error");
    let cause = &document["findings"][0];
    assert_eq!(cause["id"], "public-client-flows-disabled");
    let fields: Vec<&str> = cause["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|seen| seen["field"].as_str())
        .collect();
    assert!(
        fields.contains(&"error_codes") && fields.contains(&"isFallbackPublicClient"),
        "{fields:?}"
    );
}

#[test]
fn a_profile_says_how_the_registration_is_used() {
    let world = corpus::world();
    world.write_config(&format!(
        "[profiles.work]\nclient-id = \"{APP}\"\njob = [\"imap\"]\nflow = \"browser\"\nredirect-uri = \"http://localhost/cb\"\n"
    ));
    let app = file("az.json");
    let run = world
        .run_exactly(&["--profile", "work", "diagnose", "--registration", &app, "-o", "json"], "");
    // Without a tenant the profile signs in at `common`.
    assert_eq!(
        serious(&run),
        ["redirect-uri-mismatch", "wrong-authority-endpoint", "admin-consent-required"],
        "{}",
        run.stdout
    );
    let run = world.run_exactly(&["doctor", "work", "--registration", &app], "");
    assert_eq!(run.exit, Exit::Findings);
    for id in ["redirect-uri-mismatch", "wrong-authority-endpoint", "admin-consent-required"] {
        assert!(run.stdout.contains(&format!("({id})")), "{id}: {}", run.stdout);
    }
    world.write_config(&format!(
        "[profiles.work]\nclient-id = \"{APP}\"\ntenant = \"{OWNER}\"\njob = [\"imap\"]\n"
    ));
    let grants = file("grants_imap.json");
    let principal = file("service_principal.json");
    let files = ["--registration", &app, "--service-principal", &principal, "--grants", &grants];
    let run = world.run_exactly(&[&["doctor", "work"], &files[..]].concat(), "");
    let line = run.stdout.lines().find(|line| line.contains("registration ")).unwrap_or_default();
    assert!(
        line.starts_with("ok ") && line.contains("consent to `IMAP.AccessAsUser.All`"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_file_of_another_kind_is_refused_with_what_to_do() {
    let principal = file("service_principal.json");
    for (args, stdin, said) in [
        (&["--registration", principal.as_str()][..], "", "give it as `--service-principal "),
        (
            &["--registration", "-"],
            "not json",
            "cannot read the registration in `-`: it is not JSON",
        ),
        (&["--registration", "-"], "", "it is empty"),
        (&["--grants", "-"], r#"{"appId":"x"}"#, "it holds neither `oauth2PermissionGrants` nor"),
        (
            &["--registration", "not-there.json"],
            "",
            "cannot read the registration in `not-there.json`",
        ),
        (&["--stream", "--registration", "x"], "", "cannot be used with"),
    ] {
        let run = diagnose(args, stdin);
        assert_eq!(run.exit, Exit::Usage, "{args:?}");
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
    }
}
