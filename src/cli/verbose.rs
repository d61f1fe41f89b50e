//! `-v`: logs requests and answers. Names and statuses only; no query, no body, no request header.

use super::ui::Ui;
use entrada_auth::sys::{Bundle, Http, HttpError, HttpRequest, HttpResponse};
use entrada_core::{Redactor, clean};

/// A network that logs requests and responses.
pub(super) struct Verbose<'a, 't> {
    inner: &'a dyn Http,
    ui: &'a Ui<'t>,
    level: u8,
}

impl<'a, 't> Verbose<'a, 't> {
    pub(super) fn new(inner: &'a dyn Http, ui: &'a Ui<'t>, level: u8) -> Self {
        Self { inner, ui, level }
    }

    fn request(&self, request: &HttpRequest) {
        let uri = request.uri();
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let scheme = uri.scheme_str().unwrap_or_default();
        self.ui.line(format!("> {} {scheme}://{host}{}", request.method(), uri.path()));
        if self.level < 2 {
            return;
        }
        let members: Vec<String> = url::form_urlencoded::parse(request.body())
            .map(|(name, value)| match &*name {
                // These are public, and useful to the reader.
                "grant_type" | "client_id" | "scope" => format!("{name}={value}"),
                _ => format!("{name}=(hidden)"),
            })
            .collect();
        if !members.is_empty() {
            self.ui.raw(&format!(">   {}\n", clean(&self.ui.hide(&members.join(" ")))));
        }
    }

    fn response(&self, response: &HttpResponse) {
        self.ui.line(format!("< {}", response.status()));
        if self.level < 2 {
            return;
        }
        for name in ["date", "content-type", "retry-after", "x-ms-request-id"] {
            if let Some(value) = response.headers().get(name).and_then(|value| value.to_str().ok())
            {
                let value = Redactor::without_likely_secrets(value);
                self.ui.raw(&format!("<   {name}: {}\n", clean(&value)));
            }
        }
    }
}

impl Http for Verbose<'_, '_> {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if self.level == 0 {
            return self.inner.send(request);
        }
        self.request(&request);
        let answer = self.inner.send(request);
        match &answer {
            Ok(response) => self.response(response),
            Err(error) => self.ui.line(format!("< {error}")),
        }
        answer
    }

    fn trust(&self, bundle: Bundle) {
        self.inner.trust(bundle);
    }
}
