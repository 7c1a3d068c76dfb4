//! What settings say about proxies and the firewall.

use super::build::SettingsError;
use super::error::SettingError;
use super::model::Settings;
use crate::error::BuildError;
use crate::proxy::{AuthScheme, Credentials, Exceptions, Introduction, Proxy, ProxyRules, token};

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
                None => ProxyRules::from_environment()?.introduced(&self.introduction()?),
            };
            let own = self.proxy_exceptions_list.is_empty();
            return Ok(if own { detected } else { detected.with_exceptions(exceptions) });
        }
        let proxy = Proxy::http(&*self.proxy_server, self.proxy_port);
        Ok(ProxyRules::all(self.introduction()?.introduce(proxy)).with_exceptions(exceptions))
    }

    /// How proxies are spoken to, whoever has named them.
    fn introduction(&self) -> Result<Introduction, SettingsError> {
        let mut introduction = Introduction { scheme: self.scheme()?, ..Introduction::default() };
        match self.proxy_ssl {
            1 => introduction.tls = Some(true),
            2 => introduction.tls = Some(false),
            3 => introduction.tunnel = true,
            _ => {}
        }
        if !self.proxy_user.is_empty() {
            let (user, password) = (&self.proxy_user, self.proxy_password.expose());
            introduction.credentials = Some(Credentials::new(user, password));
        }
        // The class computes it of user and password unless there are none.
        let given = self.proxy_authorization.expose();
        if self.proxy_auth_scheme != 3 && !given.is_empty() {
            introduction.token = Some(token(given)?);
        }
        Ok(introduction)
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
        let script = crate::proxy::ProxyScript::at(url)?
            .with_introduction(self.introduction()?)
            .with_tls(self.tls()?.without_identity());
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
