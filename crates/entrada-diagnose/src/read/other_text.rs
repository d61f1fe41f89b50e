//! The text next to a token: a label, or a statement about it.

use super::phrase::error_status;
use crate::service::is_page;

/// Words for a refusal or a failure, in lower case; they also match inside longer words.
const REFUSING: [&str; 39] = [
    "abort",
    "access is denied",
    "bad request",
    "blocked",
    "broken",
    "can't",
    "cannot",
    "denied",
    "disabled",
    "does not",
    "doesn't",
    "erreur",
    "error",
    "exception",
    "expired",
    "fail",
    "fatal",
    "fehler",
    "forbidden",
    "invalid",
    "negado",
    "no access",
    "no autorizado",
    "not ",
    "refus",
    "reject",
    "revoked",
    "timed out",
    "timeout",
    "traceback",
    "unable",
    "unauthori",
    "ungültig",
    "unsuccessful",
    "verweigert",
    "wrong",
    "échec",
    "faultstring",
    "\"fault",
];

/// Members whose value `false` means a failure, in lower case.
const SUCCESS: [&str; 5] = ["ok", "success", "succeeded", "authorized", "authenticated"];

/// Values of an error member that mean "no error".
const NOTHING: [&str; 7] = ["0", "null", "none", "nil", "false", "\"\"", "''"];

/// Words before `error` that mean "no error".
const NEGATIONS: [&str; 4] = ["no", "zero", "without", "0"];

/// Programs and keywords at the start of a command line.
const COMMANDS: [&str; 9] = ["$", "curl", "env", "export", "http", "let", "ps>", "set", "var"];

/// Words of headings around a token, and of programs that got one, in lower case.
const HEADINGS: &str = " a access accesstoken account acquired acquiring an and array at authenticated authentication authorization azure \
    bearer begin below cache cached claim claims client clientid code complete completed copy date debug device done end entra error \
    errors exchange expires expireson expiry explorer fetched fetching finished flow for from get getting got graph \
    header here id idtoken in info is it jwt key log logged login mail message messages microsoft my name new notice object of ok \
    on outlook output paste payload personal please production raw real received refresh refreshtoken resource response \
    scope scopes sign signature signed signin silent silently starting subscription succeeded success successful \
    successfully sys tenant tenantid test thanks the this to token tokens tokentype trace true type user username value \
    verbose waiting with without work your ";

/// Names whose values are an outcome, in lower case.
const OUTCOMES: [&str; 15] = [
    "description",
    "detail",
    "errno",
    "exit",
    "exitcode",
    "message",
    "msg",
    "outcome",
    "rc",
    "reason",
    "result",
    "returncode",
    "state",
    "status",
    "title",
];

/// Values that mean success, in lower case.
const GOOD: [&str; 10] = [
    "0",
    "active",
    "completed",
    "created",
    "done",
    "ok",
    "success",
    "succeeded",
    "successful",
    "true",
];

/// Words with which programs begin a message about a step, in lower case.
const ACTIVITIES: [&str; 24] = [
    "acquired",
    "acquiring",
    "asking",
    "calling",
    "checking",
    "connected",
    "connecting",
    "fetched",
    "fetching",
    "getting",
    "got",
    "loaded",
    "loading",
    "obtained",
    "opening",
    "received",
    "refreshed",
    "refreshing",
    "requesting",
    "sending",
    "signing",
    "starting",
    "using",
    "waiting",
];

/// Stands for a token in the text.
pub(super) const TOKEN: char = '\u{1}';

/// Maximum number of words next to the token, in its own line, that may be a label. Longer text is prose.
const LABEL_WORDS: usize = 8;

/// Maximum length of a word that is read, in characters: longer ones are tokens and keys.
const WORD_MAX: usize = 64;

/// Maximum number of lines that are read.
const LINES_MAX: usize = 20_000;

