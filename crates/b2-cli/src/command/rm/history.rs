//! Deleting every version of one file, the oldest first.

use std::sync::{Arc, Mutex, PoisonError};

use b2::{Event, Observer, ProtocolEvent, Scope};

use crate::command::rm::deletions::Row;
use crate::context::Context;
use crate::failure::Failure;
use crate::narrator::Narrator;
use crate::output::Output;
use crate::uri::NameUri;

/// Deletes all versions of a name. Until the last moment its newest version is
/// what others read.
pub(super) async fn delete(
    context: &Context,
    uri: &NameUri,
    bypass_governance: bool,
) -> Result<(), Failure> {
    let unprinted = Arc::default();
    let client = context.client_watched(Printer {
        narrator: Narrator(context.output.clone()),
        output: context.output.clone(),
        name: uri.name.clone(),
        unprinted: Arc::clone(&unprinted),
    })?;
    let bucket = client.bucket(&uri.bucket).await?;
    let run = match bypass_governance {
        true => bucket.delete_all_versions_bypassing_governance(&uri.name),
        false => bucket.delete_all_versions(&uri.name),
    };
    let deleted = run.await.map_err(|error| {
        Failure::from(error).during(format!("cannot delete every version of {}", uri.name))
    })?;
    if let Some(failure) = unprinted.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure);
    }
    match deleted.versions + deleted.unfinished {
        0 => Err(Failure::NoSuchFile { bucket: uri.bucket.clone(), name: uri.name.clone() }),
        _ => Ok(()),
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
            file_name: &self.name,
            file_id: Some(file_id),
            action: action.as_str(),
            deleted: true,
        };
        if let Err(failure) = row.print(&self.output) {
            *self.unprinted.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        }
    }
}
