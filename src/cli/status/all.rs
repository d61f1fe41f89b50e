//! `entrada status --all`: every sign-in of the store in one table, with a forecast for each.

use super::{App, Failure, Stored, StoredGrant, unreadable};
use crate::cli::ui::style_of;
use crate::render;
use entrada_auth::flow::forecast::{Basis, ExpiryRisk, Forecast};
use entrada_auth::store::AccountEntry;
use entrada_auth::sys::Stream;
use entrada_core::{NumericDate, human_duration};

const HEADINGS: [&str; 9] = [
    "account",
    "tenant",
    "client",
    "authority",
    "token for",
    "serves",
    "renewed",
    "sign-in needed",
    "sooner by",
];
/// Columns that say whose sign-in it is.
const WHOSE: usize = 4;

/// The table, and the risks that its cells name.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    risks: Vec<ExpiryRisk>,
}

impl Table {
    pub(super) fn add(&mut self, stored: &Stored, now: NumericDate) {
        self.rows.extend(rows_of(stored, now));
        if let Ok(Some(own)) = &stored.grant {
            for ending in &own.forecast.risks {
                if !self.risks.contains(ending) {
                    self.risks.push(*ending);
                }
            }
        }
    }

    pub(super) fn show(&self, app: &mut App<'_, '_>) -> Result<(), Failure> {
        let style = style_of(app.sys, Stream::Stdout);
        render::records(app.stdout, &HEADINGS, &self.rows, style)?;
        writeln!(app.stdout)?;
        render::wrapped(
            app.stdout,
            style.width,
            "this is a forecast for an unused sign-in, not a promise; each use of an Entra refresh token extends it by 90 days",
        )?;
        for ExpiryRisk { id, what, .. } in &self.risks {
            render::wrapped(app.stdout, style.width, &format!("{id}: {what}"))?;
        }
        Ok(())
    }
}

/// One row for each access token; the first of them tells of the whole sign-in.
fn rows_of(stored: &Stored, now: NumericDate) -> Vec<Vec<String>> {
    let AccountEntry { tenant, client_id, authority, .. } = &stored.entry;
    let whose = [stored.entry.label(), tenant, client_id, authority].map(str::to_owned);
    let row = |rest: [String; HEADINGS.len() - WHOSE]| whose.iter().cloned().chain(rest).collect();
    let alone = |what: &str, why: String| {
        let nothing = String::new;
        vec![row([what.to_owned(), nothing(), nothing(), nothing(), why])]
    };
    match &stored.grant {
        Err(error) => alone("?", unreadable(error)),
        Ok(None) => alone("?", "nothing is stored: only the list names it".to_owned()),
        Ok(Some(stored)) => foreseen(stored, now)
            .enumerate()
            .map(|(index, cells)| {
                let mut cells: Vec<String> = row(cells);
                if 0 < index {
                    cells[..WHOSE].fill(String::new());
                }
                cells
            })
            .collect(),
    }
}

fn foreseen(
    stored: &StoredGrant,
    now: NumericDate,
) -> impl Iterator<Item = [String; HEADINGS.len() - WHOSE]> {
    let StoredGrant { grant, forecast, .. } = stored;
    let came = grant.access_tokens.iter().map(|token| token.received_at).max();
    let is_odd = now < grant.refreshed_at || came.is_some_and(|came| now < came);
    let needed = match forecast.basis {
        // A sign-in dated in the future has no forecast.
        Basis::Inactivity | Basis::AccessToken if is_odd => "not known".to_owned(),
        _ if stored.ended().is_some() => "now: the last refresh was refused".to_owned(),
        _ => sign_in_needed(forecast, now),
    };
    let sooner = forecast.risks.iter().map(|ending| ending.id).collect::<Vec<_>>().join(", ");
    let tokens =
        grant.access_tokens.iter().zip(&forecast.access_tokens).map(|(token, expected)| {
            let scopes = token.granted.as_ref().unwrap_or(&token.requested).api().to_string();
            let left = expected.serves_until.seconds_since(now);
            // A token received in the future is not used: it is not known which clock is wrong.
            let is_odd = now < token.received_at;
            let serves = match left {
                _ if is_odd => "no: from the future".to_owned(),
                1.. => human_duration(left),
                _ => "no longer".to_owned(),
            };
            let renewed = expected.renewed_from.map_or_else(
                || "never".to_owned(),
                |at| if is_odd { "now".to_owned() } else { ahead(at, now) },
            );
            [scopes, serves, renewed]
        });
    let none = || ["none".to_owned(), String::new(), String::new()];
    let mut tokens: Vec<_> = tokens.collect();
    if tokens.is_empty() {
        tokens.push(none());
    }
    tokens.into_iter().enumerate().map(move |(index, [scopes, serves, renewed])| {
        let first = |text: &String| if index == 0 { text.clone() } else { String::new() };
        [scopes, serves, renewed, first(&needed), first(&sooner)]
    })
}

fn sign_in_needed(forecast: &Forecast, now: NumericDate) -> String {
    match (forecast.sign_in_needed_at, forecast.basis) {
        (Some(at), Basis::Inactivity) => format!("about {}", ahead(at, now)),
        (Some(at), _) => ahead(at, now),
        (None, Basis::AccessToken) => "now".to_owned(),
        (None, _) => "not known".to_owned(),
    }
}

fn ahead(at: NumericDate, now: NumericDate) -> String {
    let left = at.seconds_since(now);
    if 0 < left { format!("in {}", human_duration(left)) } else { "now".to_owned() }
}
