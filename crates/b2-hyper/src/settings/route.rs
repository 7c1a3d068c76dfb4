//! What settings say about proxies and the firewall.

use super::build::SettingsError;
use super::error::SettingError;
use super::model::Settings;
use crate::error::BuildError;
use crate::proxy::{AuthScheme, Exceptions, Proxy, ProxyRules};

impl Settings {
    pub(super) fn scheme(&self) -> Result<AuthScheme, SettingError> {
        match self.proxy_auth_scheme {
            0 => Ok(AuthScheme::Basic),
            1 => Ok(AuthScheme::Digest),
            2 | 3 => Ok(AuthScheme::None),
            4 => Ok(AuthScheme::Ntlm),
            5 => Err(SettingError::unsupported("ProxyAuthScheme=5", super::refused::NO_KERBEROS)),
            _ => {
                let expected = "0 Basic, 1 Digest, 2 a token, 3 none or 4 NTLM";
                Err(SettingError::Value { name: "ProxyAuthScheme", expected })
            }
        }
    }

    pub(super) fn proxy(&self) -> Result<ProxyRules, SettingsError> {
        let exceptions = Exceptions::parse(&self.proxy_exceptions_list);
        if self.proxy_server.is_empty() {
            let detected = match self.script_url() {
                _ if !self.proxy_auto_detect => ProxyRules::none(),
                Some(url) => self.script(&url)?,
                None => ProxyRules::from_environment()?,
            };
            let own = self.proxy_exceptions_list.is_empty();
            return Ok(if own { detected } else { detected.with_exceptions(exceptions) });
        }
        let mut proxy = Proxy::http(&*self.proxy_server, self.proxy_port)
            .with_scheme(self.scheme()?)
            .with_tls(self.proxy_ssl == 1)
            .with_tunnel(self.proxy_ssl == 3);
        if !self.proxy_user.is_empty() {
            proxy = proxy.with_credentials(&self.proxy_user, self.proxy_password.expose());
        }
        // The class computes it of user and password unless there are none.
        let computed = !self.proxy_user.is_empty() && matches!(self.proxy_auth_scheme, 0 | 1 | 4);
        let wanted = self.proxy_auth_scheme != 3 && !computed;
        if wanted && !self.proxy_authorization.expose().is_empty() {
            proxy = proxy.with_token(self.proxy_authorization.expose())?;
        }
        Ok(ProxyRules::all(proxy).with_exceptions(exceptions))
    }

    pub(super) fn firewall(&self) -> Result<Option<Proxy>, SettingsError> {
        if self.firewall_type == 0 {
            return Ok(None);
        }
        let host = &*self.firewall_host;
        if host.is_empty() {
            let expected = "give the firewall, for FirewallType says that there is one";
            return Err(SettingError::Value { name: "FirewallHost", expected }.into());
        }
        let port = |usual| if self.firewall_port == 0 { usual } else { self.firewall_port };
        let mut firewall = match self.firewall_type {
            1 => Proxy::http(host, port(80)),
            2 => Proxy::socks4(host, port(1080)),
            3 => Proxy::socks5(host, port(1080)),
            _ => Proxy::socks4a(host, port(1080)),
        };
        if !self.firewall_user.is_empty() {
            firewall =
                firewall.with_credentials(&self.firewall_user, self.firewall_password.expose());
        }
        for line in self.firewall_data.expose().lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(BuildError::Header)?;
            firewall = firewall.with_header(name.trim(), value.trim())?;
        }
        Ok(Some(firewall))
    }

    /// Where the script is that chooses proxies, if it is to be used.
    fn script_url(&self) -> Option<String> {
        if !self.use_proxy_auto_config_url {
            return None;
        }
        let given = Some(self.proxy_auto_config_url.clone()).filter(|url| !url.is_empty());
        given.or_else(|| std::env::var("auto_proxy").ok().filter(|url| !url.is_empty()))
    }

    #[cfg(feature = "pac")]
    fn script(&self, url: &str) -> Result<ProxyRules, SettingsError> {
        let mut script = crate::proxy::ProxyScript::at(url)?
            .with_scheme(self.scheme()?)
            .with_tls(self.tls()?.without_identity());
        if !self.proxy_user.is_empty() {
            script = script.with_credentials(&self.proxy_user, self.proxy_password.expose());
        }
        Ok(ProxyRules::of_script(script))
    }

    #[cfg(not(feature = "pac"))]
    fn script(&self, _url: &str) -> Result<ProxyRules, SettingsError> {
        let because = "it was built without the feature `pac`; build it with that, give the \
                       proxy, or set UseProxyAutoConfigURL=False";
        Err(SettingError::unsupported("UseProxyAutoConfigURL", because).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_of_firewall_has_its_usual_port() {
        for (firewall_type, port) in [(1, 80), (2, 1080), (3, 1080), (10, 1080)] {
            let mut settings =
                Settings { firewall_type, firewall_host: "f".to_owned(), ..Settings::default() };
            assert_eq!(settings.firewall().unwrap().unwrap().port(), port);
            settings.firewall_port = 9;
            assert_eq!(settings.firewall().unwrap().unwrap().port(), 9);
        }
    }
}
