//! From settings to a transport.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use super::error::SettingError;
use super::model::Settings;
use super::text::Timeout;
use crate::builder::Builder;
use crate::connect::{Family, KeepAlive, SocketOptions};
use crate::error::BuildError;
use crate::http::{Decompression, HeaderOverrides, HttpVersion};
use crate::pace::RateLimit;
use crate::proxy::is_host;
use crate::tls::IdentityError;

/// Why settings do not make a transport.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A setting cannot be made.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A proxy or a file that is named cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no own certificate where one was named.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The name that `LocalHost` gives has no address: check it, or give the
    /// address.
    #[error("LocalHost={name} has no address")]
    LocalHost {
        /// The name.
        name: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Settings {
    /// A builder with everything that is set here; files that are named are
    /// read now, and `local_host` is looked up if it is a name, but root
    /// certificates are read when it is built.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] says which setting cannot be made, and why.
    pub fn builder(&self) -> Result<Builder, SettingsError> {
        self.check()?;
        let mut builder = Builder::default()
            .with_tls(self.tls()?)
            .with_socket_options(self.socket_options()?)
            .with_family(self.family())
            .with_proxy(self.proxy()?)
            .with_headers(self.headers()?)
            .with_http_version(HttpVersion::parse(&self.http_version, self.allow_http_fallback)?);
        builder = builder.with_redirects(self.redirects()?).with_log_level(self.log_level()?);
        if let Some(decompression) = self.decompression()? {
            builder = builder.with_decompression(decompression);
        }
        if let Some(capture) = self.capture() {
            builder = builder.with_capture(capture);
        }
        if let Some(firewall) = self.firewall()? {
            builder = builder.with_firewall(firewall);
        }
        builder = self.with_times(builder);
        if !self.keep_alive {
            // HTTP/2 has no header to say so.
            builder = builder.with_idle_timeout(Duration::ZERO);
        }
        if self.max_transfer_rate > 0 {
            builder = builder.with_send_limit(RateLimit::new(self.max_transfer_rate));
        }
        Ok(builder)
    }

    /// The longest silence that `timeout` allows, if it was set, or else
    /// everybody's own times are left alone; [`Duration::MAX`] for 0, which is
    /// any.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        self.timeout.seconds().map(|seconds| match seconds {
            0 => Duration::MAX,
            seconds => Duration::from_secs(seconds),
        })
    }

    fn with_times(&self, mut builder: Builder) -> Builder {
        let timeout = self.timeout.seconds().unwrap_or(Timeout::USUAL);
        if self.absolute_timeout && timeout > 0 {
            // Then the whole request counts, and no silence in it.
            let total = Duration::from_secs(timeout);
            builder = builder.with_total_timeout(total).with_inactivity_timeout(Duration::MAX);
            builder = builder.with_connect_timeout(total);
        } else if let Some(patience) = self.patience() {
            builder = builder.with_inactivity_timeout(patience).with_silence_before_head(false);
            builder = builder.with_connect_timeout(patience);
        }
        if self.connection_timeout > 0 {
            builder = builder.with_connect_timeout(Duration::from_secs(self.connection_timeout));
        }
        builder
    }

    /// What can be said without files or a network.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        self.check_tls()?;
        HttpVersion::parse(&self.http_version, self.allow_http_fallback)?;
        let _ = self.headers()?;
        let _ = self.redirects()?;
        let _ = Decompression::new().with_accept(&self.accept_encoding)?;
        self.log_level()?;
        self.scheme()?;
        if !matches!(self.firewall_type, 0..=3 | 10) {
            let expected = "0 none, 1 tunnel, 2 SOCKS 4, 3 SOCKS 5 or 10 SOCKS 4A";
            return Err(SettingError::Value { name: "FirewallType", expected });
        }
        if self.proxy_ssl > 3 {
            let expected = "0 automatic, 1 always, 2 never or 3 tunnel";
            return Err(SettingError::Value { name: "ProxySSL", expected });
        }
        for (name, host) in
            [("ProxyServer", &self.proxy_server), ("FirewallHost", &self.firewall_host)]
        {
            if !host.is_empty() && !is_host(host) {
                let expected = "the name or address of a host, without scheme and port";
                return Err(SettingError::Value { name, expected });
            }
        }
        if !self.local_host.is_empty() && !is_host(&self.local_host) {
            let expected = "an address of this machine, or a name of it";
            return Err(SettingError::Value { name: "LocalHost", expected });
        }
        Ok(())
    }

    fn headers(&self) -> Result<HeaderOverrides, SettingError> {
        let mut headers = HeaderOverrides::new().with_keep_alive(self.keep_alive);
        headers = headers.with_lines(self.other_headers.expose())?;
        headers = headers.with_unindexed(&self.http2_headers_without_indexing)?;
        if !self.if_modified_since.is_empty() {
            headers = headers.with_if_modified_since(&self.if_modified_since)?;
        }
        if !self.user_agent.is_empty() {
            headers = headers.with_user_agent(&self.user_agent)?;
        }
        if !self.authorization.expose().is_empty() {
            headers = headers.with_authorization(self.authorization.expose())?;
        }
        Ok(headers)
    }

    /// The address to connect from. A name is looked up now; of the addresses
    /// that it has, one of the family that is preferred is taken.
    fn local_address(&self) -> Result<Option<IpAddr>, SettingsError> {
        let name = &*self.local_host;
        if name.is_empty() {
            return Ok(None);
        }
        if let Ok(address) = name.parse() {
            return Ok(Some(address));
        }
        let wrong = |source| SettingsError::LocalHost { name: name.to_owned(), source };
        let found = (name, 0).to_socket_addrs().map_err(wrong)?;
        let mut found: Vec<_> = found.map(|address: SocketAddr| address.ip()).collect();
        let six = matches!(self.family(), Family::V6 | Family::PreferV6);
        found.sort_by_key(|address| address.is_ipv6() != six);
        let none = || wrong(io::ErrorKind::NotFound.into());
        found.first().copied().map(Some).ok_or_else(none)
    }

    fn socket_options(&self) -> Result<SocketOptions, SettingsError> {
        let mut options =
            SocketOptions::new().with_local_port(self.local_port).with_no_delay(self.tcp_no_delay);
        if let Some(address) = self.local_address()? {
            options = options.with_local_address(address);
        }
        let (idle, interval) = (self.keep_alive_time, self.keep_alive_interval);
        if self.tcp_keep_alive || idle > 0 || interval > 0 {
            let mut keep_alive = KeepAlive::new();
            if idle > 0 {
                keep_alive = keep_alive.with_idle(Duration::from_millis(idle));
            }
            if interval > 0 {
                keep_alive = keep_alive.with_interval(Duration::from_millis(interval));
            }
            options = options.with_keep_alive(keep_alive);
        }
        if !self.linger {
            options = options.with_linger(Duration::ZERO);
        } else if self.linger_time > 0 {
            options = options.with_linger(Duration::from_secs(self.linger_time));
        }
        let bytes = |number| usize::try_from(number).unwrap_or(usize::MAX);
        if self.in_buffer_size > 0 {
            options = options.with_receive_buffer(bytes(self.in_buffer_size));
        }
        if self.out_buffer_size > 0 {
            options = options.with_send_buffer(bytes(self.out_buffer_size));
        }
        Ok(options)
    }

    fn family(&self) -> Family {
        match self.use_ipv6 {
            0 => Family::V4,
            1 => Family::V6,
            2 => Family::PreferV6,
            _ => Family::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On most machines the resolver has IPv6 first anyway, so that 2 and 3
    /// look alike from outside.
    #[test]
    fn each_number_has_its_family() {
        for (use_ipv6, family) in
            [(0, Family::V4), (1, Family::V6), (2, Family::PreferV6), (3, Family::Any)]
        {
            assert_eq!(Settings { use_ipv6, ..Settings::default() }.family(), family);
        }
    }

    #[test]
    fn a_local_name_gives_an_address_of_the_family() {
        let address = |host: &str, use_ipv6| {
            let settings =
                Settings { local_host: host.to_owned(), use_ipv6, ..Settings::default() };
            settings.local_address().unwrap()
        };
        assert_eq!(address("", 0), None);
        assert_eq!(address("::1", 0), Some("::1".parse().unwrap()));
        assert_eq!(address("localhost", 0), Some("127.0.0.1".parse().unwrap()));
    }
}
