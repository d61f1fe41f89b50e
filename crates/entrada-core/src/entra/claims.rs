//! The claims that Entra sends, in the headers and payloads of its tokens.

/// Names and meanings, sorted by name.
static MEANINGS: [(&str, &str); 43] = [
    ("acct", "0: member of the tenant, 1: guest"),
    ("acr", "0: authentication did not meet ISO 29115, 1: it did"),
    ("acrs", "authentication contexts that were satisfied"),
    ("aio", "internal to Entra"),
    ("alg", "the signature algorithm"),
    ("amr", "how the user authenticated"),
    ("app_displayname", "the application's name"),
    ("appid", "the client that asked (v1.0 tokens)"),
    ("appidacr", "how the client authenticated: 0 public, 1 secret, 2 certificate"),
    ("aud", "the recipient that the token is for"),
    ("azp", "the client that asked (v2.0 tokens)"),
    ("azpacr", "how the client authenticated: 0 public, 1 secret, 2 certificate"),
    ("email", "an address, not verified"),
    ("exp", "when the token expires"),
    ("iat", "when the token was issued; Entra sets it five minutes back"),
    ("idp", "who authenticated the user, where that is not the issuer"),
    ("idtyp", "`app`: the token belongs to an application, without a user"),
    ("ipaddr", "where the user signed in from"),
    ("iss", "who issued it"),
    ("kid", "which key signed it"),
    ("name", "the user's name, for display only"),
    ("nbf", "when the token becomes valid; Entra sets it five minutes back"),
    ("nonce", "in the header: hashed before signing, so only the service can check the signature"),
    ("oid", "the user or application in that tenant"),
    ("platf", "the platform of the device"),
    ("preferred_username", "the user, for display only"),
    ("puid", "internal user number"),
    ("rh", "internal to Entra"),
    ("roles", "application permissions, or the user's app roles next to `scp`"),
    ("scp", "delegated permissions; never contains `offline_access`"),
    ("sid", "the session"),
    ("signin_state", "properties of the session"),
    ("sub", "the user, as this application knows them"),
    ("tid", "the tenant that issued it"),
    ("typ", "kind of token"),
    ("unique_name", "the user, for display only"),
    ("upn", "the user's sign-in name"),
    ("uti", "this token's id, for the sign-in log"),
    ("ver", "chosen by the service, not by the endpoint"),
    ("wids", "directory roles of the user"),
    ("x5t", "which certificate signed it"),
    ("xms_cc", "`CP1`: the client handles claims challenges (CAE)"),
    ("xms_tcdt", "when the tenant was created"),
];

/// The meaning of the claim `name`, if Entra sends it.
pub fn meaning(name: &str) -> Option<&'static str> {
    let index = MEANINGS.binary_search_by_key(&name, |(known, _)| known).ok()?;
    MEANINGS.get(index).map(|(_, meaning)| *meaning)
}

/// Every claim that Entra sends, with its meaning.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    MEANINGS.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_for_the_search() {
        assert!(MEANINGS.is_sorted_by_key(|(name, _)| *name));
    }
}
