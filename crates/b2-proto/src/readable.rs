//! Values that not every key may see.

use serde::{Deserialize, Serialize};

/// A value that some keys may not read.
///
/// Answers wrap such values; requests carry them bare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Readable<T> {
    /// Whether the key may see the value.
    pub is_client_authorized_to_read: bool,
    /// The value; none when it is hidden, and also where nothing was ever set.
    #[serde(default = "none")]
    pub value: Option<T>,
}

impl<T> Readable<T> {
    /// A value the key may see; none where nothing was ever set.
    pub fn visible(value: impl Into<Option<T>>) -> Self {
        Self { is_client_authorized_to_read: true, value: value.into() }
    }

    /// A value the key may not see.
    pub fn hidden() -> Self {
        Self { is_client_authorized_to_read: false, value: None }
    }
}

/// Spares `T` the bound that serde would derive from `Option`'s own default.
fn none<T>() -> Option<T> {
    None
}
