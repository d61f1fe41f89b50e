//! Which addresses, issuers and audiences belong to which authority.
//!
//! Those of External ID, B2C and AD FS are as their documentation has them; no such server was asked.

use entrada::config::{ConfigFile, Layer, Settings};
use entrada_auth::sys::Env;
use entrada_core::entra::clouds::Cloud;
use entrada_core::oauth::discovery;
use entrada_core::{Authority, Endpoints, Job, NumericDate};
use entrada_diagnose::{self as diagnose, Verdict};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

const TID: &str = "0c0ffee0-1111-4222-8333-444455556666";

fn authority(layer: Layer) -> Authority {
    let settings = Settings::resolve(&ConfigFile::default(), None, &Env::default(), layer);
    settings.unwrap().authority().unwrap()
}

fn at(address: &str) -> Authority {
    authority(Layer { authority: Some(address.to_owned()), ..Layer::default() })
}

/// What the authority's discovery document `says` makes of it.
fn discovered(authority: &Authority, says: &Value) -> Result<Endpoints, String> {
    let response = http::Response::builder()
        .header("content-type", "application/json")
        .body(says.to_string().into_bytes())
        .unwrap();
    discovery::parse(authority, &response, None)
        .map(Result::unwrap)
        .map_err(|error| error.to_string())
}

fn addresses(found: &Endpoints) -> [String; 4] {
    let text = |url: &Option<url::Url>| url.as_ref().map_or_else(String::new, ToString::to_string);
    [
        found.token.to_string(),
        text(&found.device_authorization),
        text(&found.authorization),
        text(&found.keys),
    ]
}

#[test]
fn the_clouds_have_hosts_issuers_and_audiences_of_their_own() {
    for (cloud, host, issuer, graph, exchange) in [
        (
            Cloud::Public,
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            "https://graph.microsoft.com",
            "https://outlook.office.com",
        ),
        (
            Cloud::UsGov,
            "https://login.microsoftonline.us",
            "https://login.microsoftonline.us/{tenantid}/v2.0",
            "https://graph.microsoft.us",
            "https://outlook.office365.us",
        ),
        (
            Cloud::Dod,
            "https://login.microsoftonline.us",
            "https://login.microsoftonline.us/{tenantid}/v2.0",
            "https://dod-graph.microsoft.us",
            "https://outlook-dod.office365.us",
        ),
        (
            Cloud::China,
            "https://login.partner.microsoftonline.cn",
            "https://login.partner.microsoftonline.cn/{tenantid}/v2.0",
            "https://microsoftgraph.chinacloudapi.cn",
            "https://partner.outlook.cn",
        ),
        (
            Cloud::Bleu,
            "https://login.sovcloud-identity.fr",
            "https://login.sovcloud-identity.fr/{tenantid}/v2.0",
            "https://graph.svc.sovcloud.fr",
            "https://outlook.sovcloud.fr",
        ),
        (
            Cloud::Delos,
            "https://login.sovcloud-identity.de",
            "https://login.sovcloud-identity.de/{tenantid}/v2.0",
            "https://graph.svc.sovcloud.de",
            "https://outlook.sovcloud.de",
        ),
    ] {
        let layer = Layer {
            cloud: Some(cloud),
            tenant: Some("contoso.example".to_owned()),
            ..Layer::default()
        };
        let found = authority(layer).endpoints().unwrap();
        assert_eq!(
            addresses(&found),
            [
                "oauth2/v2.0/token",
                "oauth2/v2.0/devicecode",
                "oauth2/v2.0/authorize",
                "discovery/v2.0/keys"
            ]
            .map(|path| format!("{host}/contoso.example/{path}"))
        );
        assert_eq!(cloud.facts().issuer_v2, issuer);
        for (job, audience) in [(Job::GraphMailRead, graph), (Job::Imap, exchange)] {
            let verdict = |audience: &str| {
                let claims = json!({
                    "aud": audience, "iss": issuer.replace("{tenantid}", TID), "ver": "2.0", "tid": TID,
                    "iat": 1_000, "nbf": 1_000, "exp": 9_000, "scp": "Mail.Read IMAP.AccessAsUser.All",
                    "sub": "s", "oid": "o", "upn": "ada@contoso.example", "appid": "client",
                });
                let part = |value: &Value| {
                    use base64::Engine as _;
                    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
                };
                let token = format!(
                    "{}.{}.{}",
                    part(&json!({"alg": "RS256", "kid": "k"})),
                    part(&claims),
                    "c".repeat(342)
                );
                let mut evidence = diagnose::recognise(&token, NumericDate(2_000)).unwrap();
                evidence.context.job = Some(job);
                evidence.context.cloud = Some(cloud);
                diagnose::run(&evidence)
            };
            let good = verdict(audience);
            assert_ne!(good.verdict, Verdict::Problem, "{cloud:?} {job} {:?}", good.findings);
            for other in Cloud::iter() {
                let foreign = match job {
                    Job::Imap => other.facts().exchange.unwrap_or("https://exchange.example"),
                    _ => other.facts().graph,
                };
                if foreign != audience {
                    let found = verdict(foreign);
                    assert_eq!(
                        found.verdict,
                        Verdict::Problem,
                        "{cloud:?} takes {foreign} for {job}"
                    );
                }
            }
        }
    }
}

