//! `b2 decrypt`

use b2_crypto::legacy::Decryptor as ClassicDecryptor;
use b2_crypto::{Decryptor, Unlock};
use serde::Serialize;

use crate::command::encryption::beginning::Beginning;
use crate::command::encryption::classic::Classic;
use crate::command::encryption::failure::EncryptionFailure;
use crate::command::encryption::rewrite::{Files, Input, Step};
use crate::command::encryption::secret::SecretSource;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent.

The decrypted file appears when all of it was found to be genuine; of a file
that was changed, cut or exchanged nothing appears. A wrong password is found
out at once. It is asked for, or taken from B2_ENCRYPTION_PASSWORD or
--password-file.

A classic cipher takes a key, or makes one of the password as the other program
did; if nobody knows how that was, `b2 profile-search` finds out.

`-` is standard input or standard output. To standard output goes what was found
to be genuine; whether it was all tells the exit code. With --suite nothing tells
what is genuine: what comes out may be anything, and the exit code tells only
whether its end looks right.

Examples:
  b2 decrypt report.pdf.b2e report.pdf
  b2 decrypt --key-file backup.key - - < docs.tar.b2e | tar -x
  b2 decrypt --key-file backup.key report.pdf.b2e report.pdf
  b2 decrypt --suite aes-256-cbc --key 00..1f --iv 00..0f report.bin report.pdf
  b2 decrypt --suite tripledes-cbc --kdf pbkdf1 --kdf-hash sha1 --kdf-iterations 1000 \\
      --kdf-stretching dotnet report.bin report.pdf";

/// Decrypt a file on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    files: Files,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    classic: Classic,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    input: String,
    output: String,
    content_length: u64,
    encrypted_length: u64,
}

impl Decrypt {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (input, output) = (self.files.input.display(), self.files.output.display());
        let what = format!("cannot decrypt {input} to {output}");
        self.decrypt(context).await.map_err(|failure| failure.during(what))
    }

    async fn decrypt(&self, context: &Context) -> Result<(), Failure> {
        let chosen = self.classic.chosen(&self.secret, false, &context.output).await?;
        self.files.check()?;
        let mut input = self.files.open()?;
        let step: Box<dyn Step> = match chosen {
            Some(chosen) => {
                let decryptor = chosen.suite.decryptor(&chosen.key, &chosen.iv);
                Box::new(Classically(decryptor.map_err(EncryptionFailure::from)?))
            }
            None => Box::new(Opening(self.begin(&mut input, &context.output).await?)),
        };
        let (encrypted_length, content_length) =
            self.files.rewrite(context, input, Vec::new(), step).await?;
        let row = Row {
            input: self.files.input.display().to_string(),
            output: self.files.output.display().to_string(),
            content_length,
            encrypted_length,
        };
        let words = format!("decrypted {} to {}", row.input, row.output);
        self.files.tell(context, &row, &words)
    }

    /// Opens the header, and leaves the input behind it. Everything that the header and the length
    /// tell is found out here.
    async fn begin(&self, input: &mut Input, output: &Output) -> Result<Decryptor, Failure> {
        let beginning = Beginning::read(&mut input.reader, &self.files.input)?;
        // The header that counts is as long as the one in the file.
        let header = beginning.header().inspect_err(|_| {
            beginning.told().iter().for_each(|told| output.say(told));
        });
        let (mut read, len) = (beginning.bytes.clone(), header?.len());
        input.give_back(read.split_off(len.min(read.len())), len);
        let unlock = Unlock::from(self.secret.get(false).await?);
        let open = move || {
            let opened = beginning.open(&[unlock]);
            (beginning.doubt(&opened), opened)
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let (doubt, opened) =
            opened.map_err(|error| Failure::local("no key was derived", error.into()))?;
        doubt.iter().for_each(|doubt| output.say(doubt));
        let opened = opened.map_err(EncryptionFailure::from)?.file;
        if let Some(len) = input.len {
            opened.layout(len).map_err(EncryptionFailure::from)?;
        }
        Ok(opened.decryptor())
    }
}

struct Opening(Decryptor);

impl Step for Opening {
    fn update(&mut self, piece: &[u8], output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.update(piece, output).map_err(EncryptionFailure::from)?)
    }

    fn finish(self: Box<Self>, output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.finish(output).map_err(EncryptionFailure::from)?)
    }
}

struct Classically(ClassicDecryptor);

impl Step for Classically {
    fn update(&mut self, piece: &[u8], output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.update(piece, output).map_err(EncryptionFailure::from)?)
    }

    fn finish(self: Box<Self>, output: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.0.finish(output).map_err(EncryptionFailure::from)?)
    }
}
