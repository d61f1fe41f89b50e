//! Tables and lists of claims: a name and a value on each line.

use serde_json::{Map, Value};

use super::{DecodedToken, is_claims, time};

/// Claims of tokens of Entra ID (its documents of access, ID and v1 tokens).
const NAMES: [&str; 62] = [
    "aud",
    "iss",
    "iat",
    "nbf",
    "exp",
    "aio",
    "acr",
    "acct",
    "acrs",
    "amr",
    "app_displayname",
    "appid",
    "appidacr",
    "auth_time",
    "azp",
    "azpacr",
    "c_hash",
    "at_hash",
    "cnf",
    "deviceid",
    "email",
    "emails",
    "enfpolids",
    "family_name",
    "given_name",
    "groups",
    "hasgroups",
    "home_oid",
    "idp",
    "idtyp",
    "ipaddr",
    "jti",
    "login_hint",
    "name",
    "nonce",
    "oid",
    "onprem_sid",
    "platf",
    "preferred_username",
    "puid",
    "pwd_exp",
    "pwd_url",
    "rh",
    "roles",
    "scp",
    "sid",
    "signin_state",
    "sub",
    "tenant_region_scope",
    "tid",
    "unique_name",
    "upn",
    "uti",
    "ver",
    "verified_primary_email",
    "verified_secondary_email",
    "vnet",
    "wids",
    "ctry",
    "in_corp",
    "scope",
    "tfp",
];
/// Members of a header.
const HEADER_NAMES: [&str; 5] = ["alg", "typ", "kid", "x5t", "cty"];
/// Claims that are lists.
const LISTS: [&str; 7] = ["roles", "wids", "groups", "amr", "acrs", "emails", "signin_state"];
/// Maximum number of lines without a claim between two claims.
const GAP_MAX: usize = 3;

/// A line with a name and a value.
struct Row<'a> {
    name: &'a str,
    value: &'a str,
    /// Whether columns were separated: what follows the value is a note.
    table: bool,
}

impl Row<'_> {
    /// The row with the claim's own name, which tables often print in capitals; `None` if it is none.
    fn of_claim(self) -> Option<Self> {
        let is_capital =
            1 < self.name.len() && !self.name.contains(|c: char| c.is_ascii_lowercase());
        let known =
            || NAMES.iter().chain(&HEADER_NAMES).find(|own| own.eq_ignore_ascii_case(self.name));
        match known().filter(|_| is_capital) {
            Some(name) => Some(Row { name, ..self }),
            None => is_name(self.name).then_some(self),
        }
    }
}

/// The first token whose claims stand on lines of their own.
pub(super) fn token(text: &str) -> Option<DecodedToken> {
    let mut found = Claims::default();
    let mut gap = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.trim_end().len());
        at += line.len();
        let row = row(line).and_then(Row::of_claim);
        let item = found.list.and_then(|_| item(line)).filter(|_| row.is_none());
        if row.is_none() && item.is_none() {
            let separator = line.trim().is_empty() || !line.contains(|c: char| c.is_alphanumeric());
            gap += usize::from(!separator);
            if GAP_MAX < gap {
                if let Some(token) = found.token() {
                    return Some(token);
                }
                (found, gap) = (Claims::default(), 0);
            }
            continue;
        }
        gap = 0;
        if let Some(item) = item {
            found.add_item(item, end);
            continue;
        }
        let Some(row) = row else { continue };
        // A name again: another token.
        if found.payload.contains_key(row.name) {
            if let Some(token) = found.token() {
                return Some(token);
            }
            found = Claims::default();
        }
        found.add(&row, start, end);
    }
    found.token()
}

/// The claims of the lines so far.
#[derive(Default)]
struct Claims {
    start: Option<usize>,
    end: usize,
    header: Map<String, Value>,
    payload: Map<String, Value>,
    /// The list whose elements may follow.
    list: Option<&'static str>,
}

impl Claims {
    fn add(&mut self, row: &Row, start: usize, end: usize) {
        self.start.get_or_insert(start);
        self.end = end;
        self.list = LISTS
            .into_iter()
            .chain(["aud", "scp"])
            .find(|list| *list == row.name && row.value.is_empty());
        if HEADER_NAMES.contains(&row.name) {
            self.header.insert(row.name.to_owned(), unquoted(row.value).into());
        } else if !row.value.is_empty()
            && let Some(value) = value(row)
        {
            self.payload.insert(row.name.to_owned(), value);
        }
    }

    /// Adds an element of a list in YAML.
    fn add_item(&mut self, item: &str, end: usize) {
        let Some(list) = self.list else { return };
        self.end = end;
        let item = unquoted(item);
        match (list, self.payload.get_mut(list)) {
            (_, Some(Value::Array(items))) => items.push(item.into()),
            (_, Some(Value::String(words))) => {
                words.push(' ');
                words.push_str(item);
            }
            ("scp", _) => drop(self.payload.insert(list.to_owned(), item.into())),
            _ => drop(self.payload.insert(list.to_owned(), vec![item].into())),
        }
    }

