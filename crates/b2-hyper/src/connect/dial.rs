//! TCP connections to names.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::error::ConnectError;
use super::options::SocketOptions;
use super::race::race;
use super::resolve::{Addresses, Family};

/// Makes TCP connections.
///
/// The addresses of the family that comes first are tried one after the
/// other; when they take long, those of the other family are tried beside
/// them, and the first connection wins (RFC 8305, happy eyeballs).
#[derive(Clone, Debug)]
#[must_use]
pub struct Dialer {
    family: Family,
    addresses: Addresses,
    options: SocketOptions,
    head_start: Duration,
    patience: Duration,
}

impl Default for Dialer {
    fn default() -> Self {
        Self {
            family: Family::default(),
            addresses: Addresses::default(),
            options: SocketOptions::default(),
            head_start: Duration::from_millis(250),
            patience: Duration::from_secs(20),
        }
    }
}

impl Dialer {
    /// All addresses, default options, 20 seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which addresses are tried, and which first.
    pub fn with_family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// The addresses of a name, in the order in which they are to be tried,
    /// in place of what the system's resolver says of it.
    pub fn with_addresses(
        mut self,
        host: impl AsRef<str>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        self.addresses.insert(host.as_ref(), addresses.into_iter().collect());
        self
    }

    pub(crate) fn with_known_addresses(mut self, addresses: Addresses) -> Self {
        self.addresses = addresses;
        self
    }

    /// What is set on the sockets.
    pub fn with_options(mut self, options: SocketOptions) -> Self {
        self.options = options;
        self
    }

    /// How long the first family of addresses is tried alone; 250 ms unless
    /// told. Less finds the working one sooner and makes more connections for
    /// nothing.
    pub fn with_head_start(mut self, head_start: Duration) -> Self {
        self.head_start = head_start;
        self
    }

    /// The time for all addresses of a family together; 20 seconds unless
    /// told. Each gets the same share of it.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// As this dials, but from any port: a port serves one connection at a
    /// time, and whoever has been given one may hold it already.
    pub(crate) fn on_any_port(&self) -> Self {
        Self { options: self.options.clone().with_local_port(0), ..self.clone() }
    }

    /// Connects to a name or an address.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Resolve`] if there is no address to try: check the name
    /// and the family. [`ConnectError::Dial`] with the last failure if none of
    /// them can be reached, [`ConnectError::Unspecified`] if none could be.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what it has opened.
    pub async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let addresses = self.addresses.resolve(host, port, self.family).await;
        let addresses = addresses.map_err(ConnectError::Resolve)?;
        let nobody = addresses.iter().all(|address| address.ip().is_unspecified());
        let tcp = race(addresses, &self.options, self.patience, self.head_start).await;
        let failed = if nobody { ConnectError::Unspecified } else { ConnectError::Dial };
        let tcp = tcp.map_err(failed)?;
        self.options.apply(&tcp).map_err(ConnectError::Dial)?;
        Ok(tcp)
    }
}
