//! The key that signs tokens.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An RSA-2048 key and its ids.
pub(super) struct SigningKey {
    pair: KeyPair,
    kid: String,
}

/// The key of this process. It is made at the first use, and all emulators of the process sign with it.
pub(super) fn key() -> Option<&'static SigningKey> {
    static KEY: OnceLock<Option<SigningKey>> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let digest = Sha256::digest(pair.public_key().as_ref());
        // Entra's `kid` is the SHA-1 of a certificate: 20 bytes.
        let kid = URL_SAFE_NO_PAD.encode(&digest[..20]);
        Some(SigningKey { pair, kid })
    })
    .as_ref()
}

impl SigningKey {
    /// The key's id in the key set.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// Makes a compact JWT. With a `nonce` in `header`, the signature is over the nonce's SHA-256, as in Entra's tokens for
    /// Graph and Exchange, so that only the API can check it.
    pub(super) fn sign(&self, mut header: Value, claims: &Value) -> String {
        header["alg"] = json!("RS256");
        header["typ"] = json!("JWT");
        header["kid"] = json!(self.kid);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signed = format!("{}.{claims}", signed_form(&header));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let done = self.pair.sign(
            &signature::RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        );
        if done.is_err() {
            signature.clear();
        }
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whether [`SigningKey::sign`] made this token.
    pub(super) fn has_signed(&self, token: &str) -> bool {
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let header = URL_SAFE_NO_PAD.decode(header).ok();
        let header = header.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let Some(header) = header else { return false };
        let signed = format!("{}.{claims}", signed_form(&header));
        let public = self.pair.public_key();
        let public = DecodingKey::from_rsa_raw_components(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
        );
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &public, Algorithm::RS256)
            .unwrap_or(false)
    }

    /// The key set document (RFC 7517 §5).
    pub(super) fn jwks(&self) -> Value {
        let public = self.pair.public_key();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "x5t": self.kid,
            "n": part(public.modulus().big_endian_without_leading_zero()),
            "e": part(public.exponent().big_endian_without_leading_zero()),
        }] })
    }
}

/// The header for the signature: its nonce is replaced by the nonce's SHA-256.
fn signed_form(header: &Value) -> String {
    let mut header = header.clone();
    if let Some(nonce) = header.get("nonce").and_then(Value::as_str) {
        header["nonce"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(nonce)));
    }
    URL_SAFE_NO_PAD.encode(header.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unchanged_tokens_pass_the_check() {
        let key = key().unwrap();
        for header in [json!({}), json!({"nonce": "n"})] {
            let token = key.sign(header, &json!({"aud": "x"}));
            assert!(key.has_signed(&token));
            let (head, signature) = token.rsplit_once('.').unwrap();
            assert!(!key.has_signed(&format!("{head}x.{signature}")));
            assert!(!key.has_signed(&format!("{head}.")));
        }
    }
}
