//! Why a command failed, what to tell the user, and which number to end with.

mod config;
mod store;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;

use super::exit::Exit;
use super::local_authority::is_on_this_machine;
use super::network;
use super::ui::Ui;
use crate::render::{self, Notes};
use entrada_auth::flow::{AcquireError, Refusal};
use entrada_auth::sys::{Clock, HttpError, HttpFailure, Interrupted};
use entrada_core::entra::consent::ConsentRequest;
use entrada_core::entra::resources;
use entrada_core::human_duration;
use entrada_core::oauth::ProtocolError;
use entrada_core::oauth::discovery::DiscoveryError;
use entrada_diagnose::{self as diagnose, Diagnosis, Evidence, Finding, RuleId, Who};

/// A command's failure.
#[derive(Debug)]
pub(super) struct Failure {
    /// What is so; empty when the judgement says it.
    pub(super) message: String,
    /// Its causes, outermost first.
    causes: Vec<String>,
    /// The place in a file, drawn over several lines.
    drawing: String,
    /// What to do.
    pub(super) help: Vec<String>,
    /// The judgement of a refusal.
    diagnosis: Option<Box<Diagnosis>>,
    /// How the process ends.
    pub(super) exit: Exit,
    /// Whether no message is printed.
    silent: bool,
    /// Whether the message is printed as JSON.
    json: bool,
}

impl Failure {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            drawing: String::new(),
            help: Vec::new(),
            diagnosis: None,
            exit,
            silent: false,
            json: false,
        }
    }

    /// A failure that has been reported already.
    pub(super) fn told(exit: Exit) -> Self {
        Self { silent: true, ..Self::new(exit, "") }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn helps(mut self, help: impl IntoIterator<Item = String>) -> Self {
        self.help.extend(help);
        self
    }

    pub(super) fn judged(mut self, diagnosis: Diagnosis) -> Self {
        self.diagnosis = Some(Box::new(diagnosis));
        self
    }

    fn of(exit: Exit, error: &(dyn StdError + 'static)) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Libraries repeat their cause in their own words.
            if !failure.message.contains(&text) && !failure.causes.contains(&text) {
                failure.causes.push(text);
            }
            source = cause.source();
        }
        failure
    }

    /// Uses the signal's exit code if a signal has arrived: a failure after the signal is caused by it.
    pub(super) fn unless_asked_to_end(mut self, clock: &dyn Clock) -> Self {
        let Some(interrupted) = clock.pending_signal() else { return self };
        let exit = interrupted.into();
        if [Exit::HungUp, Exit::Interrupted, Exit::Terminated].contains(&self.exit) {
            // A wait for a lock that was given up does not know by which signal.
            self.exit = exit;
            return self;
        }
        Self {
            causes: vec![self.said()],
            silent: self.silent,
            json: self.json,
            ..Self::new(exit, "interrupted")
        }
    }

    /// What is so, in one line.
    pub(super) fn said(&self) -> String {
        let cause =
            || self.diagnosis().and_then(Diagnosis::cause).map(|cause| cause.message.to_string());
        if self.message.is_empty() { cause().unwrap_or_default() } else { self.message.clone() }
    }

    /// What is so and why, in one line.
    pub(super) fn reason(&self) -> String {
        let mut text = self.said();
        for cause in &self.causes {
            text = format!("{text}: {cause}");
        }
        text
    }

    /// The judgement of the refusal, where there was one.
    pub(super) fn diagnosis(&self) -> Option<&Diagnosis> {
        self.diagnosis.as_deref()
    }

    /// The same for a program: one JSON document on stderr in place of the words.
    pub(super) fn in_json(mut self) -> Self {
        self.json = true;
        self
    }

    /// Takes out what may be a secret among the arguments and settings, and tells so.
    fn hide(&mut self, ui: &Ui<'_>) {
        let mut advice = None;
        for text in self.causes.iter_mut().chain(&mut self.help).chain([&mut self.message]) {
            if let Cow::Owned(hidden) = ui.hide(text) {
                advice = advice.or(ui.advice(text));
                *text = hidden;
            }
        }
        self.help.extend(advice.map(str::to_owned));
    }

    /// Prints the failure to stderr and returns the exit code.
    pub(super) fn report(mut self, ui: &Ui<'_>) -> Exit {
        if self.silent {
            return self.exit;
        }
        self.hide(ui);
        if self.json {
            let exit = (self.exit.code(), self.exit.meaning());
            let judged = self.diagnosis.as_deref();
            let shown = |text: &String| ui.redacted(text);
            let message = shown(&self.message);
            let causes: Vec<String> = self.causes.iter().map(shown).collect();
            let help: Vec<String> = self.help.iter().map(shown).collect();
            let mut line = Vec::new();
            if render::json::failure(&mut line, exit, &message, &causes, &help, judged).is_ok() {
                ui.json(&line);
            }
            return self.exit;
        }
        // Before lines are broken.
        let message = ui.redacted(&self.message);
        let causes: Vec<String> = self.causes.iter().map(|cause| ui.redacted(cause)).collect();
        ui.with(|out| render::failure(out, ui.style, &message, &causes));
        ui.page(&self.drawing);
        if let Some(diagnosis) = &self.diagnosis {
            ui.with(|out| render::diagnosis(out, diagnosis, ui.style, Notes::Shown));
        }
        ui.with(|out| render::help(out, ui.style, &self.help));
        self.exit
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Interrupted>());
        if let Some(interrupted) = cause {
            return (*interrupted).into();
        }
        let mut failure = Self::new(Exit::Failure, format!("cannot read or write: {error}"));
        // `entrada … | head`: the reader has closed the pipe, which is not an error.
        failure.silent = error.kind() == io::ErrorKind::BrokenPipe;
        failure
    }
}

