//! How B2 encrypts what is stored, and the keys for what is read.

use b2::{CustomerKey, EncryptionMode, EncryptionRequest};
use clap::ValueEnum;

use crate::environment;
use crate::failure::Failure;

/// Where the keys of SSE-C come from; an argument would be seen by others.
const SOURCE_KEY: &str = "B2_SOURCE_SSE_C_KEY_B64";
const DESTINATION_KEY: &str = "B2_DESTINATION_SSE_C_KEY_B64";

/// How a new version is encrypted.
#[derive(Debug, clap::Args)]
pub(super) struct DestinationEncryption {
    /// How B2 encrypts the file; as its bucket says if absent
    #[arg(long, value_name = "MODE")]
    destination_server_side_encryption: Option<Encryption>,
}

/// How a version that is read is encrypted.
#[derive(Debug, clap::Args)]
pub(super) struct SourceEncryption {
    /// How B2 has encrypted the file, if that needs a key
    #[arg(long, value_name = "MODE")]
    source_server_side_encryption: Option<OwnKey>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Encryption {
    /// With a key that B2 manages
    #[value(name = "SSE-B2")]
    SseB2,
    /// With a key of yours
    #[value(name = "SSE-C")]
    SseC,
    /// Not
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OwnKey {
    /// With a key of yours
    #[value(name = "SSE-C")]
    SseC,
}

impl DestinationEncryption {
    pub(super) fn request(&self) -> Result<Option<EncryptionRequest>, Failure> {
        Ok(match self.destination_server_side_encryption {
            None => None,
            Some(Encryption::SseB2) => Some(EncryptionRequest::sse_b2()),
            Some(Encryption::SseC) => {
                Some(EncryptionRequest::sse_c(environment::customer_key(DESTINATION_KEY)?))
            }
            Some(Encryption::None) => {
                Some(EncryptionRequest::new().with_mode(EncryptionMode::Unencrypted))
            }
        })
    }
}

impl SourceEncryption {
    pub(super) fn key(&self) -> Result<Option<CustomerKey>, Failure> {
        match self.source_server_side_encryption {
            Some(OwnKey::SseC) => environment::customer_key(SOURCE_KEY).map(Some),
            None => Ok(None),
        }
    }
}
