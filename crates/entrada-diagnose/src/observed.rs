//! What a text shows around the answers in it: the command that got the token, the API that was called, and values that still
//! have the brackets of a template.

use url::Url;

use crate::log_time::LogTime;
use crate::service::azure::AzureService;
use crate::service::directory_permission;
use crate::service::hosts;
use entrada_core::entra::resources::ARM;

/// Bytes of a text that are searched.
const TEXT_MAX: usize = 256 << 10;

/// Maximum length of an address, in bytes: longer ones are not read.
const ADDRESS_MAX: usize = 2_000;

/// Maximum number of places of one kind that are read.
const PLACES_MAX: usize = 50;

/// What stands around the answers of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// A command that gets a token and names no API for it.
    pub(crate) default_command: Option<TokenCommand>,
    /// The API that was called, if it is only one and not Azure Resource Manager.
    pub(crate) called: Option<Called>,
    /// The resource of a token's answer or of its request, and another API that was called.
    pub(crate) elsewhere: Option<(String, Called)>,
    /// The one service of Azure that the text names.
    pub(crate) azure: Option<&'static AzureService>,
    /// A value of the request in brackets.
    pub(crate) bracketed: Option<Bracketed>,
    /// The permission of the operation in the directory that the text names.
    pub(crate) directory_permission: Option<String>,
    /// Why no service accepts the `Authorization` field of the request, whatever token is in it.
    pub(crate) field_fault: Option<&'static str>,
    /// When the exchange of the text took place.
    pub(crate) recorded: Recorded,
}

/// When an exchange took place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// Just now, or at the time that the evidence names.
    #[default]
    Now,
    /// At a time that the text does not state.
    Undated,
    /// At the time of the last record of a log.
    At(LogTime),
}

/// A program that gets tokens for Azure Resource Manager if no other API is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenCommand {
    AzureCli,
    AzurePowerShell,
}

impl TokenCommand {
    const ALL: [Self; 2] = [Self::AzureCli, Self::AzurePowerShell];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AzureCli => "az account get-access-token",
            Self::AzurePowerShell => "Get-AzAccessToken",
        }
    }

    /// The flag that names the API.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::AzureCli => "--resource",
            Self::AzurePowerShell => "-ResourceUrl",
        }
    }

    /// The beginnings of all flags that choose an API, in lower case.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::AzureCli => &["--resource", "--scope"],
            Self::AzurePowerShell => &["-resource"],
        }
    }
}

/// An API that was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    /// Its name for people.
    pub(crate) name: String,
    /// The value that the flag of a [`TokenCommand`] takes for it.
    pub(crate) resource: String,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestPart {
    Tenant,
    ClientId,
    RedirectUri,
    Scope,
}

impl RequestPart {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::ClientId => "client id",
            Self::RedirectUri => "redirect URI",
            Self::Scope => "scope",
        }
    }
}

/// A value that was sent in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bracketed {
    pub(crate) part: RequestPart,
    /// As the text has it, with the brackets.
    pub(crate) shown: String,
    /// Without them.
    pub(crate) value: String,
    /// Whether it is a name in a template and no value.
    pub(crate) is_placeholder: bool,
}

impl Observed {
    /// Searches `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut end = text.len().min(TEXT_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let lower = text.to_ascii_lowercase();
        let default_command = default_command(&lower);
        let called = default_command.and_then(|_| called(text, None));
        let elsewhere = elsewhere(text);
        let azure = AzureService::in_text(text);
        Self {
            default_command,
            called,
            elsewhere,
            azure,
            bracketed: bracketed(text, &lower),
            directory_permission: directory_permission(&lower),
            field_fault: None,
            recorded: LogTime::last_in(text).map_or(Recorded::Undated, Recorded::At),
        }
    }

    /// The values of `self`, completed with those of `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            default_command: self.default_command.or(other.default_command),
            called: self.called.or(other.called),
            elsewhere: self.elsewhere.or(other.elsewhere),
            azure: self.azure.or(other.azure),
            bracketed: self.bracketed.or(other.bracketed),
            directory_permission: self.directory_permission.or(other.directory_permission),
            field_fault: self.field_fault.or(other.field_fault),
            recorded: if self.recorded == Recorded::Now { other.recorded } else { self.recorded },
        }
    }
}

