//! The process inside: it serves the emulated world, runs the program in it, and writes the record.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use entrada_core::{Protocol, clean};
use entrada_emulator::serve::MailSecurity;
use serde::{Deserialize, Serialize};

use super::environment;
use super::layout::{INSIDE, Layout, write_with_mode};
use super::loopback;
use super::observe::{Watch, command_of};
use super::signals::Signals;
use super::user::User;
use super::{
    AUTHORITY_NAME, BrowserKind, HomeFolder, LIFELINE_DESCRIPTOR, OutputTarget, RECORD_DESCRIPTOR,
    Variables, WRONG_AUTHORITY_NAME, bubblewrap, trust,
};
use crate::judge::Observation;
use crate::world::{
    CertificateAuthority, DnsSockets, Listener, RawRecord, Trust, World, WorldOptions, clock,
    hosts, redactor_of, secrets_of, serve_dns, serve_listeners,
};

/// The first line of a record: the process inside has started.
const STARTED: &[u8] = b"entrada-sandbox\n";

/// The exit code of an enclosure whose process outside has ended. Nobody is left to read it.
const KILLED: i32 = 137;

/// What the process inside has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) world: WorldOptions,
    pub(super) is_untrusted: bool,
    pub(super) home: HomeFolder,
    pub(super) browser: BrowserKind,
    pub(super) runs: u32,
    pub(super) timeout: Option<u64>,
    pub(super) output: OutputTarget,
    /// The variables that the program does not get.
    pub(super) without: Vec<String>,
    /// The private key of the authority of the run.
    pub(super) key_pem: String,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// Everything that a supervised run needs.
pub(super) struct Supervised<'a> {
    pub(super) plan: &'a Plan,
    pub(super) layout: Layout,
    pub(super) listeners: Vec<Listener>,
    pub(super) dns: Option<DnsSockets>,
    /// The port of the proxy.
    pub(super) proxy: Option<u16>,
    pub(super) program: &'a [OsString],
    /// The descriptors that the program is not to have.
    pub(super) closes: &'a [i32],
    /// Signals to pass on. Namespaces end with this process, and need none.
    pub(super) signals: Option<&'a Signals>,
    /// What cannot be observed here, for people.
    pub(super) notes: Vec<String>,
    pub(super) variables: Variables<'a>,
}

/// Runs `program` as the process inside an enclosure, and returns its exit code. [`super::run`] starts this process.
///
/// # Errors
///
/// The system refuses something, or this process is in no enclosure.
pub fn run_inside(program: &[OsString], variables: Variables<'_>) -> io::Result<u8> {
    let layout = Layout::new(INSIDE);
    let setup = layout.at(bubblewrap::SETUP);
    let plan: Plan = serde_json::from_slice(&fs::read(&setup)?).map_err(io::Error::other)?;
    // It holds the key of the authority.
    fs::remove_file(&setup)?;
    // A process whose memory is closed to others cannot open its own descriptors again.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::Dumpable);
    let mut record =
        File::options().write(true).open(format!("/proc/self/fd/{RECORD_DESCRIPTOR}"))?;
    end_with_outside(File::open(format!("/proc/self/fd/{LIFELINE_DESCRIPTOR}"))?);
    record.write_all(STARTED)?;
    let mut listeners = standard_listeners()?;
    let mut notes = Vec::new();
    match loopback::add(hosts::INSTANCE_METADATA_ADDRESS)
        .and_then(|()| TcpListener::bind((hosts::INSTANCE_METADATA_ADDRESS, 80)))
    {
        Ok(listener) => listeners.push(Listener::Plain(listener)),
        Err(error) => notes.push(format!(
            "requests to {}, the metadata service of virtual machines: its address cannot be added here ({error})",
            hosts::INSTANCE_METADATA_ADDRESS
        )),
    }
    loopback::keep_capability_from_program();
    let supervised = Supervised {
        plan: &plan,
        layout,
        listeners,
        notes,
        dns: Some(DnsSockets::bind()?),
        proxy: None,
        program,
        closes: &[RECORD_DESCRIPTOR, LIFELINE_DESCRIPTOR],
        signals: None,
        variables,
    };
    let ended = supervised.run()?;
    serde_json::to_writer(&mut record, &ended).map_err(io::Error::other)?;
    Ok(code_of_runs(&ended))
}

/// Ends this process, the first of its namespace, and so all others in it, when the process outside ends.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "nobody is left to return to")]
fn end_with_outside(mut lifeline: File) {
    std::thread::spawn(move || {
        // Nothing is ever written to it.
        let _ = lifeline.read(&mut [0]);
        // A signal from its own namespace would not end the first process.
        std::process::exit(KILLED);
    });
}

