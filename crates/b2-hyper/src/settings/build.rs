//! From settings to a transport.

use std::time::Duration;

use super::error::SettingError;
use super::model::Settings;
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
}

impl Settings {
    /// The default of `timeout`, in seconds.
    const USUAL_TIMEOUT: u64 = 60;

    /// A builder with everything that is set here; files that are named are
    /// read now, but root certificates when it is built.
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

    /// The longest silence that `timeout` allows, if it is not at its default
    /// and so leaves everybody's own times alone; [`Duration::MAX`] for 0,
    /// which is any.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        match self.timeout {
            Self::USUAL_TIMEOUT => None,
            0 => Some(Duration::MAX),
            seconds => Some(Duration::from_secs(seconds)),
        }
    }

    fn with_times(&self, mut builder: Builder) -> Builder {
        if self.absolute_timeout && self.timeout > 0 {
            // Then the whole request counts, and no silence in it.
            let total = Duration::from_secs(self.timeout);
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
        self.local_address().map(drop)
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

    fn local_address(&self) -> Result<Option<std::net::IpAddr>, SettingError> {
        if self.local_host.is_empty() {
            return Ok(None);
        }
        let expected = "an address of this machine";
        let parsed = self.local_host.parse();
        parsed.map(Some).map_err(|_| SettingError::Value { name: "LocalHost", expected })
    }

    fn socket_options(&self) -> Result<SocketOptions, SettingError> {
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