impl From<Interrupted> for Failure {
    fn from(interrupted: Interrupted) -> Self {
        Self::new(interrupted.into(), "interrupted; the store was not changed")
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        if let HttpFailure::Interrupted(interrupted) = error.failure {
            return interrupted.into();
        }
        let exit = if network::is_setting(&error.failure) { Exit::Usage } else { Exit::Temporary };
        let failure = Self::new(exit, network::sentence(&error));
        network::help(&error).into_iter().fold(failure, Self::help)
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        let exit = if error.is_temporary() { Exit::Temporary } else { Exit::Refused };
        let failure = Self::of(exit, &error);
        match error.retry_after {
            Some(seconds) => {
                failure.help(format!("try again in {}", human_duration(seconds.cast_signed())))
            }
            None => failure,
        }
    }
}

impl From<DiscoveryError> for Failure {
    fn from(error: DiscoveryError) -> Self {
        match error {
            DiscoveryError::Protocol(error) => error.into(),
            unusable @ DiscoveryError::Unusable { .. } => Self::of(Exit::Usage, &unusable).help(
                "check `--authority`; if it is right, the provider must correct the document: its endpoints are missing, not https, or on this machine",
            ),
            DiscoveryError::Missing { ref authority, .. } if is_on_this_machine(authority) => {
                Self::of(Exit::Usage, &error).help(
                    "an authority like Entra ID, as `entrada emulator` is, needs a tenant: `--tenant organizations`; the address of any \
                     other is exactly its issuer's",
                )
            }
            other => Self::of(Exit::Usage, &other).help(
                "check `--authority`: it must be exactly the issuer's address, as the provider's documentation or its \
                 discovery document has it, without `/.well-known/openid-configuration`",
            ),
        }
    }
}

