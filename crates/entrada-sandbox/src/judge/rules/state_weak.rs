use crate::judge::{Finding, Record, Rule, Severity};

pub(super) static RULE: Rule = Rule {
    id: "state-weak",
    severity: Severity::Warning,
    clause: "RFC 6749 §10.10 and §10.12",
    docs: include_str!("pages/state_weak.md"),
    check,
};

/// Fewer bits than this are reported. RFC 6749 asks for 128; common libraries send 91.
const BITS_MIN: u32 = 64;

fn check(record: &Record) -> Vec<Finding> {
    let help = "make a new `state` of at least 16 random bytes for each request";
    let mut found = Vec::new();
    let mut seen: Vec<(&str, &str, usize)> = Vec::new();
    for one in record.authorizations() {
        let Some(state) = one.parameter("state") else { continue };
        if let Some(bits) = one.facts.state_bits.filter(|bits| *bits < BITS_MIN) {
            let message = format!("`state` has at most {bits} bits of randomness");
            found.push(RULE.finding([one.number], message, help));
        }
        // A page that is loaded again sends the same challenge too.
        let challenge = one.parameter("code_challenge").or_else(|| one.parameter("nonce")).unwrap_or_default();
        let earlier = seen.iter().find(|(own, of, _)| *own == state && (*of != challenge || of.is_empty()));
        if let Some((_, _, number)) = earlier {
            let message = "two authorization requests have the same `state`";
            found.push(RULE.finding([*number, one.number], message, help));
        }
        seen.push((state, challenge, one.number));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::script::*;

    #[test]
    fn a_short_or_repeated_state_is_found() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&state=12345678&nonce=a -> 200
        1 GET AUTHORIZE?CLIENT&state=6fa459eaee8a3ca4894edb77e160355e&nonce=a -> 200
        2 GET AUTHORIZE?CLIENT&state=6fa459eaee8a3ca4894edb77e160355e&nonce=b -> 200
        ";
        assert_eq!(found(&RULE, script), ["warning #1: `state` has at most 26 bits of randomness", "warning #2 and #3: two authorization requests have the same `state`"]);
    }

    #[test]
    fn the_state_of_msal_and_a_page_that_is_loaded_again_are_fine() {
        let script = r"
        0 GET AUTHORIZE?CLIENT&state=AbCdEfGhIjKlMnOp&nonce=a -> 200
        1 GET AUTHORIZE?CLIENT&state=AbCdEfGhIjKlMnOp&nonce=a -> 200
        ";
        assert!(found(&RULE, script).is_empty());
    }
}
