//! The commands, one file each.

mod account;
mod bucket;
mod call;
mod emulator;
mod encryption;
mod file;
mod key;
mod ls;
mod rm;
mod version;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

pub(crate) use encryption::EncryptionFailure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    Bucket(bucket::Bucket),
    #[command(subcommand)]
    File(file::File),
    #[command(subcommand)]
    Key(key::Key),
    Ls(ls::Ls),
    Rm(rm::Rm),
    Call(call::Call),
    Encrypt(encryption::Encrypt),
    Decrypt(encryption::Decrypt),
    Inspect(encryption::Inspect),
    Recipients(encryption::Recipients),
    ProfileSearch(encryption::ProfileSearch),
    Emulator(Box<emulator::Emulator>),
    Version(version::Version),
}

impl Command {
    /// Whether the content of files goes through it to or from B2.
    pub(crate) fn moves_content(&self) -> bool {
        matches!(self, Self::File(file) if file.moves_content())
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Account(account) => account.run(context).await,
            Self::Bucket(bucket) => bucket.run(context).await,
            Self::File(file) => file.run(context).await,
            Self::Key(key) => key.run(context).await,
            Self::Ls(ls) => ls.run(context).await,
            Self::Rm(rm) => rm.run(context).await,
            Self::Call(call) => call.run(context).await,
            Self::Encrypt(encrypt) => encrypt.run(context).await,
            Self::Decrypt(decrypt) => decrypt.run(context).await,
            Self::Inspect(inspect) => inspect.run(context),
            Self::Recipients(recipients) => recipients.run(context).await,
            Self::ProfileSearch(search) => search.run(context).await,
            Self::Emulator(emulator) => emulator.run(),
            Self::Version(version) => version.run(context),
        }
    }
}
