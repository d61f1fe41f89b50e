//! Formats that carry a text inside: a cell of a CSV file, a page's source.

/// Maximum number of columns of a table.
const COLUMNS_MAX: usize = 40;

/// The longest column of a CSV file (RFC 4180) with a heading and quoted cells, without the heading.
pub(super) fn cells_of_csv(text: &str) -> Option<String> {
    let (heading, rest) = text.trim_end().split_once('\n')?;
    let heading = heading.trim_end();
    let is_name = |name: &str| {
        !name.is_empty()
            && name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '@')
            && name.chars().all(|c| c.is_alphanumeric() || " _-.@".contains(c))
    };
    let separator =
        [',', ';', '\t'].into_iter().find(|mark| heading.contains(*mark)).unwrap_or(',');
    let columns = heading.split(separator).count();
    let names = heading.split(separator).all(|name| is_name(name.trim_matches('"')));
    if !names || COLUMNS_MAX < columns || !rest.contains('"') {
        return None;
    }
    let records = records(rest, separator)?;
    let is_quoted = records.iter().flatten().any(|(_, quoted)| *quoted);
    if !is_quoted || records.iter().any(|record| record.len() != columns) {
        return None;
    }
    let length =
        |column: &usize| records.iter().map(|record| record[*column].0.len()).sum::<usize>();
    // What messages are about is no text of a program.
    let is_subject = |column: &usize| {
        let name = heading.split(separator).nth(*column).unwrap_or_default();
        ["subject", "betreff"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name.trim_matches('"').trim()))
    };
    let longest = (0..columns).filter(|column| !is_subject(column)).max_by_key(length)?;
    let cells =
        records.into_iter().filter_map(|mut record| record.get_mut(longest).map(std::mem::take));
    Some(cells.map(|(cell, _)| cell + "\n").collect())
}

/// The records of `text`, each cell with whether it is quoted. `None` if the text is no CSV.
fn records(text: &str, separator: char) -> Option<Vec<Vec<(String, bool)>>> {
    let mut records = vec![Vec::new()];
    let mut rest = text;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(mut inner) => {
                let mut cell = String::new();
                loop {
                    let end = inner.find('"')?;
                    cell.push_str(&inner[..end]);
                    inner = &inner[end + 1..];
                    match inner.strip_prefix('"') {
                        Some(more) => inner = more,
                        None => break,
                    }
                    cell.push('"');
                }
                ((cell, true), inner)
            }
            None => {
                let end = rest.find([separator, '\n']).unwrap_or(rest.len());
                let cell = rest[..end].trim_end_matches('\r');
                if cell.contains('"') {
                    return None;
                }
                ((cell.to_owned(), false), &rest[end..])
            }
        };
        records.last_mut()?.push(cell);
        let after = after.strip_prefix('\r').unwrap_or(after);
        if after.is_empty() {
            return Some(records);
        }
        rest = match after.strip_prefix(separator) {
            Some(next) => next,
            None => {
                records.push(Vec::new());
                after.strip_prefix('\n')?
            }
        };
    }
}

/// The characters that HTML escapes.
const ENTITIES: [(&str, &str); 9] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    // The last one, so that nothing is decoded twice.
    ("&amp;", "&"),
];

/// Elements around a text that is shown as it is.
const ELEMENTS: [&str; 6] = ["<pre>", "<code>", "</pre>", "</code>", "<samp>", "</samp>"];

/// The text that a page shows in `<pre>` or escapes. Pages with other elements stay, and so does a text that has the
/// characters themselves beside the escaped ones: there the escapes are part of the text.
pub(super) fn text_of_html(text: &str) -> Option<String> {
    if !text.contains('&') && !text.contains("<pre>") && !text.contains("<code>") {
        return None;
    }
    let mut plain = text.to_owned();
    for element in ELEMENTS {
        plain = plain.replace(element, "");
    }
    let is_shown = plain.len() < text.len();
    let has = |name: &str| plain.contains(name);
    let is_source = has("&quot;")
        || has("&#34;")
        || (has("&lt;") && has("&gt;"))
        || has("&#39;")
        || has("&amp;");
    let is_mixed = has("<") || has("\"") && (has("&quot;") || has("&#34;") || !is_shown);
    if is_mixed || !is_shown && !is_source || !is_shown && !has("&quot;") && !has("&#34;") {
        return None;
    }
    for (entity, character) in ENTITIES {
        plain = plain.replace(entity, character);
    }
    (plain != text).then_some(plain)
}
