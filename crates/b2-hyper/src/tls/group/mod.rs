//! Groups of the key exchange by name.

#[cfg(feature = "aws-lc-rs")]
mod curve;
mod finite;
#[cfg(feature = "x448")]
mod x448;

use rustls::NamedGroup;
use rustls::crypto::{CryptoProvider, SupportedKxGroup};

use crate::settings::SettingError;

#[cfg(not(feature = "x448"))]
const NO_X448: &str = "it was built without the feature x448; use ecdhe_x25519, or build with it";

/// The groups of the key exchange that are offered, the dearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Groups {
    chosen: Vec<NamedGroup>,
}

impl Groups {
    /// Groups separated by commas, such as `ecdhe_x25519,ffdhe_3072`. A key
    /// of the first is made before the handshake; a server that wants
    /// another costs one more round trip.
    ///
    /// The finite fields are for TLS 1.3 only and slow: 20 ms to 200 ms.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unknown`] for a name that is none, and
    /// [`SettingError::Unsupported`] for one that cannot be had.
    pub fn parse(names: &str) -> Result<Self, SettingError> {
        let mut chosen = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let group = find(name)?;
            if !chosen.contains(&group) {
                chosen.push(group);
            }
        }
        if chosen.is_empty() {
            let expected = "names of groups separated by commas";
            return Err(SettingError::Value { name: "TLS13SupportedGroups", expected });
        }
        Ok(Self { chosen })
    }

    /// The same for OpenSSL.
    #[cfg(feature = "openssl")]
    pub(super) fn openssl_list(&self) -> String {
        let name = |group: &NamedGroup| match group {
            NamedGroup::secp256r1 => "P-256".to_owned(),
            NamedGroup::secp384r1 => "P-384".to_owned(),
            NamedGroup::secp521r1 => "P-521".to_owned(),
            // Its names are ours, in another case.
            finite if finite::is_finite(*finite) => format!("{finite:?}").to_lowercase(),
            other => format!("{other:?}"),
        };
        self.chosen.iter().map(name).collect::<Vec<_>>().join(":")
    }

    pub(super) fn restrict(&self, provider: &mut CryptoProvider) {
        let of_provider = std::mem::take(&mut provider.kx_groups);
        let pick = |name: &NamedGroup| {
            let known = of_provider.iter().find(|group| group.name() == *name);
            known.copied().or_else(|| own(*name))
        };
        provider.kx_groups = self.chosen.iter().filter_map(pick).collect();
        // TLS 1.2 of rustls has elliptic curves only, and a list of suites
        // that no group serves is refused.
        let for_1_3 = |name: &NamedGroup| finite::is_finite(*name) || *name == NamedGroup::X448;
        if self.chosen.iter().all(for_1_3) {
            provider.cipher_suites.retain(|suite| suite.tls13().is_some());
        }
    }
}

/// The group of which a key is made before the handshake and sent with the
/// first message, so that a server that takes it needs no second one.
///
/// rustls makes one key, so this is one group; with `x25519mlkem768` a key of
/// `ecdhe_x25519` goes along, because it is a half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct KeyShare(NamedGroup);

impl KeyShare {
    /// The name of one group, or `x25519mlkem768,ecdhe_x25519`.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] for several groups and for one that
    /// cannot be had; [`SettingError::Unknown`] for a name that is none.
    pub fn parse(names: &str) -> Result<Self, SettingError> {
        const ONE: &str = "rustls makes a single key before the handshake; name the one group that \
                           servers are most likely to take";
        let named = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let groups = named.map(find).collect::<Result<Vec<_>, _>>()?;
        match groups[..] {
            [one] => Ok(Self(one)),
            [NamedGroup::X25519MLKEM768, NamedGroup::X25519] => {
                Ok(Self(NamedGroup::X25519MLKEM768))
            }
            [] => {
                let expected = "the name of a group";
                Err(SettingError::Value { name: "TLS13KeyShareGroups", expected })
            }
            _ => Err(SettingError::unsupported("more than one of TLS13KeyShareGroups", ONE)),
        }
    }

    /// Puts the group before the others: rustls makes a key of the first. If
    /// it is not offered yet, it is now.
    pub(super) fn put_first(self, provider: &mut CryptoProvider) {
        let groups = &mut provider.kx_groups;
        let at = groups.iter().position(|group| group.name() == self.0);
        let chosen = at.map(|at| groups.remove(at)).or_else(|| own(self.0));
        groups.splice(0..0, chosen);
    }
}

fn own(name: NamedGroup) -> Option<&'static dyn SupportedKxGroup> {
    #[cfg(feature = "aws-lc-rs")]
    if name == NamedGroup::secp521r1 {
        return Some(&curve::P521);
    }
    #[cfg(feature = "x448")]
    if name == NamedGroup::X448 {
        return Some(&x448::X448);
    }
    finite::group(name)
}

fn find(name: &str) -> Result<NamedGroup, SettingError> {
    Ok(match name {
        "ecdhe_x25519" => NamedGroup::X25519,
        "ecdhe_secp256r1" => NamedGroup::secp256r1,
        "ecdhe_secp384r1" => NamedGroup::secp384r1,
        "ecdhe_secp521r1" if cfg!(feature = "aws-lc-rs") => NamedGroup::secp521r1,
        "ecdhe_secp521r1" => {
            let because = "ring has no P-521; build with the feature aws-lc-rs";
            return Err(SettingError::unsupported(name, because));
        }
        #[cfg(feature = "x448")]
        "ecdhe_x448" => NamedGroup::X448,
        #[cfg(not(feature = "x448"))]
        "ecdhe_x448" => return Err(SettingError::unsupported(name, NO_X448)),
        "ffdhe_2048" => NamedGroup::FFDHE2048,
        "ffdhe_3072" => NamedGroup::FFDHE3072,
        "ffdhe_4096" => NamedGroup::FFDHE4096,
        "ffdhe_6144" => NamedGroup::FFDHE6144,
        "ffdhe_8192" => NamedGroup::FFDHE8192,
        "x25519mlkem768" if cfg!(feature = "aws-lc-rs") => NamedGroup::X25519MLKEM768,
        _ => return Err(SettingError::unknown("group", name)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_groups() {
        let list = Groups::parse("ecdhe_x25519, ffdhe_2048").unwrap();
        assert_eq!(list.chosen, [NamedGroup::X25519, NamedGroup::FFDHE2048]);
        #[cfg(not(feature = "x448"))]
        assert!(matches!(Groups::parse("ecdhe_x448"), Err(SettingError::Unsupported { .. })));
        let twice = Groups::parse("ffdhe_2048,ecdhe_x25519,ffdhe_2048").unwrap();
        assert_eq!(twice.chosen, [NamedGroup::FFDHE2048, NamedGroup::X25519]);
        assert!(matches!(Groups::parse("p-999"), Err(SettingError::Unknown { .. })));
        assert!(Groups::parse(",").is_err());
    }

    #[test]
    fn a_key_is_made_of_one_group() {
        assert_eq!(KeyShare::parse("ffdhe_2048").unwrap(), KeyShare(NamedGroup::FFDHE2048));
        let several = KeyShare::parse("ecdhe_x25519,ecdhe_secp256r1");
        assert!(matches!(several, Err(SettingError::Unsupported { .. })));
        assert!(matches!(KeyShare::parse("p-999"), Err(SettingError::Unknown { .. })));
        assert!(matches!(KeyShare::parse(" ,"), Err(SettingError::Value { .. })));
        #[cfg(feature = "aws-lc-rs")]
        assert!(KeyShare::parse("x25519mlkem768,ecdhe_x25519").is_ok());
    }
}
