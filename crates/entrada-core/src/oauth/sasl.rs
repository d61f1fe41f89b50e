//! The SASL strings with which a mail client signs in with an access token.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::Secret;

/// The initial response of XOAUTH2 in base64, on one line: `user=USER^Aauth=Bearer TOKEN^A^A` (Google's, and Microsoft's
/// "Authenticate an IMAP, POP or SMTP connection using OAuth").
///
/// ```
/// use entrada_core::{Secret, oauth::sasl};
///
/// let response = sasl::xoauth2("ada@contoso.com", &Secret::new("token"));
/// assert!(response.expose().starts_with("dXNlcj1hZGFAY29udG9zby5jb20B"));
/// ```
pub fn xoauth2(user: &str, token: &Secret) -> Secret {
    encoded(&format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()))
}

/// The initial response of OAUTHBEARER in base64, on one line: `n,a=USER,^Aauth=Bearer TOKEN^A^A` (RFC 7628 §3.1). Host and
/// port are left out, because a server may ignore them.
pub fn oauthbearer(user: &str, token: &Secret) -> Secret {
    // RFC 5801 §4: `,` and `=` in a name are escaped.
    let user = user.replace('=', "=3D").replace(',', "=2C");
    encoded(&format!("n,a={user},\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()))
}

fn encoded(text: &str) -> Secret {
    let text = Secret::new(text);
    Secret::new(BASE64_STANDARD.encode(text.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(string: &Secret) -> String {
        String::from_utf8(BASE64_STANDARD.decode(string.expose()).unwrap()).unwrap()
    }

    #[test]
    fn the_strings_match_the_documentation() {
        // The example in Microsoft's documentation.
        let token = Secret::new("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA");
        assert_eq!(
            xoauth2("test@contoso.onmicrosoft.com", &token).expose(),
            "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
        );
        assert_eq!(
            decoded(&oauthbearer("user@example.com", &Secret::new("vF9dft4qmTc2"))),
            "n,a=user@example.com,\u{1}auth=Bearer vF9dft4qmTc2\u{1}\u{1}"
        );
    }

    #[test]
    fn a_user_name_cannot_add_fields() {
        assert!(decoded(&oauthbearer("a=b,c", &Secret::new("t"))).starts_with("n,a=a=3Db=2Cc,"));
    }
}
