//! `b2 account get`

use crate::command::account::session_row::SessionRow;
use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none.

B2 is asked, so a key that was deleted meanwhile is noticed. The key itself and
tokens are never shown.

Examples:
  b2 account get
  b2 account get --json | jq -r '.capabilities[]'";

/// Show what is authorized, and what the key may do
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Get {}

impl Get {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let authorization = context.authorization()?;
        let session = context.client_for(&authorization)?.authorize().await?;
        let row = SessionRow::new(&authorization, &session);
        context.output.record(&row, || row.lines())
    }
}
