//! `--query` and `--output` of the Azure CLI: a part of the answer, in the form that a script reads.

use std::io::{self, Write};

use serde_json::Value;

use super::query::{Found, Query};

/// The values of `--output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum AzOutput {
    /// JSON; the answer to a query over several lines, as the Azure CLI writes it.
    #[default]
    Json,
    /// JSON in colour, which goes to a terminal; written without.
    Jsonc,
    /// Values separated by tabs, one line for each member of a list.
    Tsv,
    /// Columns with headings.
    Table,
    /// YAML.
    Yaml,
    /// YAML in colour; written without.
    Yamlc,
    /// Nothing.
    None,
}

/// What is printed of the answer.
#[derive(Default)]
pub(in crate::cli) struct AzAnswer {
    pub(super) query: Option<Query>,
    pub(super) output: AzOutput,
}

impl AzAnswer {
    /// Writes what was asked for of `json`, the whole answer. Returns whether the query found something.
    pub(in crate::cli) fn write(&self, json: &[u8], out: &mut dyn Write) -> io::Result<bool> {
        let is_json = matches!(self.output, AzOutput::Json | AzOutput::Jsonc);
        if self.query.is_none() && is_json {
            // As the SDKs get it.
            out.write_all(json)?;
            out.flush()?;
            return Ok(true);
        }
        let answer: Value = serde_json::from_slice(json)?;
        let found = self.query.as_ref().unwrap_or(&Query::Whole).find(&answer);
        if found == Found::One(Value::Null) {
            // The Azure CLI prints nothing then.
            return Ok(false);
        }
        match self.output {
            AzOutput::Json | AzOutput::Jsonc => {
                write_json(&found, 0, out).and_then(|()| writeln!(out))
            }
            AzOutput::Tsv => tsv(&found, out),
            AzOutput::Table => table(&found, out),
            AzOutput::Yaml | AzOutput::Yamlc => yaml(&found, out),
            AzOutput::None => Ok(()),
        }?;
        out.flush()?;
        Ok(true)
    }
}

fn write_json(found: &Found, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let (open, close, members): (_, _, Vec<(Option<&String>, &Found)>) = match found {
        Found::One(value) => return write!(out, "{value}"),
        Found::List(all) => ('[', ']', all.iter().map(|one| (None, one)).collect()),
        Found::Named(all) => ('{', '}', all.iter().map(|(name, one)| (Some(name), one)).collect()),
    };
    let indent = "  ".repeat(depth);
    write!(out, "{open}")?;
    for (at, (name, one)) in members.iter().enumerate() {
        write!(out, "{}\n{indent}  ", if at == 0 { "" } else { "," })?;
        if let Some(name) = name {
            write!(out, "{}: ", Value::from(name.as_str()))?;
        }
        write_json(one, depth + 1, out)?;
    }
    write!(out, "\n{indent}{close}")
}

/// The members of a list; else the value itself.
fn rows(found: &Found) -> Vec<&Found> {
    match found {
        Found::List(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// A value in a line of several: what has members of its own counts them.
fn cell(found: &Found) -> String {
    match found {
        Found::One(Value::String(text)) => text.clone(),
        Found::One(Value::Null) => "None".to_owned(),
        Found::One(other) => other.to_string(),
        Found::List(all) => all.len().to_string(),
        Found::Named(_) => String::new(),
    }
}

fn tsv(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    rows(found).iter().try_for_each(|row| {
        let cells: Vec<String> = match row {
            Found::One(_) => vec![cell(row)],
            Found::List(all) => all.iter().map(cell).collect(),
            Found::Named(all) => all.iter().map(|(_, one)| cell(one)).collect(),
        };
        writeln!(out, "{}", cells.join("\t"))
    })
}

fn table(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let of = |row: &Found| -> Vec<(String, String)> {
        match row {
            Found::One(_) => vec![("Result".to_owned(), cell(row))],
            Found::List(all) => {
                let numbered = all.iter().enumerate();
                numbered.map(|(at, one)| (format!("Column{}", at + 1), cell(one))).collect()
            }
            Found::Named(all) => {
                all.iter().map(|(name, one)| (with_capital(name), cell(one))).collect()
            }
        }
    };
    let rows: Vec<Vec<(String, String)>> = rows(found).into_iter().map(of).collect();
    let Some(first) = rows.first() else { return Ok(()) };
    let mut lines: Vec<Vec<&str>> = vec![first.iter().map(|(name, _)| name.as_str()).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(|(_, value)| value.as_str()).collect()));
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|text| text.chars().count()).max()
    };
    let widths: Vec<usize> = (0..first.len()).map(|column| width(column).unwrap_or(0)).collect();
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, rules.iter().map(String::as_str).collect());
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn with_capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// JSON's scalars are YAML's, and so is a collection on one line.
fn yaml(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    match found {
        Found::Named(all) => {
            all.iter().try_for_each(|(name, one)| writeln!(out, "{name}: {}", value_of(one)))
        }
        Found::List(all) => all.iter().try_for_each(|one| writeln!(out, "- {}", value_of(one))),
        Found::One(value) => writeln!(out, "{value}"),
    }
}

