//! `b2 file large unfinished`

mod cancel;
mod list;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// List and cancel large files that are not finished: their parts cost money
#[derive(Debug, Subcommand)]
pub(crate) enum Unfinished {
    List(list::List),
    Cancel(cancel::Cancel),
}

impl Unfinished {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(context).await,
            Self::Cancel(cancel) => cancel.run(context).await,
        }
    }
}
