//! The pages for users. `maud` escapes all inserted text.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::account::{EmulatedAccount, TenantSegment};
use entrada_core::clean;

const CSS: &str = include_str!("page.css");

/// A whole page with `title` as its heading.
pub(super) fn page(title: &str, body: &Markup) -> String {
    let title = clean(title);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(CSS)) }
            }
            body {
                main { h1 { (title) } (body) }
                footer {
                    "This is an emulator on your own machine, not Microsoft. It never asks for a password."
                }
            }
        }
    }
    .into_string()
}

/// A page with a heading and one paragraph.
pub(super) fn notice(title: &str, text: &str) -> String {
    page(title, &html! { p { (clean(text)) } })
}

fn problem(text: &str) -> Markup {
    html! { p.problem role="alert" { (clean(text)) } }
}

/// The page for entering the user code.
pub(super) fn enter_code(action: &str, user_code: &str, refused: Option<&str>) -> String {
    page(
        "Enter code to allow access",
        &html! {
            @if let Some(text) = refused { (problem(text)) }
            p { "Once you enter the code displayed on your app or device, it will have access to your account." }
            p.warn { "Do not enter codes from sources you don’t trust." }
            form method="post" action=(clean(action)) {
                label for="otc" { "Code" }
                input id="otc" name="otc" value=(clean(user_code)) autocomplete="off" autocapitalize="characters"
                    spellcheck="false" maxlength="32" required autofocus;
                button { "Next" }
            }
        },
    )
}

/// The content of the account picker.
pub(super) struct AccountPicker<'a> {
    pub(super) accounts: Vec<&'static EmulatedAccount>,
    /// Whether the user may type another user name.
    pub(super) other: bool,
    pub(super) action: &'a str,
    /// Name and value of the hidden member that identifies the sign-in.
    pub(super) hidden: (&'a str, &'a str),
    pub(super) client_id: &'a str,
    pub(super) scope: &'a str,
    pub(super) segment: &'a TenantSegment,
    pub(super) login_hint: Option<&'a str>,
    /// The destination of the token, in words.
    pub(super) context: &'a str,
    /// What the user has to know first.
    pub(super) warning: Option<&'static str>,
}

/// The page for choosing an account, or cancelling.
pub(super) fn pick_account(picker: &AccountPicker<'_>) -> String {
    let mut people = picker.accounts.clone();
    people.retain(|account| picker.segment.allows(account));
    let hinted = |account: &EmulatedAccount| {
        picker.login_hint.is_some_and(|hint| hint.eq_ignore_ascii_case(account.username))
    };
    people.sort_by_key(|account| !hinted(account));
    page(
        "Pick an account",
        &html! {
            p { "to sign in to " b { (clean(picker.client_id)) } " " (clean(picker.context)) }
            @if let Some(warning) = picker.warning { p.warn { (warning) } }
            p { "Tenant: " (picker.segment.name()) }
            form method="post" action=(clean(picker.action)) {
                input type="hidden" name=(picker.hidden.0) value=(picker.hidden.1);
                @for account in people {
                    button.account name="account" value=(account.username) {
                        b { (account.name) }
                        span { (account.username) }
                    }
                }
                @if picker.other {
                    label for="username" { "Use another account" }
                    input id="username" name="username" type="email" value=(clean(picker.login_hint.unwrap_or_default()));
                    button { "Next" }
                }
                details open[picker.warning.is_some()] {
                    summary { "This app would like to" }
                    ul {
                        @for scope in picker.scope.split(' ').filter(|scope| !scope.is_empty()) {
                            li { (clean(scope)) }
                        }
                    }
                }
                button.quiet name="action" value="cancel" { "Cancel" }
            }
        },
    )
}

/// How a page sends the browser back to the application.
pub(super) enum WayBack<'a> {
    /// By a link to this address.
    Link(&'a str),
    /// By a form with these members to this redirect URI (`form_post`).
    Form(&'a str, &'a [(String, String)]),
}

/// The "Need admin approval" page, with a way back to the application.
pub(super) fn admin_approval(client_id: &str, back: Option<&WayBack<'_>>) -> String {
    const RETURN: &str = "Return to the application without granting consent";
    page(
        "Need admin approval",
        &html! {
            p {
                b { (clean(client_id)) }
                " needs permission to access resources in your organization that only an admin can grant. \
                 Please ask an admin to grant permission to this app before you can use it."
            }
            @match back {
                Some(WayBack::Link(url)) => p { a href=(url) { (RETURN) } },
                Some(WayBack::Form(redirect_uri, members)) => form method="post" action=(redirect_uri) {
                    (hidden(members))
                    button.quiet { (RETURN) }
                },
                None => {},
            }
        },
    )
}

/// The page on which an administrator consents for everyone.
pub(super) fn admin_form(action: &str, client_id: &str, redirect_uri: &str, state: &str) -> String {
    page(
        "Permissions requested",
        &html! {
            p { b { (clean(client_id)) } }
            p {
                "If you accept, this app will get access to the specified resources for all users \
                 in your organization. No one else will be prompted to review these permissions."
            }
            form method="post" action=(action) {
                input type="hidden" name="client_id" value=(client_id);
                input type="hidden" name="redirect_uri" value=(redirect_uri);
                input type="hidden" name="state" value=(state);
                button name="action" value="accept" { "Accept" }
                button.quiet name="action" value="cancel" { "Cancel" }
            }
        },
    )
}

/// An error that Entra shows only in the browser.
pub(super) fn error_page(text: &str) -> String {
    page("Sorry, but we’re having trouble signing you in.", &problem(text))
}

/// Posts `members` to the client's redirect URI, in the form of Entra's page: by script, or by a button where scripts are
/// disabled.
pub(super) fn post_back(redirect_uri: &str, members: &[(String, String)]) -> String {
    html! {
        (DOCTYPE)
        html {
            head { title { "Working..." } }
            body {
                form method="POST" name="hiddenform" action=(redirect_uri) {
                    (hidden(members))
                    noscript {
                        p { "Script is disabled. Click Submit to continue." }
                        input type="submit" value="Submit";
                    }
                }
                script language="javascript" { (PreEscaped("document.forms[0].submit();")) }
            }
        }
    }
    .into_string()
}

fn hidden(members: &[(String, String)]) -> Markup {
    html! {
        @for (name, value) in members {
            input type="hidden" name=(name) value=(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserted_text_cannot_become_markup() {
        let hostile = "\"><script>alert(1)</script>'\u{1b}[2J";
        let members = [(hostile.to_owned(), hostile.to_owned())];
        let ask = AccountPicker {
            accounts: crate::account::ACCOUNTS.iter().collect(),
            other: true,
            action: hostile,
            hidden: (hostile, hostile),
            client_id: hostile,
            scope: hostile,
            segment: &TenantSegment::Common,
            login_hint: Some(hostile),
            context: hostile,
            warning: None,
        };
        for page in [
            enter_code(hostile, hostile, Some(hostile)),
            pick_account(&ask),
            admin_approval(hostile, Some(&WayBack::Link(hostile))),
            admin_approval(hostile, Some(&WayBack::Form(hostile, &members))),
            error_page(hostile),
            notice(hostile, hostile),
            post_back(hostile, &members),
        ] {
            assert!(!page.contains("<script>alert"), "{page}");
        }
    }
}
