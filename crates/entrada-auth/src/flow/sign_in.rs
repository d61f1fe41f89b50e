//! Asks the user to sign in, checks which user signed in, and stores the grant.

use super::account_check::check_account;
use super::acquired::{Acquired, Source, keep, key_of, set_aside};
use super::auth_code::SignInResponse;
use super::bounded_http::BoundedHttp;
use super::browser_result::BrowserResult;
use super::identity::identify;
use super::locking::{lock, share_writes};
use super::refresh::UNUSABLE_REFRESH_TOKEN;
use super::sign_in_method::{SignInMethod, choose_method};
use super::usable_token::{merge_refresh_token, merge_response};
use super::{AcquireError, Prompt, TokenRequest, auth_code, device_code, endpoints};
use crate::store::{AccountEntry, Grant, GrantQuery, Grants, StoreKind, WriteReservation};
use crate::sys::{Interrupted, Sys};
use entrada_core::oauth::ProtocolError;
use entrada_core::{Account, Endpoints};

/// Asks the user to sign in, even if a usable grant is stored.
///
/// # Errors
///
/// [`AcquireError`] with the reason why the sign-in failed or the grant was not stored.
pub fn sign_in(
    sys: &Sys<'_>,
    grants: &Grants,
    request: &TokenRequest,
    prompt: &mut dyn Prompt,
) -> Result<Acquired, AcquireError> {
    // Checked before the user spends a minute on the sign-in: the result must be storable.
    check_stored(grants, request)?;
    // Not held while the user signs in: a change of the store's key need not wait for that.
    let writes = share_writes(sys, grants, request, Some(&mut *prompt))?;
    let reservation = grants.reserve_new()?;
    drop(writes);
    grants.can_lock()?;
    let http = BoundedHttp::new(sys.http, sys.clock, request.page.timeout);
    let bounded = Sys { http: &http, ..*sys };
    let found = endpoints::resolve(&bounded, &request.authority, None)?;
    let (arrived, grant_type) = match choose_method(sys, request, &found)? {
        SignInMethod::Device => {
            if request.page.has_parameters() {
                prompt.warn(
                    "a sign-in by code has no page to pass hints, prompts and parameters to; `--flow browser` and \
                     `--flow paste` have",
                );
            }
            let ((response, unusable), held) = device_code::run(&bounded, &found, request, prompt)?;
            let browser_result = BrowserResult::none();
            (
                SignInResponse { response, unusable, nonce: None, browser_result, held },
                device_code::GRANT_TYPE,
            )
        }
        method => (auth_code::run(sys, &found, request, method, prompt)?, auth_code::GRANT_TYPE),
    };
    let SignInResponse { response, unusable, nonce, browser_result, held } = arrived;
    // With `openid` the response must have an ID token (OIDC Core §3.1.3.3). Other data about the account is not signed,
    // or is meant for the API.
    if request.scopes.contains("openid") && response.id_token.is_none() {
        prompt.warn(
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
    browser_result.show(sys.clock, outcome.as_ref().map(|acquired| &acquired.account));
    // A signal that arrived during the request takes effect now: the grant is stored.
    outcome_unless_stopped(grants, held.end(), outcome)
}

/// `outcome`, unless a signal arrived in the meantime. The error then says what happened to the grant.
pub(super) fn outcome_unless_stopped(
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

/// Checks that the stored grants that the new one may replace can be read: a damaged one would prevent the save.
fn check_stored(grants: &Grants, request: &TokenRequest) -> Result<(), AcquireError> {
    let key = key_of(request, &Account::default());
    let query =
        GrantQuery { authority: &key.authority, tenant: &key.tenant, client_id: &key.client_id };
    // The list may lack the user name of a grant that cannot be read.
    let may_be = |entry: &AccountEntry| {
        let is_called =
            |account: &String| entry.username.is_none() || entry.is_identified_by(account);
        query.fits(entry) && request.account.as_ref().is_none_or(is_called)
    };
    Ok(grants.check_all(&may_be)?)
}

/// The tokens of a sign-in whose user has not been checked yet.
pub(super) struct IssuedTokens {
    pub(super) response: entrada_core::oauth::TokenResponse,
    pub(super) nonce: Option<entrada_core::Secret>,
    pub(super) grant_type: &'static str,
    /// When the user signed in, if known.
    pub(super) signed_in_at: Option<entrada_core::NumericDate>,
    pub(super) endpoints: Endpoints,
    /// The name of the account, for an authority that does not return one.
    pub(super) known_as: Option<String>,
    /// Whether the new grant may replace a stored one.
    pub(super) replacement: Replacement,
    /// Why the access token cannot be used, if the response has only a usable refresh token.
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
    /// Checks which user they belong to, and stores them.
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
            // The settings may name a renamed user by the former name.
            account.keep_names_of(&stored.account);
        }
        check_account(request, &account)?;
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
        // The lock keeps a refresh that runs now from overwriting the new grant with the old one.
        let guard = lock(sys, grants, request, &key, Some(&mut *prompt));
        let label = grant.account.label();
        match self.replacement {
            Replacement::Refused if grants.load(&key)?.is_some() => {
                return Err(AcquireError::AlreadySignedIn(label.to_owned()));
            }
            Replacement::Announced if matches!(grants.load(&key), Ok(Some(_))) => {
                prompt.warn(&format!(
                    "the stored sign-in of {label} is replaced: the token had to be used to find out its account, and the new \
                     refresh token can be stored only under that account"
                ));
            }
            _ => (),
        }
        if response.refresh_token.is_none()
            && request.scopes.requests_offline_access()
            && let Ok(Some(old)) = grants.load(&key)
        {
            // The previous refresh token stays valid: only a new one replaces it (RFC 6749 §6).
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
            prompt.warn(&format!("{UNUSABLE_REFRESH_TOKEN}; {rest}"));
        }
        let token = match self.unusable {
            None => Ok(merge_response(&mut grant, &response, request)),
            Some(error) => {
                merge_refresh_token(&mut grant, &response);
                Err(error)
            }
        };
        let writes = guard
            .and_then(|guard| Ok((guard, share_writes(sys, grants, request, Some(&mut *prompt))?)));
        let unsaved = match writes {
            Ok((guard, _writes)) => {
                // The recorded failure is about the old grant.
                guard.clear_note();
                keep(grants, reservation, &key, &grant, now, None)
            }
            // The process that holds the lock may be about to store the old grant, or changes the key of the store. The next
            // run that gets the locks stores the new one.
            Err(error) => Some(set_aside(grants, reservation, &key, &grant, error)),
        };
        let token = match token {
            Ok(token) => token,
            Err(error) => {
                match &unsaved {
                    Some(unsaved) => prompt.warn(&unsaved.to_string()),
                    None => {
                        prompt.warn("the refresh token from the response was stored nevertheless");
                    }
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
            refresh_error: None,
        })
    }
}
