//! `b2 bucket`

mod create;
mod delete;
mod list;

pub(super) use list::list;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Make, list and delete buckets
#[derive(Debug, Subcommand)]
pub(crate) enum Bucket {
    Create(create::Create),
    List(list::List),
    Delete(delete::Delete),
}

impl Bucket {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List(list) => list.run(context).await,
            Self::Delete(delete) => delete.run(context).await,
        }
    }
}