    fn token(&mut self) -> Option<DecodedToken> {
        let claims = std::mem::take(&mut self.payload);
        let header = std::mem::take(&mut self.header);
        is_claims(&claims).then(|| DecodedToken {
            span: self.start.unwrap_or_default()..self.end,
            header: (!header.is_empty()).then_some(header),
            claims,
        })
    }
}

pub(super) fn is_name(name: &str) -> bool {
    NAMES.contains(&name) || HEADER_NAMES.contains(&name) || name.starts_with("xms_")
}

/// The name and the value of a claim as programs in C# print it: `Claim Type: aud, Value: https://graph.microsoft.com`.
fn typed_row(line: &str) -> Option<Row<'_>> {
    let after = |text: &'_ str, label: &str| -> Option<usize> {
        let start = text.get(..label.len())?;
        start.eq_ignore_ascii_case(label).then_some(label.len())
    };
    let line = line.trim();
    let rest = &line[after(line, "claim ").unwrap_or_default()..];
    let rest = rest[after(rest, "type")?..].trim_start().strip_prefix([':', '='])?.trim_start();
    let end = rest.find([',', ';', ' ', '\t', '|'])?;
    let (name, rest) = rest.split_at(end);
    let rest = rest.trim_start_matches([',', ';', ' ', '\t', '|', '-']);
    let rest = &rest[after(rest, "claim ").unwrap_or_default()..];
    let value = rest[after(rest, "value")?..].trim_start().strip_prefix([':', '='])?.trim();
    Some(Row { name: claim_of_type(name), value, table: false })
}

/// The claim that .NET calls by the URI `name`: its handler maps the names of tokens to these by default.
fn claim_of_type(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((_, "scope")) => "scp",
        Some((_, "tenantid")) => "tid",
        Some((_, "objectidentifier")) => "oid",
        Some((_, "identityprovider")) => "idp",
        Some((_, "nameidentifier")) => "sub",
        Some((_, "authnmethodsreferences")) => "amr",
        Some((_, "authnclassreference")) => "acr",
        Some((_, "role")) => "roles",
        Some((_, last)) if name.contains("://") => last,
        _ => name,
    }
}

/// The name and the value of `line`.
fn row(line: &str) -> Option<Row<'_>> {
    if let Some(row) = typed_row(line) {
        return Some(row);
    }
    let line = line.trim().trim_end_matches(',');
    let line = line.strip_prefix(['│', '┃', '|']).unwrap_or(line).trim_start();
    let line = ["- ", "* ", "• ", "+ "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
        .unwrap_or(line)
        .trim_start();
    let dressed = line.trim_start_matches(['"', '\'', '`', '*', '_']);
    let end = dressed.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let name = &dressed[..end];
    let rest = dressed[end..].trim_start_matches(['"', '\'', '`', '*']);
    let after = rest.trim_start_matches(' ');
    let blanks = rest.len() - after.len();
    if let Some(columns) = after.strip_prefix(['|', '│', '┃', '\t']) {
        let mark = after.chars().next()?;
        let column = columns.split(mark).next().unwrap_or_default();
        return Some(Row { name, value: column.trim(), table: true });
    }
    if let Some(value) =
        ["=>", ":", "=", "→", "->"].iter().find_map(|mark| after.strip_prefix(mark))
    {
        let value = value.trim_start_matches(['*', ' ', '\t']);
        return Some(Row { name, value: value.trim_end(), table: false });
    }
    // Columns that are aligned with blanks.
    let column = || after.split("  ").next().unwrap_or_default().trim();
    (2 <= blanks && !after.is_empty()).then(|| Row { name, value: column(), table: true })
}

/// The element of a list on a line of its own.
fn item(line: &str) -> Option<&str> {
    let item = line.trim().trim_end_matches(',');
    let item = item.strip_prefix("- ").or_else(|| item.strip_prefix("* "))?;
    (!item.contains(": ")).then_some(item.trim())
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\'', '`'] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split(quote).next().unwrap_or(inner);
        }
    }
    text
}

/// The elements of a list: in brackets as JSON and Python write them, in braces as PowerShell does, or words.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    let items = text
        .trim_matches(['{', '}', '[', ']'])
        .split([',', ' ', ';'])
        .flat_map(|item| item.split("<br>"));
    items.map(unquoted).filter(|item| !item.is_empty() && *item != "…")
}

/// The value of a row, as the claim has it in a token.
fn value(row: &Row) -> Option<Value> {
    let text = row.value;
    if time::CLAIMS.contains(&row.name) {
        return time::seconds(text).map(Value::from);
    }
    if text.starts_with('[') {
        let items: Vec<&str> = elements(text).collect();
        return Some(if row.name == "scp" { items.join(" ").into() } else { items.into() });
    }
    if LISTS.contains(&row.name) {
        return Some(elements(text).map(Value::from).collect());
    }
    if row.name == "scp" {
        return Some(
            elements(text.trim_matches(['"', '\'', '`'])).collect::<Vec<_>>().join(" ").into(),
        );
    }
    let text = if row.table { text.trim_matches(['"', '\'', '`']) } else { unquoted(text) };
    // A comment after the value.
    let text = text.split(" // ").next().unwrap_or(text).trim_end();
    let number = row.name == "acct";
    Some(text.parse::<i64>().ok().filter(|_| number).map_or_else(|| text.into(), Value::from))
}
