//! The registration of the application against the settings: the same checks as `entrada diagnose --registration`.

use super::super::Failure;
use super::super::app::App;
use super::super::diagnose::context;
use super::super::registration::RegistrationFiles;
use super::CheckLine;
use crate::config::Settings;
use entrada_diagnose::{Diagnosis, Evidence, Finding, RuleId, Severity, Verdict, judge};

const NAME: &str = "registration";

pub(super) fn look(
    files: &RegistrationFiles,
    app: &mut App<'_, '_>,
    settings: &Settings,
) -> Result<Vec<CheckLine>, Failure> {
    let mut context = context(settings)?;
    let Some(registration) = files.read(app, context.client_id.as_deref())? else {
        return Ok(Vec::new());
    };
    let authority = settings.authority()?;
    context.tenant = authority.tenant().map(ToString::to_string);
    context.profile = settings.profile.as_deref().map(entrada_core::shell_quoted);
    let jobs = settings.jobs()?;
    let each = if jobs.is_empty() { vec![None] } else { jobs.into_iter().map(Some).collect() };
    let mut lines: Vec<CheckLine> = Vec::new();
    for job in each {
        let mut evidence = Evidence {
            registration: Some(registration.clone()),
            now: Some(app.sys.clock.now()),
            context: context.clone(),
            ..Evidence::default()
        };
        evidence.context.job = job;
        let diagnosis = judge(&evidence);
        for finding in &diagnosis.findings {
            let line = line(&diagnosis, finding);
            if lines.iter().all(|other| other.found != line.found) {
                lines.push(line);
            }
        }
    }
    Ok(lines)
}

fn line(diagnosis: &Diagnosis, finding: &Finding) -> CheckLine {
    let found = format!("{} ({})", finding.message, finding.rule.id);
    let mut line = if finding.rule.id == RuleId::RegistrationChecked {
        match diagnosis.verdict {
            Verdict::Ok(_) => CheckLine::fine(NAME, finding.message.as_ref()),
            _ => CheckLine::note(NAME, finding.message.as_ref()),
        }
    } else if finding.severity == Severity::Error {
        CheckLine::bad(NAME, found)
    } else {
        CheckLine::note(NAME, found)
    };
    if finding.rule.id == RuleId::RegistrationChecked {
        for seen in &finding.evidence {
            line = line.help(format!("{}: {}", seen.field, seen.value));
        }
    }
    for help in &finding.help {
        line = line.help(help.clone());
    }
    line
}
