//! Users, organisations, groups and drives.

use serde_json::{Value, json};

use crate::account::{Directory, EmulatedAccount};
use crate::unregistered::guid_of;

pub(super) fn user(account: &'static EmulatedAccount) -> Value {
    let (given, family) = account.name.split_once(' ').unwrap_or((account.name, ""));
    json!({
        "@odata.context": "users/$entity",
        "id": account.oid, "displayName": account.name, "givenName": given, "surname": family,
        "mail": account.username, "userPrincipalName": account.upn, "businessPhones": [],
        "jobTitle": Value::Null, "mobilePhone": Value::Null, "officeLocation": Value::Null,
        "preferredLanguage": Value::Null,
    })
}

/// The organisation of the tenant `tid`.
pub(super) fn organization(directories: &[Directory], tid: &str) -> Value {
    let all: Vec<Value> = directories
        .iter()
        .filter(|directory| directory.id.eq_ignore_ascii_case(tid))
        .map(|directory| {
            let domain = |(index, name): (usize, &String)| {
                json!({
                    "name": name, "type": "Managed", "isDefault": index == 0,
                    "isInitial": name.ends_with(".onmicrosoft.com"), "capabilities": "Email",
                })
            };
            let domains: Vec<Value> = directory.domains.iter().enumerate().map(domain).collect();
            json!({
                "id": directory.id, "displayName": directory.name, "tenantType": "AAD",
                "verifiedDomains": domains,
            })
        })
        .collect();
    json!({ "@odata.context": "organization", "value": all })
}

/// The id of the folder at the root of every drive.
pub(super) const ROOT_FOLDER: &str = "01ROOTFOLDER";

/// When each drive and the folder at its root were made.
const DRIVE_CREATED: &str = "2026-01-05T09:00:00Z";

pub(super) fn drive_id(account: &EmulatedAccount) -> String {
    format!("b!{}", guid_of(account.oid))
}

/// The folder at the root of a drive. It is empty.
pub(super) fn root_folder(account: &EmulatedAccount) -> Value {
    json!({
        "@odata.context": "drives('root')/root/$entity",
        "id": ROOT_FOLDER, "name": "root", "size": 0, "folder": { "childCount": 0 }, "root": {},
        "webUrl": "https://contoso-my.sharepoint.example/Documents",
        "createdDateTime": DRIVE_CREATED, "lastModifiedDateTime": DRIVE_CREATED,
        "fileSystemInfo": { "createdDateTime": DRIVE_CREATED, "lastModifiedDateTime": DRIVE_CREATED },
        "parentReference": { "driveType": "business", "driveId": drive_id(account) },
    })
}

/// The changes in a drive: its root, and later nothing. `again` leads to later changes.
pub(super) fn changes(account: &EmulatedAccount, again: &str, is_later: bool) -> Value {
    let changed = if is_later { Vec::new() } else { vec![root_folder(account)] };
    json!({ "@odata.context": "driveItems", "@odata.deltaLink": again, "value": changed })
}

pub(super) fn drive(account: &EmulatedAccount) -> Value {
    let kind = if account.is_personal() { "personal" } else { "business" };
    json!({
        "@odata.context": "drives/$entity",
        "id": drive_id(account), "driveType": kind, "name": "OneDrive",
        "owner": { "user": { "id": account.oid, "displayName": account.name, "email": account.username } },
        "quota": { "state": "normal", "total": 1_099_511_627_776_i64, "used": 0, "remaining": 1_099_511_627_776_i64 },
    })
}

/// One group for everybody who works there.
pub(super) fn member_of(account: &EmulatedAccount) -> Value {
    let group = json!({
        "@odata.type": "#microsoft.graph.group", "id": guid_of(account.tid),
        "displayName": "All Company", "mailEnabled": false, "securityEnabled": true,
    });
    json!({ "@odata.context": "directoryObjects", "value": [group] })
}
