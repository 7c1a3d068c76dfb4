//! Why a proxy did not connect.

use std::io;

/// Why a proxy did not connect. No text has a user name or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy cannot be reached: check its name and port, and whether it
    /// runs.
    #[error("the proxy {proxy} cannot be reached")]
    Unreachable {
        /// Its name and port.
        proxy: String,
        /// What the system says.
        source: io::Error,
    },
    /// An HTTP proxy refused with this status: ask its administrator.
    #[error("the proxy answered {0}")]
    Status(u16),
    /// The proxy does not accept the credentials, or wants some: check them
    /// and the scheme. The schemes that an HTTP proxy offered follow.
    #[error("the proxy does not accept the credentials (it offers {offered})")]
    Credentials {
        /// Names of schemes, such as `Basic, NTLM`.
        offered: String,
    },
    /// A SOCKS proxy refused for this reason.
    #[error("the proxy refused: {0}")]
    Socks(&'static str),
    /// A proxy of SOCKS 4 is told addresses of IPv4, and that of the host is not
    /// to be had; a [`ResolveError`](crate::connect::ResolveError) inside says
    /// why. Use SOCKS 4A or 5, which look names up themselves.
    #[error(
        "the IPv4 address that SOCKS 4 needs could not be looked up (SOCKS 4A and 5 need none)"
    )]
    Resolve(#[source] io::Error),
    /// Something does not fit into the protocol of the proxy; choose another
    /// kind of proxy or other credentials.
    #[error("the proxy cannot be asked: {0}")]
    Unsuitable(&'static str),
    /// The proxy speaks another protocol: check its kind and port.
    #[error("the answer of the proxy makes no sense: {0}")]
    Protocol(&'static str),
    /// The script that chooses proxies cannot be fetched, fails, or names
    /// nothing usable: ask who wrote it.
    #[error("the script that chooses proxies failed: {0}")]
    Script(String),
    /// The connection to the proxy broke.
    #[error("the connection to the proxy broke")]
    Io(#[from] io::Error),
}