/// Words an [`AcquireError`], with a judgement where the authority refused. `evidence` carries the request's context.
pub(super) fn of_acquire(error: AcquireError, mut evidence: Evidence, login: &str) -> Failure {
    match error {
        AcquireError::SignInNeeded { why, refusal } => {
            let Some(refusal) = refusal else {
                return Failure::new(Exit::SignInNeeded, format!("sign-in needed: {why}"))
                    .help(format!("sign in: {login}"));
            };
            let diagnosis = judge(*refusal, evidence);
            // Another sign-in would meet the same policy.
            let is_useless = |cause: &Finding| match cause.rule.id {
                RuleId::ConditionalAccess | RuleId::AdminConsentRequired => true,
                RuleId::TokenBinding | RuleId::BrokerRequired => cause.who == Who::TenantAdmin,
                _ => false,
            };
            if diagnosis.cause().is_some_and(is_useless) {
                return Failure::new(Exit::Refused, why).judged(diagnosis);
            }
            // The findings say what to do, mostly with the command.
            let is_told = |finding: &Finding| {
                finding.help.iter().any(|help| help.contains("entrada login"))
            };
            let is_told = diagnosis.findings.iter().any(is_told);
            let failure = Failure::new(Exit::SignInNeeded, format!("sign-in needed: {why}"));
            let failure = failure.judged(diagnosis);
            if is_told { failure } else { failure.help(format!("sign in: {login}")) }
        }
        AcquireError::Refused(refusal) => {
            let diagnosis = judge(*refusal, evidence);
            Failure::new(exit_of(&diagnosis), "").judged(diagnosis)
        }
        AcquireError::Protocol(error) => {
            evidence.not_oauth = Some(error);
            Failure::new(Exit::Temporary, "").judged(diagnose::run(&evidence))
        }
        AcquireError::Ambiguous(_) => {
            let profile = evidence.context.profile.as_deref();
            let profile = profile.map_or_else(String::new, |profile| format!(" {profile}"));
            Failure::of(Exit::Usage, &error)
                .help("choose one with `--account`")
                .help(format!("or for every run: `entrada accounts use ACCOUNT{profile}`"))
        }
        AcquireError::WrongAccount { .. } => Failure::of(Exit::WrongAccount, &error)
            .help("sign in with the other account, for example in a private window; or leave out the option that names it (`--account`, `--login-hint`, `--tid`, `--oid`)"),
        AcquireError::AnotherUser { .. } => Failure::of(Exit::WrongAccount, &error).help(format!(
            "the stored sign-in was left as it was; if this happens again, sign in again: {login}, and tell the operator of the authority"
        )),
        AcquireError::AlreadySignedIn(_) => {
            Failure::of(Exit::Usage, &error).help("import the other one anyway with `--replace`")
        }
        AcquireError::NoDeviceFlow(_) => {
            Failure::of(Exit::Usage, &error).help("sign in with `--flow browser` or `--flow paste`")
        }
        AcquireError::NoPage(_) => {
            Failure::of(Exit::Usage, &error).help("sign in with `--flow device`")
        }
        AcquireError::FlowNotAllowed { .. } => Failure::of(Exit::Usage, &error)
            .help("choose an allowed flow with `--flow`, or ask the person who set the limit"),
        AcquireError::ConflictingSettings(_) => {
            Failure::of(Exit::Usage, &error).help("see `--flow`, `--redirect-uri` and `--response-mode`")
        }
        AcquireError::NoListener { ref source, .. } => {
            let help = match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "end the program that uses it, or name another port with `--redirect-uri`; `--flow device` needs none"
                }
                io::ErrorKind::PermissionDenied => {
                    "only an administrator can use ports below 1024: name another with `--redirect-uri`; `--flow device` needs none"
                }
                _ => "`--flow device` and `--flow paste` need no port",
            };
            Failure::of(Exit::Usage, &error).help(help)
        }
        AcquireError::NoAnswer { .. } => Failure::of(Exit::Declined, &error)
            .helps(consent_first(&evidence))
            .help(
                "if the page showed an error: some (AADSTS50011, 700016, 90002 …) are shown in the browser only and never \
                 reach this program; copy the page's text and give it to `entrada diagnose`",
            )
            .help("if the page never opened, or could not come back to this machine: `--flow device`, or `--flow paste`")
            .help("if it only took longer: `--timeout 15m`"),
        AcquireError::DeviceTimeout { .. } => Failure::of(Exit::Declined, &error)
            .helps(consent_first(&evidence))
            .help(
                "the code is entered in a browser on any device; if that page showed an error (AADSTS50011, 53003, 700016 …), copy \
                 its text and give it to `entrada diagnose`",
            )
            .help("if it only took longer: `--timeout 15m`, or no `--timeout`: entrada then waits until the code expires")
            .help(format!(
                "where an organisation blocks the sign-in by code: {} --flow browser`, or `--flow paste`",
                login.trim_end_matches('`')
            )),
        AcquireError::NothingPasted(_) => Failure::of(Exit::SignInNeeded, &error)
            .help(format!(
                "run it in a terminal where the address can be pasted, or sign in by code: {} --flow device`",
                login.trim_end_matches('`')
            )),
        AcquireError::IdToken(ref why) if why.is_about_time() => Failure::of(Exit::Failure, &error).help(
            "its times do not match the authority's clock, or this machine's clock if the authority sends no time: check this \
             machine's clock, and tell the operator of the authority",
        ),
        AcquireError::IdToken(_) => Failure::of(Exit::Failure, &error).help(
            "the server may not be the authority: check `--authority`, the network, and the server's clock",
        ),
        AcquireError::Entropy(_) => Failure::of(Exit::Failure, &error),
        AcquireError::Interrupted(interrupted) => interrupted.into(),
        AcquireError::Stopped { interrupted, ref unsaved, .. } => {
            let failure = Failure::of(interrupted.into(), &error);
            match unsaved.as_ref().map(|unsaved| &unsaved.pending) {
                Some(Some(_)) => failure.help("the next `entrada token` stores it"),
                Some(None) => failure.help("sign in again: `entrada login`"),
                None => failure,
            }
        }
        AcquireError::NoSuchAuthority(error) => error.into(),
        AcquireError::Http(error) => error.into(),
        AcquireError::Store(error) => error.into(),
        AcquireError::Lock(error) => error.into(),
    }
}

