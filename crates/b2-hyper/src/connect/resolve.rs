//! Names to addresses.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use tokio::task::spawn_blocking;

/// Which addresses of a name are tried, and which of them first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// All of them, in the order of the system's resolver.
    #[default]
    Any,
    /// IPv4 only; a name without such an address fails.
    V4,
    /// IPv6 only; a name without such an address fails.
    V6,
    /// IPv6 first; IPv4 beside it when IPv6 takes long or fails.
    PreferV6,
    /// IPv4 first; IPv6 beside it when IPv4 takes long or fails.
    PreferV4,
}

impl Family {
    fn pick(self, mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        match self {
            Self::Any => {}
            Self::V4 => addresses.retain(SocketAddr::is_ipv4),
            Self::V6 => addresses.retain(SocketAddr::is_ipv6),
            // A stable sort: within a family the resolver's order stays.
            Self::PreferV6 => addresses.sort_by_key(SocketAddr::is_ipv4),
            Self::PreferV4 => addresses.sort_by_key(SocketAddr::is_ipv6),
        }
        addresses
    }
}

/// Why a name has no address. It is inside the [`io::Error`] of [`resolve`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// There is no such name: check its spelling.
    #[error("there is no host of this name")]
    NoHost,
    /// No name server has answered: check the network, or try again later.
    #[error("no name server has answered")]
    NoAnswer,
    /// A name server does not want to answer, or cannot: check the settings
    /// of the system for names.
    #[error("the name server failed or refused to answer")]
    Failed,
    /// The name is known, but has no address of the family allowed: allow the
    /// other.
    #[error("{0}")]
    NoAddress(&'static str),
}

impl ResolveError {
    fn of(kind: LookupErrorKind) -> Option<Self> {
        match kind {
            LookupErrorKind::NoName => Some(Self::NoHost),
            LookupErrorKind::Again => Some(Self::NoAnswer),
            LookupErrorKind::Fail => Some(Self::Failed),
            LookupErrorKind::NoData => Some(Self::NoAddress("the name has no address")),
            _ => None,
        }
    }
}

impl From<ResolveError> for io::Error {
    fn from(error: ResolveError) -> Self {
        Self::new(io::ErrorKind::NotFound, error)
    }
}

/// Looks up the addresses of `host`, which may be an address itself, in the
/// order in which they are to be tried.
///
/// # Errors
///
/// If the system's resolver fails, or if no address of the `family` is left:
/// check the name, or allow the other family. A [`ResolveError`] inside says
/// which, if the system does.
pub async fn resolve(host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
    pick(look_up(host, port).await?, family)
}

/// Names whose addresses are known, and those addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses(BTreeMap<String, Vec<IpAddr>>);

impl Addresses {
    pub(crate) fn insert(&mut self, host: &str, addresses: Vec<IpAddr>) {
        self.0.insert(host.to_ascii_lowercase(), addresses);
    }

    /// As [`resolve`], which is asked about names that are not among these.
    pub(super) async fn resolve(
        &self,
        host: &str,
        port: u16,
        family: Family,
    ) -> io::Result<Vec<SocketAddr>> {
        match self.0.get(&host.to_ascii_lowercase()) {
            Some(known) => {
                pick(known.iter().map(|ip| SocketAddr::new(*ip, port)).collect(), family)
            }
            None => resolve(host, port, family).await,
        }
    }
}

/// Those of the family, the dearest first; at least one.
fn pick(addresses: Vec<SocketAddr>, family: Family) -> io::Result<Vec<SocketAddr>> {
    let picked = family.pick(addresses);
    if picked.is_empty() {
        return Err(ResolveError::NoAddress(match family {
            Family::V4 => "the name has no IPv4 address and no other is allowed",
            Family::V6 => "the name has no IPv6 address and no other is allowed",
            _ => "the name has no address",
        })
        .into());
    }
    Ok(picked)
}

async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    // The system's resolver blocks.
    spawn_blocking(move || ask_system(&host, port)).await.map_err(io::Error::other)?
}

fn ask_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found =
        getaddrinfo(Some(host), None, Some(hints)).map_err(|error| {
            match ResolveError::of(error.kind()) {
                Some(known) => known.into(),
                None => io::Error::from(error),
            }
        })?;
    found
        .map(|info| {
            let mut address = info?.sockaddr;
            address.set_port(port);
            Ok(address)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(family: Family) -> Vec<&'static str> {
        let all = ["1.1.1.1:1", "[::1]:1", "2.2.2.2:1", "[::2]:1"];
        let parsed = all.iter().map(|text| text.parse().unwrap()).collect();
        let picked: Vec<SocketAddr> = family.pick(parsed);
        let name =
            |address: &SocketAddr| *all.iter().find(|text| **text == address.to_string()).unwrap();
        picked.iter().map(name).collect()
    }

    #[test]
    fn a_family_is_alone_or_first() {
        assert_eq!(picked(Family::Any), ["1.1.1.1:1", "[::1]:1", "2.2.2.2:1", "[::2]:1"]);
        assert_eq!(picked(Family::V4), ["1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(picked(Family::V6), ["[::1]:1", "[::2]:1"]);
        assert_eq!(picked(Family::PreferV6), ["[::1]:1", "[::2]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(picked(Family::PreferV4), ["1.1.1.1:1", "2.2.2.2:1", "[::1]:1", "[::2]:1"]);
    }

    #[tokio::test]
    async fn a_name_without_an_address_of_the_family_says_so() {
        let error = resolve("127.0.0.1", 80, Family::V6).await.unwrap_err();
        assert!(error.to_string().contains("no IPv6 address"), "{error}");
        let error = resolve("::1", 80, Family::V4).await.unwrap_err();
        assert!(error.to_string().contains("no IPv4 address"), "{error}");
    }
}
