//! A diagnosis as one HTML page, to read, share and print. The page loads nothing from the network and runs no script. It
//! does not hold the token. It does hold the claims, so its readers learn who signed in.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::claims::note;
use super::human::who;
use super::summary::when;
use entrada_core::entra::clouds::Cloud;
use entrada_core::{Claims, Job, Jwt, NumericDate, clean};
use entrada_diagnose::{
    Confidence, Diagnosis, EvidenceSource, Finding, Moment, Row, Serves, Severity, Standing,
    Verdict,
};

const CSS: &str = include_str!("report.css");

/// Writes the page about `all`, the diagnoses of one piece of evidence for its jobs, made at `now`.
pub fn report(out: &mut dyn Write, all: &[Diagnosis], now: NumericDate) -> io::Result<()> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                // The policy allows no source except the inline style.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { "entrada: " (title(all)) }
                style { (PreEscaped(CSS)) }
            }
            body {
                main {
                    (head(all, now))
                    @for one in all { (judgement(one, all)) }
                    @if let Some(last) = all.last() { (summary(last, now)) }
                }
                footer {
                    p { "Written by entrada " (env!("CARGO_PKG_VERSION")) ". " (contents(all)) }
                }
            }
        }
    };
    out.write_all(page.into_string().as_bytes())
}

/// What the page holds of the token, for those who share it.
fn contents(all: &[Diagnosis]) -> &'static str {
    if all.iter().any(|one| one.summary.jwt.is_some()) {
        "This page shows what the token says, such as who signed in. It does not hold the token itself, so nobody can sign in with \
         it. Share it only with people who may know who signed in."
    } else {
        "This page holds no token."
    }
}

