//! `b2 file`

mod absence;
pub(crate) mod cat;
mod copy;
mod download;
mod encryption;
mod fetch;
mod hide;
mod info;
mod large;
mod lock;
mod recipients;
mod target;
mod transfer_row;
mod update;
mod upload;
mod url;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Upload, download, copy and look at files
#[derive(Debug, Subcommand)]
pub(crate) enum File {
    Upload(upload::Upload),
    Download(download::Download),
    Cat(cat::Cat),
    Info(info::Info),
    Hide(hide::Hide),
    Copy(copy::Copy),
    Recipients(recipients::Recipients),
    Update(update::Update),
    Url(url::Url),
    #[command(subcommand)]
    Large(large::Large),
}

impl File {
    pub(super) fn moves_content(&self) -> bool {
        matches!(self, Self::Upload(_) | Self::Download(_) | Self::Cat(_))
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Upload(upload) => upload.run(context).await,
            Self::Download(download) => download.run(context).await,
            Self::Cat(cat) => cat.run(context).await,
            Self::Info(info) => info.run(context).await,
            Self::Hide(hide) => hide.run(context).await,
            Self::Copy(copy) => copy.run(context).await,
            Self::Recipients(recipients) => recipients.run(context).await,
            Self::Update(update) => update.run(context).await,
            Self::Url(url) => url.run(context).await,
            Self::Large(large) => large.run(context).await,
        }
    }
}

/// File information as options give it.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is expected".to_owned()),
    }
}
