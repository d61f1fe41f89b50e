//! `entrada explain 'GET /me/messages'`: the permissions of a call of Microsoft Graph.

use super::Failure;
use entrada_core::entra::graph::{CallAccess, CallError, GraphCall, Lookup};

const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// The records of the call `what`; of every method if it names a path alone. `None` if it is not a call.
///
/// # Errors
///
/// A usage failure if the call is not on record, or the URL is not one of Graph.
pub(super) fn records(what: &str) -> Option<Result<Vec<CallAccess>, Failure>> {
    let what = what.trim();
    if !what.contains('/') {
        return None;
    }
    let has_method = what.split_whitespace().count() == 2;
    let call: GraphCall = match what.parse() {
        Ok(call) => call,
        Err(error @ CallError::OtherHost { .. }) => {
            return Some(Err(Failure::usage(error.to_string())));
        }
        Err(_) => return None,
    };
    let methods: &[&str] = if has_method { &[call.method()] } else { &METHODS };
    let mut others = Vec::new();
    let mut found = Vec::new();
    for method in methods {
        match call.with_method(method).look_up() {
            Lookup::Found(access) => found.push(access),
            Lookup::OtherMethods(methods) => others = methods,
            Lookup::Unknown => (),
        }
    }
    if !found.is_empty() {
        return Some(Ok(found));
    }
    let failure = Failure::usage(format!("the call `{call}` is not on record"));
    Some(Err(if others.is_empty() {
        failure.help("the record has the calls of v1.0 below `/me`, `/users/{id}`, `/groups/{id}`, `/sites`, `/drives` and a few more")
    } else {
        failure.help(format!("the path is on record with {}", others.join(", ")))
    }))
}