/// The first line of `text` that neither names nor frames a token, nor reports how one was acquired: it may be a refusal.
/// `logged`: the lines are those of a log, which reports what a program does.
pub(super) fn not_understood(text: &str, logged: bool) -> Option<String> {
    let is_label = |line: &&str| is_label(line) || (logged && is_activity(line));
    let line = text.lines().take(LINES_MAX).find(|line| !is_label(line))?;
    Some(line.replace(TOKEN, "").trim().to_owned())
}

/// Whether `line` names or frames the token, or reports how it was acquired, and does not mention a refusal.
pub(crate) fn is_label(line: &str) -> bool {
    let bare = line.trim_start_matches(['>', ' ', TOKEN]);
    if refuses(line) || is_page(bare) || has_status_line(line) || !is_label_after_token(line) {
        return false;
    }
    let lower = line.trim().to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if let Some((name, value)) = lower.split_once([':', '=']) {
        let name = name.rsplit(' ').find(|word| !word.is_empty()).unwrap_or_default();
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if OUTCOMES.contains(&name) {
            let value = value.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            return GOOD.contains(&value) || (value.len() == 3 && value.starts_with('2'));
        }
    }
    let is_command = words.first().is_some_and(|first| {
        COMMANDS.contains(first)
            || first.starts_with(['$', '#', '{', '[', '"', '\''])
            || is_flag(first)
    });
    // `name = value`, `name: value`, a time before a message.
    let is_named = words.iter().take(3).any(|word| word.contains(['=', ':']));
    // The output of Microsoft's tools before they have a token.
    let is_prompt = lower.contains("enter the code");
    let is_short = line.contains(TOKEN) && words.len() <= LABEL_WORDS;
    let is_heading = lower.ends_with(':') && words.len() <= LABEL_WORDS + 4;
    is_short
        || is_heading
        || is_command
        || is_named
        || is_prompt
        || words.iter().all(|word| is_of_heading(word))
}

/// Whether `line`, without the name of its logger, begins with a word for a step of getting or using a token.
fn is_activity(line: &str) -> bool {
    let message = line.rsplit("] ").next().unwrap_or(line);
    let message = message.rsplit(" - ").next().unwrap_or(message);
    let first = message.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    ACTIVITIES.contains(&first.as_str()) && !refuses(line) && !is_page(line)
}

/// Whether `line` has the status line of an HTTP answer (RFC 9112 §4), whatever stands before it.
fn has_status_line(line: &str) -> bool {
    line.match_indices("HTTP/").any(|(at, name)| {
        let mut words = line[at + name.len()..].split_whitespace();
        let version =
            words.next().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        version && words.next().is_some_and(|word| word.len() == 3 && word.parse::<u16>().is_ok())
    })
}

/// Whether the text after the token is a label too, or a remark in brackets: `TOKEN result: KO` is neither.
fn is_label_after_token(line: &str) -> bool {
    let Some((_, after)) = line.rsplit_once(TOKEN) else { return true };
    let after = after.trim_matches(|c: char| c.is_whitespace() || "\"',;`".contains(c));
    is_label(after) || (after.starts_with('(') && after.ends_with(')'))
}

/// Whether `word` is an option of a command line.
fn is_flag(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    name.len() < word.len() && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether `word` belongs to a heading: a known word, or a name, a number or a mark that is not ordinary language.
fn is_of_heading(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_name = bare.contains(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '\'')
        && !bare.contains(|c: char| !c.is_ascii());
    let mut words = bare.split('-');
    (bare.is_empty() && word.is_ascii())
        || is_name
        || word.contains(TOKEN)
        || WORD_MAX < word.len()
        || words.all(|word| HEADINGS.contains(&format!(" {word} ")))
}

/// Whether `line` has a word, or the number of an HTTP status, for a refusal or a failure.
pub(crate) fn refuses(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().filter(|word| word.len() <= WORD_MAX).collect();
    let lower = format!("{} ", words.join(" ").to_ascii_lowercase());
    let by_word = REFUSING.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| !is_of_nothing(&lower, at, at + word.len()))
    });
    by_word || says_false(&lower) || has_error_status(&lower)
}

