//! What keeps a client from being built, as a number.

use super::BuildError;

impl BuildError {
    /// The number under which components with numeric errors report this, as
    /// [`Error::class_code`](crate::Error::class_code) does for what happens
    /// later: 273 for a wrong password of a client certificate, for example,
    /// or 302 for a file that cannot be opened; 600 for everything without a
    /// number of its own.
    #[must_use]
    pub fn class_code(&self) -> u32 {
        match self {
            #[cfg(feature = "hyper")]
            Self::Tls(error) | Self::Settings(error) => of_connections(&**error),
            _ => 600,
        }
    }
}

#[cfg(feature = "hyper")]
fn of_connections(error: &(dyn std::error::Error + Send + Sync + 'static)) -> u32 {
    use b2_hyper::settings::SettingsError;

    if let Some(error) = error.downcast_ref::<SettingsError>() {
        return error.class_code();
    }
    error.downcast_ref::<b2_hyper::BuildError>().map_or(600, b2_hyper::BuildError::class_code)
}

#[cfg(feature = "hyper")]
#[cfg(test)]
mod tests {
    use super::BuildError;
    use crate::{Client, Credentials};

    fn code(config: &str) -> u32 {
        let mut builder = Client::builder(Credentials::new("id", "key"));
        builder.config(config).unwrap();
        builder.build().map(drop).unwrap_err().class_code()
    }

    #[test]
    fn what_connections_say_comes_through() {
        assert_eq!(code("SSLCertStore=no store"), 271);
        assert_eq!(code("SSLServerCACerts=no certificate"), 272);
        assert_eq!(BuildError::NoTimer.class_code(), 600);
    }
}
