//! Settings of the connection by name.

use std::fmt;

use b2::ClientBuilder;
use b2::hyper::settings::{SettingError, Settings};
use zeroize::Zeroizing;

/// What may be wrong with a setting that somebody has said. Its value may be a
/// password, so it is in no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingFailure {
    #[error("{origin}: NAME=VALUE is expected")]
    Form { origin: Origin },
    #[error("{origin} cannot be followed")]
    Refused { origin: Origin, source: SettingError },
    #[error("{origin} cannot be followed: {name} is not for the command line")]
    Unfit { origin: Origin, name: &'static str },
}

/// Whole requests have the key in them, and nobody here would take them.
const UNFIT: [&str; 2] = ["TransferredRequest", "TransferredDataLimit"];

impl SettingFailure {
    /// What a person can do next.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Form { .. } => Some("for example ProxyServer=proxy.example".to_owned()),
            Self::Refused { source: SettingError::Unknown { .. }, .. } => {
                let names: Vec<_> = Settings::names().collect();
                Some(format!("the names are {}", names.join(", ")))
            }
            Self::Refused { .. } => None,
            Self::Unfit { .. } => {
                let instead = "LogLevel=3 tells requests and answers without their secrets";
                Some(format!("{instead}; the library has them whole with with_transcripts"))
            }
        }
    }
}

/// Where a setting was said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    Option,
    Variable,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Option => "--config",
            Self::Variable => "B2_CONFIG",
        })
    }
}

/// `NAME=VALUE`, as it was said.
#[derive(Clone)]
pub(crate) struct Setting(Zeroizing<String>);

impl From<String> for Setting {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl Setting {
    /// Those of a variable: one in each line.
    pub(crate) fn lines(text: &str) -> Vec<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| Self::from(line.to_owned())).collect()
    }

    /// Whether this is the setting of that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        let own = self.0.split('=').next().unwrap_or_default();
        own.trim().eq_ignore_ascii_case(name)
    }

    /// Has the builder follow it.
    pub(crate) fn apply(
        &self,
        builder: &mut ClientBuilder,
        origin: Origin,
    ) -> Result<(), SettingFailure> {
        // A name alone would only be read.
        if !self.0.contains('=') {
            return Err(SettingFailure::Form { origin });
        }
        if let Some(name) = UNFIT.into_iter().find(|name| self.is(name)) {
            return Err(SettingFailure::Unfit { origin, name });
        }
        let refused = |source| SettingFailure::Refused { origin, source };
        builder.config(&self.0).map(drop).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use b2::{Client, Credentials};

    use super::*;

    fn apply(text: &str) -> Result<(), SettingFailure> {
        let mut builder = Client::builder(Credentials::new("id", "key"));
        Setting::from(text.to_owned()).apply(&mut builder, Origin::Option)
    }

    #[test]
    fn a_value_is_in_no_text() {
        for text in ["ProxyPasswrod=canary", "ProxyPort=canary", "canary", "HTTPVersion=canary"] {
            let error = apply(text).unwrap_err();
            let said = format!("{error}{error:?}{:?}{:?}", error.advice(), Setting::lines(text));
            assert!(!said.contains("canary"), "{said}");
        }
        assert!(apply("proxypassword=canary").is_ok());
    }

    #[test]
    fn lines_of_a_variable_are_settings() {
        let lines = Setting::lines("\nProxyPort=1\r\n  LogLevel = 2 \n\n");
        assert_eq!(lines.len(), 2);
        assert!(lines[0].is("proxyport") && lines[1].is("LogLevel") && !lines[1].is("Log"));
    }
}
