//! Asks the user, makes sure that it was the right one, and keeps what came.

use super::acquired::{Acquired, Source, keep, key_of, set_aside};
use super::auth_code::Arrived;
use super::browser_result::BrowserResult;
use super::choose::{SignInMethod, choose};
use super::deadline::BoundedHttp;
use super::identity::identify;
use super::locking::lock;
use super::refresh::UNUSABLE_REFRESH_TOKEN;
use super::reuse::{absorb, absorb_refresh_token};
use super::{AcquireError, Prompt, TokenRequest, auth_code, device_code, endpoints, guard};
use crate::store::{AccountEntry, Grant, GrantQuery, Grants, StoreKind, WriteReservation};
use crate::sys::{Interrupted, Sys};
use entrada_core::oauth::ProtocolError;
use entrada_core::{Account, Endpoints};

/// Asks the user to sign in, whatever is stored.
///
/// # Errors
///
/// [`AcquireError`] says what kept the user from signing in, or the grant from being stored.
pub fn sign_in(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    // Before the user spends a minute on it: can the result be kept at all?
    check_stored(grants, request)?;
    let reservation = grants.prepare_new()?;
    grants.can_lock()?;
    let http = BoundedHttp::new(sys.http, sys.clock, request.page.timeout);
    let bounded = Sys { http: &http, ..*sys };
    let found = endpoints::resolve(&bounded, &request.authority, None)?;
    let (arrived, grant_type) = match choose(sys, request, &found)? {
        SignInMethod::Device => {
            if request.page.says_something() {
                prompt.trouble(
                    "a sign-in by code has no page to pass hints, prompts and parameters to; `--flow browser` and \
                     `--flow paste` have",
                );
            }
            let ((response, unusable), held) = device_code::run(&bounded, &found, request, prompt)?;
            let browser_result = BrowserResult::none();
            (
                Arrived { response, unusable, nonce: None, browser_result, held },
                device_code::GRANT_TYPE,
            )
        }
        way => (auth_code::run(sys, &found, request, way, prompt)?, auth_code::GRANT_TYPE),
    };
    let Arrived { response, unusable, nonce, browser_result, held } = arrived;
    // OIDC Core §3.1.3.3: with `openid` there is one. Whatever else names the account is not signed, or not for us.
    if request.scopes.contains("openid") && response.id_token.is_none() {
        prompt.trouble(
            "the response has no ID token although `openid` was requested, so nothing proves who signed in",
        );
    }
    let signed_in_at = Some(sys.clock.now());
    let issued = IssuedTokens {
        response,
        nonce,
        grant_type,
        signed_in_at,
        endpoints: found,
        known_as: None,
        replacement: Replacement::Allowed,
        unusable,
    };
    let outcome = issued.verify_and_store(sys, grants, request, &reservation, prompt);
    browser_result.tell(sys.clock, outcome.as_ref().map(|acquired| &acquired.account));
    // Whoever asked us to end meanwhile is heard now that nothing can be lost.
    stopped_or(grants, held.end(), outcome)
}

/// `outcome`, unless the program was asked to end meanwhile: then the error tells what became of the grant.
pub(super) fn stopped_or(
    grants: &Grants,
    end: Result<(), Interrupted>,
    outcome: Result<Acquired, AcquireError>,
) -> Result<Acquired, AcquireError> {
    match (end, outcome) {
        (Ok(()), outcome) => outcome,
        (Err(interrupted), Ok(acquired)) => {
            let is_kept = grants.kind() != StoreKind::Memory;
            let unsaved = acquired.unsaved.map(Box::new);
            Err(AcquireError::Stopped { interrupted, is_kept, unsaved })
        }
        (Err(interrupted), Err(_)) => Err(interrupted.into()),
    }
}

/// Proves that the grants in whose place the new one may come can be read: a damaged one would be in its way.
fn check_stored(grants: &Grants, request: &TokenRequest) -> Result<(), AcquireError> {
    let key = key_of(request, &Account::default());
    let sought = GrantQuery {
        authority: &key.authority,
        tenant: &key.tenant,
        client_id: &key.client_id,
        account: None,
    };
    // Of one that cannot be read the list may not know the user's name.
    let may_be = |entry: &AccountEntry| {
        let is_called =
            |account: &String| entry.username.is_none() || entry.is_identified_by(account);
        sought.fits(entry) && request.account.as_ref().is_none_or(is_called)
    };
    Ok(grants.check_all(&may_be)?)
}

