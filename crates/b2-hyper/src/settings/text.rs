//! Values as texts, in the forms that configuration strings have.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

/// A value that has a text.
pub(super) trait Text: Sized {
    /// What may be given, for people.
    const EXPECTED: &'static str;
    fn read(text: &str) -> Option<Self>;
    fn show(&self) -> String;
}

impl Text for bool {
    const EXPECTED: &'static str = "True or False (also on, off, 1, 0)";

    fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Some(true),
            "false" | "off" | "no" | "0" => Some(false),
            _ => None,
        }
    }

    fn show(&self) -> String {
        if *self { "True" } else { "False" }.to_owned()
    }
}

impl Text for String {
    const EXPECTED: &'static str = "any text";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

macro_rules! numbers {
    ($($kind:ty: $expected:literal)*) => {$(
        impl Text for $kind {
            const EXPECTED: &'static str = $expected;

            fn read(text: &str) -> Option<Self> {
                match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                    Some(digits) => Self::from_str_radix(digits, 16).ok(),
                    None => text.parse().ok(),
                }
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

numbers! {
    u16: "a number from 0 to 65535"
    u32: "a number from 0 to 4294967295"
    u64: "a number from 0"
}

/// A time that is 60 seconds unless it is said, and then means more than when
/// it is said: see [`Settings::timeout`](super::Settings::timeout).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeout(Option<u64>);

impl Timeout {
    /// What it is unless it is said, in seconds.
    pub(super) const USUAL: u64 = 60;

    /// What was said, if anything was; 0 is any time.
    #[must_use]
    pub fn seconds(self) -> Option<u64> {
        self.0
    }
}

impl From<u64> for Timeout {
    fn from(seconds: u64) -> Self {
        Self(Some(seconds))
    }
}

impl Text for Timeout {
    const EXPECTED: &'static str = <u64 as Text>::EXPECTED;

    fn read(text: &str) -> Option<Self> {
        u64::read(text).map(Self::from)
    }

    fn show(&self) -> String {
        self.0.unwrap_or(Self::USUAL).to_string()
    }
}

/// A text that is never shown: `Debug` prints `..`, and nothing writes it out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Text for Hidden {
    const EXPECTED: &'static str = "any text";

    fn read(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn show(&self) -> String {
        if self.0.is_empty() { String::new() } else { "..".to_owned() }
    }
}
