//! Groups of the key exchange by name.

#[cfg(feature = "aws-lc-rs")]
mod curve;
mod finite;
mod only;
#[cfg(feature = "x448")]
mod x448;

use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{NamedGroup, ProtocolVersion};

use super::provider;
#[cfg(feature = "openssl")]
use super::versions::Versions;
use crate::settings::SettingError;
use only::only_for;

#[cfg(not(feature = "x448"))]
const NO_X448: &str = "it was built without the feature x448; use ecdhe_x25519, or build with it";

/// The groups of the key exchange that are offered, the dearest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Groups {
    /// Those of TLS 1.2 and before; `None` for those of the library.
    tls12: Option<Vec<NamedGroup>>,
    tls13: Option<Vec<NamedGroup>>,
}

impl Groups {
    /// Groups separated by commas, such as `ecdhe_x25519,ffdhe_3072`. A key
    /// of the first is made before the handshake; a server that wants
    /// another costs one more round trip.
    ///
    /// They are for all versions; [`by_version`](Self::by_version) tells them
    /// apart. The finite fields are for TLS 1.3 only and slow: 20 ms to 200 ms.
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
        Ok(Self { tls12: Some(chosen.clone()), tls13: Some(chosen) })
    }

    /// Some for TLS 1.2 (and before, with OpenSSL) and others for TLS 1.3; where
    /// there are none, those of the library stay.
    ///
    /// A client sends one list of groups, whatever the version. A server of TLS
    /// 1.2 may take one from it that is meant for 1.3 only, and is refused then.
    /// OpenSSL cannot tell them apart at all: two lists that differ are an error
    /// there if both versions are spoken.
    ///
    /// ```
    /// use b2_hyper::tls::{Groups, TlsSettings};
    ///
    /// let old = Groups::parse("ecdhe_secp384r1")?;
    /// let settings = TlsSettings::new().with_groups(Groups::by_version(Some(old), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_version(tls12: Option<Self>, tls13: Option<Self>) -> Self {
        Self {
            tls12: tls12.and_then(|groups| groups.tls12),
            tls13: tls13.and_then(|groups| groups.tls13),
        }
    }

    /// The same for OpenSSL; `None` for its own.
    #[cfg(feature = "openssl")]
    pub(super) fn openssl_list(&self, versions: Versions) -> Option<String> {
        let name = |group: &NamedGroup| match group {
            NamedGroup::secp256r1 => "P-256".to_owned(),
            NamedGroup::secp384r1 => "P-384".to_owned(),
            NamedGroup::secp521r1 => "P-521".to_owned(),
            // Its names are ours, in another case.
            finite if finite::is_finite(*finite) => format!("{finite:?}").to_lowercase(),
            other => format!("{other:?}"),
        };
        let chosen = if versions.tls_1_3 { &self.tls13 } else { &self.tls12 };
        chosen.as_ref().map(|chosen| chosen.iter().map(name).collect::<Vec<_>>().join(":"))
    }

    /// Whether one list cannot say what is meant for each of `versions`.
    #[cfg(feature = "openssl")]
    pub(super) fn differ_in(&self, versions: Versions) -> bool {
        let old = versions.tls_1_2 || versions.has_old();
        old && versions.tls_1_3 && self.tls12 != self.tls13
    }

    /// Whether a list of TLS 1.3 has been given that names none of `share`.
    pub(super) fn leave_out(&self, share: &KeyShare) -> bool {
        self.tls13.is_some() && self.first_of(share).is_none()
    }

    /// The first of `share` that may be offered.
    fn first_of(&self, share: &KeyShare) -> Option<NamedGroup> {
        let offered = |group: &&NamedGroup| match &self.tls13 {
            Some(chosen) => chosen.contains(group),
            None => true,
        };
        share.0.iter().find(offered).copied()
    }

    /// Leaves `provider` these groups, and puts the first of `share` before the
    /// others: rustls makes a key of the first. If it is not offered yet, it is
    /// now, in TLS 1.3.
    pub(super) fn restrict(&self, provider: &mut CryptoProvider, share: Option<&KeyShare>) {
        const OLD: ProtocolVersion = ProtocolVersion::TLSv1_2;
        const NEW: ProtocolVersion = ProtocolVersion::TLSv1_3;
        let of_provider = std::mem::take(&mut provider.kx_groups);
        let names: Vec<_> = of_provider.iter().map(|group| group.name()).collect();
        let old = self.tls12.as_ref().unwrap_or(&names);
        let mut new = self.tls13.clone().unwrap_or_else(|| names.clone());
        if let Some(first) = share.and_then(|share| self.first_of(share)) {
            new.retain(|name| *name != first);
            new.insert(0, first);
        }
        let pick = |name: &NamedGroup| {
            let mut known = of_provider.iter().chain(provider::groups());
            known.find(|group| group.name() == *name).copied().or_else(|| own(*name))
        };
        // Those of TLS 1.3 come first, because the first gets the key.
        let new_or_both = new.iter().filter_map(|name| {
            let group = pick(name)?;
            if old.contains(name) { Some(group) } else { only_for(group, NEW) }
        });
        let old_alone = old.iter().filter(|name| !new.contains(name));
        let old_alone = old_alone.filter_map(|name| only_for(pick(name)?, OLD));
        provider.kx_groups = new_or_both.chain(old_alone).collect();
        // TLS 1.2 of rustls has elliptic curves only, and a list of suites
        // that no group serves is refused.
        if !provider.kx_groups.iter().any(|group| group.usable_for_version(OLD)) {
            provider.cipher_suites.retain(|suite| suite.tls13().is_some());
        }
    }
}

