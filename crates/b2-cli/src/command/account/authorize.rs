//! `b2 account authorize`

use b2::ApplicationKey;

use crate::command::account::session_row::SessionRow;
use crate::context::Context;
use crate::credentials::{self, Authorization, Origin};
use crate::failure::Failure;
use crate::prompt;

const AFTER_HELP: &str = "\
Capability: none.

The key is checked with B2 and then saved in a file that only you can read. It
is asked for, without showing it, if it is not given. A key given by the
environment is checked and not saved: every command takes it from there.

Examples:
  b2 account authorize
  b2 account authorize 004b7e0c41f09aa0000000007
  b2 account authorize 004b7e0c41f09aa0000000007 - < key-file
  B2_ENVIRONMENT=http://127.0.0.1:8090 b2 --profile local account authorize";

/// Check an application key and save it
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Authorize {
    /// The id of the key
    #[arg(value_name = "KEY_ID")]
    key_id: Option<String>,

    /// The key; `-` reads it from standard input. Other users of this machine
    /// may see the arguments of a command
    #[arg(value_name = "KEY", requires = "key_id", allow_hyphen_values = true)]
    key: Option<ApplicationKey>,
}

impl Authorize {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut authorization = self.authorization(context).await?;
        // Where it will be saved has to be fine before B2 is asked.
        let file = match authorization.origin {
            Origin::Environment => None,
            Origin::Given | Origin::File(_) => Some(context.credentials_file()?),
        };
        let session = context.client_for(&authorization)?.authorize().await?;
        let saved = match &file {
            Some(file) => {
                file.save(&authorization)?;
                authorization.origin = Origin::File(file.path().to_owned());
                format!("saved in {}", file.path().display())
            }
            None => "not saved, as it is in the environment".to_owned(),
        };
        let row = SessionRow::new(&authorization, &session);
        if context.output.json() {
            context.output.record(&row, Vec::new)?;
        }
        context.output.say(&format!(
            "the key {} of account {} is good; it is {saved}",
            authorization.key_id, session.account_id
        ));
        Ok(())
    }

    async fn authorization(self, context: &Context) -> Result<Authorization, Failure> {
        if self.key_id.is_none()
            && let Some(found) = credentials::of_environment(&context.environment)?
        {
            return Ok(found);
        }
        let key_id = match self.key_id {
            Some(key_id) => key_id,
            None if prompt::possible() => prompt::line("application key id: ").await?,
            None => return Err(nobody_to_ask()),
        };
        let key = match self.key {
            Some(key) if key.expose() == "-" => prompt::exact_line().await?.trim().into(),
            Some(key) => key,
            None if prompt::possible() => prompt::secret("application key: ").await?.trim().into(),
            None => return Err(nobody_to_ask()),
        };
        if key_id.is_empty() || key.expose().is_empty() {
            return Err(Failure::Usage("the application key is empty".to_owned()));
        }
        let realm = context.environment.realm.clone();
        Ok(Authorization { key_id, key, realm, origin: Origin::Given })
    }
}

fn nobody_to_ask() -> Failure {
    Failure::Usage(
        "there is no terminal to ask for the key: give KEY_ID and `-`, and the key on standard \
         input; or set B2_APPLICATION_KEY_ID and B2_APPLICATION_KEY"
            .to_owned(),
    )
}
