//! `b2 bucket notification-rule`

mod hidden;
mod list;
mod set;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// List and replace the rules by which B2 tells of changes
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationRule {
    List(list::List),
    Set(set::Set),
}

impl NotificationRule {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(context).await,
            Self::Set(set) => set.run(context).await,
        }
    }
}
