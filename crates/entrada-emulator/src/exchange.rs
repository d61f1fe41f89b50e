//! Exchange Web Services: the challenge, and the folder of a caller with a good token.

use super::answer::{self, Answer};
use super::bearer::TokenProblem;
use super::call::Call;
use super::mail::mailbox::MESSAGES;
use super::route::not_found;
use super::scope::EXCHANGE;
use super::state::State;
use entrada_core::NumericDate;

/// Delegated and application permissions for EWS.
const EWS: [&str; 2] = ["EWS.AccessAsUser.All", "full_access_as_app"];

impl State {
    /// `/EWS/Exchange.asmx`.
    pub(super) fn exchange(&self, call: &Call, segments: &[&str], now: NumericDate) -> Answer {
        let is_ews = matches!(segments, [ews, asmx]
            if ews.eq_ignore_ascii_case("ews") && asmx.eq_ignore_ascii_case("exchange.asmx"));
        if !is_ews {
            return not_found();
        }
        match self.caller(call.bearer(), &EXCHANGE, now) {
            Ok(caller) if caller.has_any(&EWS) => answer::plain(200, XML, result(call.body())),
            Ok(_) => answer::with_logged_error(
                answer::plain(403, "text/plain; charset=utf-8", Vec::new()),
                "ErrorAccessDenied",
            ),
            Err(problem) => challenge(problem),
        }
    }
}

const XML: &str = "text/xml; charset=utf-8";

/// The answer to the operation in `request`: `GetFolder` shows the inbox, and the emulator has no other.
fn result(request: &str) -> String {
    let operation = operation_in(request).unwrap_or("GetFolder");
    let response = if operation == "GetFolder" {
        format!(
            "<m:GetFolderResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode><m:Folders>\
             <t:Folder><t:FolderId Id=\"AQMkADAemulatorInbox\" ChangeKey=\"AQAAAA==\"/>\
             <t:DisplayName>Inbox</t:DisplayName><t:TotalCount>{}</t:TotalCount></t:Folder>\
             </m:Folders></m:GetFolderResponseMessage>",
            MESSAGES.len()
        )
    } else {
        format!(
            "<m:{operation}ResponseMessage ResponseClass=\"Error\">\
             <m:MessageText>The emulator does not have this operation.</m:MessageText>\
             <m:ResponseCode>ErrorInvalidOperation</m:ResponseCode></m:{operation}ResponseMessage>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>\
         <h:ServerVersionInfo MajorVersion=\"15\" MinorVersion=\"20\" MajorBuildNumber=\"9000\" MinorBuildNumber=\"0\" \
         Version=\"V2018_01_08\" xmlns:h=\"http://schemas.microsoft.com/exchange/services/2006/types\"/></s:Header><s:Body>\
         <m:{operation}Response xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><m:ResponseMessages>{response}\
         </m:ResponseMessages></m:{operation}Response></s:Body></s:Envelope>"
    )
}

/// The name of the first element in the SOAP body, without its prefix.
fn operation_in(request: &str) -> Option<&str> {
    let (_, body) = request.split_once("Body")?;
    let (_, element) = body.split_once('>')?.1.split_once('<')?;
    let name = element.split(|c: char| !c.is_ascii_alphanumeric() && c != ':').next()?;
    name.rsplit(':').next().filter(|name| !name.is_empty())
}

/// 401, with what Exchange says about the token.
fn challenge(problem: TokenProblem) -> Answer {
    let mut answer = answer::plain(401, "text/plain; charset=utf-8", Vec::new());
    let error = if problem == TokenProblem::Empty { "" } else { ", error=\"invalid_token\"" };
    let challenge = format!(
        "Bearer client_id=\"{}\", trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", \
         token_types=\"app_asserted_user_v1 service_asserted_app_v1\", \
         authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"{error},Basic Realm=\"\"",
        EXCHANGE.app_id()
    );
    answer::set_header(&mut answer, "www-authenticate", &challenge);
    let reason = match problem {
        TokenProblem::Audience => Some("The audience claim value is invalid 'aud'."),
        TokenProblem::Expired => Some("The token has expired."),
        TokenProblem::Empty => None,
        _ => Some("The token is invalid."),
    };
    if let Some(reason) = reason {
        let code = if problem == TokenProblem::Audience { 2_000_003 } else { 2_000_001 };
        let category =
            if problem == TokenProblem::Audience { "invalid_resource" } else { "invalid_token" };
        let text = format!("{code};reason=\"{reason}\";error_category=\"{category}\"");
        answer::set_header(&mut answer, "x-ms-diagnostics", &text);
    }
    answer::with_logged_error(answer, "invalid_token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_answered_by_its_own_name() {
        let ask = |operation: &str| {
            result(&format!(
                "<s:Envelope><s:Body a=\"b\"><m:{operation} x=\"y\"/></s:Body></s:Envelope>"
            ))
        };
        assert!(ask("GetFolder").contains("<t:DisplayName>Inbox"));
        let other = ask("ConvertId");
        assert!(
            other.contains("<m:ConvertIdResponse ") && other.contains("ErrorInvalidOperation"),
            "{other}"
        );
        assert_eq!(operation_in("no envelope"), None);
    }
}
