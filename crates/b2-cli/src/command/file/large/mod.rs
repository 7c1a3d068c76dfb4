//! `b2 file large`

mod parts;
mod unfinished;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Look at large files that are not finished, and cancel them
#[derive(Debug, Subcommand)]
pub(crate) enum Large {
    Parts(parts::Parts),
    #[command(subcommand)]
    Unfinished(unfinished::Unfinished),
}

impl Large {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Parts(parts) => parts.run(context).await,
            Self::Unfinished(unfinished) => unfinished.run(context).await,
        }
    }
}
