//! Conditions that are not looked at, one by one.

use super::super::error::CertificateFault;
use crate::settings::SettingError;

const TIME: u32 = 0x0000_0001;
const LIST_TIME: u32 = 0x0000_0002;
const NESTED_TIMES: u32 = 0x0000_0004;
const AUTHORITY: u32 = 0x0000_0010;
const USAGE: u32 = 0x0000_0020;
const REVOCATION: u32 = 0x0000_0100;
const LIST_SIGNER_REVOCATION: u32 = 0x0000_0200;
const AUTHORITY_REVOCATION: u32 = 0x0000_0400;
const ROOT_REVOCATION: u32 = 0x0000_0800;
const TRUST_TEST_ROOT: u32 = 0x0000_4000;
const ALLOW_TEST_ROOT: u32 = 0x0000_8000;
const NAME: u32 = 0x8000_0000;

/// What is not checked in a server's certificate: `SSLSecurityFlags`. Each
/// makes an attack possible; everything else is still checked.
///
/// | flag | is not checked |
/// |---|---|
/// | `0x1` | whether certificates are valid at present |
/// | `0x10` | whether somebody who is trusted vouches for the certificate |
/// | `0x20` | whether it is meant for servers |
/// | `0x100` | whether it is known that the server's certificate is not revoked |
/// | `0x400` | the same of the authorities in its chain |
/// | `0x80000000` | whether it is for this host |
///
/// A certificate that is revoked, and one about which somebody gives a forged
/// answer, is refused whatever the flags are.
///
/// Windows has conditions that do not exist here: times of trust lists
/// (`0x2`), nested times (`0x4`), signers of trust lists (`0x200`), and
/// revoked roots (`0x800`) are never checked, and test roots (`0x4000`,
/// `0x8000`) have no meaning. They are accepted and change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SecurityFlags(u32);

impl SecurityFlags {
    /// Everything is checked.
    pub fn none() -> Self {
        Self::default()
    }

    /// The bits of `SSLSecurityFlags`.
    ///
    /// # Errors
    ///
    /// [`SettingError::Value`] if there is an unknown bit.
    pub fn from_bits(bits: u32) -> Result<Self, SettingError> {
        const KNOWN: u32 = TIME
            | LIST_TIME
            | NESTED_TIMES
            | AUTHORITY
            | USAGE
            | REVOCATION
            | LIST_SIGNER_REVOCATION
            | AUTHORITY_REVOCATION
            | ROOT_REVOCATION
            | TRUST_TEST_ROOT
            | ALLOW_TEST_ROOT
            | NAME;
        if bits & !KNOWN != 0 {
            let expected = "a sum of the flags 0x1, 0x2, 0x4, 0x10, 0x20, 0x100, 0x200, 0x400, \
                            0x800, 0x4000, 0x8000 and 0x80000000";
            return Err(SettingError::Value { name: "SSLSecurityFlags", expected });
        }
        Ok(Self(bits))
    }

    /// The bits of `SSLSecurityFlags`.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether this fault is to be overlooked.
    pub(in super::super) fn overlook(self, fault: &CertificateFault) -> bool {
        self.0 & flag(fault) != 0
    }

    /// With the flag for this fault; `None` if there is none, or if it has it.
    pub(in super::super) fn overlooking(self, fault: &CertificateFault) -> Option<Self> {
        let more = self.0 | flag(fault);
        (more != self.0).then_some(Self(more))
    }

    /// With all that is decided in the handshake.
    pub(in super::super) fn after_the_handshake(self) -> Self {
        Self(self.0 | TIME | AUTHORITY | USAGE | NAME)
    }

    /// The fault, unless it is to be overlooked.
    pub(in super::super) fn unless_overlooked(
        self,
        fault: CertificateFault,
    ) -> Result<(), CertificateFault> {
        if self.overlook(&fault) { Ok(()) } else { Err(fault) }
    }
}

/// Which condition was not met.
fn flag(fault: &CertificateFault) -> u32 {
    match fault {
        CertificateFault::Expired | CertificateFault::NotYetValid => TIME,
        CertificateFault::UnknownIssuer | CertificateFault::SelfSigned => AUTHORITY,
        CertificateFault::WrongUsage => USAGE,
        CertificateFault::UnknownRevocation | CertificateFault::RevocationUnreachable => REVOCATION,
        CertificateFault::UnknownAuthorityRevocation
        | CertificateFault::AuthorityRevocationUnreachable => AUTHORITY_REVOCATION,
        CertificateFault::WrongName => NAME,
        _ => 0,
    }
}
