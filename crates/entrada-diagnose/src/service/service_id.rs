//! Identifies the service that answered, and from it the job of the call.

use super::{HttpAnswer, hosts};
use entrada_core::Job;
use entrada_core::entra::resources::{self, ARM, EXCHANGE, GRAPH, Resource, SHAREPOINT};

/// The service that answered, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// Exchange Web Services.
    Ews,
    /// Exchange ActiveSync.
    Eas,
    /// Exchange, through another protocol.
    Exchange,
    /// Azure Resource Manager.
    Arm,
    /// SharePoint and OneDrive.
    SharePoint,
    /// Another service.
    Other,
}

impl Service {
    /// The API that its tokens are for, if it is a known one.
    pub fn resource(self) -> Option<&'static Resource> {
        match self {
            Self::Graph => Some(&GRAPH),
            Self::Ews | Self::Eas | Self::Exchange => Some(&EXCHANGE),
            Self::Arm => Some(&ARM),
            Self::SharePoint => Some(&SHAREPOINT),
            Self::Other => None,
        }
    }
}

impl HttpAnswer {
    /// The service that answered: from the URL, else from the answer itself.
    pub fn service(&self) -> Service {
        let path = self.plain_segments();
        if path.first().is_some_and(|first| first == "ews")
            || path.iter().any(|segment| segment == "exchange.asmx")
        {
            return Service::Ews;
        }
        if path.iter().any(|segment| segment == "microsoft-server-activesync") {
            return Service::Eas;
        }
        let host = self.host().unwrap_or_default();
        if host.ends_with("sharepoint.com") || host.ends_with("sharepoint.us") {
            return Service::SharePoint;
        }
        let own = |host: &str| resources::of_audience(&format!("https://{host}"));
        let by_host = Some(host.as_str()).filter(|host| !host.is_empty()).and_then(own);
        of_resource(by_host).or_else(|| self.by_words()).unwrap_or(Service::Other)
    }

    /// The `client_id` in a challenge is that of the API (D16); Exchange names its servers; each service has its error format.
    fn by_words(&self) -> Option<Service> {
        let text = self.text();
        let soap = text.contains("/exchange/services/2006/");
        if soap {
            return Some(Service::Ews);
        }
        if text.contains("00000003-0000-0ff1-ce00-000000000000") {
            return Some(Service::SharePoint);
        }
        let challenge: String = self.header("www-authenticate").collect();
        if challenge.contains(EXCHANGE.app_id)
            || ["x-feserver", "x-calculatedbetarget", "x-beserver"]
                .iter()
                .any(|name| self.header(name).next().is_some())
        {
            return Some(Service::Exchange);
        }
        if challenge.contains(GRAPH.app_id) || text.contains("\"innererror\"") {
            return Some(Service::Graph);
        }
        let arm = [
            "invalidauthenticationtokentenant",
            "expiredauthenticationtoken",
            "does not have authorization to perform action",
        ];
        arm.iter().any(|code| text.contains(code)).then_some(Service::Arm)
    }

    /// The job of the call, for evidence that does not name one.
    pub fn job(&self) -> Option<Job> {
        match self.service() {
            Service::Ews => Some(Job::Ews),
            Service::Eas => Some(Job::Eas),
            Service::Arm => Some(Job::Arm),
            Service::SharePoint => Some(Job::None),
            // The call succeeded, so the token had the permissions it needed.
            Service::Graph if self.status.is_some_and(|status| status < 300) => Some(Job::Graph),
            Service::Graph if self.graph_job().is_some() => self.graph_job(),
            Service::Graph if self.url.is_some() => Some(Job::Graph),
            // A known API without a job of its own, such as Key Vault: nobody asked for mail.
            Service::Other if self.host().is_some_and(|host| hosts::resource(&host).is_some()) => {
                Some(Job::None)
            }
            Service::Graph | Service::Exchange | Service::Other => None,
        }
    }

    /// Whether the answer proves that the token works for `job`.
    pub fn serves(&self, job: Job) -> bool {
        let called = match self.service() {
            Service::Graph => self.graph_job(),
            _ => self.job(),
        };
        called == Some(job) && self.is_success()
    }

    /// The job of a call about a user's own data: `/me/…` and `/users/{id}/…`. Teams and groups have messages too.
    fn graph_job(&self) -> Option<Job> {
        let segments = self.plain_segments();
        let at = segments.iter().position(|segment| matches!(segment.as_str(), "me" | "users"))?;
        let own = segments.get(at + 1 + usize::from(segments[at] == "users")..)?;
        let (first, last) = (own.first()?.as_str(), own.last()?.as_str());
        let holds = |name: &str| own.iter().any(|segment| segment == name);
        let writes = matches!(self.method.as_deref(), Some("POST" | "PATCH" | "PUT" | "DELETE"));
        let either = |write: Job, read: Job| Some(if writes { write } else { read });
        match first {
            "sendmail" => Some(Job::GraphMailSend),
            "messages" | "mailfolders"
                if ["send", "reply", "replyall", "forward"].contains(&last) =>
            {
                Some(Job::GraphMailSend)
            }
            "mailfolders" if holds("messagerules") => {
                either(Job::GraphMailboxSettingsWrite, Job::GraphMailboxSettingsRead)
            }
            "mailboxsettings" => {
                either(Job::GraphMailboxSettingsWrite, Job::GraphMailboxSettingsRead)
            }
            "messages" | "mailfolders" => either(Job::GraphMailWrite, Job::GraphMailRead),
            "events" | "calendar" | "calendars" | "calendarview" => {
                either(Job::GraphCalendarWrite, Job::GraphCalendarRead)
            }
            "contacts" | "contactfolders" => {
                either(Job::GraphContactsWrite, Job::GraphContactsRead)
            }
            _ => None,
        }
    }
}

fn of_resource(resource: Option<&Resource>) -> Option<Service> {
    let resource = resource?;
    let all = [(&GRAPH, Service::Graph), (&EXCHANGE, Service::Exchange), (&ARM, Service::Arm)];
    all.into_iter().find(|(own, _)| own.app_id == resource.app_id).map(|(_, service)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answered_is_told_by_address_header_or_dialect() {
        let at =
            |url: &str| HttpAnswer { url: Some(url.into()), ..HttpAnswer::default() }.service();
        assert_eq!(at("https://graph.microsoft.us/v1.0/me"), Service::Graph);
        assert_eq!(at("https://outlook.office365.com/EWS/Exchange.asmx"), Service::Ews);
        assert_eq!(
            at("https://outlook.office365.com/Microsoft-Server-ActiveSync?Cmd=x"),
            Service::Eas
        );
        assert_eq!(at("https://management.azure.com/subscriptions"), Service::Arm);
        assert_eq!(at("https://contoso.sharepoint.com/_api/web"), Service::SharePoint);
        assert_eq!(at("https://api.example/x"), Service::Other);
        let header = |name: &str, value: &str| {
            HttpAnswer { headers: vec![(name.into(), value.into())], ..HttpAnswer::default() }
                .service()
        };
        assert_eq!(header("x-feserver", "AM0PR"), Service::Exchange);
        assert_eq!(
            header("www-authenticate", "Bearer client_id=\"00000003-0000-0000-c000-000000000000\""),
            Service::Graph
        );
    }
}
