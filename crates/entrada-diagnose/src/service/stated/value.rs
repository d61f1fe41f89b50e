//! Values that a sentence names.

/// Nouns of the one whom a sentence is about, in lower case: the value after them is no right.
const SUBJECTS: [&str; 17] = [
    "account",
    "app",
    "application",
    "caller",
    "client",
    "database",
    "for",
    "id",
    "identity",
    "login",
    "object",
    "on",
    "principal",
    "resource",
    "scope",
    "user",
    "workspace",
];

/// Maximum length of a value, in bytes.
const VALUE_MAX: usize = 120;

/// Commands that sign in, in lower case, and as people type them.
const COMMANDS: [(&str, &str); 20] = [
    ("az login", "az login"),
    ("azd auth login", "azd auth login"),
    ("azd login", "azd auth login"),
    ("azcopy login", "azcopy login"),
    ("azure login", "azure login"),
    ("connect-azaccount", "Connect-AzAccount"),
    ("login-azaccount", "Connect-AzAccount"),
    ("login-azurermaccount", "Connect-AzAccount"),
    ("connect-mggraph", "Connect-MgGraph"),
    ("connect-azuread", "Connect-MgGraph"),
    ("connect-exchangeonline", "Connect-ExchangeOnline"),
    ("connect-microsoftteams", "Connect-MicrosoftTeams"),
    ("connect-powerbiserviceaccount", "Connect-PowerBIServiceAccount"),
    ("login-powerbi", "Connect-PowerBIServiceAccount"),
    ("connect-pnponline", "Connect-PnPOnline"),
    ("add-powerappsaccount", "Add-PowerAppsAccount"),
    ("pac auth create", "pac auth create"),
    ("m365 login", "m365 login"),
    ("mgc login", "mgc login"),
    ("databricks auth login", "databricks auth login"),
];

/// The command that signs in which `text` names after `from`, with its options, in the form in which it is typed.
pub(super) fn command(text: &str, from: usize) -> Option<String> {
    let rest = text.get(from..)?;
    let lower = rest.to_ascii_lowercase();
    let found =
        COMMANDS.iter().filter_map(|(said, typed)| Some((lower.find(said)?, said.len(), typed)));
    let (at, length, typed) = found.min()?;
    let options = rest.get(at + length..)?;
    let end = options.find(['\'', '"', '`', '.', ',', ';', ')']).unwrap_or(0);
    // An option's value may have points: `--scope https://graph.microsoft.com/.default`.
    let quoted = rest[..at].ends_with(['\'', '"', '`']).then(|| {
        let quote = rest[..at].chars().next_back()?;
        options.split_once(quote).map(|(inner, _)| inner)
    });
    let options = quoted.flatten().unwrap_or_else(|| options.get(..end).unwrap_or_default()).trim();
    let is_options = options.starts_with('-') && options.len() <= VALUE_MAX;
    Some(if is_options { format!("{typed} {options}") } else { (*typed).to_owned() })
}

/// The right that the sentence of `text` from `from` to `to` names in quotes or brackets, or as a name that only machines write.
pub(super) fn right(text: &str, from: usize, to: usize) -> Option<String> {
    let end = text[to..].find(". ").map_or(text.len(), |at| to + at).min(to + VALUE_MAX);
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at))?;
    let said = text.get(from..end)?;
    quoted(said).or_else(|| named(said))
}

/// The first value in quotes that is not the name of the caller or of the resource.
fn quoted(said: &str) -> Option<String> {
    let mut rest = said;
    while let Some(at) = rest.find(['\'', '"', '`']) {
        let quote = rest[at..].chars().next()?;
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let (value, next) = after.split_once(quote)?;
        let word =
            before.trim_end().rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let is_of_subject = SUBJECTS.contains(&word.to_ascii_lowercase().as_str());
        if !is_of_subject && is_right(value) {
            return Some(value.to_owned());
        }
        rest = next;
    }
    None
}

/// The first word with the form of a permission: `Microsoft.Web/sites/read`, `Mail.Read`, `CREATE_CATALOG`, `prvReadUser`.
fn named(said: &str) -> Option<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let is_named = |word: &String| {
        let pointed = word.split('.').count() >= 2
            && word.split('.').all(|part| part.starts_with(|c: char| c.is_ascii_uppercase()));
        pointed
            || word.starts_with("prv")
            || (word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    said.split_whitespace().map(bare).find(|word| is_named(word) && is_right(word))
}

/// Whether `value` may be a right: short, and no id, address or path of a resource.
fn is_right(value: &str) -> bool {
    let is_id = value.contains('@')
        || value.contains("://")
        || value.starts_with('/')
        || value.contains('\\');
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    !is_id && 3 <= letters && digits * 3 <= letters && value.len() <= VALUE_MAX
}