/// The command that got the token, if no such command in `lower` names an API.
fn default_command(lower: &str) -> Option<TokenCommand> {
    // As the arguments of a call in a program: `["az", "account", "get-access-token"]`.
    let in_list = lower.replace("', '", " ").replace("\", \"", " ");
    let in_list = in_list.replace("','", " ").replace("\",\"", " ");
    let lower = in_list.as_str();
    let mut found = None;
    for command in TokenCommand::ALL {
        let name = command.name().to_ascii_lowercase();
        for (at, _) in lower.match_indices(&name).take(PLACES_MAX) {
            let arguments = arguments(&lower[at + name.len()..]);
            if command.flags().iter().any(|flag| arguments.contains(flag)) {
                return None;
            }
            found = found.or(Some(command));
        }
    }
    found
}

/// The rest of a command: up to the end of its line, or of the lines that continue it.
fn arguments(rest: &str) -> &str {
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with(['\\', '`', '^']) {
            break;
        }
    }
    let line = &rest[..end];
    line.split(['|', ')', ';']).next().unwrap_or_default()
}

/// Ends of host names of APIs outside of the table of resources, and the resource that each accepts (Microsoft's documentation of
/// each API). Without one, the host is the resource.
const OTHER_HOSTS: [(&str, &str, &str); 16] = [
    ("api.businesscentral.dynamics.com", "Business Central", ""),
    (".kusto.windows.net", "Azure Data Explorer", ""),
    (".kusto.fabric.microsoft.com", "Azure Data Explorer", ""),
    (".openai.azure.com", "Azure OpenAI", "https://cognitiveservices.azure.com"),
    (".cognitiveservices.azure.com", "Azure AI services", "https://cognitiveservices.azure.com"),
    (".servicebus.windows.net", "Event Hubs or Service Bus", "https://eventhubs.azure.net"),
    (".azconfig.io", "App Configuration", "https://azconfig.io"),
    (".search.windows.net", "Azure AI Search", "https://search.azure.com"),
    (".documents.azure.com", "Azure Cosmos DB", ""),
    (".azurecr.io", "Azure Container Registry", "https://containerregistry.azure.net"),
    (".dev.azuresynapse.net", "Azure Synapse", "https://dev.azuresynapse.net"),
    (".database.windows.net", "Azure SQL Database", "https://database.windows.net/"),
    (".postgres.database.azure.com", "PostgreSQL", "https://ossrdbms-aad.database.windows.net"),
    (".mysql.database.azure.com", "MySQL", "https://ossrdbms-aad.database.windows.net"),
    (".azurehdinsight.net", "HDInsight", ""),
    ("api.securitycenter.microsoft.com", "Microsoft Defender", ""),
];

/// The API at `host`, which is in lower case.
pub(crate) fn api_at(host: &str) -> Option<Called> {
    if let Some((_, name, resource)) = OTHER_HOSTS.iter().find(|(end, ..)| host.ends_with(end)) {
        let resource =
            if resource.is_empty() { format!("https://{host}") } else { (*resource).to_owned() };
        return Some(Called { name: (*name).to_owned(), resource });
    }
    let known = hosts::resource(host).filter(|known| known.app_id != ARM.app_id)?;
    let scope = hosts::default_scope(known, host);
    let resource = scope.trim_end_matches("/.default").to_owned();
    Some(Called { name: known.name.to_owned(), resource })
}

/// The resource that a token was requested or issued for, and the one API that was called, if it accepts no token for that resource.
fn elsewhere(text: &str) -> Option<(String, Called)> {
    let (resource, called) = issued_elsewhere(text).or_else(|| requested_elsewhere(text))?;
    let host = |address: &str| Url::parse(address).ok()?.host_str().map(str::to_lowercase);
    let issued_for = host(&resource)?;
    let is_same = api_at(&issued_for).is_some_and(|api| api.name == called.name)
        || host(&called.resource).is_some_and(|host| host == issued_for)
        || host(&called.resource)
            .and_then(|host| hosts::resource(&host))
            .is_some_and(|known| known.accepts(&resource));
    (!is_same).then_some((resource, called))
}

/// The resource of the one scope `…/.default` in `text`, and the one API that was called.
fn requested_elsewhere(text: &str) -> Option<(String, Called)> {
    const DEFAULT: &str = "/.default";
    let mut one: Option<&str> = None;
    for (end, _) in text.match_indices(DEFAULT).take(PLACES_MAX) {
        let start = text[..end].rfind("https://")?;
        let resource = &text[start..end];
        if resource.contains(|c: char| c.is_whitespace() || "'\"<>,;{}()".contains(c))
            || one.is_some_and(|seen| seen != resource)
        {
            return None;
        }
        one = Some(resource);
    }
    let resource = one?;
    // The scope itself is an address, and no call.
    let others = text.replace(&format!("{resource}{DEFAULT}"), "");
    Some((resource.to_owned(), called(&others, Some(resource))?))
}

