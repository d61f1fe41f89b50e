//! What every target does with its input: judge it, write the judgement in every format, and hold it to what must be true
//! of any input.

use entrada_diagnose::{self as diagnose, Confidence, Evidence, Severity, Verdict};
use entrada_core::{Job, NumericDate};
use entrada::render::{self, JudgementFormat, Notes, Style};

/// When it is judged.
pub const NOW: NumericDate = NumericDate(1_800_000_000);

/// Judges `text` as `entrada diagnose` does, for two jobs.
pub fn judge(text: &str) {
    if let Ok(evidence) = diagnose::recognise(text, NOW) {
        judge_evidence(evidence);
    }
}

/// Judges what was read of an input.
pub fn judge_evidence(mut evidence: Evidence) {
    for job in [Some(Job::Imap), None] {
        let own = evidence.context.job;
        evidence.context.job = job.or(own);
        let brief = job.is_some();
        let diagnosis = if brief { diagnose::judge(&evidence) } else { diagnose::run(&evidence) };
        evidence.context.job = own;
        let certain_error = diagnosis.findings.iter().any(|finding| {
            finding.severity == Severity::Error && finding.confidence != Confidence::Possible
        });
        assert_eq!(diagnosis.verdict == Verdict::Problem, certain_error && diagnosis.verdict != Verdict::Pending);
        if brief {
            continue;
        }
        let all = [diagnosis];
        for format in [
            JudgementFormat::Human,
            JudgementFormat::Json,
            JudgementFormat::Sarif,
            JudgementFormat::Github,
        ] {
            let mut out = Vec::new();
            render::diagnoses(&mut out, format, &all, Style::default(), Notes::Shown).unwrap();
            let out = String::from_utf8(out).unwrap();
            let hostile = |c: char| c.is_control() && c != '\n';
            assert!(!out.contains(hostile), "a control character came through");
            if format == JudgementFormat::Json {
                serde_json::from_str::<serde_json::Value>(&out).unwrap();
            }
        }
        let mut page = Vec::new();
        render::report(&mut page, &all, NOW).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(!page.contains("<script") && page.matches("<style>").count() == 1);
    }
}
