//! Properties that hold for every secret and every text, checked over generated ones.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::Redactor;
use crate::entra::{claims, oauth_errors};

/// Texts for each property.
const TEXTS: u64 = 100;

/// A generator of the same numbers on every run (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn text(&mut self, length: usize, alphabet: &str) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    fn guid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|length| self.text(length, "0123456789abcdef")).join("-")
    }

    /// A token, an opaque grant, a password or a code. Letters and digits at both ends, as `register` trims white space.
    fn secret(&mut self) -> String {
        const PLAIN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let long = 30 + self.below(170);
        match self.below(5) {
            0 => format!(
                "eyJhbGciOiJub25lIn0.{}.{}",
                BASE64_URL_SAFE_NO_PAD.encode(json!({ "aud": self.text(40, PLAIN) }).to_string()),
                self.text(long, &format!("{PLAIN}-_"))
            ),
            1 => format!("1.A{}", self.text(long, &format!("{PLAIN}-_.~!*$"))),
            2 => {
                let length = 8 + self.below(12);
                format!("Q{}7", self.text(length, &format!("{PLAIN}%&+=/\\\"'<> äß€~#")))
            }
            3 => format!("K{}9", self.text(5, PLAIN)),
            _ => self.text(9, "BCDFGHJKLMNPQRSTVWXZ"),
        }
    }

    /// `secret` as a server or a library may repeat it.
    fn encoded(&mut self, secret: &str) -> String {
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let json = |text: &str| {
            let quoted = json!(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        let form: String = form(secret);
        match self.below(8) {
            0 => form,
            1 => json(secret),
            2 => json(&json(secret)),
            3 => BASE64_STANDARD.encode(secret),
            4 => BASE64_URL_SAFE_NO_PAD.encode(form),
            5 => BASE64_STANDARD
                .encode(format!("user=ada@contoso.example\u{1}auth=Bearer {secret}\u{1}\u{1}")),
            6 => crate::xml_escaped(secret),
            _ => secret.to_owned(),
        }
    }

    /// A word that a diagnosis needs: the name of a claim, an error code, a number, an id.
    fn public_word(&mut self) -> String {
        let names: Vec<&str> = claims::all().map(|(name, _)| name).collect();
        let errors: Vec<&str> = oauth_errors::all().iter().map(|error| error.error).collect();
        match self.below(6) {
            0 => self.one(&names).to_owned(),
            1 => self.one(&errors).to_owned(),
            2 => self.one(&super::names::SERVICE_ERRORS).to_owned(),
            3 => format!("AADSTS{}", 50_000 + self.below(900_000)),
            4 => (self.below(2_000_000_000) + 100).to_string(),
            _ => self.guid(),
        }
    }

    /// `word` as logs, forms and JSON show it.
    fn sentence(&mut self, word: &str) -> String {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let name = if word.len() == 36 {
            self.one(&[
                "trace_id",
                "correlation_id",
                "client-request-id",
                "Correlation ID",
                "appid",
            ])
        } else if is_number {
            self.one(&["exp", "code", "error_codes", "status", "expires_in"])
        } else {
            self.one(&["error", "code", "claim", "token", "id_token", "access_token", "secret"])
        };
        match self.below(5) {
            0 => format!("{name}: {word}"),
            1 => format!("{name}={word}"),
            2 => format!("{{\"{name}\": \"{word}\"}}"),
            3 => format!("the {name} is `{word}`"),
            _ => format!("{word}, {name} {word}."),
        }
    }
}

#[test]
fn a_registered_secret_is_never_shown_and_a_public_word_always_is() {
    let mut random = Random(1);
    for round in 0..TEXTS {
        let redactor = Redactor::default();
        let secrets: Vec<String> = (0..=random.below(3)).map(|_| random.secret()).collect();
        for secret in &secrets {
            redactor.register(secret);
        }
        let mut parts = Vec::new();
        let mut sentences = Vec::new();
        let mut encoded = Vec::new();
        for _ in 0..2 {
            let word = random.public_word();
            let sentence = random.sentence(&word);
            parts.push(sentence.clone());
            sentences.push(sentence);
            let secret = secrets[random.below(secrets.len())].clone();
            let shape = random.encoded(&secret);
            parts.push(format!("it said <{shape}>"));
            encoded.push(shape);
        }
        let text = parts.join("; ");
        let shown = redactor.foreign_text(&text);
        for secret in secrets.iter().chain(&encoded) {
            assert!(!shown.contains(secret.as_str()), "round {round}: {secret}\n{text}\n{shown}");
        }
        for sentence in &sentences {
            assert!(shown.contains(sentence), "round {round}: {sentence}\n{text}\n{shown}");
        }
    }
}

#[test]
fn text_without_a_secret_is_unchanged_whatever_it_says() {
    let mut random = Random(2);
    let redactor = Redactor::default();
    for _ in 0..3 {
        redactor.register(&random.secret());
    }
    for _ in 0..TEXTS {
        let sentences: Vec<String> = (0..5)
            .map(|_| {
                let word = random.public_word();
                random.sentence(&word)
            })
            .collect();
        let text = sentences.join(" and ");
        assert_eq!(redactor.foreign_text(&text), text);
    }
}

#[test]
fn a_public_word_is_not_registered_even_under_a_secret_name() {
    let redactor = Redactor::default();
    for (name, _) in claims::all() {
        redactor.register(name);
    }
    for error in oauth_errors::all() {
        redactor.learn(&json!({ "access_token": error.error }));
    }
    for error in super::names::SERVICE_ERRORS {
        redactor.learn_text(&format!("{{\"token\": \"{error}\"}}"));
    }
    redactor.register("AADSTS700016");
    assert!(redactor.is_empty());
}

#[test]
fn an_archive_shows_no_secret_and_keeps_public_words() {
    let mut random = Random(3);
    for round in 0..TEXTS {
        let run = Redactor::default();
        let archive = run.with_fingerprints([7; 16]);
        let (registered, member) = (random.secret(), random.secret());
        // Registered after the archive was opened.
        run.register(&registered);
        let word = random.public_word();
        let (one, other) = (random.encoded(&registered), random.encoded(&member));
        let description = format!("{word} <{one}> <{other}> {word}");
        let answer = json!({ "error_description": description, "unlisted": member });
        let shown = archive.members(answer.as_object().unwrap());
        let description = shown["error_description"].as_str().unwrap();
        assert_eq!(description.matches(&word).count(), 2, "round {round}: {description}");
        let text = serde_json::Value::Object(shown.clone()).to_string();
        for secret in [&registered, &member, &one, &other] {
            assert!(!text.contains(secret.as_str()), "round {round}: {secret}\n{text}");
        }
        assert!(super::is_redacted(shown["unlisted"].as_str().unwrap()));
    }
}
