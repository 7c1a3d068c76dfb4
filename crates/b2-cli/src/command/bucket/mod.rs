//! `b2 bucket`

mod create;
mod delete;
mod download_auth;
mod get;
mod list;
mod notification_rule;
mod readers;
mod update;

pub(super) use list::list;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Make, list, change and delete buckets
#[derive(Debug, Subcommand)]
pub(crate) enum Bucket {
    Create(create::Create),
    List(list::List),
    Get(get::Get),
    Update(Box<update::Update>),
    Delete(delete::Delete),
    #[command(subcommand)]
    NotificationRule(notification_rule::NotificationRule),
    #[command(name = "get-download-auth")]
    DownloadAuth(download_auth::DownloadAuth),
}

impl Bucket {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(context).await,
            Self::List(list) => list.run(context).await,
            Self::Get(get) => get.run(context).await,
            Self::Update(update) => update.run(context).await,
            Self::Delete(delete) => delete.run(context).await,
            Self::NotificationRule(rule) => rule.run(context).await,
            Self::DownloadAuth(auth) => auth.run(context).await,
        }
    }
}
