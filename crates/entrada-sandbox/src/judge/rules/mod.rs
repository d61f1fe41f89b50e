//! The rules: a file for each, with its page in `pages/`.
//!
//! To add one: the page, the file, its line below.

use super::Rule;

/// Declares the modules of the rules, and lists them in this order.
macro_rules! rules {
    ($($name:ident)*) => {
        $(mod $name;)*
        /// Every rule.
        pub static ALL: &[&Rule] = &[$(&$name::RULE),*];
        /// The name and the text of each file.
        #[cfg(test)]
        const SOURCES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!(stringify!($name), ".rs")))),*];
    };
}

rules! {
    state_missing
    state_weak
    pkce_missing
    pkce_plain
    pkce_mismatch
    nonce_missing
    implicit_grant
    password_grant
    redirect_uri
    plain_http
    v1_endpoint
    two_apis_in_one_request
    offline_access_missing
    poll_too_early
    slow_down_ignored
    sign_in_ends_at_slow_down
    sign_in_ends_at_passing_fault
    retry_after_ignored
    polls_after_the_end
    code_sent_twice
    secret_of_public_client
    secret_in_url
    secret_in_arguments
    secret_in_log
    secret_in_readable_file
    refresh_without_scope
    rotated_token_not_kept
    token_requested_again
    interactive_again
    wrong_audience
    graph_call_not_permitted
    certificates_refused
    certificate_unchecked
    metadata_again
    telemetry
}

/// The rule with this name; `None` where there is none.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_rule_has_its_own_name_a_clause_and_a_page_with_the_same_sections() {
        let names: BTreeSet<&str> = ALL.iter().map(|rule| rule.id).collect();
        assert_eq!(names.len(), ALL.len());
        for rule in ALL {
            let headings: Vec<&str> =
                rule.docs.lines().filter(|line| line.starts_with("## ")).collect();
            let expected = ["## What it means", "## Why it matters", "## What to do"];
            assert_eq!(headings, expected, "{}", rule.id);
            assert!(!rule.clause.is_empty(), "{}", rule.id);
        }
    }

    /// A program that does it draws the finding, and one that does not draws none.
    #[test]
    fn each_rule_is_tested_with_a_bad_and_a_good_program() {
        for ((name, source), rule) in SOURCES.iter().zip(ALL) {
            assert_eq!(name.replace('_', "-"), rule.id);
            let tests = source.split("#[test]").skip(1);
            let (good, bad): (Vec<&str>, Vec<&str>) =
                tests.partition(|test| test.contains("_fine() {"));
            let is_clean = |test: &&str| test.contains(".is_empty())") || test.contains("[\"note ");
            assert!(good.iter().any(is_clean), "{name}: no good program");
            let draws = |test: &&str| test.contains("_found() {") || test.contains("assert_eq!(");
            assert!(bad.iter().any(draws), "{name}: no bad program");
        }
    }

    #[test]
    fn a_rule_is_found_by_its_name() {
        assert_eq!(find("state-missing").unwrap().id, "state-missing");
        assert!(find("state_missing").is_none());
    }
}