fn value_of(found: &Found) -> Value {
    match found {
        Found::One(value) => value.clone(),
        Found::List(all) => all.iter().map(value_of).collect(),
        Found::Named(all) => all.iter().map(|(name, one)| (name.clone(), value_of(one))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    const ANSWER: &[u8] = br#"{"accessToken":"eyJ.x.y","expiresOn":"2026-11-23 22:08:17.000000","expires_on":1795471697,"tenant":"t-1","tokenType":"Bearer"}
"#;

    fn printed(query: &str, output: &str) -> String {
        let query = (!query.is_empty()).then(|| Query::parse(query).unwrap());
        let output = AzOutput::from_str(output, true).unwrap();
        let mut out = Vec::new();
        AzAnswer { query, output }.write(ANSWER, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_usual_questions_are_answered_as_the_azure_cli_answers_them() {
        for (query, output, expected) in [
            ("accessToken", "tsv", "eyJ.x.y\n"),
            ("accessToken", "TSV", "eyJ.x.y\n"),
            ("accessToken", "json", "\"eyJ.x.y\"\n"),
            ("accessToken", "jsonc", "\"eyJ.x.y\"\n"),
            ("accessToken", "yaml", "\"eyJ.x.y\"\n"),
            ("accessToken", "none", ""),
            ("accessToken", "table", "Result\n-------\neyJ.x.y\n"),
            ("expiresOn", "tsv", "2026-11-23 22:08:17.000000\n"),
            ("expires_on", "tsv", "1795471697\n"),
            ("expires_on", "json", "1795471697\n"),
            ("tenant", "tsv", "t-1\n"),
            ("tokenType", "tsv", "Bearer\n"),
            ("\"accessToken\"", "tsv", "eyJ.x.y\n"),
            // A list is one line for each member, and a list in a list is one line.
            ("[accessToken,expires_on]", "tsv", "eyJ.x.y\n1795471697\n"),
            ("[[accessToken,expires_on]]", "tsv", "eyJ.x.y\t1795471697\n"),
            ("[accessToken,tenant]", "json", "[\n  \"eyJ.x.y\",\n  \"t-1\"\n]\n"),
            // In the order of the query.
            ("{t:tenant,a:accessToken}", "tsv", "t-1\teyJ.x.y\n"),
            ("{t:accessToken}", "json", "{\n  \"t\": \"eyJ.x.y\"\n}\n"),
            ("{t:tenant,a:accessToken}", "yaml", "t: \"t-1\"\na: \"eyJ.x.y\"\n"),
            ("{tenant:tenant,a:tokenType}", "table", "Tenant  A\n------  ------\nt-1     Bearer\n"),
            ("[tenant,subscription]", "tsv", "t-1\nNone\n"),
            (
                "[[tenant],{t:tenant}]",
                "json",
                "[\n  [\n    \"t-1\"\n  ],\n  {\n    \"t\": \"t-1\"\n  }\n]\n",
            ),
            ("[tenant]", "yaml", "- \"t-1\"\n"),
            // Nothing is found.
            ("subscription", "tsv", ""),
            ("subscription", "json", ""),
            ("", "tsv", "eyJ.x.y\t2026-11-23 22:08:17.000000\t1795471697\tt-1\tBearer\n"),
            ("", "none", ""),
        ] {
            assert_eq!(printed(query, output), expected, "{query} -o {output}");
        }
        assert_eq!(printed("", "json").as_bytes(), ANSWER, "as the SDKs get it");
    }
}
