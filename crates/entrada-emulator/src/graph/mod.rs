//! A small Microsoft Graph, which checks tokens as the real one does.

mod batch;
mod directory;
mod error;
mod mail;

use serde_json::{Value, json};

use self::error::{CHALLENGE, DENIED, GraphError, MAIL_DENIED, NO_OBJECT, NO_SEGMENT, NO_USER};
use super::account::EmulatedAccount;
use super::answer::{self, Answer};
use super::bearer::Caller;
use super::call::Call;
use super::host::Service;
use super::mint::pairwise;
use super::route::not_found;
use super::scenario::TokenVariant;
use super::scope::GRAPH;
use super::state::State;
use entrada_core::NumericDate;
use entrada_core::entra::graph::{GraphCall, Lookup};

impl State {
    /// `/v1.0/…`, `/beta/…` and `/oidc/userinfo`.
    pub(super) fn graph_host(&self, call: &Call, segments: &[&str], now: NumericDate) -> Answer {
        match segments {
            ["oidc", "userinfo"] => self.user_info(call, now),
            ["v1.0" | "beta", "$batch"] if call.is_post() => self.batch(call, now),
            ["v1.0" | "beta", rest @ ..] => match self.graph(call, rest, now) {
                Ok(body) => answer::json(200, &body),
                Err(error) => error.answer(call, now),
            },
            _ => not_found(),
        }
    }

    /// The object at `rest`, the path below the version.
    fn graph(&self, call: &Call, rest: &[&str], now: NumericDate) -> Result<Value, GraphError> {
        let caller = self.graph_caller(call, now)?;
        let version = if call.segments().first() == Some(&"beta") { "beta" } else { "v1.0" };
        let object = self.object(&caller, rest, call, now)?;
        let context = format!("https://graph.microsoft.com/{version}/$metadata#");
        Ok(selected(object, &context, call))
    }

    fn object(
        &self,
        caller: &Caller,
        rest: &[&str],
        call: &Call,
        now: NumericDate,
    ) -> Result<Value, GraphError> {
        match rest {
            ["me", below @ ..] => {
                let account = caller.account.ok_or(NO_USER)?;
                self.below_user(caller, account, below, call, now)
            }
            ["users"] => {
                check_access(caller, call, &[], DENIED)?;
                let users = self.accounts().filter(|account| !account.is_personal());
                let users: Vec<Value> = users.map(directory::user).collect();
                Ok(json!({ "@odata.context": "users", "value": users }))
            }
            ["users", id, below @ ..] => {
                let id = id.replace("%40", "@").replace("%23", "#");
                let is_named = |account: &&EmulatedAccount| {
                    [account.oid, account.upn, account.username]
                        .iter()
                        .any(|name| name.eq_ignore_ascii_case(&id))
                };
                let account = self.accounts().find(is_named).ok_or(NO_OBJECT)?;
                self.below_user(caller, account, below, call, now)
            }
            ["drives", id, below @ ..] => {
                let is_named = |account: &&EmulatedAccount| directory::drive_id(account) == *id;
                let account = self.accounts().find(is_named).ok_or(NO_OBJECT)?;
                self.below_drive(caller, account, below, call)
            }
            ["organization"] => {
                let needed = ["User.Read", "Organization.Read.All", "User.ReadWrite.All"];
                check_access(caller, call, &needed, DENIED)?;
                Ok(directory::organization(&self.directories, &caller.tid))
            }
            _ => Err(NO_SEGMENT),
        }
    }

    /// What `/me` and `/users/{id}` have in common.
    fn below_user(
        &self,
        caller: &Caller,
        account: &'static EmulatedAccount,
        below: &[&str],
        call: &Call,
        now: NumericDate,
    ) -> Result<Value, GraphError> {
        match below {
            [] => {
                check_access(caller, call, &[], DENIED)?;
                Ok(directory::user(account))
            }
            ["messages" | "mailFolders", ..] => {
                check_access(caller, call, &MAIL, MAIL_DENIED)?;
                let is_own = caller.account.is_none_or(|own| own.oid == account.oid);
                let shared = caller.has_any(&["Mail.Read.Shared", "Mail.ReadWrite.Shared"]);
                if !is_own && !shared {
                    return Err(MAIL_DENIED);
                }
                mail::object(caller, account, below, call, now)
            }
            ["drives"] => {
                check_access(caller, call, &[], DENIED)?;
                let drive = directory::drive(account);
                Ok(json!({ "@odata.context": "drives", "value": [drive] }))
            }
            ["drive", below @ ..] => self.below_drive(caller, account, below, call),
            ["memberOf" | "transitiveMemberOf"] => {
                check_access(caller, call, &[], DENIED)?;
                Ok(directory::member_of(account))
            }
            _ => Err(NO_SEGMENT),
        }
    }

