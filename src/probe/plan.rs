//! Chooses the server and the request with which a token for a job is tested.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::web::ServiceAnswer;
use entrada_core::entra::clouds::Cloud;
use entrada_core::entra::resources::short_name;
use entrada_core::{Job, Protocol, is_loopback};

/// Bytes of a mailbox's name (RFC 5321 §4.5.3.1: 64 before the `@`, 255 behind it).
const NAME_MAX: usize = 320;

/// How the token is shown to a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaslMechanism {
    /// Google's and Microsoft's
    Xoauth2,
    /// The standard (RFC 7628)
    Oauthbearer,
}

impl SaslMechanism {
    /// As mail servers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xoauth2 => "XOAUTH2",
            Self::Oauthbearer => "OAUTHBEARER",
        }
    }
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// TLS from the first byte on (ports 993, 995, 465)
    Implicit,
    /// TLS on demand (ports 143, 110, 587)
    Starttls,
    /// None, to this machine alone
    None,
}

/// Where a mail server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Server {
    /// The host as written in a URL.
    pub fn host_in_url(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host_in_url(), self.port)
    }
}

/// Options of the probe in addition to the job.
#[derive(Clone, Debug, Default)]
pub struct ProbeOptions<'a> {
    /// The cloud whose servers are meant.
    pub cloud: Cloud,
    /// Who signs in, as far as is known.
    pub account: Option<&'a str>,
    /// The mailbox of another user.
    pub mailbox: Option<&'a str>,
    /// `HOST`, `HOST:PORT` or an address: `https://…`, `imap://…`.
    pub server: Option<&'a str>,
    /// How the connection is protected, where the port does not tell.
    pub security: Option<Security>,
    /// How the token is shown.
    pub mechanism: Option<SaslMechanism>,
}

/// How a token is presented to its service.
#[derive(Clone, Debug)]
pub enum ProbePlan {
    /// A conversation.
    Mail(MailPlan),
    /// A call.
    Web(WebPlan),
}

/// A conversation with a mail server.
#[derive(Clone, Debug)]
pub struct MailPlan {
    /// In this protocol.
    pub protocol: Protocol,
    /// With this server.
    pub server: Server,
    /// So protected.
    pub security: Security,
    /// Whose mailbox is opened.
    pub user: String,
    /// How the token is shown; `None` for what the server offers.
    pub mechanism: Option<SaslMechanism>,
}

