//! Hosts that are nearly one of Microsoft's sign-in hosts or APIs.

/// The hosts that people write by hand.
const HOSTS: [&str; 11] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.microsoft.com",
    "login.windows.net",
    "login.live.com",
    "sts.windows.net",
    "graph.microsoft.com",
    "management.azure.com",
    "outlook.office365.com",
    "outlook.office.com",
    "smtp.office365.com",
];

/// Maximum number of changes between a misspelt host and the one that is meant.
const CHANGES_MAX: usize = 2;

/// Maximum length of a host that is compared.
const HOST_MAX: usize = 64;

/// Maximum number of addresses that are compared.
const ADDRESSES_MAX: usize = 32;

/// The known host that `host` misspells by at most two characters; `None` for a known one, and for anything else.
pub(crate) fn misspelt_host(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    let is_close = |known: &&&str| known.len().abs_diff(host.len()) <= CHANGES_MAX;
    if HOSTS.iter().any(|known| *known == host) {
        return None;
    }
    let close = HOSTS.iter().filter(is_close);
    let counted = close.map(|known| (distance(&host, known), *known));
    let (changes, meant) = counted.min()?;
    // A national cloud differs from the worldwide one by its last label.
    let same_end = meant.rsplit('.').next() == host.rsplit('.').next();
    let is_cloud = entrada_core::entra::clouds::is_entra_issuer(&format!("https://{host}/"));
    (changes <= CHANGES_MAX && !is_cloud && (same_end || !has_own_domain(&host))).then_some(meant)
}

/// Whether the end of `host` is a country's or another real one that is not a misspelling of `com` or `net`.
fn has_own_domain(host: &str) -> bool {
    let end = host.rsplit('.').next().unwrap_or_default();
    end.len() == 2 || ["org", "dev", "app", "gov"].contains(&end)
}

/// The first misspelt host of an address in `text`, and the host that is meant.
pub(crate) fn in_text(text: &str) -> Option<(String, &'static str)> {
    let starts = text.match_indices("://").take(ADDRESSES_MAX);
    let hosts = starts.filter_map(|(at, found)| host_at(&text[at + found.len()..]));
    let named = hosts.chain(named_hosts(text));
    named.into_iter().find_map(|host| Some((host.to_owned(), misspelt_host(host)?)))
}

/// The host at the start of `text`; `None` for one that is longer than a known host can be.
fn host_at(text: &str) -> Option<&str> {
    let is_of_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let length = text.bytes().take(HOST_MAX + 1).take_while(is_of_host).count();
    (length <= HOST_MAX).then(|| text[..length].trim_end_matches('.'))
}

/// Hosts after the words with which programs report that a name does not resolve.
fn named_hosts(text: &str) -> impl Iterator<Item = &str> {
    const BEFORE: [&str; 6] =
        ["resolve host: ", "resolve host ", "ENOTFOUND ", "EAI_AGAIN ", "host='", "lookup "];
    BEFORE.into_iter().filter_map(move |before| {
        let at = text.find(before)? + before.len();
        host_at(text.get(at..)?)
    })
}

/// The number of characters to insert, remove, replace or swap with the next one (optimal string alignment), for short texts.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let width = other.len() + 1;
    let mut rows = vec![vec![0_usize; width]; one.len() + 1];
    for (at, row) in rows.iter_mut().enumerate() {
        row[0] = at;
    }
    for (at, cell) in rows[0].iter_mut().enumerate() {
        *cell = at;
    }
    for i in 1..=one.len() {
        for j in 1..width {
            let cost = usize::from(one[i - 1] != other[j - 1]);
            let mut least =
                (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            let is_swap =
                1 < i && 1 < j && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if is_swap {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_that_is_nearly_known_is_misspelt() {
        for (host, meant) in [
            ("login.micorosftonline.com", Some("login.microsoftonline.com")),
            ("login.microsoftonlin.com", Some("login.microsoftonline.com")),
            ("login.mircosoftonline.com", Some("login.microsoftonline.com")),
            ("login.microsoftonline.con", Some("login.microsoftonline.com")),
            ("graph.microsft.com", Some("graph.microsoft.com")),
            ("login.microsoftonline.com", None),
            ("login.microsoftonline.us", None),
            ("login.microsoftonline.de", None),
            ("graph.microsoft.us", None),
            ("login.contoso.com", None),
            ("graph.example.com", None),
            ("", None),
        ] {
            assert_eq!(misspelt_host(host), meant, "{host}");
        }
    }

    #[test]
    fn hosts_are_found_in_addresses_and_in_failed_look_ups() {
        for text in [
            "from: 'https://login.micorosftonline.com/{tenantId}/v2.0/'",
            "getaddrinfo ENOTFOUND login.micorosftonline.com",
            "curl: (6) Could not resolve host: login.micorosftonline.com",
        ] {
            assert_eq!(in_text(text).map(|(_, meant)| meant), Some("login.microsoftonline.com"));
        }
        assert!(in_text("https://login.microsoftonline.com/ https://contoso.example").is_none());
    }
}
