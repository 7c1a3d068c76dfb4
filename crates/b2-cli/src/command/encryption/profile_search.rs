//! `b2 profile-search`

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use b2_crypto::Password;
use b2_crypto::legacy::{self, Profile, Sample, Suite};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeroize::Zeroizing;

use crate::command::encryption::classic::bytes;
use crate::command::encryption::derivation::{self, Encoding, Hash, Kdf, Order, Stretching};
use crate::command::encryption::failure::EncryptionFailure;
use crate::command::encryption::secret::SecretSource;
use crate::command::encryption::variant;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::NoProgress;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent.

You have a file that another program encrypted with a classic cipher, its
password, and know how the content begins, but not how that program makes a key
of the password. This tries one way after the other, the quick ones first, and
prints the options for `b2 decrypt` and `b2 encrypt` of the first that fits.

Without options it tries every cipher, what its name leaves open, every function,
hash, stretching rule and order with usual numbers of iterations from 1 to 10000,
no salt and UTF-8. If the file says its IV or nonce, or you know it, give --iv.
Each option replaces a list; several values have commas
between them. Give at least eight
bytes of the beginning: four fit by chance now and then.

Examples:
  b2 profile-search --starts-with %PDF-1. report.bin
  b2 profile-search --starts-with-hex 504b0304140008 --suite aes-256-cbc archive.bin
  b2 profile-search --starts-with %PDF-1. --iv 000102030405060708090a0b0c0d0e0f report.bin
  b2 profile-search --starts-like old-report.pdf --kdf pbkdf1 \\
      --kdf-iterations 100,1000,5000 --kdf-salt 0011223344556677 --all report.bin";

/// How much of the beginning is compared: more tells nothing more.
const LONGEST: usize = 64;
/// Fewer bytes fit too often.
const SHORTEST: usize = 4;

/// Find out how another program makes a key of a password
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ProfileSearch {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    beginning: Beginning,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    lists: Lists,

    /// Print every way that fits, not only the first
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    no_progress: NoProgress,
}

/// What is known of the content.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Beginning {
    /// The content begins with this text
    #[arg(long, value_name = "TEXT")]
    starts_with: Option<String>,

    /// The content begins with these bytes
    #[arg(long, value_name = "HEX")]
    starts_with_hex: Option<String>,

    /// The content begins as this file does, as far as 64 bytes
    #[arg(long, value_name = "FILE")]
    starts_like: Option<PathBuf>,
}

/// What is tried.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is tried")]
struct Lists {
    /// These ciphers, such as aes-256-cbc
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    suite: Vec<String>,

    /// These functions
    #[arg(long, value_enum, value_delimiter = ',')]
    kdf: Vec<Kdf>,

    /// These hashes
    #[arg(long, value_name = "HASH", value_enum, value_delimiter = ',')]
    kdf_hash: Vec<Hash>,

    /// These numbers of iterations
    #[arg(long, value_name = "COUNT", value_delimiter = ',', value_parser = derivation::iterations())]
    kdf_iterations: Vec<u32>,

    /// This initialization vector or nonce in hexadecimal, and only the key comes of the password
    #[arg(long, value_name = "HEX", conflicts_with = "kdf_order")]
    iv: Option<String>,

    /// These salts in hexadecimal, and not the empty one
    #[arg(long, value_name = "HEX", value_delimiter = ',')]
    kdf_salt: Vec<String>,

    /// These rules by which PBKDF1 goes on
    #[arg(long, value_name = "RULE", value_enum, value_delimiter = ',')]
    kdf_stretching: Vec<Stretching>,

    /// These orders of key and IV
    #[arg(long, value_name = "ORDER", value_enum, value_delimiter = ',')]
    kdf_order: Vec<Order>,

    /// These encodings of the password
    #[arg(long, value_name = "ENCODING", value_enum, value_delimiter = ',')]
    kdf_encoding: Vec<Encoding>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    suite: String,
    kdf: String,
    hash: String,
    iterations: u32,
    salt: String,
    /// Absent with PBKDF2.
    stretching: Option<String>,
    order: String,
    encoding: String,
    options: String,
}

