//! The options that say how another program makes a key of a password.

use b2_crypto::legacy::{self, Profile};
use clap::ValueEnum;

use crate::command::encryption::classic::bytes;
use crate::failure::Failure;

/// How a password becomes key and IV. Nothing in a file says so.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Passwords of other programs, with --suite")]
pub(crate) struct Derivation {
    /// Make key and IV of the password, by this function of RFC 8018
    #[arg(long, value_enum, requires_all = ["suite", "kdf_hash", "kdf_iterations"])]
    pub(crate) kdf: Option<Kdf>,

    /// The hash that it uses
    #[arg(long, value_name = "HASH", value_enum, requires = "kdf")]
    kdf_hash: Option<Hash>,

    /// How often it hashes, at least once
    #[arg(long, value_name = "COUNT", requires = "kdf", value_parser = iterations())]
    kdf_iterations: Option<u32>,

    /// The salt in hexadecimal; without it there is none
    #[arg(long, value_name = "HEX", requires = "kdf")]
    kdf_salt: Option<String>,

    /// How PBKDF1 gives more bytes than one digest has; without it, not at all
    #[arg(long, value_name = "RULE", value_enum, requires = "kdf")]
    kdf_stretching: Option<Stretching>,

    /// Which bytes are the key and which the IV; key-then-iv if nothing is said, and with --iv all
    /// are the key
    #[arg(long, value_name = "ORDER", value_enum, requires = "kdf", conflicts_with = "iv")]
    kdf_order: Option<Order>,

    /// Which bytes the password stands for; utf-8 if nothing is said
    #[arg(long, value_name = "ENCODING", value_enum, requires = "kdf")]
    kdf_encoding: Option<Encoding>,
}

/// Any `u32` but 0.
pub(crate) fn iterations() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

impl Derivation {
    /// The profile, if a password is to be used. `key_only`: the IV comes from elsewhere.
    pub(crate) fn profile(&self, key_only: bool) -> Result<Option<Profile>, Failure> {
        let (Some(kdf), Some(hash), Some(iterations)) =
            (self.kdf, self.kdf_hash, self.kdf_iterations)
        else {
            return Ok(None);
        };
        let derivation = match (kdf, self.kdf_stretching) {
            (Kdf::Pbkdf1, rule) => legacy::Derivation::Pbkdf1(rule.unwrap_or_default().into()),
            (Kdf::Pbkdf2, None) => legacy::Derivation::Pbkdf2,
            (Kdf::Pbkdf2, Some(_)) => {
                let usage = "PBKDF2 gives as much as is wanted: leave --kdf-stretching out";
                return Err(Failure::Usage(usage.to_owned()));
            }
        };
        let salt = self.kdf_salt.as_deref().map(|salt| bytes("--kdf-salt", salt)).transpose()?;
        let order = if key_only { Some(Order::KeyOnly) } else { self.kdf_order };
        let profile = Profile::new(derivation, iterations)
            .with_hash(hash.into())
            .with_salt(&salt.unwrap_or_default())
            .with_order(order.map_or(legacy::KeyOrder::KeyThenIv, Into::into))
            .with_encoding(self.kdf_encoding.map_or(legacy::PasswordEncoding::Utf8, Into::into));
        Ok(Some(profile))
    }
}

/// The options that stand for this profile.
pub(crate) fn options(profile: &Profile) -> String {
    let (kdf, rule) = named(profile.derivation());
    let mut options = format!(
        "--kdf {} --kdf-hash {} --kdf-iterations {}",
        name(&kdf),
        name(&Hash::from(profile.hash())),
        profile.iterations(),
    );
    if !profile.salt().is_empty() {
        options.push_str(&format!(" --kdf-salt {}", hex(profile.salt())));
    }
    if let Some(rule) = rule {
        options.push_str(&format!(" --kdf-stretching {}", name(&rule)));
    }
    options.push_str(&format!(" --kdf-order {}", name(&Order::from(profile.order()))));
    let encoding = Encoding::from(profile.encoding());
    if !matches!(encoding, Encoding::Utf8) {
        options.push_str(&format!(" --kdf-encoding {}", name(&encoding)));
    }
    options
}

