//! All families, the most telling first.

use super::Family;
use super::checks::CHECKS;
use super::guesses::GUESSES;
use super::refusals::REFUSALS;
use super::rights::RIGHTS;
use super::sign_in::SIGN_IN;

/// Each family, in the order in which they are looked for.
pub(super) fn all() -> impl Iterator<Item = &'static Family> {
    [REFUSALS, RIGHTS, CHECKS, SIGN_IN, GUESSES].into_iter().flatten()
}
