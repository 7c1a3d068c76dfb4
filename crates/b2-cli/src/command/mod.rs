//! The commands, one file each.

mod account;
mod bucket;
mod emulator;
mod file;
mod ls;
mod rm;
mod version;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    Bucket(bucket::Bucket),
    #[command(subcommand)]
    File(file::File),
    Ls(ls::Ls),
    Rm(rm::Rm),
    Emulator(emulator::Emulator),
    Version(version::Version),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Account(account) => account.run(context).await,
            Self::Bucket(bucket) => bucket.run(context).await,
            Self::File(file) => file.run(context).await,
            Self::Ls(ls) => ls.run(context).await,
            Self::Rm(rm) => rm.run(context).await,
            Self::Emulator(emulator) => emulator.run(),
            Self::Version(version) => version.run(context),
        }
    }
}
