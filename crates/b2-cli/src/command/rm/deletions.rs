//! Several deletions at once.

use b2::endpoint::{DeleteFileVersion, Endpoint};
use b2::{Call, Client, Error, ErrorCode, FileId, FileVersion, Run};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

type DeletedVersion = <DeleteFileVersion as Endpoint>::Response;

/// Deletions under way at once. B2 answers one in some 100 ms.
const AT_ONCE: usize = 10;

/// A version that was deleted, or would be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    pub(super) file_name: &'a str,
    pub(super) file_id: Option<&'a FileId>,
    pub(super) action: &'a str,
    /// `false` in a dry run.
    pub(super) deleted: bool,
}

impl<'a> Row<'a> {
    pub(super) fn of(file: &'a FileVersion, deleted: bool) -> Self {
        Self {
            file_name: &file.file_name,
            file_id: file.file_id.as_ref(),
            action: file.action.as_str(),
            deleted,
        }
    }

    pub(super) fn print(&self, output: &Output) -> Result<(), Failure> {
        output.row(self, || self.file_name.to_owned())
    }
}

/// The deletion of one version.
pub(super) fn deletion(
    client: &Client,
    name: &str,
    id: FileId,
    bypass_governance: bool,
) -> Run<Call<DeleteFileVersion>, DeletedVersion> {
    match bypass_governance {
        true => client.delete_version_bypassing_governance(name, id),
        false => client.delete_version(name, id),
    }
}

/// Deletions under way, and what became of the others.
pub(super) struct Deletions<'a> {
    output: &'a Output,
    client: &'a Client,
    bypass_governance: bool,
    running: JoinSet<(FileVersion, Result<(), Error>)>,
    deleted: u64,
    failed: u64,
    exit: Exit,
}

impl<'a> Deletions<'a> {
    pub(super) fn new(context: &'a Context, client: &'a Client, bypass_governance: bool) -> Self {
        Self {
            output: &context.output,
            client,
            bypass_governance,
            running: JoinSet::new(),
            deleted: 0,
            failed: 0,
            exit: Exit::Ok,
        }
    }

    /// Counts and prints a version without deleting it.
    pub(super) fn pretend(&mut self, file: &FileVersion) -> Result<(), Failure> {
        self.deleted += 1;
        Row::of(file, false).print(self.output)
    }

    /// Deletes a version, as soon as there are not too many under way.
    pub(super) async fn begin(&mut self, file: FileVersion) -> Result<(), Failure> {
        let Some(id) = file.file_id.clone() else { return Ok(()) };
        if self.running.len() >= AT_ONCE {
            self.settle().await?;
        }
        let run = deletion(self.client, &file.file_name, id, self.bypass_governance);
        self.running.spawn(async move {
            let result = run.await.map(drop);
            (file, result)
        });
        Ok(())
    }

    /// Waits for one deletion. A lock concerns one file and is counted; any
    /// other failure would meet the next file too and ends the command.
    async fn settle(&mut self) -> Result<(), Failure> {
        let Some(Ok((file, result))) = self.running.join_next().await else { return Ok(()) };
        match result {
            Ok(()) => {
                self.deleted += 1;
                Row::of(&file, true).print(self.output)
            }
            Err(error) if error.code() == Some(&ErrorCode::FileNotPresent) => {
                // Somebody else was faster, which is as good.
                self.deleted += 1;
                Row::of(&file, true).print(self.output)
            }
            Err(error) if error.code() == Some(&ErrorCode::AccessDenied) => {
                self.failed += 1;
                self.exit = Exit::of(&error);
                self.output.say(&format!("{} is locked and was not deleted", file.file_name));
                Ok(())
            }
            Err(error) => {
                Err(Failure::from(error).during(format!("cannot delete {}", file.file_name)))
            }
        }
    }

    /// Waits for all and gives the number of deleted versions.
    pub(super) async fn finish(mut self) -> Result<u64, Failure> {
        while !self.running.is_empty() {
            self.settle().await?;
        }
        match self.failed {
            0 => Ok(self.deleted),
            failed => Err(Failure::NotAllDeleted { failed, exit: self.exit }),
        }
    }
}