    /// A drive, the folder at its root, and what is in that: nothing.
    fn below_drive(
        &self,
        caller: &Caller,
        account: &EmulatedAccount,
        below: &[&str],
        call: &Call,
    ) -> Result<Value, GraphError> {
        let in_root = match below {
            [] => {
                check_access(caller, call, &[], DENIED)?;
                return Ok(directory::drive(account));
            }
            ["root", rest @ ..] => rest,
            ["items", id, rest @ ..] if *id == directory::ROOT_FOLDER => rest,
            _ => return Err(NO_SEGMENT),
        };
        let (object, sufficient): (Value, &[&str]) = match in_root {
            [] => (directory::root_folder(account), &[]),
            ["children"] => (json!({ "@odata.context": "driveItems", "value": [] }), &[]),
            ["delta"] => {
                let again = format!("{}{}?token=latest", self.graph_address(call), call.path);
                (directory::changes(account, &again, call.query("token").is_some()), &FILES)
            }
            _ => return Err(NO_SEGMENT),
        };
        check_access(caller, call, sufficient, DENIED)?;
        Ok(object)
    }

    /// Where Graph is for the caller.
    fn graph_address(&self, call: &Call) -> String {
        match &call.host {
            Some(host) if self.service == Service::Graph => format!("https://{}", host.name()),
            _ => self.base().to_owned(),
        }
    }

    /// `/oidc/userinfo` (OIDC Core §5.3).
    pub(super) fn user_info(&self, call: &Call, now: NumericDate) -> Answer {
        let caller = self.graph_caller(call, now);
        let user = caller.and_then(|caller| Ok((caller.account.ok_or(NO_USER)?, caller.client_id)));
        match user {
            // The same `sub` as in the ID token (OpenID Connect Core 1.0 §5.3.2).
            Ok((account, client_id)) => answer::json(
                200,
                &json!({
                    "sub": pairwise(account.oid, &client_id), "name": account.name, "email": account.username,
                }),
            ),
            Err(error) => error.answer(call, now),
        }
    }

    fn graph_caller(&self, call: &Call, now: NumericDate) -> Result<Caller, GraphError> {
        let caller = self.caller(call.bearer(), &GRAPH, now)?;
        let challenged = self.scenario_of(&caller.client_id).tokens == TokenVariant::Challenged;
        if challenged && !caller.stepped_up && caller.account.is_some_and(|own| !own.is_personal())
        {
            return Err(CHALLENGE);
        }
        Ok(caller)
    }
}

/// What shows the changes in a drive. Core's table does not have the call.
const FILES: [&str; 6] = [
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Files.ReadWrite.All",
    "Sites.Read.All",
    "Sites.ReadWrite.All",
];
const MAIL: [&str; 5] =
    ["Mail.Read", "Mail.ReadWrite", "Mail.Read.Shared", "Mail.ReadWrite.Shared", "Mail.ReadBasic"];

/// Refuses a token that has neither a permission of core's table for this call nor one of `sufficient`.
fn check_access(
    caller: &Caller,
    call: &Call,
    sufficient: &[&str],
    refusal: GraphError,
) -> Result<(), GraphError> {
    let in_table = || {
        let call = GraphCall::new(call.method.as_str(), &call.path).ok()?;
        let Lookup::Found(access) = call.look_up() else { return None };
        let list = match caller.account {
            None => &access.application,
            Some(account) if account.is_personal() => &access.personal,
            Some(_) => &access.work,
        };
        let names: Vec<&str> = list.in_tokens().map(|permission| permission.name).collect();
        Some(caller.has_any(&names))
    };
    if caller.has_any(sufficient) || in_table() == Some(true) { Ok(()) } else { Err(refusal) }
}

/// The whole `@odata.context`, and of each object only the members in `$select`, with its id.
fn selected(mut object: Value, context: &str, call: &Call) -> Value {
    if let Some(Value::String(what)) = object.get_mut("@odata.context") {
        what.insert_str(0, context);
    }
    let Some(select) = call.query("$select") else { return object };
    let names: Vec<&str> = select.split(',').map(str::trim).collect();
    let keep = |object: &mut Value| {
        if let Some(members) = object.as_object_mut() {
            members.retain(|name, _| {
                name.starts_with('@') || name == "id" || names.contains(&name.as_str())
            });
        }
    };
    match object.get_mut("value").and_then(Value::as_array_mut) {
        Some(all) => all.iter_mut().for_each(keep),
        None => keep(&mut object),
    }
    object
}