/// What support asks for first: the verdict, who and what it is about, when, and the ids that find the requests in logs.
fn head(all: &[Diagnosis], now: NumericDate) -> Markup {
    let identity = all.last().map(|one| one.summary.identity.clone()).unwrap_or_default();
    let rows: [(&str, Option<String>); 8] = [
        ("Verdict", Some(verdict_text(all)).filter(|text| !text.is_empty())),
        ("Input", inputs(all)),
        (
            "Request",
            all.iter().find_map(|one| one.source.request.as_ref()).map(ToString::to_string),
        ),
        ("Judged", Some(now.to_string())),
        ("User", identity.user),
        ("Tenant", identity.tenant),
        ("Application", identity.application),
        ("Audience", identity.audience),
    ];
    let ids = identity.log_ids.iter().map(|(name, value)| (*name, Some(value.clone())));
    html! {
        header.case {
            p.kind { "Diagnosis by entrada" }
            dl {
                @for (name, value) in rows.into_iter().chain(ids) {
                    @if let Some(value) = value { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

/// The names of the inputs.
fn inputs(all: &[Diagnosis]) -> Option<String> {
    let join = |before: EvidenceSource, one: &Diagnosis| before.join(one.source.clone());
    let source = all.iter().fold(EvidenceSource::default(), join);
    Some(clean(&source.inputs.join(", ")).into_owned()).filter(|names| !names.is_empty())
}

/// The verdict for each job, with its cause.
fn verdict_text(all: &[Diagnosis]) -> String {
    let one = |diagnosis: &Diagnosis| {
        let possible =
            if diagnosis.verdict == Verdict::Undetermined { "possible cause: " } else { "" };
        let cause = diagnosis
            .cause()
            .map_or_else(String::new, |cause| format!(" ({possible}{})", cause.rule.id));
        format!("{}{cause}", diagnosis.verdict.id())
    };
    match all {
        [single] => one(single),
        several => {
            let each =
                several.iter().map(|diagnosis| format!("{}: {}", diagnosis.task(), one(diagnosis)));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

fn title(all: &[Diagnosis]) -> String {
    match all.first() {
        Some(first) => first
            .cause()
            .filter(|_| first.verdict != Verdict::Undetermined)
            .map_or_else(|| first.verdict.id().to_owned(), |cause| cause.rule.id.to_string()),
        None => "nothing was diagnosed".to_owned(),
    }
}

/// The inputs of one diagnosis, where `all` have several.
fn source(diagnosis: &Diagnosis, all: &[Diagnosis]) -> Option<String> {
    let is_other = |one: &Diagnosis| one.source.inputs != diagnosis.source.inputs;
    let names = clean(&diagnosis.source.inputs.join(" with ")).into_owned();
    all.iter().any(is_other).then(|| format!("from {names}"))
}

fn judgement(diagnosis: &Diagnosis, all: &[Diagnosis]) -> Markup {
    let (class, word) = match diagnosis.verdict {
        Verdict::Ok(_) => ("ok", "No problem found"),
        Verdict::Problem => ("problem", "Problem found"),
        Verdict::Undetermined => ("undetermined", "The evidence is not enough to decide"),
        Verdict::Pending => ("pending", "The sign-in is still in progress"),
    };
    html! {
        section.judgement {
            header.verdict.(class) {
                h1 { (word) }
                p {
                    "for " code { (diagnosis.task()) } ", as "
                    @match diagnosis.subject.id() { "app" => "an application", _ => "a user" }
                    @if let Some(source) = source(diagnosis, all) { ", " (source) }
                    @if let Some(cause) = diagnosis.cause() {
                        @if diagnosis.verdict == Verdict::Undetermined { "; possibly" }
                        ": " strong { (ticks(&cause.message)) }
                    }
                }
            }
            @for finding in &diagnosis.findings { (card(finding)) }
        }
    }
}

fn card(finding: &Finding) -> Markup {
    html! {
        article.finding.(finding.severity.id()) {
            h2 {
                span.severity { (finding.severity.id()) } " "
                code { (finding.rule.id) }
                @match finding.confidence {
                    Confidence::Certain => {}
                    Confidence::Likely => { " " span.sure { "likely" } }
                    Confidence::Possible => { " " span.sure { "possible" } }
                }
            }
            p.message { (ticks(&finding.message)) }
            @if !finding.evidence.is_empty() {
                dl {
                    @for seen in &finding.evidence {
                        dt { (seen.field) }
                        dd { (ticks(&seen.value)) }
                    }
                }
            }
            @if !finding.help.is_empty() {
                h3 { "What to do" }
                ul { @for help in &finding.help { li { (advice(help)) } } }
            }
            @if finding.severity != Severity::Note {
                p.who { "Who can fix it: " (who(finding.who)) }
            }
        }
    }
}

/// Advice as text; the page on which an administrator consents is a link.
fn advice(text: &str) -> Markup {
    let Some(at) = text.find("https://") else { return ticks(text) };
    let (before, rest) = text.split_at(at);
    let end = rest.find([' ', ',', '`']).unwrap_or(rest.len());
    let (address, after) = rest.split_at(end);
    if !is_consent_page(address) {
        return ticks(text);
    }
    html! { (ticks(before)) a href=(address) rel="noreferrer" { (address) } (ticks(after)) }
}

/// Whether `address` is that page of an authority of Microsoft, with the id of an application. Other addresses in advice may come
/// from the evidence.
fn is_consent_page(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| {
        url.scheme() == "https"
            && url.username().is_empty()
            && url.host_str().and_then(Cloud::of_authority_host).is_some()
            && url.path().ends_with("/adminconsent")
            && url.query_pairs().any(|(name, id)| name == "client_id" && id != "CLIENT_ID")
    })
}

/// Text with the parts in backticks shown as code.
fn ticks(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (words(part)) } } @else { (part) }
        }
    }
}

/// Maximum length of a word that is never broken: it fits on the line of a telephone.
const WORD_MAX: usize = 32;

/// A command whose words are not broken: browsers break lines after hyphens, and a lone `--` at a line end looks like
/// another word.
fn words(command: &str) -> Markup {
    html! {
        @for (index, word) in command.split(' ').enumerate() {
            @if 0 < index { " " }
            span class=(if word.chars().count() <= WORD_MAX { "n" } else { "w" }) { (word) }
        }
    }
}

fn summary(diagnosis: &Diagnosis, now: NumericDate) -> Markup {
    let about = &diagnosis.summary;
    html! {
        @if !about.life.is_empty() { (life(diagnosis, now)) }
        @if !about.scopes.is_empty() { (scopes(&about.scopes)) }
        @if let Some(serves) = &about.serves { (jobs(serves)) }
        @if let Some(jwt) = &about.jwt { (claims(jwt, now)) }
    }
}

fn life(diagnosis: &Diagnosis, now: NumericDate) -> Markup {
    let judged = diagnosis.summary.life.iter().find(|event| event.id == "judged");
    let now = match judged.map(|event| event.when) {
        Some(Moment::At(at)) => at,
        _ => now,
    };
    html! {
        section {
            h2 { "Timeline" }
            ol.life {
                @for event in &diagnosis.summary.life {
                    @match event.when {
                        Moment::At(at) => {
                            li.past[at < now].now[event.id == "judged"] {
                                span.when { (when(at, now)) } " " (ticks(&event.what))
                            }
                        }
                        Moment::AnyTime => {
                            li.any { span.when { "at any time" } " " (ticks(&event.what)) }
                        }
                    }
                }
            }
        }
    }
}

fn scopes(rows: &[Row]) -> Markup {
    let cell = |row: &Row| match row.standing {
        Standing::Granted => "granted",
        Standing::Included => "included in another scope",
        Standing::Missing => "missing",
        Standing::Untold => "does not show",
        Standing::Extra => "granted, not asked for",
    };
    html! {
        section {
            h2 { "Requested and granted scopes" }
            div.wide {
                table {
                    thead { tr { th { "Scope" } th { "Granted?" } th { "" } } }
                    tbody {
                        @for row in rows {
                            tr.missing[row.standing == Standing::Missing] {
                                td { code { (clean(&row.scope)) } }
                                td {
                                    (cell(row))
                                    @if let Some(note) = row.note { span.aside { " (" (note) ")" } }
                                }
                                td { @if !row.breaks.is_empty() { "breaks " (names(&row.breaks)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn jobs(serves: &Serves) -> Markup {
    html! {
        section {
            h2 { "What the token works for" }
            p { @if serves.does.is_empty() { "No known job." } @else { (names(&serves.does)) } }
            h3 { "What it does not work for" }
            p.aside { @if serves.does_not.is_empty() { "-" } @else { (names(&serves.does_not)) } }
        }
    }
}

fn names(jobs: &[Job]) -> Markup {
    html! {
        @for (index, job) in jobs.iter().enumerate() {
            @if 0 < index { ", " }
            code.n { (job.id()) }
        }
    }
}

fn claims(jwt: &Jwt, now: NumericDate) -> Markup {
    html! {
        section {
            h2 { "Claims" }
            div.wide {
                table.claims {
                    thead { tr { th { "Claim" } th { "Value" } th { "Meaning" } } }
                    (part("header", &jwt.header, now))
                    (part("payload", &jwt.claims, now))
                }
            }
            p.aside {
                @if jwt.has_signature() { "The token has a signature. It was not checked." }
                @else { "The token has no signature." }
            }
        }
    }
}

fn part(name: &str, claims: &Claims, now: NumericDate) -> Markup {
    let shown = |value: &Value| match value {
        Value::String(text) => clean(text).into_owned(),
        other => clean(&other.to_string()).into_owned(),
    };
    html! {
        tbody {
            tr.part { th colspan="3" { (name) } }
            @for (name, value) in claims.iter() {
                tr {
                    td { code { (clean(name)) } }
                    td.value { (shown(value)) }
                    td { (ticks(&note(name, value, claims, now))) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_diagnose::{Evidence, Shape, run};

    #[test]
    fn only_microsofts_page_for_consent_is_a_link() {
        let page = "https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id=c&scope=x";
        let link = advice(&format!("an administrator opens {page}")).into_string();
        let escaped = page.replace('&', "&amp;");
        assert!(link.contains(&format!("href=\"{escaped}\"")), "{link}");
        for text in [
            "opens https://login.evil.example/x/adminconsent?client_id=c",
            "opens http://login.microsoftonline.com/x/adminconsent?client_id=c",
            "opens https://login.microsoftonline.com/x/adminconsent?client_id=CLIENT_ID",
            "opens https://login.microsoftonline.com@evil.example/adminconsent?client_id=c",
            "opens https://login.microsoftonline.com/other?client_id=c",
            "opens javascript:alert(1)//https://x",
        ] {
            assert!(!advice(text).into_string().contains("href"), "{text}");
        }
        let quoted =
            advice("https://login.microsoftonline.com/x/adminconsent?client_id=\"><script>");
        assert!(!quoted.into_string().contains("<script"));
    }

    #[test]
    fn token_contents_cannot_become_markup() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let claims = r#"{"aud":"<script>alert(1)</script>","<b>":"\"'&","exp":1}"#;
        let signature = "s1gn4ture".repeat(40);
        let token = format!("{}.{}.{signature}", part(r#"{"alg":"RS256"}"#), part(claims));
        let evidence = Evidence {
            token: Some(Shape::of(&token)),
            now: Some(NumericDate(1_700_000_000)),
            ..Evidence::default()
        };
        let mut out = Vec::new();
        report(&mut out, &[run(&evidence)], NumericDate(1_700_000_000)).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("s1gn4ture"));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(!page.contains("http://") && !page.contains("src="), "nothing is fetched");
    }

    #[test]
    fn the_page_begins_with_what_support_asks_for() {
        use base64::Engine as _;
        let part = |json: &str| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(json);
        let claims = r#"{"aud":"https://graph.microsoft.com","tid":"t-1","appid":"a-1","upn":"ada@contoso.example",
            "scp":"Mail.Read","uti":"u-1","exp":1600000000}"#;
        let token =
            format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), "c2lncw".repeat(57));
        let now = NumericDate(1_700_000_000);
        let evidence =
            Evidence { token: Some(Shape::of(&token)), now: Some(now), ..Evidence::default() };
        let mut out = Vec::new();
        report(&mut out, &[run(&evidence)], now).unwrap();
        let page = String::from_utf8(out).unwrap();
        let (head, _) = page.split_once("<section").unwrap();
        for (name, value) in [
            ("Verdict", "problem (expired)"),
            ("Judged", "2023-11-14 22:13:20Z"),
            ("User", "ada@contoso.example"),
            ("Tenant", "t-1"),
            ("Application", "a-1"),
            ("Audience", "Microsoft Graph (https://graph.microsoft.com)"),
            ("Token ID (uti)", "u-1"),
        ] {
            assert!(head.contains(&format!("<dt>{name}</dt><dd>{value}</dd>")), "{name}: {head}");
        }
    }
}
