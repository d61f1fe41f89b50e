use crate::{Rule, RuleId, Severity, Who, registration};

pub(super) static RULE: Rule = Rule {
    id: RuleId::AccessTokenVersion,
    severity: Severity::Error,
    who: Who::Developer,
    docs: "\
## What it means

The registration of an API decides the version of its access tokens, whatever endpoint issues them. The version does
not fit what the API expects, or the accounts that the registration accepts.

## Why it happens

`requestedAccessTokenVersion` (in the older manifest, `accessTokenAcceptedVersion`) is empty, which means 1. Tokens of
version 1 have `https://sts.windows.net/…` as `iss`, and the name by which they were requested as `aud`. Tokens of
version 2 have `…/v2.0` as `iss`, and the client id of the API as `aud`. Personal accounts need version 2.

## What to do

Set the version in the manifest of the API, or let the API accept the `aud` and `iss` of that version. Then get a new
token.
",
    check: registration::found_in_registration,
    advise: Rule::as_it_is,
};
