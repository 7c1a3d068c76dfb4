//! `b2 account`

mod authorize;
mod clear;
mod get;
mod session_row;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Save, show and forget an application key
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    Authorize(authorize::Authorize),
    Get(get::Get),
    Clear(clear::Clear),
}

impl Account {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Authorize(authorize) => authorize.run(context).await,
            Self::Get(get) => get.run(context).await,
            Self::Clear(clear) => clear.run(context),
        }
    }
}