/// A call of an API.
#[derive(Clone, Debug)]
pub struct WebPlan {
    /// `GET`, `POST`, `OPTIONS`.
    pub method: &'static str,
    /// Of this.
    pub url: Url,
    /// With these headers.
    pub headers: Vec<(&'static str, String)>,
    /// And this body.
    pub body: Option<String>,
    /// Whether it can only tell that the token is taken.
    pub token_alone: bool,
    /// What an answer of the service has.
    pub expects: ServiceAnswer,
}

/// The token cannot be presented.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The job names no service.
    #[error("the job `{0}` has no service to probe")]
    NoService(Job),
    /// A mail server needs the name of the mailbox.
    #[error("the mailbox is not known")]
    NoUser,
    /// The cloud's host for the service is not public.
    #[error("the host of this service in the cloud `{0}` is not known; name it with `--server`")]
    NoHost(&'static str),
    /// No mailbox is called so, and a name like that could carry commands.
    #[error("`{0}` is not a mailbox name")]
    User(String),
    /// `--server` is not a server.
    #[error("`{0}` is not a server; give HOST, HOST:PORT or, for an API, its address")]
    Server(String),
    /// Without TLS to another machine.
    #[error("a token is sent without TLS only to this machine, and `{0}` is another machine")]
    Clear(String),
}

/// How a token for `job` is shown to its service.
pub fn plan(job: Job, ask: &ProbeOptions<'_>) -> Result<ProbePlan, PlanError> {
    let facts = ask.cloud.facts();
    // A server that the user names stands in for one that is not known.
    let known = |host: Option<&'static str>| match (host, ask.server) {
        (Some(host), _) => Ok(host),
        (None, Some(_)) => Ok(""),
        (None, None) => Err(PlanError::NoHost(ask.cloud.id())),
    };
    let mail = |protocol, host| mail(protocol, known(host)?, ask).map(ProbePlan::Mail);
    let user = user(ask)?;
    let exchange = || known(facts.exchange_host).map(|host| format!("https://{host}"));
    let graph = |path: &str| web("GET", facts.graph, &format!("/v1.0/{path}"), ask);
    let mailbox = match ask.mailbox {
        Some(mailbox) => format!("users/{}", escaped(mailbox)),
        None => "me".to_owned(),
    };
    if let Some(protocol) = own_protocol(job, ask.server) {
        return mail(protocol, None);
    }
    let anything = |plan: WebPlan| WebPlan { token_alone: true, ..plan };
    let plan = match job {
        Job::Imap => return mail(Protocol::Imap, facts.exchange_host),
        Job::Pop => return mail(Protocol::Pop, facts.exchange_host),
        Job::Smtp => return mail(Protocol::Smtp, facts.smtp_host),
        Job::Ews => {
            let plan = web("POST", &exchange()?, "/EWS/Exchange.asmx", ask)?;
            let mut headers = vec![("content-type", "text/xml; charset=utf-8".to_owned())];
            headers.extend(user.map(|user| ("x-anchormailbox", user)));
            WebPlan { headers, body: Some(get_folder(ask.mailbox)), ..plan }
        }
        Job::Eas => web("OPTIONS", &exchange()?, "/Microsoft-Server-ActiveSync", ask)?,
        Job::OutlookRestV2 => {
            web("GET", &exchange()?, "/api/v2.0/me/messages?$top=1&$select=Id", ask)?
        }
        Job::GraphMailListMetadata
        | Job::GraphMailRead
        | Job::GraphMailAttachments
        | Job::GraphMailWrite
        | Job::GraphMailSharedRead => graph(&format!("{mailbox}/messages?$top=1&$select=id"))?,
        Job::GraphMailboxSettingsRead | Job::GraphMailboxSettingsWrite => {
            graph(&format!("{mailbox}/mailboxSettings"))?
        }
        Job::GraphCalendarRead | Job::GraphCalendarWrite | Job::GraphCalendarShared => {
            graph(&format!("{mailbox}/calendars?$top=1&$select=id"))?
        }
        Job::GraphContactsRead | Job::GraphContactsWrite => {
            graph(&format!("{mailbox}/contacts?$top=1&$select=id"))?
        }
        Job::GraphProfile => graph("me?$select=id")?,
        // Only sending a mail would show whether it is permitted.
        Job::GraphMailSend | Job::GraphMailSendAsShared | Job::Graph => {
            anything(graph("me?$select=id")?)
        }
        Job::Arm => web("GET", known(facts.arm)?, "/tenants?api-version=2020-01-01", ask)?,
        Job::Custom | Job::Own(_) if ask.server.is_some() => web("GET", "", "", ask)?,
        Job::Custom | Job::Own(_) | Job::None => return Err(PlanError::NoService(job)),
    };
    Ok(ProbePlan::Web(WebPlan { expects: ServiceAnswer::of(job), ..plan }))
}

/// The schemes of addresses of mail servers, with how the connection is protected where the scheme tells (RFC 8314 §3).
const MAIL_SCHEMES: [(&str, Protocol, Option<Security>); 7] = [
    ("imap://", Protocol::Imap, None),
    ("imaps://", Protocol::Imap, Some(Security::Implicit)),
    ("pop://", Protocol::Pop, None),
    ("pop3://", Protocol::Pop, None),
    ("pop3s://", Protocol::Pop, Some(Security::Implicit)),
    ("smtp://", Protocol::Smtp, None),
    ("smtps://", Protocol::Smtp, Some(Security::Implicit)),
];

