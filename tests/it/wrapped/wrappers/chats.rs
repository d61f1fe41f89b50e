//! Chats, mails, issues and pages in which people show a text to others.

use super::lines;

/// A page that shows the text.
pub(super) fn html_escaped(text: &str) -> String {
    let escaped = text
        .trim_end()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    format!("<pre><code>{escaped}\n</code></pre>\n")
}

/// Messages copied from Slack.
pub(super) fn slack(text: &str) -> String {
    format!(
        "Ada Lovelace\n  8:59 AM\nhi all, this is what the script prints since this morning:\n```{}```\n\
         Grace Hopper\n  9:02 AM\ncan you tell me which version you are using?\n",
        text.trim_end()
    )
}

/// Messages copied from Teams.
pub(super) fn teams(text: &str) -> String {
    format!(
        "[15/01/2027 08:59] Ada Lovelace\nGood morning, does anyone know what this means?\n{}\n\
         [15/01/2027 09:02] Grace Hopper\nThanks, I will have a look.\n",
        text.trim_end()
    )
}

/// An issue written into a template.
pub(super) fn github_issue(text: &str) -> String {
    format!(
        "### Describe the bug\n\nI get the following when I run it:\n\n```\n{}\n```\n\n\
         ### Environment\n\n- OS: Ubuntu 24.04\n- Version: 2.3.1\n\n### Additional context\n\n_No response_\n",
        text.trim_end()
    )
}

/// A reply that Outlook writes above the mail that it answers.
pub(super) fn outlook_reply(text: &str) -> String {
    format!(
        "Hi team,\n\nplease see below.\n\nBest regards\nAda Lovelace\n\n-----Original Message-----\n\
         From: Grace Hopper <grace@contoso.example>\nSent: Friday, January 15, 2027 8:59 AM\n\
         To: Ada Lovelace <ada@contoso.example>\nSubject: sync\n\n{}\n",
        text.trim_end()
    )
}

/// A mail quoted in a mail that is quoted.
pub(super) fn quoted_twice(text: &str) -> String {
    let quoted: String = lines(text)
        .map(|line| if line.is_empty() { ">>\n".to_owned() } else { format!(">> {line}\n") })
        .collect();
    format!(
        "On Fri, 15 Jan 2027 at 09:02, Grace wrote:\n> On Fri, 15 Jan 2027 at 08:59, Ada wrote:\n{quoted}\
         >\n> Thanks!\n"
    )
}
