//! Why a setting cannot be made.

/// Why a setting cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// Nothing has this name: check its spelling.
    #[error("there is no {kind} called {name}")]
    Unknown {
        /// What was looked for, such as `cipher suite`.
        kind: &'static str,
        /// What was given.
        name: String,
    },
    /// The value cannot be read.
    #[error("{name} cannot be set to that: {expected}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What may be given.
        expected: &'static str,
    },
    /// It is known, but not to be had here; the reason says what to use
    /// instead.
    #[error("{name} is not supported here, because {because}")]
    Unsupported {
        /// What was asked for.
        name: String,
        /// Why, and what to use instead.
        because: &'static str,
    },
}

impl SettingError {
    pub(crate) fn unsupported(name: &str, because: &'static str) -> Self {
        Self::Unsupported { name: name.to_owned(), because }
    }

    pub(crate) fn unknown(kind: &'static str, name: &str) -> Self {
        // Names are short; a long text is something else that went astray.
        Self::Unknown { kind, name: name.chars().take(64).collect() }
    }
}
