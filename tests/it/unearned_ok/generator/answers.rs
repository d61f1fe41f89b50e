//! Refusals of the authority and of APIs: their answers, and what programs print of them.

use serde_json::{Map, Value, json};

use super::Generator;
use super::vocabulary::{CODES, HOSTS, STATUS, WORDS};

impl Generator {
    pub(super) fn oauth_error(&mut self) -> String {
        let mut error = Map::new();
        error.insert("error".to_owned(), self.one(CODES).into());
        if self.coin() {
            error.insert("error_description".to_owned(), self.sentence().into());
        }
        if self.coin() {
            error.insert("error_codes".to_owned(), json!([self.number()]));
        }
        if self.below(4) == 0 {
            error.insert("suberror".to_owned(), self.one(WORDS).into());
        }
        let text = Value::from(error).to_string();
        match self.below(5) {
            0 => text[..8 + self.below(text.len() - 8)].to_owned(),
            1 => text.replace('"', "'"),
            2 => json!({ "body": text }).to_string(),
            _ => text,
        }
    }

    pub(super) fn service_error(&mut self) -> String {
        let (code, message, status) = (self.one(CODES), self.sentence(), self.one(STATUS).0);
        let error = match self.below(7) {
            0 => json!({"error": {"code": code, "message": message}}),
            1 => {
                json!({"error": {"code": code, "message": message, "innerError": {"request-id": self.guid()}}})
            }
            2 => json!({"Message": message}),
            3 => json!({"statusCode": status, "message": message}),
            4 => json!({"errors": [{"code": code, "message": message}]}),
            5 => {
                json!({"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}})
            }
            _ => json!({"status": status, "title": message, "type": "about:blank"}),
        };
        if self.coin() { error.to_string() } else { serde_json::to_string_pretty(&error).unwrap() }
    }

    pub(super) fn status_line(&mut self) -> String {
        let (status, reason) = self.one(STATUS);
        match self.below(8) {
            0 => format!("HTTP/1.1 {status} {reason}"),
            1 => format!("HTTP/2 {status}"),
            2 => format!("{status} {reason}"),
            3 => format!("StatusCode: {status}"),
            4 => format!("Response status code does not indicate success: {status} ({reason})."),
            5 => format!("curl: (22) The requested URL returned error: {status}"),
            6 => format!("Request failed with status code {status}"),
            _ => format!("The remote server returned an error: ({status}) {reason}."),
        }
    }

    pub(super) fn http_response(&mut self) -> String {
        let (status, reason) = self.one(STATUS);
        let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
        if self.coin() {
            head += "Content-Type: application/json\r\n";
        }
        if self.coin() {
            head = head + "request-id: " + &self.guid() + "\r\n";
        }
        if self.below(3) == 0 {
            head = head + "WWW-Authenticate: " + &self.challenge() + "\r\n";
        }
        let body = match self.below(5) {
            0 => String::new(),
            1 => self.oauth_error(),
            2 => self.odd_json(),
            3 => format!("<html><body><h1>{status} {reason}</h1>{}</body></html>", self.words(6)),
            _ => self.service_error(),
        };
        format!("{head}\r\n{body}")
    }

    pub(super) fn exception(&mut self) -> String {
        let (status, reason) = self.one(STATUS);
        let (host, code, sentence) = (self.one(HOSTS), self.one(CODES), self.sentence());
        match self.below(6) {
            0 => format!(
                "requests.exceptions.HTTPError: {status} Client Error: {reason} for url: {host}"
            ),
            1 => format!("oauthlib.oauth2.rfc6749.errors.CustomOAuth2Error: ({code}) {sentence}"),
            2 => format!(
                "Microsoft.Identity.Client.MsalServiceException: {sentence}\n\tStatusCode: {status}\n\tResponseBody: "
            ),
            3 => format!(
                "{{ Error: {sentence}\n    at IncomingMessage.<anonymous> (/srv/app/index.js:12:7) code: '{code}' }}"
            ),
            4 => format!("urllib.error.HTTPError: HTTP Error {status}: {reason}"),
            _ => format!("Error: {code}: {sentence}\n    at fetch (/srv/app/graph.js:40:11)"),
        }
    }

    pub(super) fn evidence_file(&mut self) -> String {
        let mut file = Map::new();
        file.insert("version".to_owned(), 1.into());
        if self.coin() {
            file.insert(
                "job".to_owned(),
                self.one(&["imap", "graph", "graph-mail-read", "smtp"]).into(),
            );
        }
        match self.below(4) {
            0 => {
                let (error, words) = (self.one(CODES), self.sentence());
                file.insert(
                    "oauth_error".to_owned(),
                    json!({"error": error, "error_description": words}),
                );
            }
            1 => {
                let token = self.part_of_a_token();
                file.insert("token".to_owned(), token.into());
            }
            2 => {
                let token = self.part_of_a_token();
                file.insert(
                    "token_response".to_owned(),
                    json!({"access_token": token, "token_type": "Bearer"}),
                );
            }
            _ => {
                let (status, _) = self.one(STATUS);
                let body = self.service_error();
                file.insert(
                    "http".to_owned(),
                    json!({"status": status, "headers": {}, "body": body}),
                );
            }
        }
        Value::from(file).to_string()
    }

    pub(super) fn archive(&mut self) -> String {
        let entries: Vec<Value> = (0..=self.below(2))
            .map(|_| {
                let ((status, reason), url, body) = (self.one(STATUS), self.one(HOSTS), self.service_error());
                json!({
                    "startedDateTime": "2027-01-15T07:59:58.000Z", "time": 1,
                    "request": {"method": "GET", "url": url, "headers": []},
                    "response": {"status": status, "statusText": reason, "headers": [], "content": {"text": body}},
                })
            })
            .collect();
        json!({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries}}).to_string()
    }

    pub(super) fn redirect(&mut self) -> String {
        let (code, sentence) = (self.one(CODES), self.sentence());
        let sentence = sentence.replace(' ', "+").replace(':', "%3a");
        let (mark, state) = (self.one(&["?", "#"]), self.below(10_000));
        format!(
            "http://localhost:8400/{mark}error={code}&error_description={sentence}&state={state}"
        )
    }

    pub(super) fn challenge(&mut self) -> String {
        let (code, sentence) = (
            self.one(&[
                "invalid_token",
                "insufficient_scope",
                "insufficient_claims",
                "invalid_request",
            ]),
            self.words(8),
        );
        match self.below(3) {
            0 => format!("Bearer error=\"{code}\", error_description=\"{sentence}\""),
            1 => format!(
                "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"{code}\""
            ),
            _ => format!(
                "Bearer authorization_uri=\"https://login.microsoftonline.com/{}\"",
                self.guid()
            ),
        }
    }

    pub(super) fn log(&mut self) -> String {
        let lines: Vec<String> = (0..=self.below(5))
            .map(|number| {
                let level = self.one(&["INFO", "ERROR", "WARN", "DEBUG"]);
                let text = match self.below(3) {
                    0 => self.words(8),
                    1 => self.exception(),
                    _ => self.status_line(),
                };
                format!("2027-01-15T07:59:{:02}Z {level} {text}", 10 + number)
            })
            .collect();
        lines.join("\n")
    }
}
