//! Deliveries of event notifications: is this one from B2?

use b2_proto::WebhookSecret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Names the scheme of a signature.
const SCHEME: &str = "v1=";

/// Whether a delivery bears a signature made with the secret of its rule.
///
/// `header` is the value of `X-Bz-Event-Notification-Signature`, of which one
/// signature has to fit: while a secret is replaced, B2 signs with both.
/// `body` is the body as it came, byte for byte: what was read as JSON and
/// written again is another. Compared in constant time.
///
/// A delivery may come twice: tell them apart by their event ids.
///
/// ```
/// use b2_core::webhook;
/// use b2_proto::WebhookSecret;
///
/// let secret = WebhookSecret::from("0123456789abcdef0123456789abcdef");
/// let body = br#"{"events":[]}"#;
/// let signature = "v1=b8e5e1612f52653b9177d6a1b25773f910e9317fb1f3df63f0d0cf2efdfc02a3";
/// assert!(webhook::verify(&secret, signature, body));
/// ```
#[must_use]
pub fn verify(secret: &WebhookSecret, header: &str, body: &[u8]) -> bool {
    // Each is looked at, so that the time tells nothing about which fits.
    header.split(',').fold(false, |fits, signature| fits | is_signed(secret, signature, body))
}

fn is_signed(secret: &WebhookSecret, signature: &str, body: &[u8]) -> bool {
    let Some(digest) = signature.trim().strip_prefix(SCHEME).and_then(from_hex) else {
        return false;
    };
    // A key of any length is one for HMAC.
    Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(&digest).is_ok())
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).ok()?;
        // `from_str_radix` would take a sign.
        if digits.starts_with('+') {
            return None;
        }
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"what do ya want for nothing?";
    /// RFC 4231, test case 2: the key is `Jefe`.
    const SIGNATURE: &str = "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn fits(header: &str) -> bool {
        verify(&WebhookSecret::from("Jefe"), header, BODY)
    }

    #[test]
    fn one_signature_has_to_fit() {
        assert!(fits(SIGNATURE));
        let zeros = format!("v1={}", "0".repeat(64));
        assert!(fits(&format!("{zeros}, {SIGNATURE}")) && fits(&format!("{SIGNATURE},{zeros}")));
        assert!(fits(&SIGNATURE.to_uppercase().replace("V1", "v1")));
    }

    #[test]
    fn anything_else_does_not() {
        let cut = &SIGNATURE[..SIGNATURE.len() - 1];
        let other = SIGNATURE.replace("v1", "v2");
        let signed = SIGNATURE.replace("5b", "+5");
        for header in ["", "v1=", "v1", cut, &other, &signed, "v1=zz", &SIGNATURE[3..], "v1=\u{e9}"]
        {
            assert!(!fits(header), "{header}");
        }
        assert!(!verify(&WebhookSecret::from("jefe"), SIGNATURE, BODY));
        assert!(!verify(&WebhookSecret::from("Jefe"), SIGNATURE, &BODY[1..]));
    }
}
