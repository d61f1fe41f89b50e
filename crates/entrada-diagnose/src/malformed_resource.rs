//! A resource in the authority's refusal that is malformed itself: a variable without a value, or a name that a program put
//! together wrongly. No tenant has an API of such a name.

/// Words right before the resource in the authority's text, in lower case.
const BEFORE: [&str; 3] =
    ["resource principal named", "the resource principal named", "resource named"];

/// Words right after it, in lower case.
const AFTER: &str = "was not found";

/// Maximum length of a resource in bytes.
const RESOURCE_MAX: usize = 300;

/// Names with which languages write a missing value, in lower case.
const NOTHING: [&str; 6] = ["null", "undefined", "none", "nan", "nil", "[object object]"];

/// The resource that the authority names in `description`, as it was sent, and what is wrong with it.
pub(super) fn find(description: &str) -> Option<(String, String)> {
    let lower = description.to_ascii_lowercase();
    let at = BEFORE.iter().find_map(|before| Some(lower.find(before)? + before.len()))?;
    let end = at + lower[at..].find(AFTER)?;
    let raw = description.get(at..end)?.trim();
    let resource = raw.trim_matches(['\'', '"', '`']);
    if RESOURCE_MAX < resource.len() {
        return None;
    }
    Some((resource.to_owned(), fault(resource)?))
}

/// What is wrong with `resource`, if it is malformed.
fn fault(resource: &str) -> Option<String> {
    let lower = resource.to_ascii_lowercase();
    if lower.is_empty() {
        return Some("it is empty: the variable or setting with its name has no value".to_owned());
    }
    let bare = lower.split("://").last().unwrap_or_default();
    let scheme = lower.split_once("://").map(|(scheme, _)| scheme);
    let is_nothing = |word: &str| NOTHING.contains(&word);
    if is_nothing(&lower)
        || scheme.is_some_and(is_nothing)
        || bare.split(['/', '.', ':']).any(|word| is_nothing(word) && word != "none")
    {
        return Some("a variable in it has no value".to_owned());
    }
    if ["${", "{{", "%7b", "$(", "<"].iter().any(|mark| lower.contains(mark))
        || lower.starts_with('{')
    {
        return Some("it has a placeholder that the program did not replace".to_owned());
    }
    if 1 < lower.matches("://").count() {
        return Some(
            "it has two schemes: the program put `https://` or `api://` before a whole address"
                .to_owned(),
        );
    }
    if scheme.is_some() && bare.trim_matches('/').is_empty() {
        return Some("it has a scheme and no name".to_owned());
    }
    if lower.contains(char::is_whitespace) {
        return Some("it has a blank: two values, or a scope behind it".to_owned());
    }
    let doubled = bare.split(['.', '/']).find_map(doubled_word);
    doubled.map(|word| format!("`{word}` stands twice in it: the program put a prefix before a name that has it already"))
}

/// The word that stands twice in a row in `label`: `ingest-ingest-contoso`.
fn doubled_word(label: &str) -> Option<&str> {
    let words: Vec<&str> = label.split('-').collect();
    let is_word =
        |word: &str| 3 <= word.len() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    words.windows(2).find(|pair| pair[0] == pair[1] && is_word(pair[0])).map(|pair| pair[0])
}

/// Whether `value` may be an id: a made-up one in its place (`xxxx`, `<id>`) shows nothing.
pub(super) fn is_id(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
        && !value.contains(['<', '*', '{'])
        && !value.to_ascii_lowercase().contains("xxx")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(resource: &str) -> Option<String> {
        let text = format!(
            "AADSTS500011: The resource principal named {resource} was not found in the tenant named Contoso."
        );
        find(&text).map(|(_, fault)| fault)
    }

    #[test]
    fn a_malformed_resource_is_told_from_an_unknown_one() {
        for (resource, part) in [
            ("null://9f0c", "no value"),
            ("undefined", "no value"),
            ("''", "empty"),
            ("https://ingest-ingest-adx01.westeurope.kusto.windows.net", "`ingest` stands twice"),
            ("https://https://vault.azure.net", "two schemes"),
            ("api://", "no name"),
            ("api://${CLIENT_ID}", "placeholder"),
            ("https://graph.microsoft.com User.Read", "blank"),
        ] {
            let fault = fault_of(resource).unwrap_or_else(|| panic!("{resource}"));
            assert!(fault.contains(part), "{resource}: {fault}");
        }
        for resource in [
            "api://contoso-mail",
            "https://ingest-adx01.westeurope.kusto.windows.net",
            "00000003-0000-0000-c000-000000000000",
            "https://none.contoso.example",
            "api://web-web1-app",
        ] {
            assert_eq!(fault_of(resource), None, "{resource}");
        }
    }

    #[test]
    fn a_placeholder_is_no_id() {
        assert!(is_id("92d6b4e9-6ac5-4a8b-93ab-8a8a3a9f1c6d") && is_id("2027-01-15 08:00:00Z"));
        for text in ["xxxx", "<id>", "coorid", "xxxxxxx-xxxx-41e6-9613-0ec6218e5c2d", "****"] {
            assert!(!is_id(text), "{text}");
        }
    }
}
