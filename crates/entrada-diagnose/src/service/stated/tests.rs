use super::*;

fn id(text: &str) -> Option<RuleId> {
    let found = find(text, false)?;
    found.causes(None, text).first().map(|told| told.id)
}

fn told(text: &str) -> Hypothesis {
    find(text, false).unwrap_or_else(|| panic!("{text}")).causes(None, text).remove(0)
}

#[test]
fn sentences_of_one_meaning_have_one_cause() {
    let all: [(RuleId, &[&str]); 7] = [
        (
            RuleId::NotAboutTheToken,
            &[
                "Error: the service principal is not a member of the workspace",
                "error: Azure Developer CLI could not be found",
                "/bin/sh: 1: az: not found",
                "ERROR: Public network access is disabled on this registry",
                "Error: Client address '192.0.2.1' is not authorized",
                "ERROR: Admin user is disabled for the container registry",
                "Error: environment variable AZURE_CLIENT_SECRET is not set",
            ],
        ),
        (
            RuleId::AzureRoleMissing,
            &[
                "Error: The service principal requires role 'Contributor' on the resource group.",
                "Error: insufficient permissions on subscription 'Example'",
            ],
        ),
        (RuleId::AccountLockedOrDisabled, &["The user account is disabled."]),
        (RuleId::AppDisabledInTenant, &["Error: Application 'orders' is disabled"]),
        (RuleId::ClientSecretExpired, &["The client secret has expired"]),
        (
            RuleId::AppOnlyTokenForDelegatedJob,
            &["Service principals are not allowed to call this API."],
        ),
        (RuleId::RefreshTokenExpired, &["[ERROR] Reauthentication is required for this account"]),
    ];
    for (cause, texts) in all {
        for text in texts {
            assert_eq!(id(text), Some(cause), "{text}");
        }
    }
}

#[test]
fn the_command_that_signs_in_is_the_one_of_the_text() {
    let help = |text: &str| told(text).help.join("\n");
    assert!(
        help("ERROR: not logged in, run `azd auth login` to login")
            .contains("run `azd auth login`")
    );
    let scoped = "fetching token: reauthentication required, run `azd auth login --scope https://graph.microsoft.com/.default` to log in";
    assert!(help(scoped).contains("`azd auth login --scope https://graph.microsoft.com/.default`"));
    assert!(help("Error: You must be signed in").contains("sign in with the tool"));
}

#[test]
fn the_missing_right_is_named() {
    for (text, right) in [
        ("Identity 'a' is missing permission 'Environments.Read'", "Environments.Read"),
        (
            "TF401027: You need the Git 'GenericContribute' permission to perform this action",
            "GenericContribute",
        ),
        ("Error: the user is missing prvReadUserQuery privilege", "prvReadUserQuery"),
    ] {
        assert!(told(text).message.contains(right), "{text}: {}", told(text).message);
    }
}

#[test]
fn ordinary_language_states_nothing() {
    for text in [
        "He doesn't have access to the resource room.",
        "The firewall team is not authorized to order cake.",
        "no subscriptions found for this magazine",
        "my jwt is expired and I do not know why",
        "We discussed policies that were blocked by the board policy, then had lunch.",
        "Session cookies expire; reconnect then.",
        "Why does the user not have permission to read this?",
        "The client secret of a good party is music.",
        "You should run az login before the demo, what do you think?",
        "Access is denied by the firewall unless the IP address is allowed. Public network access can be disabled in the portal.",
        "Fixed: an error when the managed identity was not assigned to the cluster.",
        "hello",
        "",
    ] {
        assert!(find(text, false).is_none(), "{text}: {:?}", id(text));
    }
}
