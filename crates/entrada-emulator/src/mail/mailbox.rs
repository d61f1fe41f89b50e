//! What every mailbox holds.

use crate::account::EmulatedAccount;
use entrada_core::NumericDate;

/// Subject and body of the messages, the newest first.
pub(crate) const MESSAGES: [(&str, &str); 3] = [
    ("Notes on the Analytical Engine", "It can do whatever we know how to order it to perform."),
    ("Lunch on Thursday?", "At the usual place."),
    ("Your quarterly report", "Please find the figures attached."),
];

/// When the newest message was sent. A message stays the same between two connections.
const SENT: NumericDate = NumericDate(1_790_000_000);

/// The message at this index, the newest first, as RFC 5322 writes it.
pub(crate) fn message(account: &EmulatedAccount, index: usize) -> Option<String> {
    let (subject, text) = MESSAGES.get(index)?;
    let hours = i64::try_from(index).unwrap_or_default();
    let seconds = u64::try_from(SENT.plus_seconds(-3_600 * hours).0).unwrap_or_default();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    // RFC 5322 §3.3 has no `GMT`.
    let date = httpdate::fmt_http_date(time).replace("GMT", "+0000");
    Some(format!(
        "Date: {date}\r\nFrom: Charles Babbage <charles@contoso.example>\r\nTo: {} <{}>\r\nSubject: {subject}\r\n\
         Message-ID: <{index}@emulator.contoso.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\n{text}\r\n",
        account.name, account.username
    ))
}
