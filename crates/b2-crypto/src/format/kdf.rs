//! From a password to a key.

use alloc::vec::Vec;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::schedule::Key;
use super::stanza::{RecipientKind, Stanza};
use crate::error::{OpenError, SealError};
use crate::secret::Password;

/// How much work a guess at a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasswordKdf {
    /// Argon2id, version 1.3 (RFC 9106).
    Argon2id {
        /// Memory in KiB, at least 8 for each lane.
        memory_kib: u32,
        /// Passes over the memory, at least 1.
        passes: u32,
        /// Lanes, 1 to 255.
        lanes: u32,
    },
    /// PBKDF2 with HMAC-SHA256 (RFC 8018), for those who may use nothing else. Much easier to
    /// attack, since it needs no memory.
    Pbkdf2Sha256 {
        /// How often it hashes, at least 1000.
        iterations: u32,
    },
}

impl PasswordKdf {
    /// Argon2id with 64 MiB, three passes and four lanes: the second choice of RFC 9106, for
    /// machines that have other things to do with their memory. It takes some 0.1 s.
    pub const DEFAULT: Self = Self::Argon2id { memory_kib: 65_536, passes: 3, lanes: 4 };
    /// PBKDF2 with 600,000 iterations.
    pub const PBKDF2: Self = Self::Pbkdf2Sha256 { iterations: 600_000 };

    /// The number of the stanza's kind and its three parameters.
    pub(crate) fn to_numbers(self) -> (u8, [u32; 3]) {
        match self {
            Self::Argon2id { memory_kib, passes, lanes } => (1, [memory_kib, passes, lanes]),
            Self::Pbkdf2Sha256 { iterations } => (3, [iterations, 0, 0]),
        }
    }

    pub(crate) fn from_numbers(kind: u8, numbers: [u32; 3]) -> Option<Self> {
        match (kind, numbers) {
            (1, [memory_kib, passes, lanes]) => Some(Self::Argon2id { memory_kib, passes, lanes }),
            (3, [iterations, 0, 0]) => Some(Self::Pbkdf2Sha256 { iterations }),
            _ => None,
        }
    }

    pub(crate) fn derive(self, password: &Password, salt: &[u8; 32]) -> Result<Key, SealError> {
        let password = password.expose().as_bytes();
        if password.is_empty() {
            return Err(SealError::EmptyPassword);
        }
        let mut key = Key::default();
        match self {
            Self::Argon2id { memory_kib, passes, lanes } => {
                let params = Params::new(memory_kib, passes, lanes, Some(32));
                let params = params.ok().filter(|_| lanes <= 255).ok_or(SealError::Kdf)?;
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let mut memory = memory_of(argon2.params().block_count())?;
                let derived = argon2.hash_password_into_with_memory(
                    password,
                    salt,
                    &mut *key,
                    &mut memory[..],
                );
                derived.map_err(|_| SealError::Kdf)?;
            }
            Self::Pbkdf2Sha256 { iterations } if iterations < 1000 => return Err(SealError::Kdf),
            Self::Pbkdf2Sha256 { iterations } => {
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut *key);
            }
        }
        Ok(key)
    }
}

/// What Argon2 works in. The key can be computed from what is left in it, so it is wiped.
fn memory_of(blocks: usize) -> Result<Zeroizing<Vec<Block>>, SealError> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(blocks).map_err(|_| SealError::OutOfMemory)?;
    memory.resize(blocks, Block::default());
    Ok(Zeroizing::new(memory))
}

impl Default for PasswordKdf {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How much a header may make us compute. Headers come from strangers, and one that asks for a
/// terabyte of memory should be answered with an error.
///
/// The first three are for each recipient, the others for all that a password is tried on
/// together. By default those suffice for 64 recipients with the [default](PasswordKdf::DEFAULT)
/// or with [PBKDF2](PasswordKdf::PBKDF2), which cost some seconds. The most that they allow costs
/// some fifteen on one core of a server of 2024; lower them where many strangers' files are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Memory for Argon2id in KiB; 1 GiB by default.
    pub memory_kib: u32,
    /// Passes of Argon2id; 16 by default.
    pub passes: u32,
    /// Iterations of PBKDF2; 10 million by default.
    pub iterations: u32,
    /// Memory times passes of Argon2id for all recipients together, in KiB; 16 GiB by default.
    pub total_kib: u64,
    /// Iterations of PBKDF2 for all recipients together; 40 million by default.
    pub total_iterations: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_kib: 1 << 20,
            passes: 16,
            iterations: 10_000_000,
            total_kib: 16 << 20,
            total_iterations: 40_000_000,
        }
    }
}

