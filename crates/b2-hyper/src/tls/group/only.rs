//! Groups that are for one version of TLS only.
//!
//! A client has one list of groups for all versions. What a server makes of it
//! counts only if the group is for the version that it has chosen.

use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};
use rustls::{Error, NamedGroup, ProtocolVersion};

use super::super::provider;
use super::own;

/// One of the curves that both versions have, for one of them.
#[derive(Debug)]
struct Only {
    name: NamedGroup,
    version: ProtocolVersion,
}

static ONLY: [Only; 8] = [
    only(NamedGroup::X25519, ProtocolVersion::TLSv1_2),
    only(NamedGroup::X25519, ProtocolVersion::TLSv1_3),
    only(NamedGroup::secp256r1, ProtocolVersion::TLSv1_2),
    only(NamedGroup::secp256r1, ProtocolVersion::TLSv1_3),
    only(NamedGroup::secp384r1, ProtocolVersion::TLSv1_2),
    only(NamedGroup::secp384r1, ProtocolVersion::TLSv1_3),
    only(NamedGroup::secp521r1, ProtocolVersion::TLSv1_2),
    only(NamedGroup::secp521r1, ProtocolVersion::TLSv1_3),
];

const fn only(name: NamedGroup, version: ProtocolVersion) -> Only {
    Only { name, version }
}

/// A group for `version` alone; `group` itself if it is for that alone anyway,
/// and `None` if it is not for it at all.
pub(super) fn only_for(
    group: &'static dyn SupportedKxGroup,
    version: ProtocolVersion,
) -> Option<&'static dyn SupportedKxGroup> {
    if !group.usable_for_version(version) {
        return None;
    }
    let wanted = |only: &&Only| only.name == group.name() && only.version == version;
    ONLY.iter().find(wanted).map(|only| only as _).or(Some(group))
}

impl Only {
    fn group(&self) -> Result<&'static dyn SupportedKxGroup, Error> {
        let mut known = provider::groups().iter().copied();
        let found = known.find(|group| group.name() == self.name).or_else(|| own(self.name));
        found.ok_or_else(|| Error::General("a group of another library".to_owned()))
    }
}

impl SupportedKxGroup for Only {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        self.group()?.start()
    }

    fn name(&self) -> NamedGroup {
        self.name
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == self.version
    }
}
