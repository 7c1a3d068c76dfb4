//! The options that say what a guess at a password costs.

use b2_crypto::PasswordKdf;

/// How a key is made of a password. What is dear for whoever guesses is dear for whoever opens the
/// file too. More than these numbers nobody opens without saying so, and neither what all passwords
/// of a file cost together if that is beyond the limits of the library.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Cost {
    /// Memory that Argon2id takes for a password, in MiB; 64 if nothing is said
    #[arg(
        long,
        value_name = "MIB",
        value_parser = clap::value_parser!(u32).range(1..=1024),
        conflicts_with_all = ["iterations", "suite", "key_file"]
    )]
    argon2_memory: Option<u32>,

    /// How often it goes through the memory; 3 if nothing is said
    #[arg(
        long,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=16),
        conflicts_with_all = ["iterations", "suite", "key_file"]
    )]
    argon2_passes: Option<u32>,

    /// How many threads it is made for; 4 if nothing is said
    #[arg(
        long,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=64),
        conflicts_with_all = ["iterations", "suite", "key_file"]
    )]
    argon2_lanes: Option<u32>,

    /// Use PBKDF2 with SHA-256 instead and hash so often; 600000 is usual. Only where Argon2id may
    /// not be used, as it is much easier to attack
    #[arg(
        long,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1000..=10_000_000),
        conflicts_with_all = ["suite", "key_file"]
    )]
    iterations: Option<u32>,
}

impl Cost {
    /// Whether anything was said about it.
    pub(crate) fn given(self) -> bool {
        let argon2 = [self.argon2_memory, self.argon2_passes, self.argon2_lanes];
        self.iterations.is_some() || argon2.iter().any(Option::is_some)
    }

    pub(crate) fn kdf(self) -> PasswordKdf {
        if let Some(iterations) = self.iterations {
            return PasswordKdf::Pbkdf2Sha256 { iterations };
        }
        match PasswordKdf::DEFAULT {
            PasswordKdf::Argon2id { memory_kib, passes, lanes } => PasswordKdf::Argon2id {
                memory_kib: self.argon2_memory.map_or(memory_kib, |mib| mib * 1024),
                passes: self.argon2_passes.unwrap_or(passes),
                lanes: self.argon2_lanes.unwrap_or(lanes),
            },
            other => other,
        }
    }
}
