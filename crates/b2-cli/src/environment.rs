//! What the environment says.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use b2::{ApplicationKey, CustomerKey};

use crate::failure::Failure;
use crate::setting::Setting;

/// The variables that this program reads. Empty ones count as unset.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) key_id: Option<String>,
    pub(crate) key: Option<ApplicationKey>,
    /// Where to authorize; `None` for production.
    pub(crate) realm: Option<String>,
    pub(crate) user_agent_append: Option<String>,
    pub(crate) account_info: Option<PathBuf>,
    pub(crate) ca_cert: Option<PathBuf>,
    /// Settings of the connection.
    pub(crate) config: Vec<Setting>,
    /// Whether there is a script that chooses proxies.
    pub(crate) proxy_script: bool,
}

impl Environment {
    pub(crate) fn read() -> Result<Self, Failure> {
        Ok(Self {
            key_id: text("B2_APPLICATION_KEY_ID")?,
            key: text("B2_APPLICATION_KEY")?.map(ApplicationKey::from),
            realm: text("B2_ENVIRONMENT")?.map(realm).transpose()?.flatten(),
            user_agent_append: text("B2_USER_AGENT_APPEND")?,
            account_info: value("B2_ACCOUNT_INFO").map(PathBuf::from),
            ca_cert: value("B2_CA_CERT").map(PathBuf::from),
            config: text("B2_CONFIG")?.as_deref().map(Setting::lines).unwrap_or_default(),
            proxy_script: value("auto_proxy").is_some(),
        })
    }
}

/// A customer's key for encryption, in base64.
pub(crate) fn customer_key(name: &str) -> Result<CustomerKey, Failure> {
    let missing = || Failure::Usage(format!("SSE-C needs a key: set {name} to 32 bytes in base64"));
    let text = text(name)?.ok_or_else(missing)?;
    CustomerKey::from_base64(&text).map_err(|error| Failure::Usage(format!("{name}: {error}")))
}

fn value(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Result<Option<String>, Failure> {
    // The value is not repeated: it may be the key.
    let unreadable = |_| Failure::Usage(format!("{name} is not valid UTF-8"));
    value(name).map(|value| value.into_string().map_err(unreadable)).transpose()
}

fn realm(text: String) -> Result<Option<String>, Failure> {
    if text == "production" {
        return Ok(None);
    }
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return Ok(Some(text.trim_end_matches('/').to_owned()));
    }
    Err(Failure::Usage(format!("B2_ENVIRONMENT is {text:?}, but has to be `production` or a URL")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_a_url_or_production() {
        assert_eq!(realm("production".to_owned()).unwrap(), None);
        let local = realm("http://127.0.0.1:8080/".to_owned()).unwrap();
        assert_eq!(local.as_deref(), Some("http://127.0.0.1:8080"));
        assert!(realm("staging".to_owned()).is_err());
    }
}
