//! Finds possible secrets on the command line and in the configuration file, so that no message repeats them.
//!
//! A secret does not belong in an argument, so it may be where a profile, a path or a server was expected. All text that an error
//! quotes passes through here, the argument parser's errors included.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;

use url::Url;

use crate::config::ConfigFile;
use entrada_auth::sys::Env;
use entrada_core::Redactor;

/// The text that replaces a secret.
const GONE: &str = "[secret]";

/// Characters of the longest piece of a word that is not a secret.
const PIECE_MAX: usize = 60;

/// Characters from which a piece without any pattern counts as random.
const RANDOM_MIN: usize = 20;

/// Characters from which a piece of letters and digits counts as a code.
const CODE_MIN: usize = 32;

/// Characters of a code among which a letter is next to a digit at least once. Base32 text has 6 digits to 26 letters.
const CODE_CHANGE: usize = 8;

/// Characters that identify a secret whose end was cut off.
const PREFIX: usize = 24;

/// The advice after a message in which a secret was hidden.
pub(super) const ADVICE: &str = "`[secret]` stands for an argument that looks like a secret; other users can see arguments, and the shell's history \
    keeps them: give a token on standard input";

/// The advice after a message in which a value of the configuration file was hidden.
const ADVICE_OF_SETTING: &str = "`[secret]` stands for a value in the configuration file that looks like a secret; no setting holds a secret: remove \
    it there, and replace the secret if others can read that file or a copy of it";

/// The arguments of one run, its own variables, and the settings of its configuration file: messages quote them all.
pub(super) struct Arguments {
    words: Vec<String>,
    /// Found at the first message: most runs have none.
    secrets: OnceCell<Vec<String>>,
    /// The text of the configuration file.
    settings: RefCell<String>,
    /// The possible secrets in it, computed on first use.
    of_settings: RefCell<Option<Vec<String>>>,
}

impl Arguments {
    pub(super) fn of(argv: &[OsString], env: &Env) -> Self {
        let variables = env.names().filter(|name| name.starts_with("ENTRADA_"));
        let variables =
            variables.filter_map(|name| env.os(name)).map(std::ffi::OsStr::to_string_lossy);
        let words = argv.iter().skip(1).map(|word| word.to_string_lossy());
        Self {
            words: words.chain(variables).map(Cow::into_owned).collect(),
            secrets: OnceCell::new(),
            settings: RefCell::default(),
            of_settings: RefCell::default(),
        }
    }

    /// From now on, secrets in `text` of the configuration file are hidden as well.
    pub(super) fn learn_settings(&self, text: &str) {
        self.of_settings.replace(None);
        text.clone_into(&mut self.settings.borrow_mut());
    }

    /// `text` without the secrets of the configuration file. What of that cannot be parsed is quoted by its lines, what can by its
    /// keys and values.
    fn without_settings<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let mut known = self.of_settings.borrow_mut();
        let known = known.get_or_insert_with(|| {
            let settings = self.settings.borrow();
            let values = ConfigFile::strings(&settings);
            let words = settings.lines().chain(values.iter().map(|(_, value)| value.as_str()));
            longest_first(words.flat_map(secrets_in))
        });
        without_all(text, known)
    }

    /// `text` without what may be a secret among the arguments.
    pub(super) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self
            .secrets
            .get_or_init(|| longest_first(self.words.iter().flat_map(|word| secrets_in(word))));
        self.without_settings(without_all(Cow::Borrowed(text), secrets))
    }

    /// The advice for `text`, in which secrets are hidden; `None` if it holds none.
    pub(super) fn advice(&self, text: &str) -> Option<&'static str> {
        let is_setting = || matches!(self.without_settings(text.into()), Cow::Owned(_));
        let is_any = matches!(self.hide(text), Cow::Owned(_));
        is_any.then(|| if is_setting() { ADVICE_OF_SETTING } else { ADVICE })
    }
}

/// A longer one is taken out before its parts.
fn longest_first(secrets: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = secrets.collect();
    all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all.dedup();
    all
}

