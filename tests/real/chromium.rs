//! Sign-ins in a real browser: Debian's Chromium, through the pages that a person goes through. entrada starts it as it
//! starts anybody's, by `$BROWSER`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desk::Desk;
use crate::program::{ENTRADA, Emulation, Ended, Provider, assert_silent, files, run};

/// Somebody at a desktop.
pub(crate) struct User {
    pub(crate) desk: Desk,
    settings: Vec<(&'static str, String)>,
}

/// The page on which the person ended.
pub(crate) struct Page {
    url: String,
    title: String,
    text: String,
    status: u64,
    /// The address on the command line of the browser.
    argument: url::Url,
    /// Method and address of each page that the browser asked for.
    visited: Vec<String>,
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/browser/open.mjs")
}

impl User {
    pub(crate) fn new(settings: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let desk = Desk::bare();
        fs::create_dir(desk.dir.path().join("seen")).unwrap();
        let mut settings: Vec<_> = settings.into_iter().collect();
        settings.push(("ENTRADA_STORE", "file".to_owned()));
        settings.push(("ENTRADA_STORE_KEY", "5e".repeat(32)));
        Self { desk, settings }
    }

    /// Browser and program trust `authority`, a certificate in PEM.
    fn trusting(mut self, authority: &str) -> Self {
        let path = self.desk.dir.path().join("authority.pem");
        fs::write(&path, authority).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let database = self.desk.dir.path().join("home/.pki/nssdb");
        fs::create_dir_all(&database).unwrap();
        let database = format!("sql:{}", database.display());
        let certutil = |words: &[&str]| {
            run(self.desk.command("certutil").args(["-d", &database]).args(words)).with(0);
        };
        certutil(&["-N", "--empty-password"]);
        certutil(&["-A", "-n", "tests", "-t", "C,,", "-i", &path]);
        self.settings.push(("ENTRADA_CA_BUNDLE", path));
        self
    }

    fn seen(&self) -> PathBuf {
        self.desk.dir.path().join("seen")
    }

    pub(crate) fn entrada(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk.command(ENTRADA);
        command.args(arguments).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `entrada login arguments…`, with a person who does `decision` in the browser.
    pub(crate) fn login(&self, decision: &str, arguments: &[&str]) -> (Ended, Page) {
        let seen = self.seen();
        let _ = fs::remove_file(seen.join("page.json"));
        let browser = format!("node {} {} {decision}", script().display(), seen.display());
        let arguments = [&["login", "-vv"], arguments].concat();
        let ended = run(self.entrada(&arguments).env("BROWSER", browser));
        (ended, self.page())
    }

    #[track_caller]
    fn page(&self) -> Page {
        let path = self.seen().join("page.json");
        let page = crate::program::within("the page", || fs::read(&path).ok());
        let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
        let text = |name: &str| page[name].as_str().unwrap().to_owned();
        assert_eq!(page["complaints"], serde_json::json!([]), "{page}");
        assert_eq!(page["environment"], serde_json::json!([]), "our settings stay with us");
        keep_pictures(&self.seen(), &text("title"));
        Page {
            url: text("url"),
            title: text("title"),
            text: text("text"),
            status: page["status"].as_u64().unwrap(),
            argument: text("argument").parse().unwrap(),
            visited: serde_json::from_value(page["visited"].clone()).unwrap(),
        }
    }
}

/// Where `ENTRADA_PICTURES` names a directory, the screenshots go there to be looked at.
fn keep_pictures(from: &Path, title: &str) {
    let Some(directory) = std::env::var_os("ENTRADA_PICTURES") else { return };
    let name: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    for picture in ["light", "dark", "narrow"] {
        let to = Path::new(&directory).join(format!("{name}-{picture}.png"));
        let _ = fs::copy(from.join(format!("{picture}.png")), to);
    }
}

impl Page {
    /// It is the last page of a sign-in, at an address of this machine that holds nothing.
    #[track_caller]
    fn at_the_end(self, title: &str) -> Self {
        assert_eq!((self.title.as_str(), self.status), (title, 200), "{}\n{}", self.url, self.text);
        let url = url::Url::parse(&self.url).unwrap();
        assert_eq!(
            (url.scheme(), url.host_str(), url.path()),
            ("http", Some("localhost"), "/result")
        );
        assert_eq!((url.query(), url.fragment()), (None, None));
        self
    }

    /// The command line of the browser holds an address of this machine and nothing of the sign-in. No address that was visited
    /// contains a code if the answer came `by_form`.
    #[track_caller]
    fn with_answer(self, by_form: bool) -> Self {
        let Self { argument, visited, .. } = &self;
        assert!(argument.as_str().starts_with("http://localhost:"), "{argument}");
        assert!(
            argument.path().starts_with("/sign-in/") && argument.query().is_none(),
            "{argument}"
        );
        assert_eq!(visited[0], format!("GET {argument}"));
        let with_code = |page: &&String| page.contains("code=") && !page.contains("/authorize?");
        assert_eq!(visited.iter().any(|page| with_code(&page)), !by_form, "{visited:#?}");
        let back = format!("http://localhost:{}/", argument.port().unwrap());
        assert_eq!(visited.contains(&format!("POST {back}")), by_form, "{visited:#?}");
        self
    }