/// The mail protocol of a job of the user's own: by the scheme of `server`, its port, or the name of the permission.
fn own_protocol(job: Job, server: Option<&str>) -> Option<Protocol> {
    let server = server.filter(|_| matches!(job, Job::Custom | Job::Own(_)))?;
    if let Some((_, protocol, _)) =
        MAIL_SCHEMES.iter().find(|(scheme, ..)| server.starts_with(scheme))
    {
        return Some(*protocol);
    }
    if server.contains("://") {
        return None;
    }
    let port = server.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    match port {
        Some(143 | 993) => return Some(Protocol::Imap),
        Some(110 | 995) => return Some(Protocol::Pop),
        Some(25 | 465 | 587) => return Some(Protocol::Smtp),
        Some(80 | 443) => return None,
        _ => (),
    }
    let Job::Own(own) = job else { return None };
    let names = own.needs().sufficient.iter().chain(&own.needs().scopes);
    names.map(|scope| short_name(scope)).find_map(|name| {
        let word = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        match &*word.to_ascii_lowercase() {
            "imap" => Some(Protocol::Imap),
            "pop" | "pop3" => Some(Protocol::Pop),
            "smtp" => Some(Protocol::Smtp),
            _ => None,
        }
    })
}

/// The owner of the mailbox. The name is used in commands and in the sign-in string, wherever it came from: a token says what its
/// maker wants.
fn user(ask: &ProbeOptions<'_>) -> Result<Option<String>, PlanError> {
    let Some(user) = ask.mailbox.or(ask.account) else { return Ok(None) };
    let strange = |c: char| c.is_control() || c.is_whitespace() || "<>\"\\,;()[]".contains(c);
    if user.is_empty() || NAME_MAX < user.len() || user.contains(strange) {
        return Err(PlanError::User(user.chars().take(NAME_MAX).collect()));
    }
    Ok(Some(user.to_owned()))
}

fn mail(protocol: Protocol, host: &str, ask: &ProbeOptions<'_>) -> Result<MailPlan, PlanError> {
    let user = user(ask)?.ok_or(PlanError::NoUser)?;
    let (implicit, starttls) = match protocol {
        Protocol::Imap => (993, 143),
        Protocol::Pop => (995, 110),
        Protocol::Smtp => (465, 587),
    };
    let ports = |security| match security {
        Some(Security::Starttls | Security::None) => starttls,
        // As Exchange has them.
        None if protocol == Protocol::Smtp => starttls,
        Some(Security::Implicit) | None => implicit,
    };
    let scheme = MAIL_SCHEMES.iter().find(|(scheme, own, _)| {
        *own == protocol && ask.server.is_some_and(|text| text.starts_with(scheme))
    });
    let asked = ask.security.or(scheme.and_then(|(.., security)| *security));
    let server = match ask.server {
        None => Server { host: host.to_owned(), port: ports(asked) },
        Some(text) => {
            let text = scheme.map_or(text, |(scheme, ..)| text.trim_start_matches(scheme));
            let text = text.strip_suffix('/').filter(|_| scheme.is_some()).unwrap_or(text);
            let none = || PlanError::Server(text.to_owned());
            let url = Url::parse(&format!("mail://{text}")).map_err(|_| none())?;
            let bare = url.path().is_empty() && url.username().is_empty() && url.query().is_none();
            let host = url.host().filter(|_| bare && !text.contains('/')).ok_or_else(none)?;
            let host = match host {
                Host::Ipv6(address) => address.to_string(),
                host => host.to_string(),
            };
            // The URL parser accepts these characters for unknown schemes.
            if !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c)) {
                return Err(none());
            }
            Server { host, port: url.port().unwrap_or_else(|| ports(asked)) }
        }
    };
    let by_port = match server.port {
        143 | 110 | 587 | 25 => Security::Starttls,
        _ => Security::Implicit,
    };
    let security = asked.unwrap_or(by_port);
    if security == Security::None && !is_local(&server.host) {
        return Err(PlanError::Clear(server.to_string()));
    }
    Ok(MailPlan { protocol, server, security, user, mechanism: ask.mechanism })
}

