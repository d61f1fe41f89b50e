//! Who can check the signature of an access token.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::*;

const ORDERS: &str = "api://contoso.example/orders";

fn bench() -> Bench {
    let mut options = EmulatorOptions::new(Url::parse("http://localhost:8400").unwrap());
    options.scenario = Scenario::find("auto-approve").unwrap();
    options.apis = vec![EmulatedApi::new(ORDERS, ["Orders.Read"]).unwrap()];
    Bench { tenant: "organizations", ..Bench::with(options) }
}

/// Checks `token` as an API does: by the key set that the metadata names.
fn check(bench: &Bench, token: &str, audience: &str) -> Result<Value, String> {
    let metadata = json(&bench.get("/organizations/v2.0/.well-known/openid-configuration"));
    let address = Url::parse(metadata["jwks_uri"].as_str().unwrap()).unwrap();
    let keys: JwkSet = serde_json::from_slice(bench.get(address.path()).body()).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[audience]);
    // The tests have a clock of their own.
    validation.validate_exp = false;
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .map(|token| token.claims)
        .map_err(|error| error.to_string())
}

#[test]
fn an_api_of_ones_own_can_check_its_tokens_and_only_microsofts_check_theirs() {
    let mut bench = bench();
    for (scope, audience) in [
        ("api://contoso.example/orders/Orders.Read", ORDERS),
        ("https://management.azure.com/user_impersonation", "https://management.azure.com"),
    ] {
        let token = bench.sign_in(scope).access_token;
        let claims = check(&bench, token.expose(), audience).unwrap();
        assert_eq!(claims["aud"], audience);
    }
    for (scope, audience) in
        [(MAIL, "https://graph.microsoft.com"), (IMAP, "https://outlook.office.com")]
    {
        let token = bench.sign_in(scope).access_token;
        assert_eq!(check(&bench, token.expose(), audience).unwrap_err(), "InvalidSignature");
    }
}
