//! Deleting every version of files, of each the oldest first.

use std::sync::{Arc, Mutex, PoisonError};

use b2::{Event, FileVersion, Observer, ProtocolEvent, Scope};

use crate::command::rm::deletions::{Deletions, Row};
use crate::context::Context;
use crate::failure::Failure;
use crate::narrator::Narrator;
use crate::output::Output;

/// Versions of one file that are kept in memory until its last is listed. Of a
/// file that has more, the list is walked anew, from its end.
const KEPT: usize = 1_000;

/// Versions that are listed from the newest to the oldest and deleted the
/// other way round, file by file.
pub(super) struct Histories<'a> {
    context: &'a Context,
    bucket: &'a str,
    bypass_governance: bool,
    deletions: Deletions<'a>,
    /// The versions of one file that are listed so far.
    held: Vec<FileVersion>,
    /// The file that has more than can be kept.
    long: Option<String>,
}

impl<'a> Histories<'a> {
    pub(super) fn new(
        context: &'a Context,
        bucket: &'a str,
        bypass_governance: bool,
        deletions: Deletions<'a>,
    ) -> Self {
        Self { context, bucket, bypass_governance, deletions, held: Vec::new(), long: None }
    }

    /// Takes the next row of the list.
    pub(super) async fn add(&mut self, file: FileVersion) -> Result<(), Failure> {
        if self.long.as_ref().is_some_and(|name| *name == file.file_name) {
            return Ok(());
        }
        if self.held.first().is_some_and(|first| first.file_name != file.file_name) {
            let complete = std::mem::take(&mut self.held);
            self.deletions.begin(complete).await?;
        }
        if self.held.len() == KEPT {
            self.held.clear();
            let shown = self.deletions.shown().name(&file.file_name).into_owned();
            let names = (&*file.file_name, shown);
            let gone = all(self.context, self.bucket, names, self.bypass_governance);
            self.deletions.count(gone.await?);
            self.long = Some(file.file_name);
            return Ok(());
        }
        self.held.push(file);
        Ok(())
    }

    /// Waits for all and gives the number of deleted versions.
    pub(super) async fn finish(mut self) -> Result<u64, Failure> {
        self.deletions.begin(self.held).await?;
        self.deletions.finish().await
    }
}

/// Deletes and prints all versions of a name, however many.
async fn all(
    context: &Context,
    bucket: &str,
    (name, shown): (&str, String),
    bypass_governance: bool,
) -> Result<u64, Failure> {
    let unprinted = Arc::default();
    let client = context.client_watched(Printer {
        narrator: Narrator(context.output.clone()),
        output: context.output.clone(),
        name: shown.clone(),
        unprinted: Arc::clone(&unprinted),
    })?;
    let bucket = client.bucket(bucket).await?;
    let run = match bypass_governance {
        true => bucket.delete_all_versions_bypassing_governance(name),
        false => bucket.delete_all_versions(name),
    };
    let deleted = run.await.map_err(|error| {
        Failure::from(error).during(format!("cannot delete every version of {shown}"))
    })?;
    match unprinted.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(failure) => Err(failure),
        None => Ok(deleted.versions + deleted.unfinished),
    }
}

/// Prints each version as it goes.
struct Printer {
    narrator: Narrator,
    output: Output,
    name: String,
    /// Why not all could be printed; they are deleted all the same.
    unprinted: Arc<Mutex<Option<Failure>>>,
}

impl Observer for Printer {
    fn on_event(&self, scope: &Scope, event: &Event<'_>) {
        self.narrator.on_event(scope, event);
        let Event::Protocol(ProtocolEvent::VersionDeleted { file_id, action }) = event else {
            return;
        };
        let row = Row {
            file_name: (&*self.name).into(),
            file_id: Some(file_id),
            action: action.as_str(),
            deleted: true,
        };
        if let Err(failure) = row.print(&self.output) {
            *self.unprinted.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        }
    }
}
