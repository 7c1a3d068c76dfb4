//! The options that say what a program means by the name of a classic cipher.

use b2_crypto::legacy::{self, Algorithm, Suite};

use crate::command::encryption::derivation::name;
use crate::failure::Failure;

/// What the name of a cipher leaves open. Nothing in a file says so.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "What the name of a classic cipher leaves open, with --suite")]
pub(crate) struct Variant {
    /// How TEA makes words of bytes; big if nothing is said
    #[arg(long, value_name = "ORDER", value_enum, requires = "suite")]
    tea_order: Option<Order>,

    /// How many cycles of two rounds TEA runs, 1 to 1024; 32 if nothing is said
    #[arg(long, value_name = "COUNT", requires = "suite")]
    tea_cycles: Option<u32>,

    /// How many effective bits an RC2 key has, 1 to 1024; all if nothing is said
    #[arg(long, value_name = "BITS", requires = "suite")]
    rc2_bits: Option<usize>,

    /// How many bytes of its output RC4 drops, at most 65536; none if nothing is said
    #[arg(long, value_name = "BYTES", requires = "suite")]
    rc4_drop: Option<usize>,

    /// The first counter of ChaCha20 or XSalsa20; 0 if nothing is said
    #[arg(long, value_name = "NUMBER", requires = "suite")]
    counter: Option<u32>,

    /// How many bytes a ChaCha20 nonce has that is made of a password: 8, 12 or 16; 12 if nothing
    /// is said
    #[arg(long, value_name = "BYTES", requires = "suite")]
    nonce_length: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// The most significant byte first
    Big,
    /// The least significant byte first
    Little,
}

impl Variant {
    /// The suite with what was said about it. What does not concern it is refused, as it would do
    /// nothing.
    pub(crate) fn of(&self, mut suite: Suite) -> Result<Suite, Failure> {
        let algorithm = suite.algorithm();
        let concerns = [
            ("--tea-order", self.tea_order.is_some(), &[Algorithm::Tea][..]),
            ("--tea-cycles", self.tea_cycles.is_some(), &[Algorithm::Tea]),
            ("--rc2-bits", self.rc2_bits.is_some(), &[Algorithm::Rc2]),
            ("--rc4-drop", self.rc4_drop.is_some(), &[Algorithm::Rc4]),
            ("--counter", self.counter.is_some(), &[Algorithm::ChaCha, Algorithm::XSalsa20]),
            ("--nonce-length", self.nonce_length.is_some(), &[Algorithm::ChaCha]),
        ];
        for (option, given, whom) in concerns {
            if given && !whom.contains(&algorithm) {
                let whom: Vec<_> = whom.iter().map(ToString::to_string).collect();
                let whom = whom.join(" and ");
                return Err(Failure::Usage(format!("{option} is for {whom}, not for {algorithm}")));
            }
        }
        let (order, cycles) = suite.tea();
        let order = self.tea_order.map_or(order, Into::into);
        suite = suite.with_tea(order, self.tea_cycles.unwrap_or(cycles));
        if let Some(bits) = self.rc2_bits {
            suite = suite.with_rc2_effective_bits(bits);
        }
        if let Some(len) = self.nonce_length {
            suite = suite.with_nonce_len(len);
        }
        Ok(suite
            .with_rc4_drop(self.rc4_drop.unwrap_or_default())
            .with_counter(self.counter.unwrap_or_default()))
    }
}

/// The options that stand for this suite, behind its name; a space in front of each.
pub(crate) fn options(suite: &Suite) -> String {
    let mut options = String::new();
    let mut say = |option: &str, value: &dyn std::fmt::Display| {
        options.push_str(&format!(" --{option} {value}"));
    };
    let (usual, (order, cycles)) = (Suite::new(suite.algorithm()), suite.tea());
    if order != usual.tea().0 {
        say("tea-order", &name(&Order::from(order)));
    }
    if cycles != usual.tea().1 {
        say("tea-cycles", &cycles);
    }
    if let Some(bits) = suite.rc2_effective_bits() {
        say("rc2-bits", &bits);
    }
    if suite.rc4_drop() != 0 {
        say("rc4-drop", &suite.rc4_drop());
    }
    if suite.counter() != 0 {
        say("counter", &suite.counter());
    }
    if suite.algorithm() == Algorithm::ChaCha && suite.iv_len() != usual.iv_len() {
        say("nonce-length", &suite.iv_len());
    }
    options
}

impl From<Order> for legacy::ByteOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Big => Self::Big,
            Order::Little => Self::Little,
        }
    }
}

impl From<legacy::ByteOrder> for Order {
    fn from(order: legacy::ByteOrder) -> Self {
        match order {
            legacy::ByteOrder::Little => Self::Little,
            _ => Self::Big,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[arg(long)]
        suite: Option<String>,
        #[command(flatten)]
        variant: Variant,
    }

    fn parsed(name: &str, options: &str) -> Result<Suite, Failure> {
        let words = ["b2", "--suite", name].into_iter().chain(options.split_whitespace());
        let cli = Cli::try_parse_from(words).unwrap();
        assert!(cli.suite.is_some());
        cli.variant.of(Suite::from_name(name).unwrap())
    }

    #[test]
    fn options_stand_for_the_variant_that_they_were_made_of() {
        for name in Suite::names() {
            for suite in Suite::from_name(name).unwrap().variants() {
                let options = options(&suite);
                let again = parsed(name, &options).unwrap();
                // 12 is what nothing said means.
                let same = |suite: Suite| suite.with_nonce_len(suite.iv_len());
                assert_eq!(same(again), same(suite), "{name}{options}");
            }
        }
    }

    #[test]
    fn what_would_do_nothing_is_refused() {
        for option in ["tea-cycles", "rc2-bits", "rc4-drop", "counter", "nonce-length"] {
            assert!(parsed("aes-256-cbc", &format!("--{option} 8")).is_err(), "{option}");
        }
        assert!(parsed("chacha", "--nonce-length 8 --counter 1").is_ok());
    }
}
