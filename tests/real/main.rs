//! Tests against real keyring daemons.
