//! Runs a program in the sandbox and prints what it does wrong: `enclose [--proxy] [--runs N] [--scenario S] -- PROGRAM …`.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example is a program of its own"
)]
fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
    use std::ffi::OsString;

    use entrada_sandbox::enclosure::{
        BrowserKind, HomeFolder, OutputTarget, SandboxOptions, Via, run, run_inside,
    };

    let variables = |name: &str| std::env::var_os(name);
    let mut words = std::env::args_os().skip(1);
    let mut options = SandboxOptions {
        program: Vec::new(),
        scenarios: Vec::new(),
        user: None,
        tenant: None,
        home: HomeFolder::Fresh,
        browser: BrowserKind::Person,
        via: Via::Namespaces,
        runs: 1,
        timeout: None,
        output: OutputTarget::Same,
        // The process inside is this program too.
        inside: vec![std::env::current_exe()?.into(), "inside".into(), "--".into()],
        variables: &variables,
        without: Vec::new(),
        ignores_signal: |_| false,
    };
    let mut is_inside = false;
    let text = |word: Option<OsString>| word.unwrap_or_default().to_string_lossy().into_owned();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("inside") => is_inside = true,
            Some("--proxy") => options.via = Via::Proxy,
            Some("--headless") => options.browser = BrowserKind::Headless,
            Some("--runs") => options.runs = text(words.next()).parse()?,
            Some("--scenario") => options.scenarios.push(text(words.next())),
            _ => break,
        }
    }
    options.program = words.collect();
    if is_inside {
        return Ok(run_inside(&options.program, &variables)?.into());
    }
    let outcome = run(&options)?;
    for exchange in &outcome.record().exchanges {
        println!("#{} {} -> {}", exchange.number, exchange.shown(), exchange.status);
    }
    for finding in outcome.findings() {
        println!(
            "{}[{}] {}: {}",
            finding.severity.id(),
            finding.rule.id,
            finding.places(),
            finding.message
        );
    }
    Ok(outcome.code().into())
}