    #[track_caller]
    fn saying(self, text: &str) -> Self {
        assert!(self.text.contains(text), "no `{text}` in {}", self.text);
        self
    }
}

/// A sign-in at the emulator, and what is known of it afterwards.
fn signs_in_at(entra: &Emulation, user: &User, arguments: &[&str]) {
    let by_form = !arguments.contains(&"query");
    let before = entra.posts("authorization_code");
    let (ended, page) = user.login("approve", arguments);
    let ended =
        ended.with(0).saying("opening your browser").saying("signed in as ada@contoso.example");
    assert_eq!(ended.out, "", "the opener's chatter is not on stdout");
    page.at_the_end("You are signed in").saying("ada@contoso.example").with_answer(by_form);
    assert_eq!(entra.posts("authorization_code"), before + 1, "one code, redeemed once");
    let secrets = entra.emulator.secrets();
    assert_silent("what is said", ended.err.as_bytes(), &secrets);
    for (path, bytes) in files(&user.seen()) {
        assert_silent(&path.display().to_string(), &bytes, &secrets);
    }
    let token = run(&mut user.entrada(&["token"])).with(0).line();
    assert!(secrets.contains(&token));
    assert_eq!(entra.posts("refresh_token"), 0, "the stored token serves");
}

#[test]
fn a_person_signs_in_at_the_emulator_by_address_and_by_form() {
    let entra = Emulation::new("normal");
    let user = User::new(entra.settings());
    signs_in_at(&entra, &user, &[]);
    signs_in_at(&entra, &user, &["--response-mode", "query"]);
}

#[test]
fn a_person_signs_in_by_https_with_a_private_authority() {
    let (entra, authority) = Emulation::by_https("normal");
    let user = User::new(entra.settings()).trusting(&authority);
    signs_in_at(&entra, &user, &[]);
    signs_in_at(&entra, &user, &["--response-mode", "query"]);
}

/// A sign-in at npm's `oidc-provider`, which rotates refresh tokens.
fn signs_in_with(provider: &Provider, user: &User, arguments: &[&str]) {
    let before = provider.decided("authorization_code").len();
    let (ended, page) = user.login("approve", arguments);
    let ended = ended.with(0).saying("signed in as ada@example.org");
    let by_form = arguments.contains(&"form_post");
    page.at_the_end("You are signed in").saying("ada@example.org").with_answer(by_form);
    assert_eq!(provider.decided("authorization_code").len(), before + 1);
    assert!(ended.err.contains("refresh token included"), "{}", ended.err);
    assert_silent("what is said", ended.err.as_bytes(), &provider.secrets());
    let first = run(&mut user.entrada(&["token"])).with(0).line();
    let second = run(&mut user.entrada(&["token", "--force-refresh"])).with(0).line();
    assert_ne!(first, second);
}

#[test]
fn a_person_signs_in_at_a_provider_that_is_not_ours() {
    let provider = Provider::new(&[]);
    let user = User::new(provider.settings());
    signs_in_with(&provider, &user, &[]);
    signs_in_with(&provider, &user, &["--response-mode", "form_post"]);
    let (ended, page) = user.login("abort", &[]);
    ended.with(4).saying("error[user-declined]");
    page.at_the_end("You did not sign in");
}

#[test]
fn a_person_signs_in_at_that_provider_by_https() {
    let directory = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("certificate"), own.cert.pem()).unwrap();
    fs::write(path("key"), own.signing_key.serialize_pem()).unwrap();
    let provider = Provider::new(&[("CERTIFICATE", &path("certificate")), ("KEY", &path("key"))]);
    let user = User::new(provider.settings()).trusting(&own.cert.pem());
    signs_in_with(&provider, &user, &[]);
    signs_in_with(&provider, &user, &["--response-mode", "form_post"]);
}

#[test]
fn what_goes_wrong_is_told_on_the_page_and_in_the_terminal() {
    let entra = Emulation::new("normal");
    let user = User::new(entra.settings());
    // The store's own key is written anew at each try.
    let stored = || {
        let mut all = files(&user.desk.dir.path().join("home/data"));
        all.retain(|(_, bytes)| String::from_utf8_lossy(bytes).contains(&entra.base));
        all
    };
    user.login("approve", &[]).0.with(0);
    assert!(!stored().is_empty());
    let before = stored();
    let (ended, page) = user.login("abort", &[]);
    ended.with(4).saying("error[user-declined]");
    page.at_the_end("You did not sign in");

    let (ended, page) = user.login("approve", &["--account", "bob@contoso.example"]);
    ended.with(8).saying("`ada@contoso.example` (tenant ");
    page.at_the_end("This is another account")
        .saying("ada@contoso.example")
        .saying("bob@contoso.example");
    assert_eq!(stored(), before, "nothing of it is kept");

    assert!(entra.emulator.set_scenario("not-public-client"));
    let (ended, page) = user.login("approve", &["--response-mode", "query"]);
    ended.with(5).saying("error[public-client-flows-disabled]");
    page.at_the_end("The sign-in did not work").saying("AADSTS7000218");

    assert!(entra.emulator.set_scenario("admin-consent-required"));
    let (ended, page) = user.login("approve", &[]);
    ended.with(5).saying("error[admin-consent-required]").saying("/v2.0/adminconsent?");
    page.at_the_end("The sign-in did not work").saying("AADSTS90094");
    assert_eq!(stored(), before, "nothing of it is kept");
}

#[test]
fn an_error_that_only_the_browser_shows_is_told_by_its_text() {
    let entra = Emulation::new("normal");
    let user = User::new(entra.settings());
    let elsewhere = ["--redirect-uri", "http://localhost/elsewhere", "--timeout", "20s"];
    let (ended, page) = user.login("approve", &elsewhere);
    ended.with(4).saying("AADSTS50011").saying("`entrada diagnose`");
    assert!(page.text.contains("AADSTS50011"), "{}", page.text);
    fs::write(user.seen().join("page.txt"), &page.text).unwrap();
    let text = user.seen().join("page.txt");
    let judged = run(&mut user.entrada(&["diagnose", text.to_str().unwrap()])).with(10);
    assert!(judged.out.contains("error[redirect-uri-mismatch]"), "{}", judged.out);
}
