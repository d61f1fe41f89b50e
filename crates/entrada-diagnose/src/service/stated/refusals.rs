//! What a service refuses regardless of the token: by its network, a policy, a lock, or because something is disabled, expired
//! or unknown there.

use super::{Family, Meaning};
use crate::{Confidence, RuleId, Who};

/// The families, the most telling first.
pub(super) static REFUSALS: &[Family] = &[
    // The network rejects the caller.
    Family {
        sentences: &[
            "public network access|public access|public endpoint|public internet .. disabled|not allowed|denied|blocked|not permitted|forbidden",
            "client address|client ip*|source address|source ip*|ip address*|your ip|client with ip*|request from ip*|virtual network|vnet .. not authorized|not authorised|not allowed|denied|blocked|rejected|not permitted|forbidden|not in the allow*|not whitelisted",
            "blocked|denied|rejected|refused|not allowed|forbidden|restricted .. by|due to|because of .. firewall*|network rule*|ip rule*|ip restriction*|network acl*|network security perimeter|private endpoint|network polic*",
        ],
        unless: &["conditional access", "aadsts"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::TenantAdmin),
            message: "the network rules of the service reject the address of the caller; neither token nor role was judged",
            help: &[
                "allow the address or the network at the service (*Networking*), or call over its private endpoint",
            ],
        },
    },
    // Keys are switched off.
    Family {
        sentences: &[
            "key based|key-based|shared key|access key|account key|api key|local|local-based|shared access signature|sas|connection string .. authentication|authorization|auth|access|signature*|credential* .. disabled|not permitted|not allowed|not enabled|switched off|turned off|forbidden|not supported",
            "shared access signature*|account key*|access key*|api key*|shared key*|admin user|admin account|local admin|local account*|local auth* .. disabled|not permitted|not allowed|turned off|switched off",
            "disablelocalauth|localauthdisabled|authenticationtypedisabled",
        ],
        unless: &["network access"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::Developer),
            message: "the request used a key or a local account, which this resource does not accept; no token was judged",
            help: &[
                "let the program sign in with Entra ID (`DefaultAzureCredential`, `az login`) instead of the key, and give its identity a role for the data",
            ],
        },
    },
    // A policy forbids the change.
    Family {
        sentences: &[
            "disallowed|denied|blocked|rejected|prevented|prohibited|not allowed|forbidden .. by .. policy|policies",
            "violates|violated|does not comply with|violation of .. azure policy|the policy|policy assignment*|policy definition*|organization policy|policy '",
        ],
        unless: &[
            "conditional access",
            "access policy",
            "access policies",
            "aadsts",
            "sign-in",
            "app protection",
            "mailbox",
            "cors",
        ],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::TenantAdmin),
            message: "a policy of the organisation forbids this action for every caller; neither token nor role decides",
            help: &[
                "change the request so that the policy allows it (the text or its details name the policy), or ask its owner for an exemption",
            ],
        },
    },
    // A lock of Azure Resource Manager.
    Family {
        sentences: &[
            "scopelocked",
            "cannot perform|can't perform|unable to perform .. operation .. locked",
        ],
        unless: &[],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::TenantAdmin),
            message: "a lock on the resource or above it forbids the change for every caller",
            help: &[
                "find it with `az lock list --resource-group GROUP`, and let an owner remove it: `az lock delete`",
            ],
        },
    },
    // Applications are not admitted.
    Family {
        sentences: &[
            "service principal*|service principal authentication|app-only|app only|application-only|application permissions|managed identities .. not supported|not allowed|unsupported|cannot be used|can not be used|cannot call|cannot access|not permitted",
            "not supported|unsupported|does not support|doesn't support|not allowed|not available .. for|by|with|using|when using|as|via .. service principal*|app-only|application permissions|managed identit*",
            "does not support|doesn't support .. service principal*|app-only|application permissions",
        ],
        unless: &["aadsts", "to perform action", "does not have"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::AppOnlyTokenForDelegatedJob,
            who: None,
            message: "the service admits no application for this call, and the caller is one",
            help: &[
                "call it with a token of a signed-in user, or let an administrator open the API for applications if the service has such a setting",
            ],
        },
    },
    // Something is disabled.
    Family {
        sentences: &[
            "subscription|subscriptions .. disabled|not active|suspended|marked as read only|read-only state|warned state|deactivated",
            "readonlydisabledsubscription|subscriptionisdisabled|subscriptiondisabled",
        ],
        unless: &["aadsts"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::TenantAdmin),
            message: "the Azure subscription is disabled: its payment ended or somebody cancelled it; the caller was accepted",
            help: &[
                "its owner reactivates it (*Subscriptions* in the Azure portal), or choose another: `az account set --subscription ID`",
            ],
        },
    },
    Family {
        sentences: &[
            "user account|user|account|sign-in .. is disabled|has been disabled|was disabled|is locked|has been locked|locked out|account is blocked|has been blocked|is suspended|has been suspended|is deactivated|has been deactivated",
        ],
        unless: &[
            "storage account",
            "cosmos",
            "batch account",
            "automation account",
            "subscription",
            "mailbox",
            "smtp",
            "admin user",
            "login account",
        ],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::AccountLockedOrDisabled,
            who: None,
            message: "the account is disabled or locked",
            help: &[
                "an administrator enables it again (*Users* in the Entra admin center), then sign in once more",
            ],
        },
    },
    Family {
        sentences: &[
            "application|service principal|app registration|enterprise application|client application .. is disabled|has been disabled|was disabled|is deactivated|has been deactivated",
        ],
        unless: &["application insights", "access policy", "gateway"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::AppDisabledInTenant,
            who: None,
            message: "the application is disabled in the tenant",
            help: &[
                "an administrator enables it: *Enterprise applications*, the application, *Properties*, *Enabled for users to sign-in*",
            ],
        },
    },
    // Something has expired.
    Family {
        sentences: &[
            "client secret|app secret|application secret|client credential*|secret key|service principal secret|service principal password|service principal credential* .. has expired|is expired|have expired|expired",
            "service principal|client|app|application|authentication|login|authentication certificate .. certificate .. has expired|is expired|expired",
            "expired .. client secret|service principal secret|service principal credential*|client certificate",
        ],
        unless: &["key vault", "tls", "ssl"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::ClientSecretExpired,
            who: None,
            message: "the secret or the certificate of the application has expired",
            help: &[
                "add a new one to the registration (*Certificates & secrets*, `az ad app credential reset`) and put it where the program reads it",
            ],
        },
    },
    Family {
        sentences: &["personal access token|pat .. expired|has expired|revoked|invalid|not valid"],
        unless: &["github"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::User),
            message: "the personal access token has expired or was revoked; it does not come from Entra ID",
            help: &[
                "create a new one in the service's user settings, or let the program use a token of Entra ID",
            ],
        },
    },
    // The caller, or what it asks for, is not known there.
    Family {
        sentences: &[
            "user|account|login .. does not exist in|not found in|doesn't exist in .. msal token cache|token cache",
        ],
        unless: &[],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::User),
            message: "the tool's store has no sign-in of this account; nothing was refused",
            help: &[
                "sign in again: `{command}`",
                "if that does not help, clear the store first: `az account clear`, then `az login`",
            ],
        },
    },
    Family {
        sentences: &[
            "subscription|subscription id .. could not be found|not found|does not exist|doesn't exist|is not known|not recognized|cannot be found|can't be found|not available in",
            "no subscription|no subscriptions|no azure subscription|no azure subscriptions .. found|available|associated|accessible|exist",
            "subscriptionnotfound|no access was configured for the vm",
            "could not find|cannot find|unable to find|does not have access to|doesn't have access to .. subscription|subscriptions .. '|\"|`|id|with",
        ],
        unless: &[
            "magazine",
            "graph.microsoft.com",
            "webhook",
            "event grid",
            "eventgrid",
            "event subscription",
            "servicebus",
            "topic",
            "service bus",
            "subscription key",
            "ocp-apim",
        ],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::User),
            message: "the sign-in shows no such Azure subscription: the account has no role in it, it belongs to another tenant, or its id is wrong",
            help: &[
                "list what the sign-in reaches: `az account list --all --refresh`; for another tenant sign in there: `az login --tenant TENANT`",
                "give a service principal or a managed identity a role on the subscription or a resource group (`az role assignment create`); to sign in without one: `--allow-no-subscriptions`",
            ],
        },
    },
    Family {
        sentences: &[
            "user|users|account|principal|identity|caller|service principal|application|app .. is not a member|not a member|is not part|not been added|is not registered|has not been registered|could not be found|not found|does not exist|doesn't exist|is not known|unknown|not added .. organization|organisation|workspace|environment|project|instance|collection|team|metastore|cluster",
        ],
        unless: &["aadsts", "app service environment", "environment variable"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::TenantAdmin),
            message: "the service does not know the caller as a member of the named organisation, workspace or environment",
            help: &[
                "an administrator of the service adds the user or the application there, with a role",
            ],
        },
    },
];
