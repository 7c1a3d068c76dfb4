//! `b2 key`

mod create;
mod delete;
mod list;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Make, list and delete application keys
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    Create(create::Create),
    List(list::List),
    Delete(delete::Delete),
}

impl Key {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List(list) => list.run(context).await,
            Self::Delete(delete) => delete.run(context).await,
        }
    }
}
