//! The issuers in an error's text: of another tenant, or of the other version.

use std::collections::BTreeSet;

use url::Url;
use uuid::Uuid;

use super::Hypothesis;
use crate::{Confidence, RuleId};

/// The tenant of all personal Microsoft accounts.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Tenants of Microsoft that Key Vault lists beside the vault's own.
const OF_MICROSOFT: [&str; 3] = [
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    "e2d54eb5-3869-4f70-8578-dee5fc7331f4",
    "33e01921-4d64-4f8c-a055-5bdaffd5e33d",
];

/// Names the tenants of `Expected one of A, B, found C.` that are not Microsoft's own.
pub(super) fn name_tenants(text: &str, told: &mut Hypothesis) {
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find("expected one of") else { return };
    let Some(found) = lower[at..].find("found").map(|length| at + length) else { return };
    let tenants = |part: &str| -> Vec<String> {
        let all = issuers(part).into_iter().map(|(tenant, _)| tenant.to_string());
        let mut all: Vec<String> =
            all.filter(|one| !OF_MICROSOFT.contains(&one.as_str())).collect();
        all.dedup();
        all
    };
    let expected = tenants(&text[at..found]);
    let list: Vec<String> = expected.iter().map(|tenant| format!("`{tenant}`")).collect();
    if let [found, ..] = tenants(&text[found..]).as_slice() {
        told.message = format!(
            "the token comes from the tenant `{found}`, and the key vault belongs to another one"
        );
    }
    match list.as_slice() {
        [] => (),
        [one] => {
            told.help = vec![format!(
                "sign in at the key vault's tenant, {one}: `az login --tenant {}`, or `--tenant` of the program",
                expected[0]
            )];
        }
        [first, ..] => {
            told.help = vec![format!(
                "sign in at the key vault's tenant, usually the first of those that it accepts, {first}: {}",
                list.join(", ")
            )];
        }
    }
}

/// Maximum number of addresses that are read.
const ADDRESSES_MAX: usize = 40;

/// Sharpens the cause of a refused issuer by the issuers in `text`. The same tenant with both versions is a matter of the
/// version; different tenants are a matter of the tenant.
pub(in crate::service) fn refine(text: &str, told: &mut Hypothesis) {
    let all = issuers(text);
    let tenants: BTreeSet<Uuid> = all.iter().map(|(tenant, _)| *tenant).collect();
    let versions: BTreeSet<bool> = all.iter().map(|(_, is_v2)| *is_v2).collect();
    if tenants.iter().any(|tenant| tenant.to_string() == PERSONAL) {
        told.id = RuleId::WrongTenant;
        told.confidence = Confidence::Likely;
        "the token was issued to a personal Microsoft account, and the API accepts accounts of an organisation"
            .clone_into(&mut told.message);
        told.help = vec!["sign in with a work or school account of the API's tenant".to_owned()];
    } else if 1 < tenants.len() {
        told.confidence = Confidence::Certain;
        if told.id != RuleId::WrongTenant {
            told.id = RuleId::WrongTenant;
            "the token comes from another tenant than the API accepts"
                .clone_into(&mut told.message);
            told.help = vec![
                "if the API serves several tenants, let it accept their issuers (`ValidIssuers`, or a check of its own)"
                    .to_owned(),
            ];
        }
    } else if 1 < versions.len() && told.id == RuleId::V1V2EndpointMismatch {
        told.confidence = Confidence::Certain;
        "the token and the API are of different versions: one issuer is that of v1.0 (`sts.windows.net`), the other that of v2.0"
            .clone_into(&mut told.message);
        told.help = vec![
            "set `requestedAccessTokenVersion` in the API's registration to the version that the API checks, then get a new token"
                .to_owned(),
        ];
    }
}

/// The tenant of each issuer in `text`, and whether it is one of v2.0.
fn issuers(text: &str) -> Vec<(Uuid, bool)> {
    let ends = |c: char| c.is_whitespace() || "'\"<>,;()[]{}".contains(c);
    let addresses = text.match_indices("https://").take(ADDRESSES_MAX);
    let read = addresses.filter_map(|(at, _)| {
        let address = text[at..].split(ends).next()?.trim_end_matches('.');
        let url = Url::parse(address).ok()?;
        let mut segments = url.path_segments()?;
        let tenant = Uuid::try_parse(segments.next()?).ok()?;
        let is_v1 = url.host_str().is_some_and(|host| {
            ["sts.windows.net", "sts.chinacloudapi.cn", "sts.microsoftonline.us"].contains(&host)
        });
        let is_v2 = segments.next() == Some("v2.0");
        (is_v1 || is_v2).then_some((tenant, is_v2))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "https://sts.windows.net/8eb213ed-9578-5194-a853-903769e45328/";
    const SAME: &str =
        "https://login.microsoftonline.com/8eb213ed-9578-5194-a853-903769e45328/v2.0";
    const OTHER: &str =
        "https://login.microsoftonline.com/ec8f58d9-684c-5eca-a406-049b3fd4c793/v2.0";

    fn refined(text: &str) -> (RuleId, Confidence) {
        let mut told = Hypothesis::likely(RuleId::V1V2EndpointMismatch, "x");
        refine(text, &mut told);
        (told.id, told.confidence)
    }

    #[test]
    fn of_a_list_of_tenants_those_of_microsoft_are_left_out() {
        let mut told = Hypothesis::likely(RuleId::WrongTenant, "x");
        let of = |tenant: &str| format!("https://sts.windows.net/{tenant}/");
        let text = format!(
            "AKV10032: Invalid issuer. Expected one of {ONE}, {}, {}, found {}.",
            of("f8cdef31-a31e-4b4a-93e4-5f571e91255a"),
            of("e2d54eb5-3869-4f70-8578-dee5fc7331f4"),
            of("ec8f58d9-684c-5eca-a406-049b3fd4c793"),
        );
        name_tenants(&text, &mut told);
        assert!(told.message.contains("ec8f58d9"), "{told:?}");
        let [help] = &told.help[..] else { panic!("{told:?}") };
        assert!(
            help.contains("az login --tenant 8eb213ed") && !help.contains("f8cdef31"),
            "{help}"
        );
    }

    #[test]
    fn tenants_and_versions_tell_two_causes_apart() {
        use Confidence::{Certain, Likely};
        for (text, id, confidence) in [
            (
                format!("Issuer: '{ONE}'. Expected: '{SAME}'."),
                RuleId::V1V2EndpointMismatch,
                Certain,
            ),
            (format!("Issuer: '{OTHER}'. Expected: '{SAME}'."), RuleId::WrongTenant, Certain),
            (format!("Issuer: '{ONE}'."), RuleId::V1V2EndpointMismatch, Likely),
            (format!("https://sts.windows.net/{PERSONAL}/"), RuleId::WrongTenant, Likely),
            (
                "https://a.example/x and https://b.example/y".to_owned(),
                RuleId::V1V2EndpointMismatch,
                Likely,
            ),
        ] {
            assert_eq!(refined(&text), (id, confidence), "{text}");
        }
    }
}
