//! Secrets. They have no `Display` and no `Serialize`; `Debug` prints the type's name only, and
//! the memory is wiped when they are dropped. [`expose`](AuthToken::expose) is the one door.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            /// The secret itself. Whoever calls this takes care that it is not printed.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(secret: &str) -> Self {
                Self(secret.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(secret: String) -> Self {
                Self(secret)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self)
            }
        }

        impl OnWire for $name {
            fn on_wire(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.0)
            }
        }
    };
}

secret! {
    /// The secret half of an application key.
    ApplicationKey
}

secret! {
    /// A token: of an account, an upload or a download. Sent as it is, without `Bearer`.
    AuthToken
}

secret! {
    /// Where to upload to. Whoever knows it and its token can write.
    UploadUrl
}

secret! {
    /// What signs the deliveries of a notification rule.
    WebhookSecret
}

/// A customer's key for server-side encryption: 32 bytes.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CustomerKey([u8; 32]);

/// Why text is no customer key. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCustomerKey {
    /// The text is not base64.
    #[error("the customer key is not base64")]
    Encoding,
    /// The text is base64 of some other number of bytes.
    #[error("the customer key has {0} bytes instead of 32")]
    Length(usize),
}

impl CustomerKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key from base64, as headers and requests carry it.
    ///
    /// # Errors
    ///
    /// When the text is not base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, InvalidCustomerKey> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidCustomerKey::Encoding)?;
        let bytes = Zeroizing::new(bytes);
        let key = <[u8; 32]>::try_from(bytes.as_slice());
        key.map(Self).map_err(|_| InvalidCustomerKey::Length(bytes.len()))
    }

    /// The 32 bytes. Whoever calls this takes care that they are not printed.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes in base64, as headers and requests carry them.
    pub fn expose_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }

    /// Base64 of the MD5 of the bytes: sent beside the key, and sent back by the service.
    pub fn md5_base64(&self) -> String {
        STANDARD.encode(Md5::digest(self.0))
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey(..)")
    }
}

impl<'de> Deserialize<'de> for CustomerKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::from_base64(&text).map_err(D::Error::custom)
    }
}

impl OnWire for CustomerKey {
    fn on_wire(&self) -> Cow<'_, str> {
        Cow::Owned(STANDARD.encode(self.0))
    }
}

/// How a secret is written inside a request or an answer. Private, so that a secret alone cannot
/// be serialized from outside.
pub(crate) trait OnWire {
    fn on_wire(&self) -> Cow<'_, str>;
}

/// Writes a secret field of a wire structure.
pub(crate) fn exposed<S: Serializer>(
    secret: &impl OnWire,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&secret.on_wire())
}

/// Writes an optional secret field of a wire structure.
pub(crate) fn exposed_option<S: Serializer>(
    secret: &Option<impl OnWire>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EncryptionRequest, GetUploadUrlResponse};

    const CANARY: &str = "canary-7f3a";

    #[test]
    fn nothing_prints() {
        assert_eq!(format!("{:?}", ApplicationKey::from(CANARY)), "ApplicationKey(..)");
        assert_eq!(format!("{:?}", WebhookSecret::from(CANARY)), "WebhookSecret(..)");
        let response = GetUploadUrlResponse::new(CANARY.into(), "b".into(), CANARY.into());
        assert!(!format!("{response:#?}").contains(CANARY));
        let request = EncryptionRequest::new().with_customer_key(CustomerKey::new([0x5a; 32]));
        let printed = format!("{request:?}");
        assert!(printed.contains("CustomerKey(..)") && !printed.contains("90"), "{printed}");
    }

    #[test]
    fn a_customer_key_is_thirty_two_bytes() {
        let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let key = CustomerKey::new(bytes);
        let text = key.expose_base64();
        assert_eq!(*text, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        assert_eq!(key.md5_base64(), "tP/LI3N87DFaSk0aoqYgzg==");
        assert_eq!(CustomerKey::from_base64(&text), Ok(key));
        assert_eq!(CustomerKey::from_base64("AAEC"), Err(InvalidCustomerKey::Length(3)));
        assert_eq!(CustomerKey::from_base64("?"), Err(InvalidCustomerKey::Encoding));
    }

    #[test]
    fn a_bad_key_is_not_repeated_in_the_error() {
        let json = format!(r#"{{"mode":"SSE-C","customerKey":"{CANARY}"}}"#);
        let error = serde_json::from_str::<EncryptionRequest>(&json).unwrap_err();
        assert!(!error.to_string().contains(CANARY), "{error}");
    }
}
