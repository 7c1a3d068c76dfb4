//! Hosts that are reached without a proxy.

use std::net::IpAddr;

/// Hosts that are reached without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Exceptions {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    All,
    Name(Box<str>),
    /// With its leading dot.
    Below(Box<str>),
    Network(IpAddr, u8),
}

impl Exceptions {
    /// A list such as `localhost;*.corp.example;10.0.0.0/8`, separated by
    /// semicolons, commas or spaces. A name is that name alone, `*.` before it
    /// everything below it, and `*` is everything; addresses may have the
    /// length of a prefix behind a slash.
    pub fn parse(list: &str) -> Self {
        Self::read(list, false)
    }

    /// As [`parse`](Self::parse), but every name is also everything below
    /// it: that is how programs read the variable `NO_PROXY`.
    pub fn parse_no_proxy(list: &str) -> Self {
        Self::read(list, true)
    }

    fn read(list: &str, below_too: bool) -> Self {
        let separators = [';', ',', ' ', '\t', '\r', '\n'];
        let entries = list.split(separators).filter(|entry| !entry.is_empty());
        let mut patterns = Vec::new();
        for entry in entries {
            let entry = entry.to_ascii_lowercase();
            if entry == "*" {
                patterns.push(Pattern::All);
            } else if let Some((address, bits)) = network(&entry) {
                patterns.push(Pattern::Network(address, bits));
            } else if let Some(name) = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.'))
            {
                patterns.push(Pattern::Below(format!(".{name}").into()));
            } else {
                if below_too {
                    patterns.push(Pattern::Below(format!(".{entry}").into()));
                }
                patterns.push(Pattern::Name(entry.into()));
            }
        }
        Self { patterns }
    }

    /// Whether `host` is reached without a proxy.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        self.patterns.iter().any(|pattern| match pattern {
            Pattern::All => true,
            Pattern::Name(name) => **name == *host,
            Pattern::Below(suffix) => address.is_none() && host.ends_with(&**suffix),
            Pattern::Network(network, bits) => {
                address.is_some_and(|address| within(address, *network, *bits))
            }
        })
    }
}

fn network(entry: &str) -> Option<(IpAddr, u8)> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some((address, width(address)));
    }
    let (address, bits) = entry.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
    Some((address, bits))
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    // To the left of 128 bits, so that both families shift alike.
    let left = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    address.is_ipv4() == network.is_ipv4() && (left(address) ^ left(network)) & mask == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_networks() {
        let list = Exceptions::parse("localhost; *.corp.example,10.0.0.0/8 ;[::1];2001:db8::/32");
        for host in ["localhost", "LOCALHOST", "a.corp.example", "10.9.9.9", "::1", "2001:db8::7"] {
            assert!(list.contains(host), "{host}");
        }
        for host in ["corp.example", "a.localhost", "11.0.0.1", "::2", "xcorp.example", "2001::1"] {
            assert!(!list.contains(host), "{host}");
        }
        assert!(Exceptions::parse("*").contains("anything"));
        assert!(Exceptions::parse("0.0.0.0/0").contains("1.2.3.4"));
        assert!(!Exceptions::parse("").contains("anything"));
    }

    #[test]
    fn no_proxy_means_what_is_below_too() {
        let list = Exceptions::parse_no_proxy("example.com,.corp");
        for host in ["example.com", "a.example.com", "x.corp"] {
            assert!(list.contains(host), "{host}");
        }
        assert!(!list.contains("notexample.com"));
    }
}
