//! Annotations in the log of a GitHub workflow (`::error title=…::…`, GitHub's "Workflow commands").

use std::io::{self, Write};

use entrada_core::clean;
use entrada_diagnose::{Confidence, Diagnosis, Severity};

pub(super) fn diagnoses(out: &mut dyn Write, all: &[Diagnosis]) -> io::Result<()> {
    for diagnosis in all {
        for finding in &diagnosis.findings {
            let command = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "notice",
            };
            let confidence = match finding.confidence {
                Confidence::Certain => "",
                Confidence::Likely => " (likely)",
                Confidence::Possible => " (possible)",
            };
            let title = format!("entrada: {} ({})", finding.rule.id, diagnosis.task());
            let mut text = format!("{}{confidence}", clean(&finding.message));
            for seen in &finding.evidence {
                text = text + "\n" + seen.field + ": " + &clean(&seen.value);
            }
            for help in &finding.help {
                text = text + "\nhelp: " + &clean(help);
            }
            writeln!(out, "::{command} title={}::{}", property(&title), data(&text))?;
        }
        if diagnosis.findings.is_empty() {
            let fine = format!("no problem found for {}", diagnosis.task());
            writeln!(out, "::notice title=entrada::{}", data(&fine))?;
        }
    }
    Ok(())
}

/// Escapes line breaks, which would end the command and let the rest start another one.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_diagnose::{Evidence, Shape, run};

    #[test]
    fn a_finding_is_one_line_whatever_its_text() {
        let evidence =
            Evidence { token: Some(Shape::of("ab\n::set-env::")), ..Evidence::default() };
        let mut out = Vec::new();
        diagnoses(&mut out, &[run(&evidence)]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("::error title=entrada%3A malformed-token (graph-mail-read)::"));
        assert!(
            text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::notice "))
        );
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }

    #[test]
    fn no_control_character_comes_through() {
        let mut diagnosis = run(&Evidence { token: Some(Shape::of("ab")), ..Evidence::default() });
        diagnosis.findings[0].help.push("a\u{0}\u{1b}[2Jb".into());
        let mut out = Vec::new();
        diagnoses(&mut out, &[diagnosis]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}