/// The `resource` of the one token answer in `text`, and the one API that was called.
fn issued_elsewhere(text: &str) -> Option<(String, Called)> {
    if !["token_type", "expires_on", "ext_expires_in"].iter().any(|name| text.contains(name)) {
        return None;
    }
    let value = |at: usize| {
        let rest = text[at..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let value = rest.get(..rest.len().min(ADDRESS_MAX)).unwrap_or(rest).split('"').next()?;
        value.starts_with("https://").then_some(value)
    };
    let name = "\"resource\"";
    let mut values =
        text.match_indices(name).take(PLACES_MAX).filter_map(|(at, _)| value(at + name.len()));
    let resource = values.next()?;
    if values.any(|other| other != resource) {
        return None;
    }
    Some((resource.to_owned(), called(text, Some(resource))?))
}

/// The one API whose address is in `text`, except for `resource`.
fn called(text: &str, resource: Option<&str>) -> Option<Called> {
    let ends = |c: char| c.is_whitespace() || "'\"<>,;()[]{}`\\".contains(c);
    let mut one = None;
    for (at, _) in text.match_indices("https://").take(PLACES_MAX) {
        let near = text.get(at..at + ADDRESS_MAX).unwrap_or(&text[at..]);
        let address = near.split(ends).next()?;
        if ADDRESS_MAX <= address.len() || Some(address) == resource {
            continue;
        }
        let Some(host) =
            Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_lowercase))
        else {
            continue;
        };
        let Some(api) = api_at(&host) else { continue };
        match &one {
            None => one = Some(api),
            Some(first) if *first == api => (),
            Some(_) => return None,
        }
    }
    one
}

/// What stands before a value of a request, in lower case: in addresses, in requests, and in Entra's errors.
const BEFORE: [(&str, RequestPart); 20] = [
    ("login.microsoftonline.com/", RequestPart::Tenant),
    ("login.microsoftonline.us/", RequestPart::Tenant),
    ("login.partner.microsoftonline.cn/", RequestPart::Tenant),
    ("login.windows.net/", RequestPart::Tenant),
    ("sts.windows.net/", RequestPart::Tenant),
    ("tenant identifier", RequestPart::Tenant),
    ("tenant", RequestPart::Tenant),
    ("tenant_id", RequestPart::Tenant),
    ("tenantid", RequestPart::Tenant),
    ("tenant-id", RequestPart::Tenant),
    ("application with identifier", RequestPart::ClientId),
    ("client_id", RequestPart::ClientId),
    ("clientid", RequestPart::ClientId),
    ("client-id", RequestPart::ClientId),
    ("client id", RequestPart::ClientId),
    ("redirect_uri", RequestPart::RedirectUri),
    ("redirecturi", RequestPart::RedirectUri),
    ("redirect uri", RequestPart::RedirectUri),
    ("scope", RequestPart::Scope),
    ("scopes", RequestPart::Scope),
];

/// Brackets, each with its end; also percent-encoded.
const BRACKETS: [(&str, &str); 6] =
    [("%7b", "%7d"), ("{", "}"), ("%3c", "%3e"), ("<", ">"), ("%5b", "%5d"), ("[", "]")];

/// The longest value, in bytes.
const VALUE_MAX: usize = 100;

/// The first value in brackets. A GUID counts before a name.
fn bracketed(text: &str, lower: &str) -> Option<Bracketed> {
    let mut placeholder = None;
    for (name, part) in BEFORE {
        for (at, _) in lower.match_indices(name).take(PLACES_MAX) {
            let from = at + name.len();
            let Some(found) = bracketed_at(text, lower, from, part) else { continue };
            if !found.is_placeholder {
                return Some(found);
            }
            placeholder = placeholder.or(Some(found));
        }
    }
    placeholder
}

