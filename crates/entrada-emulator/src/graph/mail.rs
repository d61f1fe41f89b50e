//! The mailbox of a user.

use serde_json::{Value, json};

use super::error::{GraphError, NO_ITEM, NO_MAILBOX, NO_SEGMENT};
use crate::account::EmulatedAccount;
use crate::bearer::Caller;
use crate::call::Call;
use crate::mail::mailbox::MESSAGES;
use entrada_core::NumericDate;

/// The permissions that show the body of a message.
const WHOLE: [&str; 4] =
    ["Mail.Read", "Mail.ReadWrite", "Mail.Read.Shared", "Mail.ReadWrite.Shared"];

/// `messages`, `messages/{id}` or `mailFolders` of `account`.
pub(super) fn object(
    caller: &Caller,
    account: &EmulatedAccount,
    path: &[&str],
    call: &Call,
    now: NumericDate,
) -> Result<Value, GraphError> {
    if !account.mailbox {
        return Err(NO_MAILBOX);
    }
    let whole = caller.has_any(&WHOLE);
    match path {
        ["messages"] => {
            let top = call.query("$top").and_then(|top| top.parse().ok()).unwrap_or(10);
            let all: Vec<Value> = (0..MESSAGES.len())
                .take(top)
                .map(|index| message(account, index, whole, now))
                .collect();
            Ok(json!({ "@odata.context": "users('me')/messages", "value": all }))
        }
        ["messages", id] => {
            let index =
                (0..MESSAGES.len()).find(|index| message_id(*index) == *id).ok_or(NO_ITEM)?;
            Ok(message(account, index, whole, now))
        }
        ["mailFolders"] => {
            let folder = |name: &str, total: usize| {
                json!({
                    "id": format!("AQMkADAemulator{}", name.replace(' ', "")), "displayName": name,
                    "childFolderCount": 0, "unreadItemCount": 0, "totalItemCount": total,
                })
            };
            let folders =
                [folder("Inbox", MESSAGES.len()), folder("Sent Items", 0), folder("Drafts", 0)];
            Ok(json!({ "@odata.context": "users('me')/mailFolders", "value": folders }))
        }
        _ => Err(NO_SEGMENT),
    }
}

fn message_id(index: usize) -> String {
    format!("AAMkADemulator{index}=")
}

/// A message; without the body if only `Mail.ReadBasic` was granted.
fn message(account: &EmulatedAccount, index: usize, whole: bool, now: NumericDate) -> Value {
    let (subject, text) = MESSAGES[index];
    let hours = i64::try_from(index).unwrap_or_default() + 1;
    let received = now.plus_seconds(-3_600 * hours).to_string().replace(' ', "T");
    let mut message = json!({
        "id": message_id(index), "subject": subject, "receivedDateTime": received, "isRead": index != 0,
        "from": { "emailAddress": { "name": "Charles Babbage", "address": "charles@contoso.example" } },
        "toRecipients": [{ "emailAddress": { "name": account.name, "address": account.username } }],
    });
    if whole {
        message["bodyPreview"] = json!(text);
        message["body"] = json!({ "contentType": "text", "content": text });
    }
    message
}