/// Whether the word at `from..to` is about the absence of an error: `error: null`, `no errors`.
fn is_of_nothing(line: &str, from: usize, to: usize) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let start = line[..from].trim_end_matches(is_word);
    let before = start.split_whitespace().next_back().unwrap_or_default();
    let before = before.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let rest = line[to..].trim_start_matches(is_word).trim_start_matches(['"', '\'', ' ']);
    let value = rest.trim_start_matches([':', '=', '>', ' ']);
    let is_named = value.len() < rest.len();
    let is_nothing = |nothing: &&str| {
        value.strip_prefix(*nothing).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    NEGATIONS.contains(&before) || (is_named && NOTHING.iter().any(is_nothing))
}

/// `"ok":false`, `success = false`.
fn says_false(line: &str) -> bool {
    line.match_indices("false").any(|(at, _)| {
        let named = line[..at].trim_end_matches([' ', '"', '\'', ':', '=', '>']);
        let name = named.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        named.len() < at && SUCCESS.contains(&name)
    })
}

/// Whether `line` contains an error status on its own, not as part of a time, a version or a length.
fn has_error_status(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let at = word.as_ptr().addr() - line.as_ptr().addr();
        let before = &line[..at];
        let is_part = before.ends_with(['.', ','])
            && before[..at - 1].ends_with(|c: char| c.is_ascii_digit());
        let is_length = before.ends_with("string(")
            || before.contains("expires_in")
            || before.ends_with("size=")
            || line[at + word.len()..].trim_start().starts_with("ms");
        error_status(word).is_some() && !is_part && !is_length
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_refusals_are_told_apart() {
        for line in [
            "",
            "export TOKEN=",
            "Authorization: Bearer ",
            "  \"access_token\": \"\",",
            "2026-11-26 01:00:00,500 INFO auth - token: ",
            "expires_in : 500",
            "error: null, \"errors\": 0",
            "done without errors",
            "got it: no errors",
            "status: 200",
            "Here is the token that I got from Graph Explorer:",
            "real\t0m0.532s",
            "AccessToken  ExpiresOn  Subscription  Tenant  TokenType",
            "Waiting for sign-in...",
            "string(412) \"\"",
            "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code X",
            "curl -H 'Accept: */*' -H 'Authorization: Bearer ' https://graph.microsoft.com/v1.0/me -o out.json -s",
            "got \u{1} (no errors)",
            "https://graph.microsoft.com:443/",
            "> GET /v1.0/me HTTP/1.1",
        ] {
            assert!(is_label(line), "{line}");
        }
        for line in [
            "401",
            "http_code=401",
            ":status: 403",
            "<Response [401]>",
            "Forbidden",
            "{\"ok\":false}",
            "\"success\" : false",
            "Errors: 3",
            "invalid_auth",
            "it does not work",
            "KO",
            "rc=22",
            "result: KO",
            "Insufficient privileges to complete the operation.",
            "Service Unavailable",
            "<html><title>Guest network</title>",
            "> <html><title>Guest network</title>",
            "> < HTTP/1.1 200 OK",
            "\u{1} result: KO",
            "token: \u{1} result: KO",
            "\u{1} Service Unavailable",
            "\u{1} <html><title>Guest network</title>",
            "this is what they gave me yesterday when I asked them about it",
        ] {
            assert!(!is_label(line), "{line}");
        }
    }

    #[test]
    fn a_log_may_report_steps_and_nothing_else() {
        for line in ["asking for Mail.Read", "Executor - [Correlation ID: 1] Sending token request"]
        {
            assert_eq!(not_understood(line, true), None, "{line}");
            assert!(not_understood(line, false).is_some(), "{line}");
        }
        for line in
            ["Service Unavailable", "rc=22", "Sending failed", "he says that it stopped then"]
        {
            assert!(not_understood(line, true).is_some(), "{line}");
        }
    }
}
