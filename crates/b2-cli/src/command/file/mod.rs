//! `b2 file`

mod absence;
mod cat;
mod download;
mod hide;
mod info;
mod transfer_row;
mod upload;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Upload, download and look at files
#[derive(Debug, Subcommand)]
pub(crate) enum File {
    Upload(upload::Upload),
    Download(download::Download),
    Cat(cat::Cat),
    Info(info::Info),
    Hide(hide::Hide),
}

impl File {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Upload(upload) => upload.run(context).await,
            Self::Download(download) => download.run(context).await,
            Self::Cat(cat) => cat.run(context).await,
            Self::Info(info) => info.run(context).await,
            Self::Hide(hide) => hide.run(context).await,
        }
    }
}
