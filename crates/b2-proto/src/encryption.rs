//! The forms of server-side encryption that requests ask for.

use crate::{
    CustomerKey, EncryptionAlgorithm, EncryptionMode, EncryptionRequest, EncryptionSetting,
};

impl EncryptionRequest {
    /// Encryption with a key that the service manages.
    pub fn sse_b2() -> Self {
        Self::new().with_mode(EncryptionMode::SseB2).with_algorithm(EncryptionAlgorithm::Aes256)
    }

    /// Encryption with the customer's own key, which every later request for the file must repeat.
    pub fn sse_c(key: CustomerKey) -> Self {
        Self::new()
            .with_mode(EncryptionMode::SseC)
            .with_algorithm(EncryptionAlgorithm::Aes256)
            .with_customer_key_md5(key.md5_base64())
            .with_customer_key(key)
    }

    /// Whether the customer's own key is used.
    pub fn is_sse_c(&self) -> bool {
        self.mode == Some(EncryptionMode::SseC)
    }
}

impl EncryptionSetting {
    /// Whether the content is encrypted. The service writes null for no encryption, some clients
    /// write `none`.
    pub fn is_encrypted(&self) -> bool {
        !matches!(self.mode, None | Some(EncryptionMode::Unencrypted))
    }

    /// Whether the customer's own key is needed to read.
    pub fn is_sse_c(&self) -> bool {
        self.mode == Some(EncryptionMode::SseC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_carry_what_the_mode_needs() {
        let request = EncryptionRequest::sse_c(CustomerKey::new([0; 32]));
        let json = serde_json::to_value(&request).unwrap();
        assert_eq!(json["customerKey"], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(json["customerKeyMd5"], "cLyPS3KoaSFGi/joRB3OUQ==");
        assert!(request.is_sse_c() && !EncryptionRequest::sse_b2().is_sse_c());
    }

    #[test]
    fn three_ways_to_say_unencrypted() {
        for json in [r#"{"mode":null,"algorithm":null}"#, r#"{"mode":"none"}"#, "{}"] {
            let setting: EncryptionSetting = serde_json::from_str(json).unwrap();
            assert!(!setting.is_encrypted(), "{json}");
        }
    }
}
