//! Records of Entra's sign-in log: from Graph (`auditLogs/signIns`), the portal's download, and Log Analytics.

use serde_json::{Map, Value};

use entrada_core::oauth::ErrorResponse;

/// The refusal that a record reports; `None` if it is no such record, or reports a sign-in that succeeded.
pub(super) fn refusal(members: &Map<String, Value>) -> Option<ErrorResponse> {
    let name = |plain: &str| {
        members.iter().find(|(name, _)| name.eq_ignore_ascii_case(plain)).map(|(_, value)| value)
    };
    let is_record =
        ["userPrincipalName", "appDisplayName", "appId", "correlationId", "resourceDisplayName"]
            .iter()
            .filter(|own| name(own).is_some())
            .count();
    let status = name("status").and_then(Value::as_object);
    let number = status
        .and_then(|status| status.get("errorCode"))
        .or_else(|| name("resultType"))
        .or_else(|| name("errorCode"))
        .and_then(number_in)?;
    if number == 0 || is_record == 0 || number < 10_000 {
        return None;
    }
    let said = |name: &str| status?.get(name)?.as_str();
    let reason = said("failureReason")
        .or_else(|| name("resultDescription").and_then(Value::as_str))
        .or_else(|| name("failureReason").and_then(Value::as_str))
        .unwrap_or_default();
    let mut description = format!("AADSTS{number}: {reason}");
    if let Some(details) = said("additionalDetails") {
        description.push(' ');
        description.push_str(details);
    }
    let mut error = Map::new();
    error.insert("error_description".to_owned(), description.into());
    error.insert("error_codes".to_owned(), Value::Array(vec![number.into()]));
    for (member, own) in [("correlation_id", "correlationId"), ("timestamp", "createdDateTime")] {
        if let Some(value) = name(own) {
            error.insert(member.to_owned(), value.clone());
        }
    }
    Some(ErrorResponse::from_json(&error))
}

fn number_in(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_refused_sign_in_is_a_refusal() {
        for record in [
            r#"{"userPrincipalName":"a@contoso.com","appDisplayName":"Mail","status":{"errorCode":50105,"failureReason":"not assigned"}}"#,
            r#"{"ResultType":"50105","ResultDescription":"not assigned","UserPrincipalName":"a@contoso.com"}"#,
        ] {
            let found = refusal(&serde_json::from_str(record).unwrap()).unwrap();
            assert_eq!(found.error_codes, [50105]);
            assert!(found.error_description.unwrap().contains("not assigned"));
        }
        for other in [
            r#"{"userPrincipalName":"a@contoso.com","status":{"errorCode":0}}"#,
            r#"{"status":{"errorCode":50105}}"#,
            r#"{"appId":"x","errorCode":404}"#,
        ] {
            assert!(refusal(&serde_json::from_str(other).unwrap()).is_none(), "{other}");
        }
    }
}