fn without_all<'a>(text: Cow<'a, str>, secrets: &[String]) -> Cow<'a, str> {
    let mut shown = text;
    for secret in secrets {
        if let Some(without) = without(&shown, secret) {
            shown = Cow::Owned(without);
        }
    }
    shown
}

/// Whether `text` holds what may be a secret.
pub(super) fn holds_secret(text: &str) -> bool {
    !secrets_in(text).is_empty()
}

/// `text` without `secret`, in any case (hosts are written small) and cut at its end or not; `None` where it is not there.
fn without(text: &str, secret: &str) -> Option<String> {
    let is_whole = secret.ends_with('@');
    let known_by = if is_whole { secret.len() } else { secret.len().min(PREFIX) };
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b);
    let mut out = String::new();
    let (mut done, mut at) = (0, 0);
    let (bytes, secret) = (text.as_bytes(), secret.as_bytes());
    while at + known_by <= bytes.len() {
        let alike = bytes[at..].iter().zip(secret).take_while(|(a, b)| same(**a, **b)).count();
        if alike < known_by || !text.is_char_boundary(at) || !text.is_char_boundary(at + alike) {
            at += 1;
            continue;
        }
        out.push_str(&text[done..at]);
        out.push_str(GONE);
        at += alike;
        // The padding of base64 text is a part of it.
        let padding = bytes[at..].iter().take_while(|byte| **byte == b'=').count();
        let is_end = bytes.get(at + padding).is_none_or(|next| !next.is_ascii_alphanumeric());
        at += if is_whole || !is_end { 0 } else { padding };
        done = if is_whole { at - 1 } else { at };
    }
    (0 < done).then(|| out + &text[done..])
}

/// The possible secrets in the argument `word`.
fn secrets_in(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Some(bare) = word.strip_prefix('-') else {
        secrets_in_form(word, &mut found);
        return found;
    };
    // Behind a `--` it may be no flag. `--server=user:password@host` and `-jVALUE` are one word.
    let bare = bare.trim_start_matches('-');
    let value = bare.split_once('=').map(|(_, value)| value);
    let glued = bare.char_indices().nth(1).map(|(at, _)| &bare[at..]);
    for form in [Some(bare), value, glued].into_iter().flatten() {
        secrets_in_form(form, &mut found);
    }
    found
}

fn secrets_in_form(word: &str, found: &mut Vec<String>) {
    for part in word.split(|c: char| c.is_whitespace() || "\"'<>`".contains(c)) {
        sign_in_of_address(part, found);
    }
    let shown = Redactor::without_likely_secrets(word);
    for run in word.split(|c: char| !is_token_character(c)) {
        let is_path = run.starts_with(['/', '.', '~']);
        let mut any = false;
        for piece in run.split(['/', '=']) {
            let is_named = 3 < piece.len() && !shown.contains(piece);
            if is_named || looks_secret(piece) {
                found.push(piece.to_owned());
                any = true;
            }
        }
        // Base64 text has slashes inside.
        let value = run.split_once('=').map_or(run, |(_, value)| value);
        if any && !is_path && value.contains('/') {
            found.push(value.to_owned());
        }
    }
}

/// Characters of tokens, codes, keys and base64 text.
fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.+/=~!*$%".contains(c)
}

/// User and password before the host of an address, with or without a scheme.
fn sign_in_of_address(word: &str, found: &mut Vec<String>) {
    let (scheme, rest) = word.split_once("//").unwrap_or(("", word));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let within = |text: &str| text.rsplit_once('@').map(|(user, _)| user.to_owned());
    let named = !scheme.is_empty() || word.starts_with("//");
    // A password may have a slash inside.
    let by_colon = within(rest).filter(|user| user.contains(':'));
    let Some(user) = within(authority).filter(|user| named || user.contains(':')).or(by_colon)
    else {
        return;
    };
    let mut parts = vec![user.clone()];
    if let Ok(url) = Url::parse(word) {
        let password = url.password().unwrap_or_default();
        parts.push(format!("{}:{password}", url.username()));
        found.extend((3 < password.len()).then(|| password.to_owned()));
    }
    let password = user.split_once(':').map_or("", |(_, password)| password);
    found.extend((3 < password.len()).then(|| password.to_owned()));
    found.extend(parts.into_iter().filter(|part| part.len() > 1).map(|part| part + "@"));
}

