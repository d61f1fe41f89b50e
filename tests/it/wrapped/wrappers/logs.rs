//! Logs of programs, systems and consoles.

use super::{broken_at, lines, prefixed};

/// A cell of a table that a log was exported to (RFC 4180).
pub(super) fn csv_cell(text: &str) -> String {
    let cell = text.trim_end().replace('"', "\"\"");
    format!("time,source,message\r\n2027-01-15 07:59:58,mailer,\"{cell}\"\r\n")
}

/// What the Event Viewer of Windows copies as text.
pub(super) fn windows_event(text: &str) -> String {
    format!(
        "Log Name:      Application\nSource:        Mailer\nDate:          1/15/2027 8:59:58 AM\nEvent ID:      1000\n\
         Task Category: None\nLevel:         Information\nKeywords:      Classic\nUser:          N/A\n\
         Computer:      mail01.contoso.example\nDescription:\n{}\n",
        text.trim_end()
    )
}

/// Each line as `journalctl -u mailer` prints it.
pub(super) fn journal(text: &str) -> String {
    "-- Logs begin at Mon 2027-01-04 06:00:01 UTC. --\n".to_owned()
        + &prefixed(text, "Jan 15 07:59:58 mail01 mailer[4711]: ")
}

/// A command and what it prints, with the times of the container runtime.
pub(super) fn kubectl_logs(text: &str) -> String {
    "$ kubectl logs deploy/mailer -n mail --timestamps --tail=40\n".to_owned()
        + &prefixed(text, "2027-01-15T07:59:58.123456789Z ")
}

/// One record of Spring Boot's logback: only its first line has the prefix.
pub(super) fn logback(text: &str) -> String {
    format!(
        "2027-01-15 07:59:58.123  INFO 4711 --- [           main] c.contoso.mailer.Sync                    : {}\n",
        text.trim_end()
    )
}

/// One record of Serilog's console: only its first line has the prefix.
pub(super) fn serilog(text: &str) -> String {
    format!("[07:59:58 INF] {}\n", text.trim_end())
}

/// Each line as a job of GitHub Actions shows it.
pub(super) fn github_actions(text: &str) -> String {
    prefixed(text, "2027-01-15T07:59:58.1234567Z ")
}

/// `text` is the message of an exception that ended a Java program.
pub(super) fn java_exception(text: &str) -> String {
    format!(
        "Exception in thread \"main\" java.lang.IllegalStateException: {}\n\
         \tat com.contoso.mailer.Sync.fetch(Sync.java:41)\n\
         \tat com.contoso.mailer.Main.main(Main.java:12)\n",
        text.trim_end()
    )
}

/// An error record of Windows PowerShell on a German system, with a narrow console.
pub(super) fn powershell_german(text: &str) -> String {
    let head = format!("Write-Error : {}", text.trim_end());
    let broken: String = lines(&head).map(|line| broken_at(line, 99) + "\n").collect();
    broken
        + "In C:\\Skripte\\mail.ps1:12 Zeichen:5\n\
           +     Write-Error $antwort\n\
           +     ~~~~~~~~~~~~~~~~~~~~\n\
           \x20   + CategoryInfo          : NotSpecified: (:) [Write-Error], WriteErrorException\n\
           \x20   + FullyQualifiedErrorId : Microsoft.PowerShell.Commands.WriteErrorException,mail.ps1\n"
}