impl ProfileSearch {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let what = format!("cannot tell how {} was encrypted", self.file.display());
        self.search(&context.output).await.map_err(|failure| failure.during(what))
    }

    async fn search(&self, output: &Output) -> Result<(), Failure> {
        let plaintext = self.beginning.bytes()?;
        // A block more, as the last of the beginning may end within one.
        let ciphertext = beginning(&self.file, plaintext.len() + 32)?;
        let steps = self.lists.steps()?;
        let iv = self.lists.iv.as_deref().map(|iv| bytes("--iv", iv)).transpose()?;
        let tries = steps.iter().map(|step| step.search.tries()).sum();
        let password = self.secret.password(false).await?;
        let bar = Bar::new(output, self.no_progress, tries);
        let (found, mut finds) = unbounded_channel();
        let work = Work { steps, password, iv, plaintext, ciphertext, found, bar: bar.0.clone() };
        let done = tokio::task::spawn_blocking(move || work.run());
        let fitted = self.tell(&mut finds, output).await?;
        // It ends at its next step if nobody listens any more.
        drop(finds);
        done.await.map_err(|error| Failure::local("the search stopped", error.into()))?;
        output.clear_bar();
        if fitted { Ok(()) } else { Err(EncryptionFailure::NoProfile(tries).into()) }
    }

    /// Prints what is found when it is found.
    async fn tell(
        &self,
        finds: &mut UnboundedReceiver<Found>,
        output: &Output,
    ) -> Result<bool, Failure> {
        let mut fitted = false;
        while let Some(found) = finds.recv().await {
            let row = Row::new(found);
            output.row(&row, || row.options.clone())?;
            fitted = true;
            if !self.all {
                break;
            }
        }
        Ok(fitted)
    }
}

impl Beginning {
    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut known = match (&self.starts_with, &self.starts_with_hex, &self.starts_like) {
            (Some(text), ..) => text.as_bytes().to_vec(),
            (_, Some(hex), _) => bytes("--starts-with-hex", hex)?.to_vec(),
            (.., Some(path)) => beginning(path, LONGEST)?,
            _ => Vec::new(),
        };
        known.truncate(LONGEST);
        if known.len() < SHORTEST {
            let usage = format!("at least {SHORTEST} bytes of the beginning are needed");
            return Err(Failure::Usage(usage));
        }
        Ok(known)
    }
}

