//! Random text in the alphabets that Entra uses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A stream of bytes: SHA-256 over a key and a counter. A fixed seed gives the same codes and tokens every time.
pub(super) struct SeededRandom {
    key: [u8; 32],
    counter: u64,
}

impl SeededRandom {
    pub(super) fn new(seed: Option<u64>) -> Self {
        let mut key = [0; 32];
        match seed {
            Some(seed) => key[..8].copy_from_slice(&seed.to_le_bytes()),
            None if getrandom::fill(&mut key).is_ok() => (),
            // Without system randomness, the tokens of the test server are predictable.
            None => key.fill(7),
        }
        Self { key, counter: 0 }
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length + 32);
        while out.len() < length {
            self.counter += 1;
            let block =
                Sha256::new().chain_update(self.key).chain_update(self.counter.to_le_bytes());
            out.extend_from_slice(&block.finalize());
        }
        out.truncate(length);
        out
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let bytes = self.bytes(8);
        bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)) % bound.max(1)
    }

    /// `length` characters from `alphabet`, which is ASCII.
    pub(super) fn text(&mut self, length: usize, alphabet: &[u8]) -> String {
        let pick = |byte: u8| char::from(alphabet[usize::from(byte) % alphabet.len()]);
        self.bytes(length).into_iter().map(pick).collect()
    }

    /// Base64url of `bytes` random bytes.
    pub(super) fn base64url(&mut self, bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(bytes))
    }

    /// A version 4 GUID in lower case.
    pub(super) fn guid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.bytes(16));
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}