#[test]
fn others_say_themselves_where_they_are_and_what_they_are_called() {
    const B2C: &str = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in";
    let ciam = format!("https://{TID}.ciamlogin.com/{TID}");
    for (address, document, issuer, base, device) in [
        (
            "https://idp.example/realms/one",
            "https://idp.example/realms/one/.well-known/openid-configuration",
            "https://idp.example/realms/one",
            "https://idp.example/realms/one",
            true,
        ),
        (
            "https://adfs.contoso.example/adfs",
            "https://adfs.contoso.example/adfs/.well-known/openid-configuration",
            "https://adfs.contoso.example/adfs",
            "https://adfs.contoso.example/adfs/oauth2",
            true,
        ),
        (
            B2C,
            &format!("{B2C}/v2.0/.well-known/openid-configuration"),
            &format!("https://contoso.b2clogin.com/{TID}/v2.0/"),
            &format!("{B2C}/oauth2/v2.0"),
            false,
        ),
        (
            B2C,
            &format!("{B2C}/v2.0/.well-known/openid-configuration"),
            &format!("https://contoso.b2clogin.com/tfp/{TID}/b2c_1_in/v2.0/"),
            &format!("{B2C}/oauth2/v2.0"),
            false,
        ),
        (
            "https://contoso.ciamlogin.com",
            "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
            &format!("{ciam}/v2.0"),
            &format!("{ciam}/oauth2/v2.0"),
            true,
        ),
    ] {
        let authority = at(address);
        assert_eq!(authority.discovery_url().as_str(), document);
        let mut says = json!({
            "issuer": issuer, "token_endpoint": format!("{base}/token"),
            "authorization_endpoint": format!("{base}/authorize"), "jwks_uri": format!("{base}/keys"),
            "authorization_response_iss_parameter_supported": true,
        });
        if device {
            says["device_authorization_endpoint"] = json!(format!("{base}/device"));
        }
        let found = discovered(&authority, &says).unwrap();
        assert_eq!(found.issuer.as_deref(), Some(issuer));
        assert_eq!(found.authorization.unwrap().as_str(), format!("{base}/authorize"));
        assert_eq!(found.keys.unwrap().as_str(), format!("{base}/keys"));
        assert_eq!(found.device_authorization.is_some(), device);
        assert!(found.iss_parameter_supported);

        // Whoever it is, nobody else may answer for it.
        for hostile in [
            "https://evil.example",
            "https://contoso.b2clogin.com.evil.example/x/v2.0/",
            "http://idp.example/realms/one",
            "javascript:alert(1)",
            "",
        ] {
            says["issuer"] = json!(hostile);
            assert!(discovered(&authority, &says).is_err(), "{address} is called {hostile}");
        }
        says["issuer"] = json!(issuer);
        for name in ["token_endpoint", "authorization_endpoint", "jwks_uri"] {
            let mut says = says.clone();
            says[name] = json!("http://idp.example/in-the-clear");
            assert!(discovered(&authority, &says).is_err(), "{name} in the clear");
        }
    }
}

#[test]
fn external_id_has_the_shape_of_entra() {
    let found = at("https://contoso.ciamlogin.com").endpoints().unwrap();
    let base = "https://contoso.ciamlogin.com/contoso.onmicrosoft.com";
    assert_eq!(
        addresses(&found),
        [
            "oauth2/v2.0/token",
            "oauth2/v2.0/devicecode",
            "oauth2/v2.0/authorize",
            "discovery/v2.0/keys"
        ]
        .map(|path| format!("{base}/{path}"))
    );
}
