//! Choices about a transport.

use std::time::Duration;

use crate::connect::Connector;
use crate::error::BuildError;
use crate::pool::Pool;
use crate::tls::Tls;
use crate::transport::HyperTransport;

/// Makes a [`HyperTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    connect_timeout: Duration,
    inactivity_timeout: Duration,
    idle_timeout: Duration,
    max_idle_per_host: usize,
    roots: Vec<Vec<u8>>,
    platform_roots: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            inactivity_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            max_idle_per_host: 16,
            roots: Vec::new(),
            platform_roots: true,
        }
    }
}

impl Builder {
    /// The longest time for name, TCP and TLS together; 20 seconds unless
    /// told. A shorter one gives up on slow networks, a longer one waits
    /// longer for servers that are gone.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The longest time without a byte in either direction while a body
    /// moves; 60 seconds unless told. It counts while the body of the request
    /// is not ready to be read, too, but not while nobody asks for the body
    /// of the answer. Between the two bodies only the deadline counts.
    pub fn with_inactivity_timeout(mut self, timeout: Duration) -> Self {
        self.inactivity_timeout = timeout;
        self
    }

    /// How long a connection is kept for the next request; 60 seconds unless
    /// told. A longer time saves handshakes but meets servers that are about
    /// to hang up; zero keeps none.
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many connections to one host are kept for the next request; 16
    /// unless told. It does not limit the connections in use; zero keeps none.
    pub fn with_max_idle_per_host(mut self, connections: usize) -> Self {
        self.max_idle_per_host = connections;
        self
    }

    /// Also trusts the certificates in `pem`, for example that of an emulator.
    pub fn with_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(pem.as_ref().to_vec());
        self
    }

    /// Whether to trust the root certificates of the operating system, on
    /// Unix those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name; yes unless
    /// told, and never without the feature `platform-roots`.
    pub fn with_platform_roots(mut self, trust: bool) -> Self {
        self.platform_roots = trust;
        self
    }

    /// Makes the transport. Root certificates that were given are read now;
    /// those of the system at the first `https` connection, and never again.
    ///
    /// # Errors
    ///
    /// If a certificate that was given cannot be read. It is not an error to
    /// have none: then `https` URLs fail.
    pub fn build(self) -> Result<HyperTransport, BuildError> {
        let tls = Tls::new(&self.roots, self.platform_roots)?;
        let connector = Connector { tls, timeout: self.connect_timeout };
        let pool = Pool::new(self.idle_timeout, self.max_idle_per_host);
        Ok(HyperTransport::assemble(pool, connector, self.inactivity_timeout))
    }
}
