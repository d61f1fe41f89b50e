//! `entrada status -o json`: one document, whose sign-ins are written one after the other.

use std::io;

use serde_json::{Value, json};

use super::{App, Forecast, Stored, cause};
use crate::render;
use entrada_core::to_json;

/// The document that is being written.
pub(super) struct Documents {
    /// The store, until the first bytes are written.
    store: String,
    count: usize,
}

impl Documents {
    pub(super) fn new(store: String) -> Self {
        Self { store, count: 0 }
    }

    /// Writes the next sign-in.
    pub(super) fn add(&mut self, app: &mut App<'_, '_>, document: Value) -> io::Result<()> {
        self.begin(app)?;
        let mut text = Vec::new();
        if 1 < self.count {
            text.push(b',');
        }
        to_json(&mut text, &app.redactor.value(document))?;
        app.stdout.write_all(&text)
    }

    /// Ends the document, which may have no sign-in.
    pub(super) fn end(mut self, app: &mut App<'_, '_>) -> io::Result<()> {
        if self.count == 0 {
            self.begin(app)?;
        }
        app.stdout.write_all(b"]}\n")
    }

    /// Ends the document if it was begun.
    pub(super) fn end_if_begun(self, app: &mut App<'_, '_>) -> io::Result<()> {
        if self.count == 0 { Ok(()) } else { self.end(app) }
    }

    fn begin(&mut self, app: &mut App<'_, '_>) -> io::Result<()> {
        self.count += 1;
        if 1 < self.count {
            return Ok(());
        }
        let mut text = Vec::new();
        let members = json!({ "version": render::json::VERSION, "store": self.store });
        to_json(&mut text, &app.redactor.value(members))?;
        // The object goes on with its last member.
        text.pop();
        text.extend(b",\"accounts\":[");
        app.stdout.write_all(&text)
    }
}

/// One sign-in.
pub(super) fn document(stored: &Stored) -> serde_json::Value {
    let Stored { entry, grant } = stored;
    let error = grant.as_ref().err().map(ToString::to_string);
    let stored = grant.as_ref().ok().and_then(Option::as_ref);
    let (grant, forecast) = (stored.map(|own| &own.grant), stored.map(|own| &own.forecast));
    let refused = stored.and_then(|own| own.refused.as_ref()).map(|refused| {
        serde_json::json!({
            "at": refused.at,
            "cause": cause(refused).map(|(id, _)| id),
            "permanent": refused.is_permanent,
            "sign_in_needed": refused.needs_sign_in,
        })
    });
    let tokens: Vec<_> = grant
        .into_iter()
        .flat_map(|grant| &grant.access_tokens)
        .map(|token| {
            serde_json::json!({
                "requested": token.requested.to_string(),
                "granted": token.granted.as_ref().map(ToString::to_string),
                "received_at": token.received_at,
                "expires_at": token.expires_at,
            })
        })
        .collect();
    let refresh_token = grant.map(|grant| {
        serde_json::json!({
            "present": grant.refresh_token.is_some(),
            "received_at": grant.refreshed_at,
            "expires_at": grant.refresh_expires_at,
            "refused": refused,
        })
    });
    let mut document = serde_json::json!({
        "entry": entry,
        "signed_in_at": grant.and_then(|grant| grant.signed_in_at),
        "grant_type": grant.map(|grant| grant.grant_type.as_str()),
        "refresh_token": refresh_token,
        "access_tokens": tokens,
        "forecast": forecast.map(foretold),
    });
    if let Some(error) = error {
        document["error"] = error.into();
    }
    document
}

fn foretold(forecast: &Forecast) -> serde_json::Value {
    let tokens = forecast.access_tokens.iter().map(|token| {
        serde_json::json!({
            "serves_until": token.serves_until,
            "renewed_from": token.renewed_from,
        })
    });
    let sooner = forecast
        .risks
        .iter()
        .map(|ending| serde_json::json!({ "id": ending.id, "what": ending.what }));
    serde_json::json!({
        "access_tokens": tokens.collect::<Vec<_>>(),
        "sign_in_needed_at": forecast.sign_in_needed_at,
        "basis": forecast.basis.id(),
        "sooner": sooner.collect::<Vec<_>>(),
    })
}
