//! Several calls in one request.

use http::Method;
use serde_json::{Value, json};

use super::error::BAD_BATCH;
use crate::answer::{self, Answer};
use crate::call::Call;
use crate::state::State;
use entrada_core::NumericDate;

/// The most calls of one batch.
const CALLS_MAX: usize = 20;

impl State {
    /// `POST /v1.0/$batch`: each call is answered with the token of the whole request.
    pub(super) fn batch(&self, call: &Call, now: NumericDate) -> Answer {
        if let Err(error) = self.graph_caller(call, now) {
            return error.answer(call, now);
        }
        let body = call.json().unwrap_or_default();
        let version = call.segments().first().copied().unwrap_or_default().to_owned();
        let requests = body["requests"].as_array().filter(|all| all.len() <= CALLS_MAX);
        let Some(requests) = requests else { return BAD_BATCH.answer(call, now) };
        let responses: Option<Vec<Value>> =
            requests.iter().map(|request| self.batched(request, &version, call, now)).collect();
        match responses {
            Some(responses) => answer::json(200, &json!({ "responses": responses })),
            None => BAD_BATCH.answer(call, now),
        }
    }

    fn batched(
        &self,
        request: &Value,
        version: &str,
        call: &Call,
        now: NumericDate,
    ) -> Option<Value> {
        let text = |name: &str| request[name].as_str();
        let (id, url) = (text("id")?, text("url")?.trim_start_matches('/'));
        let method = Method::from_bytes(text("method")?.as_bytes()).ok()?;
        let part = call.part(method, &format!("/{version}/{url}"));
        let found = self.graph(&part, part.segments().get(1..).unwrap_or_default(), now);
        let (status, body) = match found {
            Ok(body) => (200, body),
            Err(error) => (error.0, error.body(call, now)),
        };
        let headers = json!({ "Content-Type": "application/json" });
        Some(json!({ "id": id, "status": status, "headers": headers, "body": body }))
    }
}
