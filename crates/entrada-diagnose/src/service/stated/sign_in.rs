//! Why a program has no token: no variable, no identity, no tool, no sign-in.

use super::{Family, Meaning};
use crate::{Confidence, RuleId, Who};

/// The families, the most telling first.
pub(super) static SIGN_IN: &[Family] = &[
    // The endpoint of managed identities.
    Family {
        sentences: &[
            "169.254.169.254|169.254.168.244|imds|metadata endpoint|metadata service|managed identity endpoint|identity endpoint|localhost:42356|127.0.0.1:41*|msi endpoint .. failed to respond|did not properly respond|timed out|timeout|connection refused|no route to host|unreachable|unable to connect|could not connect|cannot connect|connection attempt failed|no response|econnrefused|ehostunreach|etimedout|actively refused|forbidden by its access permissions",
            "failed to respond|did not properly respond|timed out|timeout|connection refused|no route to host|unreachable|unable to connect|could not connect|cannot connect|connection attempt failed|no response|econnrefused|actively refused .. 169.254.169.254|169.254.168.244|imds|metadata endpoint|managed identity endpoint|identity endpoint|msi endpoint",
            "169.254.169.254/metadata/identity .. metadata .. unable to connect|could not connect|timed out|refused",
        ],
        unless: &["aadsts"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::Developer),
            message: "the endpoint of managed identities does not answer where the program runs: this is no resource of Azure with an identity, or its network does not lead there; Entra was not asked",
            help: &[
                "on a machine outside Azure sign in otherwise (`az login`, a secret, workload identity); in App Service, Functions and Automation use the address in `IDENTITY_ENDPOINT`, as `DefaultAzureCredential` and `Connect-AzAccount -Identity` do",
                "in Azure switch the identity on, and let traffic to `169.254.169.254` pass without a proxy (`NO_PROXY`)",
            ],
        },
    },
    Family {
        sentences: &[
            "no|not have a|does not have any|doesn't have a|without a .. system-assigned|system assigned|user-assigned|user assigned|managed .. identity|identities",
            "user assigned identity|user-assigned identity|user assigned identities|user assigned managed identity|system assigned identity|system-assigned identity|managed identity .. not supported|not enabled|not assigned|not found|does not exist|is not configured|must not be passed|has not been assigned|isn't assigned|not available",
            "clientid must not be passed|client id must not be passed",
        ],
        unless: &["aadsts", "authentication unavailable"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::Developer),
            message: "the resource that the program runs on does not have the managed identity that the request means; Entra was not asked",
            help: &[
                "a request without an id means the system-assigned identity: switch it on (*Identity*); a request with a client id means a user-assigned one: assign it to this resource",
                "where only a system-assigned identity exists, leave the id out: `Connect-AzAccount -Identity`, no `AZURE_CLIENT_ID`",
            ],
        },
    },
    // No credential is set up.
    Family {
        sentences: &[
            "azure_client_id|azure_tenant_id|azure_client_secret|azure_federated_token_file|azure_client_certificate_path|azure_username|azure_password|arm_client_id|arm_client_secret|arm_tenant_id|arm_subscription_id|azure_subscription_id|identity_endpoint|msi_endpoint|gitlab_oidc_token|arm_oidc_token|azure_credentials .. not set|is missing|missing|is empty|not defined|is required|unset|undefined|not provided|must be set|must be specified|not found|not configured",
            "missing|required|unset|undefined|not set|not found .. environment variable*|env variable*|variable*|env var*|secret|setting* .. azure_*|arm_*",
        ],
        unless: &["authentication unavailable"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::Developer),
            message: "a variable that the credential needs is not set where the program runs, so nothing was sent",
            help: &[
                "set the variable that the text names for the process itself (container, job, service), and start the program again",
            ],
        },
    },
    Family {
        sentences: &[
            "no credential|no credentials|no azure credential|no azure credentials|no authorizer|no authentication method|no auth method|no accounts|no account|no login|no logged in user .. configured|found|available|provided|specified|supplied|present",
            "could not find|cannot find|unable to find|failed to find|couldn't find|not find .. credentials|credential|azure credentials|logged in account|signed in account",
            "credentials|credential|managed identity|managed identity authentication .. not configured|not available|is not available|unavailable|are missing|not found|not set up|could not be found|were not configured|not fully configured",
            "all credentials failed|none of the credentials|none of the configured credentials|no credential in this chain",
        ],
        unless: &[
            "aadsts",
            "assigned",
            "imap",
            "smtp",
            "keychain",
            "git credential",
            "aws",
            "gcloud",
        ],
        bare: false,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::Developer),
            message: "the program found no credential of Azure where it runs, so nothing was sent and nothing was refused",
            help: &[
                "set one up for the process: on a developer's machine `az login`; in Azure a managed identity; elsewhere `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`, or workload identity",
            ],
        },
    },
    // A program that signs in is missing.
    Family {
        sentences: &[
            "az|azd|azure cli|azure-cli|azure developer cli|kubelogin|pwsh|powershell|azure powershell|az.accounts module|azcopy|pac|docker-credential-acr*|azureauth .. not found|could not be found|cannot be found|not recognized|not installed|is not installed|no such file|enoent|not on the path|not in path|executable file not found",
            "failed to invoke|unable to invoke|could not invoke|cannot find|could not find|unable to find|failed to run|could not launch|failed to launch|executable file not found|cannot run .. azure cli|az|azure developer cli|azd|kubelogin|powershell",
        ],
        unless: &["aadsts", "subscription", "resource", "secret"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::User),
            message: "the program takes its token from a command-line tool that is not installed where it runs, or not on `PATH`; nothing was refused",
            help: &[
                "install the tool for the account that runs the program and sign in with it (`az login`, `azd auth login`), or choose another credential: a managed identity, or `AZURE_CLIENT_ID`, `AZURE_TENANT_ID` and `AZURE_CLIENT_SECRET`",
            ],
        },
    },
    // The tool that signs in failed itself.
    Family {
        sentences: &[
            "azure cli|az account get-access-token|azureclicredential|az cli|azure developer cli|azuredeveloperclicredential|azure powershell|azurepowershellcredential .. exit status|exit code|exited with|unexpected error|timed out|failed with|traceback",
        ],
        unless: &["aadsts", "please run", "az login"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::User),
            message: "the program takes its token from a command-line tool, which failed itself; nothing was refused",
            help: &[
                "run the tool by hand as the same user: `az account get-access-token` (`azd auth token`, `Get-AzAccessToken`); its own error is the cause, and after it is mended the program works",
                "if the tool is broken, update it and clear its store: `az account clear`, then `az login`",
            ],
        },
    },
    // The tool wants a new sign-in.
    Family {
        sentences: &[
            "reauthentication|re-authentication|reauthenticate|re-authenticate|reauth .. required|needed|necessary|is required",
            "session|login|sign-in|credentials|credential|refresh token|authentication|cached token|stored token .. expired|has expired|have expired|is expired|timed out|no longer valid|been revoked",
            "please|must|need to|have to .. reauthenticate|re-authenticate|log in again|login again|sign in again|relogin|re-login|authenticate again",
        ],
        unless: &[
            "aadsts",
            "session cookies",
            "imap",
            "smtp",
            "access token has expired",
            "certificate",
            "console session",
        ],
        bare: false,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::RefreshTokenExpired,
            who: Some(Who::User),
            message: "the tool's stored sign-in has ended or does not suffice, and it asks for a new one",
            help: &["run `{command}`", "sign in again with the tool that wrote this"],
        },
    },
    Family {
        sentences: &[
            "run|use|execute|with|call|try|invoke|via|using|running .. az login|azd auth login|azd login|azcopy login|azure login|connect-azaccount|login-azaccount|login-azurermaccount|connect-mggraph|connect-azuread|connect-exchangeonline|connect-powerbiserviceaccount|login-powerbi|connect-pnponline|add-powerappsaccount|pac auth create|m365 login|mgc login|databricks auth login|connect-microsoftteams",
            "you are not|not currently|user is not|nobody is|you're not|must be|need to be|have to be .. logged in|signed in|logged on|authenticated",
            "not logged in|not signed in|no user logged in|not logged into azure|not authenticated with",
        ],
        unless: &["aadsts", "logged in to the server", "succeeded"],
        bare: false,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::User),
            message: "nobody is signed in to the tool where the program runs, or its sign-in has ended; nothing was refused",
            help: &["run `{command}`", "sign in with the tool as the user that runs the program"],
        },
    },
];