impl Limits {
    /// Chooses how much memory Argon2id may take.
    #[must_use]
    pub fn with_memory_kib(self, memory_kib: u32) -> Self {
        Self { memory_kib, ..self }
    }

    /// Chooses how many passes Argon2id may make.
    #[must_use]
    pub fn with_passes(self, passes: u32) -> Self {
        Self { passes, ..self }
    }

    /// Chooses how many iterations PBKDF2 may make.
    #[must_use]
    pub fn with_iterations(self, iterations: u32) -> Self {
        Self { iterations, ..self }
    }

    /// Chooses how much memory, in KiB and times the passes over it, Argon2id may fill for all
    /// recipients together.
    #[must_use]
    pub fn with_total_kib(self, total_kib: u64) -> Self {
        Self { total_kib, ..self }
    }

    /// Chooses how many iterations PBKDF2 may make for all recipients together.
    #[must_use]
    pub fn with_total_iterations(self, total_iterations: u64) -> Self {
        Self { total_iterations, ..self }
    }

    /// Whether a file with these recipients opens within these limits for whoever has one of their
    /// passwords. To be asked before recipients are added: what they cost counts for all others.
    ///
    /// # Errors
    ///
    /// [`OpenError::TooCostly`] if it does not.
    pub fn allow(&self, recipients: &[Stanza]) -> Result<(), OpenError> {
        let passwords = recipients.iter().filter_map(|stanza| match stanza.kind() {
            RecipientKind::Password(kdf) => Some(kdf),
            RecipientKind::RawKey => None,
        });
        // What is too costly alone is not tried, and costs the others nothing.
        let tried = passwords.filter(|kdf| self.check(*kdf).is_ok());
        self.check_all(&tried.map(Cost::of).collect::<Vec<_>>())
    }

    pub(crate) fn check(&self, kdf: PasswordKdf) -> Result<(), OpenError> {
        let fault = match kdf {
            PasswordKdf::Argon2id { memory_kib, .. } if memory_kib > self.memory_kib => "memory",
            PasswordKdf::Argon2id { passes, .. } if passes > self.passes => "passes",
            PasswordKdf::Pbkdf2Sha256 { iterations } if iterations > self.iterations => {
                "iterations"
            }
            _ => return Ok(()),
        };
        Err(OpenError::TooCostly(fault))
    }

    /// Whether all of these may be tried.
    pub(crate) fn check_all(&self, costs: &[Cost]) -> Result<(), OpenError> {
        let total = |one: fn(&Cost) -> u64| costs.iter().map(one).fold(0, u64::saturating_add);
        if total(|cost| cost.kib) > self.total_kib {
            return Err(OpenError::TooCostly("memory of all recipients together"));
        }
        if total(|cost| cost.iterations) > self.total_iterations {
            return Err(OpenError::TooCostly("iterations of all recipients together"));
        }
        Ok(())
    }
}

/// What a derivation costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Memory times passes.
    kib: u64,
    iterations: u64,
}

impl Cost {
    pub(crate) fn of(kdf: PasswordKdf) -> Self {
        match kdf {
            PasswordKdf::Argon2id { memory_kib, passes, .. } => {
                Self { kib: u64::from(memory_kib) * u64::from(passes), iterations: 0 }
            }
            PasswordKdf::Pbkdf2Sha256 { iterations } => {
                Self { kib: 0, iterations: u64::from(iterations) }
            }
        }
    }

    /// For an order only: some four iterations take as long as a KiB.
    pub(crate) fn rank(self) -> u64 {
        self.kib.saturating_mul(4).saturating_add(self.iterations)
    }
}
