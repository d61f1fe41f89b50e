//! The files that describe the registration of an application.

use super::Failure;
use super::app::App;
use super::input::read_text;
use entrada_auth::flow::FlowKind;
use entrada_core::Secret;
use entrada_diagnose::{Registration, RegistrationError, SignInMethod};

/// Exports of a registration and of what the tenant holds for it.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Registration")]
#[group(skip)]
pub(super) struct RegistrationFiles {
    /// The application's registration, to judge it too
    ///
    /// The output of `az ad app show`, or the portal's manifest.
    #[arg(long, value_name = "FILE")]
    registration: Option<String>,
    /// Its service principal in the tenant
    ///
    /// The output of `az ad sp show`.
    #[arg(long, value_name = "FILE")]
    service_principal: Option<String>,
    /// The permissions granted to it; repeat for more
    ///
    /// The output of `az ad app permission list-grants`.
    #[arg(long, value_name = "FILE")]
    grants: Vec<String>,
}

impl RegistrationFiles {
    /// Whether a file is named.
    pub(super) fn are_given(&self) -> bool {
        self.registration.is_some() || self.service_principal.is_some() || !self.grants.is_empty()
    }

    /// Reads the files. `client_id` selects one application of several. `None` where no file is named.
    pub(super) fn read(
        &self,
        app: &mut App<'_, '_>,
        client_id: Option<&str>,
    ) -> Result<Option<Box<Registration>>, Failure> {
        if !self.are_given() {
            return Ok(None);
        }
        let mut registration = Registration::default();
        if let Some(path) = &self.registration {
            let text = text_of(app, "the registration", path)?;
            let read = registration.read_application(text.expose(), client_id);
            read.map_err(|error| unreadable("the registration", path, &error))?;
        }
        if let Some(path) = &self.service_principal {
            let text = text_of(app, "the service principal", path)?;
            let own = registration.client_id().map(str::to_owned);
            let read =
                registration.read_service_principal(text.expose(), client_id.or(own.as_deref()));
            read.map_err(|error| unreadable("the service principal", path, &error))?;
        }
        for path in &self.grants {
            let text = text_of(app, "the grants", path)?;
            let read = registration.read_grants(text.expose());
            read.map_err(|error| unreadable("the grants", path, &error))?;
        }
        Ok(Some(Box::new(registration)))
    }
}

/// How a setting makes the program sign in; `None` where it chooses.
pub(super) fn sign_in_method(flow: Option<FlowKind>) -> Option<SignInMethod> {
    match flow? {
        FlowKind::Browser | FlowKind::Paste => Some(SignInMethod::Browser),
        FlowKind::Device => Some(SignInMethod::Code),
        // `auto`, which chooses at the sign-in.
        _ => None,
    }
}

fn text_of(app: &mut App<'_, '_>, what: &str, path: &str) -> Result<Secret, Failure> {
    if path == "-" {
        return app.input(Some("-"));
    }
    read_text(&mut app.open(what, path)?)
}

fn unreadable(what: &str, path: &str, error: &RegistrationError) -> Failure {
    let failure = Failure::usage(format!("cannot read {what} in `{path}`: {error}"));
    match error {
        RegistrationError::IsServicePrincipal => {
            failure.help(format!("give it as `--service-principal {path}`"))
        }
        RegistrationError::Several(_) => failure.help("name the application: `--client-id ID`"),
        _ => failure.help("docs/registration.md shows how to export it: `az ad app show --id CLIENT_ID >app.json`"),
    }
}
