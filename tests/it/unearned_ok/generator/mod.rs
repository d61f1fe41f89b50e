//! A grammar of inputs that are not healthy: each production refuses something, breaks off, or shows nothing at all. A
//! complete token that has not expired never comes out, nor does an answer of 2xx.

mod answers;
mod mail;
mod vocabulary;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::corpus::NOW;
use crate::wrapped::WRAPPERS;
use vocabulary::{CODES, MEMBERS, WORDS};

/// A production: its name, and how it is written.
type Kind = (&'static str, fn(&mut Generator) -> String);

/// All productions.
pub(super) const KINDS: &[Kind] = &[
    ("truncated token", Generator::truncated_token),
    ("truncated token response", Generator::truncated_response),
    ("OAuth error", Generator::oauth_error),
    ("service error", Generator::service_error),
    ("status line", Generator::status_line),
    ("HTTP response", Generator::http_response),
    ("exception", Generator::exception),
    ("mail talk", Generator::mail_talk),
    ("prose", Generator::prose),
    ("JSON of an odd shape", Generator::odd_json),
    ("evidence file", Generator::evidence_file),
    ("archive", Generator::archive),
    ("redirect", Generator::redirect),
    ("challenge", Generator::challenge),
    ("log", Generator::log),
];

/// Writes inputs from random numbers (SplitMix64), so that a number is an input.
pub(super) struct Generator {
    state: u64,
}

impl Generator {
    /// The name of the production and the text of input `number`; one of three in a form in which people paste.
    pub(super) fn input(number: u64) -> (&'static str, String) {
        let mut random = Self { state: number.wrapping_mul(0x5851_F42D_4C95_7F2D) ^ 0x0BAD_5EED };
        let (kind, write) = KINDS[random.below(KINDS.len())];
        let text = write(&mut random);
        if random.below(3) == 0 {
            (kind, (WRAPPERS[random.below(WRAPPERS.len())].wrap)(&text))
        } else {
            (kind, text)
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number less than `limit`.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap();
        usize::try_from(self.next() % limit).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn words(&mut self, most: usize) -> String {
        let count = 1 + self.below(most);
        let words: Vec<&str> = (0..count).map(|_| self.one(WORDS)).collect();
        words.join(" ")
    }

    fn guid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    /// A number as AADSTS numbers are, known or not.
    fn number(&mut self) -> u64 {
        let known = [
            50_011, 50_076, 50_173, 53_003, 65_001, 70_000, 70_011, 700_016, 700_082, 7_000_215,
            900_144,
        ];
        if self.coin() { self.one(&known) } else { 10_000 + self.next() % 9_990_000 }
    }

    fn sentence(&mut self) -> String {
        let words = self.words(9);
        match self.below(4) {
            0 => format!("AADSTS{}: {words}.", self.number()),
            1 => format!(
                "AADSTS{}: {words}. Trace ID: {} Timestamp: 2027-01-15 07:59:58Z",
                self.number(),
                self.guid()
            ),
            2 => format!("{words}."),
            _ => words,
        }
    }

    /// A healthy token, of which only a part is shown.
    fn jwt(&mut self) -> String {
        let claims = json!({
            "aud": "https://graph.microsoft.com", "iss": format!("https://sts.windows.net/{}/", self.guid()),
            "iat": NOW.0 - 900, "nbf": NOW.0 - 900, "exp": NOW.0 + 3600, "scp": "Mail.Read Mail.Send User.Read",
            "appid": self.guid(), "tid": self.guid(), "upn": "ada@contoso.example", "ver": "1.0",
        });
        let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let signature = "c2ln".repeat(86);
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "key-1"});
        format!("{}.{}.{}", part(&header), part(&claims), &signature[..342])
    }

    /// The start of a token that ends within its claims at the latest.
    fn part_of_a_token(&mut self) -> String {
        let jwt = self.jwt();
        let end = jwt.rfind('.').unwrap();
        let length = 8 + self.below(end - 8);
        jwt[..length].to_owned()
    }

    fn truncated_token(&mut self) -> String {
        let part = self.part_of_a_token();
        let before = ["", "", "Bearer ", "Authorization: Bearer ", "token=", "access_token: "];
        let after = ["", "", "...", "…", "\n", " (cut)", "[truncated]"];
        format!("{}{part}{}", self.one(&before), self.one(&after))
    }

    fn truncated_response(&mut self) -> String {
        let token = self.part_of_a_token();
        match self.below(4) {
            // It ends within the token.
            0 => format!("{{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"{token}"),
            1 => format!("{{\n  \"token_type\": \"Bearer\",\n  \"scope\": \"Mail.Read\",\n  \"access_token\": \"{token}..."),
            2 => json!({"token_type": "Bearer", "expires_in": 3599, "scope": "Mail.Read", "access_token": token}).to_string(),
            // It ends before there is a token.
            _ => {
                let text = r#"{"token_type":"Bearer","scope":"Mail.Read openid","expires_in":3599,"ext_expires_in":3599,"access_token":""#;
                text[..2 + self.below(text.len() - 2)].to_owned()
            }
        }
    }

    fn prose(&mut self) -> String {
        let sentences: Vec<String> = (0..=self.below(4)).map(|_| self.words(14)).collect();
        sentences.join(self.one(&[". ", "\n", "! "])) + "."
    }

    /// A value below `depth`; no number is a status of 2xx or a time that lies ahead.
    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => self.coin().into(),
            2 => json!([0, 1, 7, 400, 401, 403, 404, 500, 503, -1][self.below(10)]),
            3 => self.one(CODES).into(),
            4 => self.sentence().into(),
            5 => (0..self.below(3)).map(|_| self.value(depth - 1)).collect(),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let count = self.below(5);
        let members = (0..count).map(|_| (self.one(MEMBERS).to_owned(), self.value(depth)));
        members.collect::<Map<_, _>>().into()
    }

    fn odd_json(&mut self) -> String {
        let value = self.object(3);
        let text = value.to_string();
        match self.below(5) {
            0 => text.replace('"', "'").replace("null", "None").replace("true", "True"),
            1 => text.replacen('}', ",}", 1),
            2 => format!("{text}\n{}", self.object(1)),
            3 => json!({ "responseBody": text }).to_string(),
            _ => text,
        }
    }
}
