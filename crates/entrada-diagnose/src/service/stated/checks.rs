//! What a program finds wrong with the token that it received.

use super::{Family, Meaning};
use crate::{Confidence, RuleId, Who};

/// The families, the most telling first.
pub(super) static CHECKS: &[Family] = &[
    // A program checked the token's claims.
    Family {
        sentences: &[
            "aud|audience|audiences .. is not valid|not valid|is invalid|invalid|not accepted|mismatch|does not match|doesn't match|not allowed|unexpected|is wrong|incorrect|not in the list",
            "invalid|unexpected|wrong|incorrect|mismatched|bad .. aud|audience",
        ],
        unless: &["aadsts", "signature"],
        bare: false,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::WrongAudience,
            who: None,
            message: "the API that checked the token does not accept its audience (`aud`)",
            help: &[
                "compare the token's `aud` with what the API is configured to accept: its client id or `api://CLIENT_ID`; version 2.0 tokens have the client id alone",
                "request a scope of that API: `api://CLIENT_ID/.default`",
            ],
        },
    },
    Family {
        sentences: &[
            "scope|scp|roles|role|permission .. claim .. does not contain|not contain|is missing|missing|not found|is required|must contain|lacks|neither|not present",
            "required|expected|missing .. scope|scp|role|roles .. claim|not found|in the token|in token",
        ],
        unless: &["aadsts", "role assignment"],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::MissingScope,
            who: None,
            message: "the API found no scope or role in the token that it requires for this call",
            help: &[
                "request the scope that the API names (`api://CLIENT_ID/SCOPE`) for a user; for an application without a user an administrator grants an app role of the API",
                "give the token as well, to see its `scp` and `roles`: `entrada diagnose ANSWER TOKEN`",
            ],
        },
    },
    // The request had no token.
    Family {
        sentences: &[
            "authorization header|auth header|bearer token|authentication token|authorization token|access token|auth token .. not found|is missing|missing|not present|was not provided|not provided|not supplied|is required|not set|is empty|is absent|not included",
            "missing|no|without|empty|required .. authorization header|bearer token|auth header|authorization token",
        ],
        unless: &[
            "cache",
            "aadsts",
            "refresh token",
            "can not be parsed",
            "personal access token",
            "or invalid",
            "or is invalid",
            "expired",
        ],
        bare: true,
        meaning: Meaning::Cause {
            confidence: Confidence::Likely,
            id: RuleId::NotABearerToken,
            who: Some(Who::Developer),
            message: "the request reached the service without a token",
            help: &[
                "send the header `Authorization: Bearer TOKEN`; look for a proxy or a redirect that drops it",
            ],
        },
    },
];