/// Tokens that came, from somebody who still has to be the right one.
pub(super) struct IssuedTokens {
    pub(super) response: entrada_core::oauth::TokenResponse,
    pub(super) nonce: Option<entrada_core::Secret>,
    pub(super) grant_type: &'static str,
    /// When somebody signed in, where that is known.
    pub(super) signed_in_at: Option<entrada_core::NumericDate>,
    pub(super) endpoints: Endpoints,
    /// Whose they are, where the authority does not say.
    pub(super) known_as: Option<String>,
    /// Whether they may take the place of a grant that is stored.
    pub(super) replacement: Replacement,
    /// Why the access token beside the refresh token cannot be used, where that is so.
    pub(super) unusable: Option<ProtocolError>,
}

/// Whether tokens may take the place of a grant that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// They may.
    Allowed,
    /// They may, and the user has to hear of it.
    Announced,
    /// The stored grant stays.
    Refused,
}

impl IssuedTokens {
    /// Checks whose they are, and stores them.
    pub(super) fn verify_and_store(
        self,
        sys: &Sys<'_>,
        grants: &Grants,
        request: &TokenRequest,
        reservation: &WriteReservation,
        prompt: &mut dyn Prompt,
    ) -> Result<Acquired, AcquireError> {
        reservation.begin_save();
        let Self { response, nonce, grant_type, signed_in_at, endpoints, known_as, .. } = self;
        let nonce = nonce.as_ref();
        let mut account = identify(sys, grants, &endpoints, request, &response, nonce, prompt)?;
        if let Some(name) = known_as.filter(|_| account.is_unidentified()) {
            (account.id, account.username) = (name.clone(), Some(name));
        }
        let key = key_of(request, &account);
        if let Ok(Some(stored)) = grants.load(&key)
            && stored.account.has_same_subject(&account)
        {
            // A user who was renamed still goes by the name that settings may have.
            account.keep_names_of(&stored.account);
        }
        guard::check(request, &account)?;
        let now = sys.clock.now();
        let mut grant = Grant {
            account,
            refresh_token: None,
            refreshed_at: now,
            refresh_expires_at: None,
            signed_in_at,
            grant_type: grant_type.to_owned(),
            endpoints: request.authority.endpoints().is_none().then_some(endpoints),
            access_tokens: Vec::new(),
        };
        // A refresh that runs now must not put the old grant over the new one.
        let guard = lock(sys, grants, request, &key);
        let label = grant.account.label();
        match self.replacement {
            Replacement::Refused if grants.load(&key)?.is_some() => {
                return Err(AcquireError::Taken(label.to_owned()));
            }
            Replacement::Announced if matches!(grants.load(&key), Ok(Some(_))) => {
                prompt.trouble(&format!(
                    "the stored sign-in of {label} is replaced: whose token it was showed only when it was used, and the new \
                     refresh token can be kept in no other place"
                ));
            }
            _ => (),
        }
        if response.refresh_token.is_none()
            && request.scopes.requests_offline_access()
            && let Ok(Some(old)) = grants.load(&key)
        {
            // The user's earlier consent still stands (RFC 6749 §6: a new one replaces the old, none does not).
            grant.refresh_token = old.refresh_token;
            grant.refreshed_at = old.refreshed_at;
            grant.refresh_expires_at = old.refresh_expires_at;
        }
        if response.refresh_token_unusable {
            let rest = if grant.refresh_token.is_some() {
                "the previous one is kept"
            } else {
                "there is no previous one, so the sign-in ends when its access token expires"
            };
            prompt.trouble(&format!("{UNUSABLE_REFRESH_TOKEN}; {rest}"));
        }
        let token = match self.unusable {
            None => Ok(absorb(&mut grant, &response, request)),
            Some(error) => {
                absorb_refresh_token(&mut grant, &response);
                Err(error)
            }
        };
        let unsaved = match guard {
            Ok(guard) => {
                // What the authority said of the old one counts no more.
                guard.write_note("");
                keep(grants, reservation, &key, &grant, now, None)
            }
            // Who has the lock may be about to store the old grant: the new one waits until the next run has the lock.
            Err(error) => Some(set_aside(grants, reservation, &key, &grant, error)),
        };
        let token = match token {
            Ok(token) => token,
            Err(error) => {
                match &unsaved {
                    Some(unsaved) => prompt.trouble(&unsaved.to_string()),
                    None => prompt
                        .trouble("the refresh token from the response was stored nevertheless"),
                }
                return Err(error.into());
            }
        };
        Ok(Acquired {
            token,
            account: grant.account,
            key,
            source: Source::SignIn,
            grant_type,
            has_refresh_token: grant.refresh_token.is_some(),
            response: Some(response),
            unsaved,
            trouble: None,
        })
    }
}