/// The first suspect of a sign-in without an answer that asked for a permission to which users cannot consent by default:
/// the page that says so returns nothing to the program.
fn consent_first(evidence: &Evidence) -> Option<String> {
    let context = &evidence.context;
    let request = ConsentRequest {
        authority: context.authority.as_deref(),
        cloud: context.cloud,
        tenant: context.tenant.as_deref(),
        client_id: context.client_id.as_deref(),
        scopes: context.requested.as_ref(),
    };
    let barred = request.needing_administrator();
    let first = resources::short_name(barred.first()?);
    Some(format!(
        "if the page said `Need admin approval` or `Approval required`: users of an organisation cannot consent to `{first}` \
         by default; an administrator opens {}",
        request.admin_page()
    ))
}

fn judge(refusal: Refusal, mut evidence: Evidence) -> Diagnosis {
    evidence.context.grant_type = Some(refusal.grant_type.to_owned());
    evidence.context.code_ran_out = refusal.code_expired;
    evidence.refusal = Some(refusal.error);
    let mut diagnosis = diagnose::run(&evidence);
    for finding in &mut diagnosis.findings {
        // The settings of this run are those of its user.
        if render::OF_SETTINGS.contains(&finding.rule.id) && finding.who == Who::Developer {
            finding.who = Who::User;
        }
        let authority = evidence.context.authority.as_deref().unwrap_or_default();
        if finding.rule.id == RuleId::RefreshTokenMalformed && is_on_this_machine(authority) {
            finding.help.insert(0, OTHER_RUN.into());
        }
    }
    diagnosis
}

/// What to do about a refresh token that an authority on this machine does not know.
const OTHER_RUN: &str =
    "the sign-ins of `entrada emulator` end with it: if it was restarted, sign in again";

/// The number for a refusal, by its cause.
fn exit_of(diagnosis: &Diagnosis) -> Exit {
    let found = |ids: &[RuleId]| diagnosis.findings.iter().any(|f| ids.contains(&f.rule.id));
    if found(&[RuleId::UserDeclined, RuleId::DeviceCodeExpired]) {
        Exit::Declined
    } else if found(&[RuleId::Throttled, RuleId::ServiceIncident, RuleId::DevicePollingLoop]) {
        Exit::Temporary
    } else {
        Exit::Refused
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use entrada_auth::store::LockError;
    use entrada_core::NumericDate;

    /// A process that a signal has reached.
    struct Signalled(u8);

    impl Clock for Signalled {
        fn now(&self) -> NumericDate {
            NumericDate(0)
        }
        fn sleep(&self, _: Duration) -> Result<(), Interrupted> {
            Ok(())
        }
        fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send> {
            Box::new(|| Duration::ZERO)
        }
        fn pending_signal(&self) -> Option<Interrupted> {
            Some(Interrupted { signal: self.0 })
        }
    }

    #[test]
    fn a_failure_after_a_signal_ends_by_that_signals_number() {
        for (signal, exit) in [(1, Exit::HungUp), (2, Exit::Interrupted), (15, Exit::Terminated)] {
            let waited = Failure::from(LockError::GaveUp { waited: Duration::ZERO });
            assert_eq!(waited.unless_asked_to_end(&Signalled(signal)).exit, exit);
            let refused = Failure::new(Exit::Refused, "refused");
            assert_eq!(refused.unless_asked_to_end(&Signalled(signal)).exit, exit);
        }
    }
}
