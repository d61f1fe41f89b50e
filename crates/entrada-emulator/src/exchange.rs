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
            Ok(caller) if caller.has_any(&EWS) => answer::plain(200, XML, inbox()),
            Ok(_) => answer::with_logged_error(
                answer::plain(403, "text/plain; charset=utf-8", Vec::new()),
                "ErrorAccessDenied",
            ),
            Err(problem) => challenge(problem),
        }
    }
}

const XML: &str = "text/xml; charset=utf-8";

/// The answer to `GetFolder` for the inbox, whatever was asked.
fn inbox() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <m:GetFolderResponse xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><m:ResponseMessages>\
         <m:GetFolderResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode><m:Folders>\
         <t:Folder><t:FolderId Id=\"AQMkADAemulatorInbox\" ChangeKey=\"AQAAAA==\"/>\
         <t:DisplayName>Inbox</t:DisplayName><t:TotalCount>{}</t:TotalCount></t:Folder>\
         </m:Folders></m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse></s:Body></s:Envelope>",
        MESSAGES.len()
    )
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