/// The value in brackets at `from`, after a mark between name and value.
fn bracketed_at(text: &str, lower: &str, from: usize, part: RequestPart) -> Option<Bracketed> {
    let rest = &lower[from..];
    // More is a sentence, and not a name with its value.
    let mut near = rest.char_indices().take(6);
    let start = near.find(|(_, c)| !" \"':=\\$".contains(*c)).map(|(start, _)| start)?;
    let rest = &rest[start..];
    let (open, close) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open))?;
    let mut inner = &rest[open.len()..];
    // `{{tenant}}`
    let doubled = inner.starts_with(open);
    if doubled {
        inner = &inner[open.len()..];
    }
    let length =
        inner.as_bytes().iter().take(VALUE_MAX).position(|byte| close.as_bytes()[0] == *byte)?;
    if length == 0 || !inner[length..].starts_with(close) {
        return None;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_. :/@".contains(&byte);
    if !inner[..length].bytes().all(is_part) {
        return None;
    }
    let times = if doubled { 2 } else { 1 };
    let begin = from + start;
    let inner_begin = begin + open.len() * times;
    let value = text.get(inner_begin..inner_begin + length)?.to_owned();
    let end = inner_begin + length + close.len() * times;
    let shown = text.get(begin..end.min(text.len()))?.to_owned();
    let is_guid = uuid::Uuid::try_parse(&value).is_ok();
    let is_name = value.contains('.') && !value.contains(' ');
    // A list of JSON, and no value in brackets.
    if open.contains(['[', '5']) && !is_guid {
        return None;
    }
    Some(Bracketed { part, shown, value, is_placeholder: !is_guid && !is_name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_without_an_api_gets_a_token_for_azure_resource_manager() {
        use TokenCommand::{AzureCli, AzurePowerShell};
        for (text, command) in [
            ("TOKEN=$(az account get-access-token --query accessToken -o tsv)", Some(AzureCli)),
            ("$ az account get-access-token | jq .", Some(AzureCli)),
            ("run(['az','account','get-access-token'])", Some(AzureCli)),
            ("run([\"az\", \"account\", \"get-access-token\", \"--resource\", r])", None),
            (
                "az account get-access-token --tenant contoso.example \\\n  --query accessToken\n",
                Some(AzureCli),
            ),
            ("$t = (Get-AzAccessToken).Token", Some(AzurePowerShell)),
            ("az account get-access-token \\\n  --resource https://graph.microsoft.com", None),
            ("az account get-access-token --resource-type ms-graph", None),
            ("az account get-access-token --scope x/.default", None),
            ("Get-AzAccessToken -ResourceTypeName MSGraph", None),
            ("az account show", None),
            ("az account get-access-token\naz account get-access-token --resource x", None),
        ] {
            assert_eq!(Observed::of(text).default_command, command, "{text}");
        }
    }

    #[test]
    fn the_one_api_that_was_called_is_known() {
        let called = |urls: &str| {
            let text = format!("az account get-access-token\ncurl {urls}");
            Observed::of(&text).called.map(|called| called.resource)
        };
        for (urls, resource) in [
            ("https://graph.microsoft.com/v1.0/me", Some("https://graph.microsoft.com")),
            ("'https://dev.azure.com/x/_apis'", Some("499b84ac-1321-427f-aa17-267ca6975798")),
            ("https://kv1.vault.azure.net/secrets/a", Some("https://vault.azure.net")),
            (
                "https://a.westeurope.kusto.windows.net/v1",
                Some("https://a.westeurope.kusto.windows.net"),
            ),
            ("https://management.azure.com/subscriptions", None),
            ("https://graph.microsoft.com/v1.0/me https://dev.azure.com/x", None),
            ("https://api.example/", None),
        ] {
            assert_eq!(called(urls).as_deref(), resource, "{urls}");
        }
    }

    #[test]
    fn a_value_in_brackets_is_found() {
        const ID: &str = "8eb213ed-9578-5194-a853-903769e45328";
        for (text, part, value, is_placeholder) in [
            (
                format!("https://login.microsoftonline.com/%7B{ID}%7D/oauth2"),
                RequestPart::Tenant,
                ID,
                false,
            ),
            (format!("Specified tenant identifier '{{{ID}}}' is"), RequestPart::Tenant, ID, false),
            (format!("client_id=%7b{ID}%7d&scope=x"), RequestPart::ClientId, ID, false),
            (format!("\"client_id\": \"<{ID}>\""), RequestPart::ClientId, ID, false),
            (
                "https://login.microsoftonline.com/<contoso.example>/".to_owned(),
                RequestPart::Tenant,
                "contoso.example",
                false,
            ),
            (
                "https://login.microsoftonline.com/{tenant}/v2.0".to_owned(),
                RequestPart::Tenant,
                "tenant",
                true,
            ),
            (
                "https://login.microsoftonline.com/{{tenantId}}/v2.0".to_owned(),
                RequestPart::Tenant,
                "tenantId",
                true,
            ),
            ("client_id=${CLIENT_ID}".to_owned(), RequestPart::ClientId, "CLIENT_ID", true),
        ] {
            let found = Observed::of(&text).bracketed.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (found.part, found.value.as_str(), found.is_placeholder),
                (part, value, is_placeholder),
                "{text}"
            );
        }
        for text in [
            format!("https://login.microsoftonline.com/{ID}/"),
            "{\"tenant\": {\"id\": 1}, \"scopes\": [\"a\"]}".to_owned(),
            "the tenant of <b>ours</b>".to_owned(),
            "scope: [User.Read]".to_owned(),
        ] {
            assert_eq!(Observed::of(&text).bracketed, None, "{text}");
        }
    }
}
