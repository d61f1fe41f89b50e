use crate::issuer::{self, Place, Unreachable};
use crate::{Confidence, Facts, Finding, Rule, RuleId, Severity, Who, refusal};
use entrada_core::entra::clouds::Cloud;

pub(super) static RULE: Rule = Rule {
    id: RuleId::FederatedCredentialMismatch,
    severity: Severity::Error,
    who: Who::Developer,
    docs: include_str!("pages/federated-credential-mismatch.md"),
    check,
    advise: Rule::as_it_is,
};

fn check(facts: &Facts) -> Option<Finding> {
    let Some(finding) = refusal::explain(
        facts,
        &RULE,
        "no federated credential of the registration matches the external token",
    ) else {
        return by_token(facts);
    };
    let description = facts.refusal().and_then(|refusal| refusal.error_description.as_deref());
    if let Some(found) = description.and_then(issuer::unreachable) {
        return Some(with_issuer(finding, &found));
    }
    let finding = match description.and_then(github_form) {
        Some(help) => finding.help(help),
        None => finding,
    };
    let cloud = facts.context().cloud.filter(|cloud| *cloud != Cloud::Public);
    Some(match cloud {
        Some(cloud) => finding.help(format!(
            "in the cloud `{}` the audience of the external token is `{}`",
            cloud.id(),
            cloud.facts().federation_audience
        )),
        None => finding,
    })
}

/// Help where the text quotes a subject of GitHub, which has two forms: with names alone, and with the ids of owner and repository.
fn github_form(description: &str) -> Option<&'static str> {
    let subject = description.split_once("'repo:")?.1.split('\'').next()?;
    let has_ids = subject.split(':').next()?.contains('@');
    Some(if has_ids {
        "GitHub's token names the ids of owner and repository (`repo:OWNER@ID/REPO@ID:…`): give the credential this subject, or choose the form in GitHub's OIDC settings of the repository"
    } else {
        "GitHub's token has names alone: a credential that the portal made may have the form with ids (`repo:OWNER@ID/REPO@ID:…`), a branch or an environment of another name, or other capitals"
    })
}

/// A token that is meant to be exchanged at Entra, and whose issuer is not on the internet.
fn by_token(facts: &Facts) -> Option<Finding> {
    let claims = facts.claims()?;
    let aud = claims.aud().filter(|aud| aud.starts_with("api://AzureADTokenExchange"))?;
    let found = issuer::check(claims.text("iss")?)?;
    let finding = RULE
        .finding("")
        .with_confidence(Confidence::Likely)
        .with_evidence("iss", found.issuer)
        .with_evidence("aud", aud);
    Some(with_issuer(finding, &found))
}

/// `finding`, with what is wrong with the issuer, and what to do about it.
fn with_issuer(finding: Finding, found: &Unreachable) -> Finding {
    let mut finding = finding.with_message(format!(
        "the issuer of the external token, `{}`, is {} and not public: Entra cannot fetch its keys",
        found.issuer,
        found.place.words()
    ));
    finding.help.clear();
    let finding = match found.place {
        Place::Cluster => finding
            .help("give the cluster a public issuer: on AKS, `az aks update --enable-oidc-issuer --enable-workload-identity`; elsewhere, the API server's `--service-account-issuer`, with its discovery document and keys published at that address")
            .help("mount a projected service account token with the audience `api://AzureADTokenExchange`: its `iss` is then that address"),
        Place::Loopback | Place::PrivateNetwork => finding.help(
            "give the token's issuer a public `https` address at which `/.well-known/openid-configuration` and its keys can be read from the internet",
        ),
    };
    finding.help("set `issuer` of the federated credential to exactly the `iss` of the new token")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{finding_of, token};

    #[test]
    fn the_two_forms_of_githubs_subject_are_told_apart() {
        let form = |subject: &str| {
            github_form(&format!(
                "AADSTS700213: no record for presented assertion subject '{subject}'. Check"
            ))
        };
        let names = form("repo:contoso/app:environment:production").unwrap();
        assert!(names.contains("names alone"), "{names}");
        let ids = form("repo:contoso@12/app@34:ref:refs/heads/user@home").unwrap();
        assert!(ids.contains("names the ids"), "{ids}");
        assert!(form("repo:contoso/app:ref:refs/heads/user@home").unwrap().contains("names alone"));
        assert_eq!(form("system:serviceaccount:a:b"), None);
    }

    #[test]
    fn a_token_for_the_exchange_needs_a_public_issuer() {
        let with = |iss: &str, aud: &str| {
            finding_of(&RULE, &token(&format!(r#"{{"iss":"{iss}","aud":"{aud}","sub":"s"}}"#)))
        };
        let cluster = "https://kubernetes.default.svc.cluster.local";
        let text = with(cluster, "api://AzureADTokenExchange").unwrap();
        assert!(text.contains("inside the cluster") && text.contains(cluster), "{text}");
        assert_eq!(with(cluster, "https://kubernetes.default.svc"), None);
        assert_eq!(
            with("https://token.actions.githubusercontent.com", "api://AzureADTokenExchange"),
            None
        );
    }
}