/// The group of which a key is made before the handshake and sent with the
/// first message, so that a server that takes it needs no second one.
///
/// rustls makes one key, so of several groups the first that can be had and
/// that a list of TLS 1.3 does not leave out gets it, and the others cost a
/// round trip if the server wants them; with `x25519mlkem768` a key of
/// `ecdhe_x25519` goes along, because it is a half of it. A group that is not
/// offered otherwise is offered in TLS 1.3, unless a list of TLS 1.3 has been
/// given: then a share of other groups alone is an error of
/// [`build`](super::TlsSettings::build).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct KeyShare(Vec<NamedGroup>);

impl KeyShare {
    /// The names of groups separated by commas, the dearest first, such as
    /// `ecdhe_x25519,ecdhe_secp256r1`.
    ///
    /// # Errors
    ///
    /// [`SettingError::Unsupported`] if none of the groups can be had;
    /// [`SettingError::Unknown`] for a name that is none.
    pub fn parse(names: &str) -> Result<Self, SettingError> {
        let expected = "names of groups separated by commas";
        let mut missing = SettingError::Value { name: "TLS13KeyShareGroups", expected };
        let mut groups = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match find(name) {
                Ok(group) => groups.push(group),
                // It is left to the others, as every group but one is.
                Err(unsupported @ SettingError::Unsupported { .. }) => missing = unsupported,
                Err(unknown) => return Err(unknown),
            }
        }
        if groups.is_empty() { Err(missing) } else { Ok(Self(groups)) }
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
        "x25519mlkem768" => {
            let because = "ring has no ML-KEM; build with the feature aws-lc-rs";
            return Err(SettingError::unsupported(name, because));
        }
        _ => return Err(SettingError::unknown("group", name)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_groups() {
        let list = Groups::parse("ecdhe_x25519, ffdhe_2048").unwrap();
        let both = Some(vec![NamedGroup::X25519, NamedGroup::FFDHE2048]);
        assert_eq!((&list.tls12, &list.tls13), (&both, &both));
        #[cfg(not(feature = "x448"))]
        assert!(matches!(Groups::parse("ecdhe_x448"), Err(SettingError::Unsupported { .. })));
        let twice = Groups::parse("ffdhe_2048,ecdhe_x25519,ffdhe_2048").unwrap();
        assert_eq!(twice.tls13, Some(vec![NamedGroup::FFDHE2048, NamedGroup::X25519]));
        let (old, new) = (Groups::parse("ecdhe_secp256r1"), Groups::parse("ecdhe_x25519"));
        let apart = Groups::by_version(old.ok(), new.ok());
        assert_eq!(apart.tls12, Some(vec![NamedGroup::secp256r1]));
        assert_eq!(apart.tls13, Some(vec![NamedGroup::X25519]));
        assert!(matches!(Groups::parse("p-999"), Err(SettingError::Unknown { .. })));
        assert!(Groups::parse(",").is_err());
    }

    #[test]
    fn a_key_is_made_of_the_first_group_that_can_be_had() {
        let first = |list: &str, share: &str| {
            let list = (!list.is_empty()).then(|| Groups::parse(list).unwrap());
            Groups::by_version(None, list).first_of(&KeyShare::parse(share).unwrap())
        };
        assert_eq!(first("", "ffdhe_2048"), Some(NamedGroup::FFDHE2048));
        assert_eq!(first("", "ecdhe_x25519,ecdhe_secp256r1"), Some(NamedGroup::X25519));
        let second = first("ecdhe_secp256r1", "ecdhe_x25519,ecdhe_secp256r1");
        assert_eq!(second, Some(NamedGroup::secp256r1));
        assert_eq!(first("ecdhe_secp384r1", "ecdhe_x25519,ecdhe_secp256r1"), None);
        #[cfg(not(feature = "x448"))]
        {
            assert_eq!(first("", "ecdhe_x448,ecdhe_x25519"), Some(NamedGroup::X25519));
            let nothing = KeyShare::parse("ecdhe_x448");
            assert!(matches!(nothing, Err(SettingError::Unsupported { .. })));
        }
        assert!(matches!(KeyShare::parse("ecdhe_x25519,p-999"), Err(SettingError::Unknown { .. })));
        assert!(matches!(KeyShare::parse(" ,"), Err(SettingError::Value { .. })));
    }
}
