//! The pages that people see. Everything put into one is escaped here.

use super::account::{PEOPLE, Person, Segment};
use entrada_core::html_escaped as exact;

const FRAME: &str = include_str!("page.html");

/// `text` as HTML shows it: markup and quotes harmless, control characters gone. What a form carries and a person does
/// not read goes through [`exact`], every character kept.
pub(super) fn escape(text: &str) -> String {
    exact(&entrada_core::clean(text))
}

/// A whole page. `title` is text, `body` is markup.
pub(super) fn page(title: &str, body: &str) -> String {
    FRAME.replace("{{title}}", &escape(title)).replace("{{body}}", body)
}

/// A page with a heading and one paragraph, both text.
pub(super) fn notice(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}</p>", escape(text)))
}

/// Where the user code is typed.
pub(super) fn enter_code(action: &str, user_code: &str, problem: Option<&str>) -> String {
    let problem = problem
        .map(|text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text)))
        .unwrap_or_default();
    page(
        "Enter code to allow access",
        &format!(
            "{problem}<p>Once you enter the code displayed on your app or device, it will have access to your \
             account.</p><p class=\"warn\">Do not enter codes from sources you don’t trust.</p>\
             <form method=\"post\" action=\"{}\"><label for=\"otc\">Code</label>\
             <input id=\"otc\" name=\"otc\" value=\"{}\" autocomplete=\"off\" autocapitalize=\"characters\" \
             spellcheck=\"false\" maxlength=\"32\" required autofocus>\
             <button>Next</button></form>",
            escape(action),
            escape(user_code)
        ),
    )
}

/// What the page that picks an account needs to know.
pub(super) struct AccountPicker<'a> {
    pub(super) action: &'a str,
    /// Name and value of the hidden member that says which sign-in this is.
    pub(super) hidden: (&'a str, &'a str),
    pub(super) client_id: &'a str,
    pub(super) scope: &'a str,
    pub(super) segment: &'a Segment,
    pub(super) login_hint: Option<&'a str>,
    /// Where the token goes, in words.
    pub(super) going: &'a str,
}

/// Which account, and whether at all.
pub(super) fn pick_account(ask: &AccountPicker<'_>) -> String {
    let mut people: Vec<&Person> =
        PEOPLE.iter().filter(|person| ask.segment.admits(person)).collect();
    let hinted = |person: &Person| {
        ask.login_hint.is_some_and(|hint| hint.eq_ignore_ascii_case(person.username))
    };
    people.sort_by_key(|person| !hinted(person));
    let buttons: String = people
        .iter()
        .map(|person| {
            format!(
                "<button class=\"account\" name=\"account\" value=\"{0}\"><b>{1}</b><span>{0}</span></button>",
                escape(person.username),
                escape(person.name)
            )
        })
        .collect();
    let scopes: String = ask
        .scope
        .split(' ')
        .filter(|s| !s.is_empty())
        .map(|s| format!("<li>{}</li>", escape(s)))
        .collect();
    page(
        "Pick an account",
        &format!(
            "<p>to sign in to <b>{}</b> {}</p><form method=\"post\" action=\"{}\">\
             <input type=\"hidden\" name=\"{}\" value=\"{}\">{buttons}\
             <details><summary>This app would like to</summary><ul>{scopes}</ul></details>\
             <button class=\"quiet\" name=\"action\" value=\"cancel\">Cancel</button></form>",
            escape(ask.client_id),
            escape(ask.going),
            escape(ask.action),
            exact(ask.hidden.0),
            exact(ask.hidden.1),
        ),
    )
}

/// "Need admin approval", with the way out.
pub(super) fn admin_approval(client_id: &str, back: Option<&str>) -> String {
    let back = back.map_or_else(String::new, |url| {
        format!(
            "<p><a href=\"{}\">Return to the application without granting consent</a></p>",
            exact(url)
        )
    });
    page(
        "Need admin approval",
        &format!(
            "<p><b>{}</b> needs permission to access resources in your organization that only an admin can grant. \
             Please ask an admin to grant permission to this app before you can use it.</p>{back}",
            escape(client_id)
        ),
    )
}

/// Where an administrator consents for everybody.
pub(super) fn admin_form(action: &str, client_id: &str, redirect_uri: &str, state: &str) -> String {
    let hidden = [("client_id", client_id), ("redirect_uri", redirect_uri), ("state", state)].map(
        |(name, value)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", exact(value))
        },
    );
    page(
        "Permissions requested",
        &format!(
            "<p><b>{}</b></p><p>If you accept, this app will get access to the specified resources for all users \
             in your organization. No one else will be prompted to review these permissions.</p>\
             <form method=\"post\" action=\"{}\">{}<button name=\"action\" value=\"accept\">Accept</button>\
             <button class=\"quiet\" name=\"action\" value=\"cancel\">Cancel</button></form>",
            escape(client_id),
            exact(action),
            hidden.concat()
        ),
    )
}

/// An error that Entra shows in the browser only.
pub(super) fn trouble(text: &str) -> String {
    page(
        "Sorry, but we’re having trouble signing you in.",
        &format!("<p class=\"problem\" role=\"alert\">{}</p>", escape(text)),
    )
}

/// Posts `members` to the client's redirect URI.
pub(super) fn post_back(redirect_uri: &str, members: &[(String, String)]) -> String {
    let inputs: String = members
        .iter()
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", exact(name), exact(value))
        })
        .collect();
    page(
        "Working…",
        &format!(
            "<form id=\"answer\" method=\"post\" action=\"{}\">{inputs}<button>Continue</button></form>\
             <script>document.getElementById('answer').submit()</script>",
            exact(redirect_uri)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_put_into_a_page_becomes_markup() {
        let hostile = "\"><script>alert(1)</script>'\u{1b}[2J";
        let ask = AccountPicker {
            action: hostile,
            hidden: (hostile, hostile),
            client_id: hostile,
            scope: hostile,
            segment: &Segment::Common,
            login_hint: Some(hostile),
            going: hostile,
        };
        for page in [
            enter_code(hostile, hostile, Some(hostile)),
            pick_account(&ask),
            admin_approval(hostile, Some(hostile)),
            trouble(hostile),
            notice(hostile, hostile),
            post_back(hostile, &[(hostile.to_owned(), hostile.to_owned())]),
        ] {
            assert!(!page.contains("<script>alert"), "{page}");
        }
    }
}