/// Whether `piece` looks like a token, a code or a key.
fn looks_secret(piece: &str) -> bool {
    let is_jwt = piece.split('.').any(|part| part.starts_with("eyJ") && 8 <= part.len());
    is_jwt
        || PIECE_MAX < piece.len()
        || is_grant(piece)
        || is_random(piece)
        || piece.split(|c: char| !c.is_ascii_alphanumeric()).any(is_code)
}

/// Tokens of Entra, of personal accounts, and SASL strings, by how they begin.
fn is_grant(piece: &str) -> bool {
    let starts = [
        "EwA", "EwB", "EwC", "EwD", "M.C", "M.R", "OAQAB", "AQAB", "AwAB", "BAQAB", "dXNlcj",
        "bixhPX",
    ];
    let of_entra = || {
        let mut after = piece.strip_prefix(['0', '1'])?.strip_prefix(".A")?.chars();
        after.next().filter(char::is_ascii_uppercase)
    };
    12 <= piece.len()
        && (starts.iter().any(|start| piece.starts_with(start)) || of_entra().is_some())
}

/// Whether letters of one case and digits alternate for longer than in a name: hexadecimal digits, base32. A GUID has shorter parts.
fn is_code(part: &str) -> bool {
    let bytes = part.as_bytes();
    let is_digit = u8::is_ascii_digit;
    let changes = bytes.windows(2).filter(|pair| is_digit(&pair[0]) != is_digit(&pair[1])).count();
    CODE_MIN <= bytes.len() && bytes.len() <= CODE_CHANGE * changes
}

