//! Several deletions at once.

use std::borrow::Cow;

use b2::endpoint::{DeleteFileVersion, Endpoint};
use b2::{Call, Client, ErrorCode, FileId, FileVersion, Run};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::command::encryption::Shown;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

type DeletedVersion = <DeleteFileVersion as Endpoint>::Response;

/// Files that lose versions at once. B2 answers one deletion in some 100 ms.
const AT_ONCE: usize = 10;

/// A version that was deleted, or would be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row<'a> {
    pub(super) file_name: Cow<'a, str>,
    pub(super) file_id: Option<&'a FileId>,
    pub(super) action: &'a str,
    /// `false` in a dry run.
    pub(super) deleted: bool,
}

impl<'a> Row<'a> {
    pub(super) fn of(file: &'a FileVersion, deleted: bool, shown: &Shown) -> Self {
        Self {
            file_name: shown.name(&file.file_name),
            file_id: file.file_id.as_ref(),
            action: file.action.as_str(),
            deleted,
        }
    }

    pub(super) fn print(&self, output: &Output) -> Result<(), Failure> {
        output.row(self, || self.file_name.clone().into_owned())
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
    shown: Shown,
    running: JoinSet<Result<Tally, Failure>>,
    tally: Tally,
}

/// What became of versions.
#[derive(Default)]
struct Tally {
    deleted: u64,
    /// Those that are locked, and those that are newer.
    left: u64,
    exit: Exit,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.deleted += other.deleted;
        if other.left > 0 {
            self.left += other.left;
            self.exit = other.exit;
        }
    }
}

impl<'a> Deletions<'a> {
    pub(super) fn new(
        context: &'a Context,
        client: &'a Client,
        bypass_governance: bool,
        shown: Shown,
    ) -> Self {
        Self {
            output: &context.output,
            client,
            bypass_governance,
            shown,
            running: JoinSet::new(),
            tally: Tally::default(),
        }
    }

    /// What names are shown as.
    pub(super) fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Counts and prints a version without deleting it.
    pub(super) fn pretend(&mut self, file: &FileVersion) -> Result<(), Failure> {
        self.tally.deleted += 1;
        Row::of(file, false, &self.shown).print(self.output)
    }

    /// Counts versions that somebody else deleted.
    pub(super) fn count(&mut self, deleted: u64) {
        self.tally.deleted += deleted;
    }

    /// Deletes versions of one file, given from the newest to the oldest, as
    /// soon as there is not too much under way.
    pub(super) async fn begin(&mut self, versions: Vec<FileVersion>) -> Result<(), Failure> {
        if versions.is_empty() {
            return Ok(());
        }
        if self.running.len() >= AT_ONCE {
            self.settle().await?;
        }
        let (client, output) = (self.client.clone(), self.output.clone());
        let (bypass, shown) = (self.bypass_governance, self.shown.clone());
        let work = async move { oldest_first(&client, (&output, &shown), versions, bypass).await };
        self.running.spawn(work);
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Failure> {
        if let Some(Ok(tally)) = self.running.join_next().await {
            self.tally.add(&tally?);
        }
        Ok(())
    }

    /// Waits for all and gives the number of deleted versions.
    pub(super) async fn finish(mut self) -> Result<u64, Failure> {
        while !self.running.is_empty() {
            self.settle().await?;
        }
        match self.tally.left {
            0 => Ok(self.tally.deleted),
            failed => Err(Failure::NotAllDeleted { failed, exit: self.tally.exit }),
        }
    }
}

/// Deletes versions of one file. Until the last moment its newest version, or
/// its absence, is what others see; so a lock leaves what is newer, too. Any
/// other failure would meet the next file as well and ends the command.
async fn oldest_first(
    client: &Client,
    (output, shown): (&Output, &Shown),
    mut versions: Vec<FileVersion>,
    bypass_governance: bool,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    while let Some(file) = versions.pop() {
        let Some(id) = file.file_id.clone() else { continue };
        match deletion(client, &file.file_name, id, bypass_governance).await {
            Ok(_) => {}
            // Somebody else was faster, which is as good.
            Err(error) if error.code() == Some(&ErrorCode::FileNotPresent) => {}
            Err(error) if error.code() == Some(&ErrorCode::AccessDenied) => {
                tally.left = versions.len() as u64 + 1;
                tally.exit = Exit::of(&error);
                output.say(&locked(&shown.name(&file.file_name), versions.len()));
                return Ok(tally);
            }
            Err(error) => {
                let name = shown.name(&file.file_name);
                return Err(Failure::from(error).during(format!("cannot delete {name}")));
            }
        }
        tally.deleted += 1;
        Row::of(&file, true, shown).print(output)?;
    }
    Ok(tally)
}

fn locked(name: &str, newer: usize) -> String {
    match newer {
        0 => format!("{name} is locked and was not deleted"),
        newer => format!("{name} is locked and was not deleted, nor were {newer} newer versions"),
    }
}
