//! Sentences that leave the cause open, and features that are not offered. They count where nothing else does.

use super::{Family, Meaning};
use crate::{Confidence, RuleId, Who};

/// The families, the most telling first.
pub(super) static GUESSES: &[Family] = &[
    // Something is not offered.
    Family {
        sentences: &[
            "featurenotavailable|licenserequired|license_required|nolicense|capacitynotactive|capacitynotfound",
            "tenant feature|this feature|the feature .. is not enabled|not enabled|is disabled",
            "feature|capability|operation|api|functionality .. not available|is not enabled|not enabled|is disabled|unavailable .. tenant|region|capacity|sku|license|licence|tier|plan|organization|organisation|subscription",
            "requires|require|does not have|doesn't have|need .. license|licence|premium capacity|fabric capacity|paid plan",
        ],
        unless: &["aadsts", "mailbox"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::TenantAdmin),
            message: "the service does not offer this to the tenant, the capacity or the licence that the call is for; the caller was accepted",
            help: &[
                "an administrator switches the feature on for the tenant, or assigns the capacity or the licence that it needs",
            ],
        },
    },
    // What is said without a reason.
    Family {
        sentences: &[
            "cannot verify|can't verify|could not verify|unable to verify|failed to verify|failed to validate|cannot validate|could not validate|unable to validate|not a valid|invalid|rejected .. token|jwt|bearer",
            "token|jwt|bearer .. is invalid|invalid|is not valid|not valid|validation failed|verification failed|rejected|could not be validated|not accepted|was not accepted",
            "due to: error: invalid_token|error=invalid_token|error=\"invalid_token\"|error: invalid_token",
        ],
        unless: &[
            "aadsts",
            "refresh",
            "csrf",
            "antiforgery",
            "json at position",
            "unexpected token",
            "sas token",
            "personal access",
            "syntax",
            "device token",
            "push token",
            "cancellation",
        ],
        bare: false,
        meaning: Meaning::Cause {
            confidence: Confidence::Possible,
            id: RuleId::WrongAudience,
            who: None,
            message: "the program that checks the token refuses it and does not say which check failed: often the token is for another API, such as Microsoft Graph",
            help: &[
                "give the token as well, to narrow this down: `entrada diagnose ANSWER TOKEN`; its `aud` and `iss` have to be those that the program expects",
                "request a scope of your own API: `api://CLIENT_ID/.default`",
            ],
        },
    },
    Family {
        sentences: &[
            "failed|unable|could not|cannot|can't|couldn't|error .. acquire|acquiring|obtain|obtaining|get|getting|fetch|fetching|retrieve|retrieving|refresh|refreshing .. token|access token|tokens|credential|credentials",
            "failed|unable|could not|cannot|couldn't .. authenticate|authenticating .. credential|credentials|client|principal|azure|azstorage|subscription|account",
            "authentication|login|sign-in .. failed .. azure|service principal|managed identity|credential*|tenant|entra",
        ],
        unless: &[
            "aadsts",
            "imap",
            "smtp",
            "pop3",
            "mail",
            "github",
            "gitlab token",
            "csrf",
            "docker.io",
            "google",
            "aws",
            "535",
            "refresh_token",
        ],
        bare: false,
        meaning: Meaning::Cause {
            confidence: Confidence::Possible,
            id: RuleId::NotAboutTheToken,
            who: Some(Who::Developer),
            message: "the program got no token or could not use its credential, and the text names no reason",
            help: &[
                "give the lines around it: the authority's error (`AADSTS…`) or the answer of the managed identity names the reason; raise the log level if there is none",
                "check the values that the program received (tenant, client id, secret or certificate), and sign in with them by hand: `az login --service-principal`",
            ],
        },
    },
];