fn is_local(host: &str) -> bool {
    Url::parse(&format!("http://{host}"))
        .or_else(|_| Url::parse(&format!("http://[{host}]")))
        .is_ok_and(|url| is_loopback(&url))
}

/// `path` at `origin`; at `--server` instead, where that is given: an origin, or a whole address.
fn web(
    method: &'static str,
    origin: &str,
    path: &str,
    ask: &ProbeOptions<'_>,
) -> Result<WebPlan, PlanError> {
    let base = ask.server.unwrap_or(origin);
    let base = if base.contains("://") { base.to_owned() } else { format!("https://{base}") };
    let none = || PlanError::Server(base.clone());
    let own = Url::parse(&base).map_err(|_| none())?;
    let url = if own.path() == "/" || ask.server.is_none() {
        own.join(path).map_err(|_| none())?
    } else {
        own
    };
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(PlanError::Clear(url.host_str().unwrap_or_default().to_owned()));
    }
    Ok(WebPlan {
        method,
        url,
        headers: Vec::new(),
        body: None,
        token_alone: false,
        expects: ServiceAnswer::Any,
    })
}

/// `text` as one segment of a path.
fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
        .replace("%40", "@")
}

/// `GetFolder` of the inbox, its id alone.
fn get_folder(mailbox: Option<&str>) -> String {
    let whose = mailbox.map_or_else(String::new, |mailbox| {
        let address = entrada_core::xml_escaped(mailbox);
        format!("<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>")
    });
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><soap:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></soap:Header><soap:Body><m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox">{whose}</t:DistinguishedFolderId></m:FolderIds></m:GetFolder></soap:Body></soap:Envelope>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail_at(job: Job, ask: &ProbeOptions<'_>) -> Result<(String, Security), PlanError> {
        match plan(job, &ProbeOptions { account: Some("ada@contoso.example"), ..ask.clone() })? {
            ProbePlan::Mail(plan) => Ok((plan.server.to_string(), plan.security)),
            ProbePlan::Web(plan) => panic!("{plan:?}"),
        }
    }

    #[test]
    fn a_job_of_ones_own_is_shown_to_a_mail_server_by_its_protocol() {
        use entrada_core::{OwnJob, OwnNeeds};
        let own = |scope: &'static str| {
            Job::Own(OwnJob::new(OwnNeeds { scopes: vec![scope], ..OwnNeeds::default() }))
        };
        let orders = own("api://orders/Orders.Read");
        let imap = own("api://mail/IMAP.AccessAsUser.All");
        for (job, server, expected) in [
            (orders, "imap://mail.example:1143", Some((Protocol::Imap, 1143, Security::Implicit))),
            (orders, "imaps://mail.example/", Some((Protocol::Imap, 993, Security::Implicit))),
            (Job::Custom, "smtp://mail.example", Some((Protocol::Smtp, 587, Security::Starttls))),
            (Job::Custom, "mail.example:995", Some((Protocol::Pop, 995, Security::Implicit))),
            (Job::Custom, "[::1]:143", Some((Protocol::Imap, 143, Security::Starttls))),
            (imap, "mail.example", Some((Protocol::Imap, 993, Security::Implicit))),
            (imap, "mail.example:443", None),
            (imap, "https://mail.example/api", None),
            (own("api://x/Population.Read"), "mail.example", None),
            (orders, "api.example", None),
            (Job::Custom, "api.example:8443", None),
        ] {
            let account = Some("ada@contoso.example");
            let ask = ProbeOptions { account, server: Some(server), ..ProbeOptions::default() };
            let found = match plan(job, &ask).unwrap() {
                ProbePlan::Mail(plan) => Some((plan.protocol, plan.server.port, plan.security)),
                ProbePlan::Web(_) => None,
            };
            assert_eq!(found, expected, "{server}");
        }
    }

    #[test]
    fn servers_are_those_of_the_cloud_unless_others_are_named() {
        use Security::{Implicit, None as Clear, Starttls};
        let at = |server| ProbeOptions { server: Some(server), ..ProbeOptions::default() };
        for (job, ask, expected) in [
            (Job::Imap, ProbeOptions::default(), ("outlook.office365.com:993", Implicit)),
            (Job::Pop, ProbeOptions::default(), ("outlook.office365.com:995", Implicit)),
            (Job::Smtp, ProbeOptions::default(), ("smtp.office365.com:587", Starttls)),
            (
                Job::Imap,
                ProbeOptions { cloud: Cloud::China, ..ProbeOptions::default() },
                ("partner.outlook.cn:993", Implicit),
            ),
            (Job::Imap, at("mail.example"), ("mail.example:993", Implicit)),
            (Job::Imap, at("mail.example:143"), ("mail.example:143", Starttls)),
            (Job::Imap, at("mail.example:9993"), ("mail.example:9993", Implicit)),
            (Job::Imap, at("[::1]:143"), ("[::1]:143", Starttls)),
            (
                Job::Smtp,
                ProbeOptions { security: Some(Implicit), ..at("mail.example") },
                ("mail.example:465", Implicit),
            ),
            (
                Job::Imap,
                ProbeOptions { security: Some(Clear), ..at("[::1]") },
                ("[::1]:143", Clear),
            ),
        ] {
            let (server, security) = mail_at(job, &ask).unwrap();
            assert_eq!((&*server, security), expected, "{ask:?}");
        }
        for server in ["", "a/b", "user@host", "host:port", "host:99999", "https://host"] {
            assert!(
                matches!(mail_at(Job::Imap, &at(server)), Err(PlanError::Server(_))),
                "{server}"
            );
        }
        for server in ["a;b", "a$b", "a`b", "a b", "a{b}"] {
            assert!(mail_at(Job::Imap, &at(server)).is_err(), "{server}");
        }
        for user in ["", "a b", "a>\r\nRCPT TO:<b", "a@b> SIZE=1", "a\u{1}b", "\"a\"@b"] {
            let ask = ProbeOptions { mailbox: Some(user), ..ProbeOptions::default() };
            assert!(matches!(plan(Job::Smtp, &ask), Err(PlanError::User(_))), "{user:?}");
            assert!(matches!(plan(Job::Ews, &ask), Err(PlanError::User(_))), "{user:?}");
        }
        let clear = ProbeOptions { security: Some(Clear), ..at("10.0.0.1") };
        assert_eq!(mail_at(Job::Imap, &clear), Err(PlanError::Clear("10.0.0.1:143".to_owned())));
    }

    #[test]
    fn every_job_has_a_call_that_changes_nothing_or_says_that_it_has_none() {
        use strum::IntoEnumIterator as _;
        for job in Job::iter() {
            let ask = ProbeOptions {
                account: Some("ada@contoso.example"),
                mailbox: Some("a#b@contoso.example"),
                ..ProbeOptions::default()
            };
            match plan(job, &ask) {
                Ok(ProbePlan::Mail(plan)) => assert_eq!(plan.user, "a#b@contoso.example"),
                Ok(ProbePlan::Web(plan)) => {
                    let harmless = ["GET", "OPTIONS"].contains(&plan.method) || job == Job::Ews;
                    assert!(harmless && plan.url.scheme() == "https", "{plan:?}");
                    assert!(!plan.url.as_str().contains('#'), "{plan:?}");
                }
                Err(error) => {
                    assert!(matches!(job, Job::Custom | Job::None), "{job}: {error}");
                }
            }
        }
        let web = |server| match plan(
            Job::Custom,
            &ProbeOptions { server: Some(server), ..ProbeOptions::default() },
        ) {
            Ok(ProbePlan::Web(plan)) => Ok(plan.url.to_string()),
            Ok(ProbePlan::Mail(plan)) => panic!("{plan:?}"),
            Err(error) => Err(error),
        };
        assert_eq!(web("https://api.example/me?x=1").unwrap(), "https://api.example/me?x=1");
        assert_eq!(web("api.example").unwrap(), "https://api.example/");
        assert_eq!(web("http://api.example/me"), Err(PlanError::Clear("api.example".to_owned())));
    }
}
