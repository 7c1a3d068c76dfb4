//! `b2 encrypt`

use b2_crypto::legacy::Encryptor as ClassicEncryptor;
use b2_crypto::{Encryptor, NewFile, NoRandomness};
use serde::Serialize;

use crate::command::encryption::classic::Classic;
use crate::command::encryption::failure::EncryptionFailure;
use crate::command::encryption::rewrite::{Files, Step};
use crate::command::encryption::sealing::Sealing;
use crate::command::encryption::secret::SecretSource;
use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent.

The file is encrypted for whoever knows the password, in a format that notices
every change and of which any part can be read alone. The password is asked
for, or taken from B2_ENCRYPTION_PASSWORD or --password-file.

Classic ciphers are there for data of other programs. They notice no change,
and some are broken; their names are
  aes-128-cbc aes-192-cbc aes-256-cbc blowfish-cbc cast5-cbc chacha des-cbc
  idea-cbc rc2-cbc rc4 rijndael-cbc rijndael-192-cbc rijndael-256-cbc tea-cbc
  tripledes-cbc twofish-cbc xsalsa20, and block ciphers with -ctr.
They take a key, or make one of the password as the other program does: --kdf
and what follows it say how, and nothing of that is guessed. A key is taken as
it is. openssl fills one that is too short with zeros and cuts one that is too
long: for its bf-cbc, cast5-cbc, rc2-cbc and rc4 give 16 bytes, for its
des-ede3-cbc 24.

`-` is standard input or standard output.

Examples:
  b2 encrypt report.pdf report.pdf.b2e
  tar -c docs | b2 encrypt --key-file backup.key - - > docs.tar.b2e
  b2 encrypt --password-file ~/.backup-password report.pdf report.pdf.b2e
  b2 encrypt --argon2-memory 512 --argon2-passes 4 report.pdf report.pdf.b2e
  b2 encrypt --iterations 1000000 report.pdf report.pdf.b2e   # PBKDF2, where it has to be
  b2 encrypt --suite aes-256-cbc --key 00..1f --iv 00..0f report.pdf report.bin
  b2 encrypt --suite aes-256-cbc --kdf pbkdf2 --kdf-hash sha256 --kdf-iterations 10000 \\
      --password-file ~/.backup-password report.pdf report.bin";

/// Encrypt a file on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Encrypt {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    sealing: Sealing,

    #[command(flatten)]
    classic: Classic,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    input: String,
    output: String,
    suite: String,
    content_length: u64,
    encrypted_length: u64,
}

impl Encrypt {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (input, output) = (self.files.input.display(), self.files.output.display());
        let what = format!("cannot encrypt {input} to {output}");
        self.encrypt(context).await.map_err(|failure| failure.during(what))
    }

    async fn encrypt(&self, context: &Context) -> Result<(), Failure> {
        let chosen = self.classic.chosen(&self.secret, true, &context.output).await?;
        self.files.check()?;
        let input = self.files.open()?;
        if input.len.is_none() && self.sealing.hides_length() {
            let usage = "--hide-length needs a file: of standard input nobody knows the length";
            return Err(Failure::Usage(usage.to_owned()));
        }
        let (suite, beginning, step): (String, Vec<u8>, Box<dyn Step>) = match chosen {
            Some(chosen) => {
                let encryptor = chosen.suite.encryptor(&chosen.key, &chosen.iv);
                let encryptor = encryptor.map_err(EncryptionFailure::from)?;
                (chosen.name, Vec::new(), Box::new(Classically(encryptor)))
            }
            None => {
                let encryptor = self.begin(input.len).await?;
                let header = encryptor.header().to_vec();
                (self.sealing.name().to_owned(), header, Box::new(Sealed(encryptor)))
            }
        };
        let (content_length, encrypted_length) =
            self.files.rewrite(context, input, beginning, step).await?;
        let row = Row {
            input: self.files.input.display().to_string(),
            output: self.files.output.display().to_string(),
            suite,
            content_length,
            encrypted_length,
        };
        let words = format!("encrypted {} to {} ({})", row.input, row.output, row.suite);
        self.files.tell(context, &row, &words)
    }

    /// Derives the key on a thread of its own, since that takes a while.
    async fn begin(&self, len: Option<u64>) -> Result<Encryptor, Failure> {
        let recipient = self.sealing.recipient(self.secret.get(true).await?);
        let options = self.sealing.options();
        let begin = move || NewFile::new(&[recipient], &options, len, &mut system);
        let begun = tokio::task::spawn_blocking(begin).await;
        let begun = begun.map_err(|error| Failure::local("no key was derived", error.into()))?;
        Ok(begun.map_err(EncryptionFailure::from)?.encryptor())
    }
}

/// What the operating system has of randomness.
pub(super) fn system(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(bytes).map_err(|_| NoRandomness)
}

struct Sealed(Encryptor);

impl Step for Sealed {
    fn update(&mut self, piece: &[u8], output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.update(piece, output).map_err(EncryptionFailure::from)?)
    }

    fn finish(self: Box<Self>, output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.finish(output).map_err(EncryptionFailure::from)?)
    }
}

struct Classically(ClassicEncryptor);

impl Step for Classically {
    fn update(&mut self, piece: &[u8], output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.update(piece, output).map_err(EncryptionFailure::from)?)
    }

    fn finish(self: Box<Self>, output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.finish(output).map_err(EncryptionFailure::from)?)
    }
}