/// Whether capitals, small letters and digits alternate as they never do in names.
fn is_random(piece: &str) -> bool {
    let class = |c: char| match c {
        'A'..='Z' => Some(0),
        'a'..='z' => Some(1),
        '0'..='9' => Some(2),
        _ => None,
    };
    let classes: Vec<usize> = piece.chars().filter_map(class).collect();
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    RANDOM_MIN <= piece.len()
        && (0..3).all(|class| classes.contains(&class))
        && classes.len() <= 3 * changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(argv: &[&str], text: &str) -> String {
        let argv: Vec<OsString> = argv.iter().map(Into::into).collect();
        Arguments::of(&argv, &Env::default()).hide(text).into_owned()
    }

    #[test]
    fn what_may_be_a_secret_is_not_repeated() {
        let random = "aB3dE6gH9jK2mN5pQ8sT1vW4";
        for (word, secret) in [
            ("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln", "c2ln"),
            ("eyJhbGciOiJub25lIn0.eyJ9.", "eyJhbGci"),
            ("eyJhbGciOiJub25lIn0", "eyJhbGci"),
            ("--account=eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln", "c2ln"),
            ("-jeyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln", "c2ln"),
            ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln", "c2ln"),
            ("0.AXoAUn4cP0uaDk6MYXvpXZ", "AXoAUn"),
            ("1.AXoA-short-refresh", "short-refresh"),
            ("M.C512_BAY.0.U.-CqXhTest", "CqXhTest"),
            (random, random),
            ("abc8Q~1fG2hJ3kL4mN5pQ6rS7tU8vW9xY0z", "8Q~1fG2"),
            ("refresh_token=opaque", "opaque"),
            ("client_secret=hunter22", "hunter22"),
            ("https://ada:hunter2@idp.example/x", "hunter2"),
            ("https://token-of-ada@idp.example", "token-of-ada"),
            ("--server=imaps://ada:pw@mail.example:993", "ada:pw"),
            ("ada:hunter2@mail.example:993", "hunter2"),
            ("//u:p@mail.example", "u:p@"),
            ("https://u:p/w@mail.example", "u:p/w"),
            ("0011223344556677889900112233445566778899001122334455667788990011", "0011"),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "da39a3ee"),
            ("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "DA39A3EE"),
            ("MFRGG2DFMZTWQ2LKNNWG23TPOB4HC4TTOR2XM532", "MFRGG2DF"),
            ("q7x2k9v4m1c8z3n6b5l0p2j7h4g9f1d8s3a6w5e0", "q7x2k9v4"),
            ("/tmp/x_da39a3ee5e6b4b0d3255bfef95601890afd80709.jwt", "da39a3ee"),
            ("--refresh_token=hunter2222222", "hunter2222222"),
            ("--EwBoA8l6BAAUhunter", "EwBoA8"),
            ("-0.AXoAUn4cP0uaDk6MYXvpXZ", "AXoAUn"),
        ] {
            let text = format!("there is no profile `{word}`; did you mean this?");
            let told = shown(&["entrada", "token", word], &text);
            assert!(!told.contains(secret) && told.contains(GONE), "{word}: {told}");
        }
    }

    #[test]
    fn it_is_known_again_in_small_letters_and_cut_short() {
        let word = format!("eyJhbGciOiJSUzI1NiJ9.{}.sig", "eyJhdWQiOiJ4In0".repeat(8));
        let cut: String = word.chars().take(80).collect();
        assert_eq!(shown(&["entrada", &word], &format!("`{cut}…`")), "`[secret]…`");
        assert_eq!(shown(&["entrada", &word], &word.to_lowercase()), "[secret]");
        let url = "https://ada:p%C3%A4ss@idp.example/";
        let told = shown(&["entrada", "https://ada:päss@idp.example/"], &format!("no {url}"));
        assert_eq!(told, "no https://[secret]@idp.example/");
    }

    #[test]
    fn the_padding_of_a_key_does_not_stay_behind() {
        for word in ["aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0bC3dE6gH9jK2m=", "aB3dE6gH9jK2mN5pQ8sT1vW4xQ=="]
        {
            let told = shown(&["entrada", word], &format!("no file `{word}` there: {word}"));
            assert_eq!(told, "no file `[secret]` there: [secret]");
        }
    }

    #[test]
    fn a_setting_is_hidden_like_an_argument_and_told_from_one() {
        let argv = ["entrada", "eyJhbGciOiJub25lIn0"].map(OsString::from);
        let arguments = Arguments::of(&argv, &Env::default());
        let key = "aB3dE6gH9jK2mN5pQ8sT1vW4";
        assert_eq!(arguments.hide(key), key);
        arguments.learn_settings(&format!("[defaults]\ntenant = 'contoso.example'\noid = '{key}'"));
        assert_eq!(
            arguments.hide(&format!("no `{key}`, contoso.example")),
            "no `[secret]`, contoso.example"
        );
        assert_eq!(arguments.advice(key), Some(ADVICE_OF_SETTING));
        assert_eq!(arguments.advice("eyJhbGciOiJub25lIn0"), Some(ADVICE));
        assert_eq!(arguments.advice("contoso.example"), None);
    }

    #[test]
    fn what_people_name_things_is_repeated() {
        for word in [
            "work",
            "WorkAccount2024Contoso",
            "ada.lovelace@contoso.example",
            "contosofinancereports2024mailaccess",
            "entrada_report_2024_11_30_02_15_contoso_mail_access",
            "6a1f0c3d-2b84-4e79-95d0-c8e73f41b2a6",
            "6A1F0C3D-2B84-4E79-95D0-C8E73F41B2A6",
            "https://login.microsoftonline.com/organizations/v2.0",
            "https://outlook.office.com/IMAP.AccessAsUser.All",
            "api://6a1f0c3d-2b84-4e79-95d0-c8e73f41b2a6/access_as_user",
            "/home/ada/.config/entrada/config.toml",
            "C:\\Users\\Ada\\EntradaReport2024Final.html",
            "reports/EntradaReport2024Final.html",
            "/tmp/.tmpAbC123/run.har",
            "outlook.office365.com:993",
            "SN6PR02MB1234.namprd02.prod.outlook.com",
            "http://localhost:8400",
            "graph-mail-read,imap",
            "--no-interactive",
            "@claims.json",
            "IMAP.AccessAsUser.All offline_access",
        ] {
            let text = format!("cannot use `{word}`");
            assert_eq!(shown(&["entrada", word], &text), text);
        }
    }
}