pub(crate) fn named(derivation: legacy::Derivation) -> (Kdf, Option<Stretching>) {
    match derivation {
        legacy::Derivation::Pbkdf1(rule) => (Kdf::Pbkdf1, Some(rule.into())),
        _ => (Kdf::Pbkdf2, None),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a value is called on the command line.
pub(crate) fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Names for the values of an enum of the crate, both ways.
macro_rules! values {
    ($(#[$about:meta])* $ours:ident of $theirs:path, else $other:ident;
     $($(#[$doc:meta])* $variant:ident),+ $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
        pub(crate) enum $ours { $($(#[$doc])* $variant),+ }

        impl From<$ours> for $theirs {
            fn from(value: $ours) -> Self {
                match value { $($ours::$variant => Self::$variant),+ }
            }
        }

        impl From<$theirs> for $ours {
            fn from(value: $theirs) -> Self {
                match value {
                    $(<$theirs>::$variant => Self::$variant,)+
                    // The enum may grow; its other values are not offered here.
                    _ => Self::$other,
                }
            }
        }
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kdf {
    /// Hashes once and again; gives no more than one digest
    Pbkdf1,
    /// HMAC, iterated
    Pbkdf2,
}

values! {
    Hash of legacy::Hash, else Sha1;
    Md5, Sha1, Sha224, Sha256, Sha384, Sha512,
}

values! {
    #[derive(Default)]
    Stretching of legacy::Stretching, else None;
    /// Not at all
    #[default]
    None,
    /// The digest before goes in front of the password: OpenSSL's EVP_BytesToKey
    #[value(name = "openssl")]
    OpenSsl,
    /// A counter goes in front of the last hash: .NET's PasswordDeriveBytes
    #[value(name = "dotnet")]
    DotNet,
    /// Two blocks are mixed with the digest: Windows' CryptDeriveKey
    CryptDeriveKey,
}

values! {
    Order of legacy::KeyOrder, else KeyThenIv;
    /// First the key, then the IV
    KeyThenIv,
    /// First the IV, then the key
    IvThenKey,
    /// Only the key; the IV is zeros
    KeyOnly,
    /// Both from the beginning
    BothFromStart,
    /// First the key, then the IV in a request of its own, where .NET gives other bytes
    KeyThenIvApart,
}

values! {
    Encoding of legacy::PasswordEncoding, else Utf8;
    #[value(name = "utf-8")]
    Utf8,
    /// One byte a character
    #[value(name = "latin-1")]
    Latin1,
    /// Two bytes a character, the low one first
    #[value(name = "utf-16le")]
    Utf16Le,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[arg(long)]
        suite: Option<String>,
        #[arg(long)]
        iv: Option<String>,
        #[command(flatten)]
        derivation: Derivation,
    }

    #[test]
    fn options_stand_for_the_profile_that_they_were_made_of() {
        for profile in [
            Profile::openssl(legacy::Hash::Md5),
            Profile::openssl_pbkdf2(legacy::Hash::Sha512, 4096).with_salt(&[0xab, 1]),
            Profile::new(legacy::Derivation::Pbkdf1(legacy::Stretching::CryptDeriveKey), 7)
                .with_order(legacy::KeyOrder::BothFromStart)
                .with_encoding(legacy::PasswordEncoding::Utf16Le),
        ] {
            let options = options(&profile);
            let words = ["b2", "--suite", "x"].into_iter().chain(options.split(' '));
            let cli = Cli::try_parse_from(words).unwrap();
            assert_eq!(cli.derivation.profile(false).unwrap(), Some(profile), "{options}");
            assert!(cli.suite.is_some() && cli.iv.is_none());
        }
    }
}
