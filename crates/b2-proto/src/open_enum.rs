//! Enumerations that the service extends without notice.
//!
//! A closed enumeration would make one new capability fail an authorization. Every enumeration of
//! the wire therefore has an `Other` variant that keeps the text it was read from.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Declares an enumeration over strings with an `Other` variant.
///
/// The first word tells how text is compared with the known values: `exact` or `ignore_case`.
macro_rules! open_enum {
    (
        $compare:ident
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$doc])*
        ///
        /// The service may add values at any time: they are read as `Other`.
        #[non_exhaustive]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value this version of the crate does not know, as it was on the wire. Made by
            /// `From<&str>`, which never puts a known value here.
            Other(Box<str>),
        }

        impl $name {
            /// Every value this version of the crate knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)+];

            /// The value as it is on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $(if crate::open_enum::$compare(text, $text) {
                    return Self::$variant;
                })+
                Self::Other(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::open_enum::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use open_enum;

/// Compares as written.
pub(crate) fn exact(text: &str, known: &str) -> bool {
    text == known
}

/// Compares in any letter case, for values that the service does not write in one way only.
pub(crate) fn ignore_case(text: &str, known: &str) -> bool {
    text.eq_ignore_ascii_case(known)
}

/// Reads a string without keeping a copy of it.
pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> From<&'a str>,
{
    struct Text<T>(PhantomData<T>);

    impl<T: for<'a> From<&'a str>> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            Ok(T::from(text))
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}

#[cfg(test)]
mod tests {
    use crate::{Action, Capability, ReplicationStatus};

    #[test]
    fn known_values_read_back() {
        for capability in Capability::KNOWN {
            assert_eq!(Capability::from(capability.as_str()), *capability);
        }
    }

    #[test]
    fn unknown_values_are_kept() {
        let action: Action = serde_json::from_str("\"teleport\"").unwrap();
        assert_eq!(action, Action::Other("teleport".into()));
        assert_eq!(serde_json::to_string(&action).unwrap(), "\"teleport\"");
    }

    #[test]
    fn case_matters_only_where_the_service_varies_it() {
        assert_eq!(ReplicationStatus::from("pending"), ReplicationStatus::Pending);
        assert_eq!(ReplicationStatus::from("pending").as_str(), "PENDING");
        assert_eq!(Action::from("UPLOAD"), Action::Other("UPLOAD".into()));
    }
}