/// The first bytes of a file.
fn beginning(path: &PathBuf, len: usize) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| Failure::local(format!("cannot read {}", path.display()), source);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(len as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The part of a search that takes one suite and one number of iterations.
struct Step {
    name: String,
    search: legacy::ProfileSearch,
}

impl Lists {
    /// Fewer iterations come first, as they are quicker.
    fn steps(&self) -> Result<Vec<Step>, Failure> {
        let usual = [1, 10, 100, 1000, 1024, 2048, 4096, 10_000];
        let iterations =
            if self.kdf_iterations.is_empty() { &usual[..] } else { &self.kdf_iterations };
        let names: Vec<&str> = match self.suite.is_empty() {
            true => Suite::names().to_vec(),
            false => self.suite.iter().map(String::as_str).collect(),
        };
        let mut steps = Vec::new();
        for count in iterations {
            for name in &names {
                let suite = Suite::from_name(name).map_err(EncryptionFailure::from)?;
                let search = legacy::ProfileSearch::new(suite.variants());
                let search = self.narrow(search.with_iterations(vec![*count]))?;
                steps.push(Step { name: (*name).to_owned(), search });
            }
        }
        Ok(steps)
    }

    fn narrow(&self, mut search: legacy::ProfileSearch) -> Result<legacy::ProfileSearch, Failure> {
        if let Some(derivations) = self.derivations() {
            search = search.with_derivations(derivations);
        }
        if !self.kdf_hash.is_empty() {
            search = search.with_hashes(self.kdf_hash.iter().copied().map(Into::into).collect());
        }
        if self.iv.is_some() {
            search = search.with_orders(vec![legacy::KeyOrder::KeyOnly]);
        }
        if !self.kdf_order.is_empty() {
            search = search.with_orders(self.kdf_order.iter().copied().map(Into::into).collect());
        }
        if !self.kdf_encoding.is_empty() {
            let encodings = self.kdf_encoding.iter().copied().map(Into::into);
            search = search.with_encodings(encodings.collect());
        }
        let salts = self.kdf_salt.iter().map(|salt| Ok(bytes("--kdf-salt", salt)?.to_vec()));
        let salts = salts.collect::<Result<Vec<_>, Failure>>()?;
        Ok(if salts.is_empty() { search } else { search.with_salts(salts) })
    }

    /// Those that are asked for; `None`: all.
    fn derivations(&self) -> Option<Vec<legacy::Derivation>> {
        if self.kdf.is_empty() && self.kdf_stretching.is_empty() {
            return None;
        }
        let wants = |kdf| self.kdf.is_empty() || self.kdf.contains(&kdf);
        let usual = [Stretching::OpenSsl, Stretching::DotNet, Stretching::CryptDeriveKey];
        let rules = if self.kdf_stretching.is_empty() { &usual[..] } else { &self.kdf_stretching };
        let mut derivations = Vec::new();
        if wants(Kdf::Pbkdf1) {
            let rules = rules.iter().copied().map(Into::into);
            derivations.extend(rules.map(legacy::Derivation::Pbkdf1));
        }
        if wants(Kdf::Pbkdf2) {
            derivations.push(legacy::Derivation::Pbkdf2);
        }
        Some(derivations)
    }
}

/// A way that fits.
struct Found {
    name: String,
    suite: Suite,
    profile: Profile,
    /// Hexadecimal.
    iv: Option<String>,
}

/// What a thread of its own does.
struct Work {
    steps: Vec<Step>,
    password: Password,
    iv: Option<Zeroizing<Vec<u8>>>,
    plaintext: Vec<u8>,
    ciphertext: Vec<u8>,
    found: UnboundedSender<Found>,
    bar: ProgressBar,
}

impl Work {
    fn run(self) {
        let mut sample = Sample::new(&self.ciphertext, &self.plaintext);
        if let Some(iv) = &self.iv {
            sample = sample.with_iv(iv);
        }
        for Step { name, search } in &self.steps {
            if self.found.is_closed() {
                return;
            }
            for (profile, suite) in search.run(self.password.expose(), &sample) {
                let iv = self.iv.as_deref().map(|iv| derivation::hex(iv));
                if self.found.send(Found { name: name.clone(), suite, profile, iv }).is_err() {
                    return;
                }
            }
            self.bar.inc(search.tries() as u64);
        }
    }
}

/// A bar on a terminal, cleared when it is dropped.
struct Bar<'a>(ProgressBar, &'a Output);

impl<'a> Bar<'a> {
    fn new(output: &'a Output, no: NoProgress, tries: usize) -> Self {
        if no.no_progress || !output.wants_bar() {
            return Self(ProgressBar::hidden(), output);
        }
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} ways tried {eta}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(tries as u64).with_style(style);
        output.set_bar(bar.clone());
        Self(bar, output)
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.1.clear_bar();
    }
}

impl Row {
    fn new(Found { name, suite, profile, iv }: Found) -> Self {
        let (kdf, rule) = derivation::named(profile.derivation());
        let (variant, mut ways) = (variant::options(&suite), derivation::options(&profile));
        if let Some(iv) = iv {
            // It says the order itself.
            ways = format!("--iv {iv} {}", ways.replace(" --kdf-order key-only", ""));
        }
        let options = format!("--suite {name}{variant} {ways}");
        Self {
            suite: name,
            kdf: derivation::name(&kdf),
            hash: derivation::name(&Hash::from(profile.hash())),
            iterations: profile.iterations(),
            salt: derivation::hex(profile.salt()),
            stretching: rule.map(|rule| derivation::name(&rule)),
            order: derivation::name(&Order::from(profile.order())),
            encoding: derivation::name(&Encoding::from(profile.encoding())),
            options,
        }
    }
}