/// The record that [`run_inside`] wrote.
pub(super) fn read_record(written: &[u8]) -> Option<RawRecord> {
    serde_json::from_slice(written.strip_prefix(STARTED)?).ok()
}

/// The exit code of the first run that failed, or 0.
pub(super) fn code_of_runs(record: &RawRecord) -> u8 {
    record.runs.iter().map(|run| run.code).find(|code| *code != 0).unwrap_or_default()
}

/// The standard ports of the services.
fn standard_listeners() -> io::Result<Vec<Listener>> {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let mut all = vec![Listener::Tls(bind(443)?), Listener::Plain(bind(80)?)];
    for (port, protocol, security) in [
        (993, Protocol::Imap, MailSecurity::Implicit),
        (143, Protocol::Imap, MailSecurity::StartTls),
        (995, Protocol::Pop, MailSecurity::Implicit),
        (110, Protocol::Pop, MailSecurity::StartTls),
        (587, Protocol::Smtp, MailSecurity::StartTls),
        (25, Protocol::Smtp, MailSecurity::StartTls),
    ] {
        all.push(Listener::Mail(bind(port)?, protocol, security));
    }
    // A machine may have no IPv6.
    if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 443)) {
        all.push(Listener::Tls(listener));
    }
    Ok(all)
}

impl Supervised<'_> {
    /// Serves the world, and runs the program in it.
    pub(super) fn run(self) -> io::Result<RawRecord> {
        let plan = self.plan;
        let certificate = |error| io::Error::other(format!("cannot make a certificate: {error}"));
        let trusted = CertificateAuthority::with_key(AUTHORITY_NAME, &plan.key_pem, plan.now)
            .map_err(certificate)?;
        self.layout.prepare()?;
        let store = trust::java_store(trusted.der(), plan.now * 1_000);
        write_with_mode(&self.layout.at("ca.pem"), trusted.pem().as_bytes(), 0o644)?;
        write_with_mode(&self.layout.at("trust.jks"), &store, 0o644)?;
        let authority = if plan.is_untrusted {
            CertificateAuthority::new(WRONG_AUTHORITY_NAME, plan.now).map_err(certificate)?
        } else {
            trusted
        };
        let trust = Arc::new(Trust { authority, is_untrusted: plan.is_untrusted });
        let world = World::new(&plan.world);

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let for_thread = Arc::clone(&world);
        let (listeners, dns) = (self.listeners, self.dns);
        std::thread::spawn(move || {
            runtime.block_on(async move {
                if let Some(sockets) = dns {
                    tokio::spawn(serve_dns(sockets, Arc::clone(&for_thread)));
                }
                let _ = serve_listeners(listeners, for_thread, trust).await;
            });
        });
        let mut environment =
            environment::variables(&self.layout, plan.home, self.proxy, self.variables);
        environment.extend(plan.without.iter().map(|name| (name.into(), None)));
        let mut watch = Watch::start();
        User {
            plan,
            layout: &self.layout,
            world: &world,
            environment: &environment,
            output: watch.output(),
        }
        .start((self.variables)("PATH").as_ref());
        let mut runs = Vec::new();
        for number in 1..=plan.runs {
            world.begin_run(number);
            let mut command = command_of(self.program, self.closes);
            apply(&environment, &mut command);
            let end = watch.run(command, plan.output, plan.timeout, self.signals)?;
            if end.is_timed_out {
                world.observe(Observation::TimedOut { run: number, at: clock::milliseconds() });
            }
            runs.push(end);
            if self.signals.is_some_and(Signals::is_any) {
                break;
            }
        }
        let mut record = world.recorded();
        let secrets = secrets_of(&record);
        let redactor = redactor_of(&secrets);
        for run in &mut runs {
            run.last_line = redactor.foreign_text(&clean(&run.last_line)).into_owned();
        }
        record.runs = runs;
        record.notes.append(&mut watch.notes);
        record.notes.extend(self.notes);
        let own = self.layout.at("home");
        let home = match plan.home {
            HomeFolder::Fresh => own,
            HomeFolder::Keep => (self.variables)("HOME").map_or(own, PathBuf::from),
        };
        let mut folders = vec![home.clone(), self.layout.at("tmp"), self.layout.at("run")];
        // The root of the system is nobody's working folder.
        if let Ok(current) = std::env::current_dir()
            && current != Path::new("/")
            && !current.starts_with(&home)
        {
            folders.push(current);
        }
        record.observations.extend(watch.end(&secrets, &home, &folders));
        record.hide_secrets();
        Ok(record)
    }
}

pub(super) fn apply(environment: &[(OsString, Option<OsString>)], command: &mut Command) {
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}
