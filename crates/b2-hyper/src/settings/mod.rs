//! Settings by name.

mod build;
mod error;
mod exchange;
mod model;
mod refused;
mod route;
mod text;
mod tls;

pub use build::SettingsError;
pub use error::SettingError;
pub use model::Settings;
pub use text::{Hidden, Timeout};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_its_default_can_be_set() {
        for name in Settings::names() {
            let mut settings = Settings::default();
            let value = settings.get(name).unwrap();
            settings
                .set(&name.to_lowercase(), &value)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(settings.get(name).unwrap(), value, "{name}");
            // This one means more when it is said.
            if name != "Timeout" {
                assert_eq!(settings, Settings::default(), "{name}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut settings = Settings::default();
        for text in [
            "ProxyPort=x",
            "SSLEnabledProtocols=48",
            "HTTPVersion=3.0",
            "FirewallType=4",
            "FirewallHost=a b",
            "ProxyServer=p\r\nX-Evil: 1",
            "ProxyServer=http://p",
            "ProxyAuthScheme=6",
            "SSLEnabledCipherSuites=TLS_RSA_WITH_RC4_128_MD5",
            "LocalHost=a b",
            "NoSuch=1",
            "SSLCheckOCSP=3",
            "SSLNegotiatedVersion=1",
            "OtherHeaders=Host: x",
            "KeepAlive=maybe",
        ] {
            assert!(settings.apply(text).is_err(), "{text}");
        }
        assert_eq!(settings, Settings::default());
        let kerberos = settings.apply("ProxyAuthScheme=5").unwrap_err();
        assert!(matches!(kerberos, SettingError::Unsupported { .. }), "{kerberos}");
        assert_eq!(
            settings.apply("tlsNoSuch").unwrap_err(),
            SettingError::unknown("setting", "tlsNoSuch")
        );
    }

    #[test]
    fn serde_keeps_everything_but_secrets_and_nothing_shows_those() {
        let mut settings = Settings::default();
        for text in [
            "ProxyServer=p.example",
            "ProxyPassword=canary",
            "Authorization=canary",
            "SSLCertStorePassword=canary",
            "FirewallData=X: canary",
            "SSLSecurityFlags=0x80000000",
        ] {
            settings.apply(text).unwrap();
        }
        assert_eq!(settings.get("ProxyPassword").unwrap(), "..");
        let text = serde_json::to_string(&settings).unwrap();
        assert!(!text.contains("canary") && !format!("{settings:?}").contains("canary"), "{text}");
        let read: Settings = serde_json::from_str(&text).unwrap();
        assert_eq!((&*read.proxy_server, read.ssl_security_flags), ("p.example", 0x8000_0000));
        let given: Settings = serde_json::from_str("{\"proxy_password\":\"secret\"}").unwrap();
        assert_eq!(given.proxy_password.expose(), "secret");
        assert!(serde_json::from_str::<Settings>("{\"no_such\":1}").is_err());
    }
}
