//! The findings of `entrada sandbox` about programs.

use entrada_sandbox::judge::rules;

/// The page of the finding with this name.
pub(super) fn page(word: &str) -> Option<String> {
    let rule = rules::find(word)?;
    let docs = rule.docs.trim_end();
    Some(format!("# {} (a finding about a program)\n\nSource: {}.\n\n{docs}", rule.id, rule.clause))
}

/// Their names, and their pages.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    rules::ALL.iter().map(|rule| (rule.id, rule.docs))
}
