//! What an actor expects of its errands, and what it forgives.

use b2_core::copy::Copied;
use b2_core::download::Check;
use b2_core::error::Error;
use b2_core::upload::Uploaded;
use b2_proto::{Action, FileId, FileVersion, ListFileNamesResponse, ListFileVersionsResponse};
use bytes::Bytes;

use crate::sim::actor::{Actor, Expected, ONE_REQUEST, Outcome};
use crate::sim::calls;
use crate::sim::scenario::Errand;

impl Actor {
    /// Takes a good outcome; says what is wrong with it.
    pub(crate) fn succeeded(&mut self, outcome: Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Uploaded(done) => self.uploaded(*done),
            Outcome::Copied(done) => self.copy_made(*done),
            Outcome::DeletedAll => {
                self.versions.clear();
                self.resumable.all_deleted();
                Ok(())
            }
            Outcome::Key(id) => {
                self.application_key = Some(id);
                Ok(())
            }
            Outcome::KeyDeleted => {
                self.application_key = None;
                Ok(())
            }
            Outcome::Document(body) => self.describes_newest(&body),
            Outcome::Asked => Ok(()),
            Outcome::Downloaded(done) => {
                self.resumable.finished();
                let content = std::mem::take(&mut self.sink.content);
                let bare = self.undigested.contains(&done.headers.file_id);
                if done.check == Check::None && !bare {
                    return Err("a whole file was not checked".to_owned());
                }
                // Without a digest nobody can tell that bytes were damaged.
                let content = Some(&content[..]).filter(|_| !bare || self.hits == 0);
                self.is_newest(&done.headers.file_id, content)
            }
            Outcome::Headers(done) => self.is_newest(&done.headers.file_id, None),
            Outcome::Names(page) => self.names_page(page),
            Outcome::Versions(page) => self.versions_page(page),
            Outcome::Hidden(marker) => self.hidden(*marker),
            Outcome::Deleted => {
                self.versions.pop_front();
                Ok(())
            }
            Outcome::Bucket(made) if made.bucket_name == self.bucket_name() => Ok(()),
            Outcome::Bucket(made) => Err(format!("another bucket: {}", made.bucket_name)),
        }
    }

    fn uploaded(&mut self, done: Uploaded) -> Result<(), String> {
        self.blurred |= done.possible_duplicate;
        self.resumable.finished();
        let id = done.file.file_id.ok_or("an upload without an id")?;
        if self.versions.iter().any(|version| version.id == id) {
            return Err("the upload is an older version".to_owned());
        }
        let parts = self.source.len() > ONE_REQUEST;
        if parts && matches!(self.errand, Some(Errand::UploadStream(_))) {
            self.undigested.insert(id.clone());
        }
        self.versions.push_front(Expected { id, content: Some(self.source.clone()) });
        Ok(())
    }

    fn copy_made(&mut self, done: Copied) -> Result<(), String> {
        self.blurred |= done.possible_duplicate;
        self.resumable.finished();
        let id = done.file.file_id.ok_or("a copy without an id")?;
        let source = self.copied.take().ok_or("nothing was copied")?;
        if id == source.id {
            return Err("the copy is its own source".to_owned());
        }
        if self.undigested.contains(&source.id) {
            self.undigested.insert(id.clone());
        }
        match self.versions.iter().position(|version| version.id == id) {
            None => self.versions.push_front(Expected { id, ..source }),
            // A lost copy that did not take effect is not told from one that
            // was made a moment before: bytes and information are the same.
            Some(0) if self.versions[0].content == source.content => {}
            Some(_) => return Err("the copy is an older version".to_owned()),
        }
        Ok(())
    }

    fn describes_newest(&self, body: &Bytes) -> Result<(), String> {
        // Nobody but whoever asked knows what form the answer has.
        let json = serde_json::from_slice::<serde_json::Value>(body);
        let id = match json {
            Ok(json) => json["fileId"].clone(),
            Err(_) if self.hits > 0 => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        match self.versions.front() {
            Some(newest) if id == newest.id.as_str() || self.blurred => Ok(()),
            _ => Err("another file than asked for".to_owned()),
        }
    }

    fn hidden(&mut self, marker: FileVersion) -> Result<(), String> {
        let id = marker.file_id.ok_or("a marker without an id")?;
        if self.versions.front().is_none_or(|newest| newest.id != id) {
            self.versions.push_front(Expected { id, content: None });
        }
        Ok(())
    }

    fn is_newest(&self, id: &FileId, content: Option<&[u8]>) -> Result<(), String> {
        if self.blurred {
            return Ok(());
        }
        match self.versions.front() {
            Some(newest) if newest.id != *id => Err("another version than the newest".to_owned()),
            Some(Expected { content: Some(expected), .. }) => match content {
                Some(content) if content != &expected[..] => Err("other bytes".to_owned()),
                _ => Ok(()),
            },
            _ => Err("a file that should not be there".to_owned()),
        }
    }

    fn names_page(&mut self, page: ListFileNamesResponse) -> Result<(), String> {
        let pager = self.names.as_mut().ok_or("no listing under way")?;
        let rows = pager.accept(page).map_err(|error| error.to_string())?;
        self.page(rows);
        if self.operation.is_some() {
            return Ok(());
        }
        self.names = None;
        self.in_order()?;
        let visible = self.versions.front().filter(|newest| newest.content.is_some());
        let own: Vec<_> = self.own_rows();
        match (visible, own.as_slice()) {
            _ if self.blurred => Ok(()),
            (Some(newest), [id]) if *id == newest.id => Ok(()),
            (None, []) => Ok(()),
            (_, rows) => Err(format!("{} rows of the own file in the names", rows.len())),
        }
    }

    fn versions_page(&mut self, page: ListFileVersionsResponse) -> Result<(), String> {
        let pager = self.version_pages.as_mut().ok_or("no listing under way")?;
        let rows = pager.accept(page).map_err(|error| error.to_string())?;
        self.page(rows);
        if self.operation.is_some() {
            return Ok(());
        }
        self.version_pages = None;
        self.in_order()?;
        let expected: Vec<_> = self.versions.iter().map(|version| version.id.clone()).collect();
        if self.blurred || self.own_rows() == expected {
            Ok(())
        } else {
            Err("other versions of the own file than were made".to_owned())
        }
    }

    fn page(&mut self, rows: Vec<FileVersion>) {
        self.seen.extend(rows.into_iter().map(|row| (row.file_name, row.file_id, row.action)));
        self.operation = self.next_page();
    }

    fn own_rows(&self) -> Vec<FileId> {
        // Large files that are left unfinished are judged apart.
        let own = self
            .seen
            .iter()
            .filter(|(name, _, action)| name == self.name.as_str() && *action != Action::Start);
        own.filter_map(|(_, id, _)| id.clone()).collect()
    }

    /// Names ascend by their bytes; no row comes twice.
    fn in_order(&self) -> Result<(), String> {
        let names = self.seen.iter().map(|(name, ..)| name.as_bytes());
        if !names.is_sorted() {
            return Err("the listing is out of order".to_owned());
        }
        let mut ids: Vec<_> = self.seen.iter().filter_map(|(_, id, _)| id.as_ref()).collect();
        let rows = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < rows { Err("a row came twice".to_owned()) } else { Ok(()) }
    }

    /// Whether an error is what B2's rules demand here, faults or not.
    pub(crate) fn error_is_due(&mut self, error: &Error, may_list: bool) -> bool {
        let due = self.is_due(error, may_list);
        if due {
            self.copied = None;
            self.resumable.failed(error, matches!(self.errand, Some(Errand::UploadStream(_))));
        }
        due
    }

    fn is_due(&mut self, error: &Error, may_list: bool) -> bool {
        let errand = self.errand;
        self.names = None;
        self.version_pages = None;
        let code = error.code().map(|code| code.as_str().to_owned());
        let visible = self.versions.front().is_some_and(|newest| newest.content.is_some());
        match (errand, code.as_deref()) {
            (
                Some(
                    Errand::Download
                    | Errand::DownloadPieces(_)
                    | Errand::DownloadFile { .. }
                    | Errand::Head,
                ),
                Some("not_found" | "unknown"),
            ) => !visible || self.blurred,
            (Some(Errand::Hide), Some("no_such_file")) => self.versions.is_empty() || self.blurred,
            (Some(Errand::Hide), Some("already_hidden")) if !may_list => {
                self.blurred = true;
                true
            }
            (
                Some(Errand::List(_) | Errand::Versions(_) | Errand::DeleteAll),
                Some("unauthorized"),
            ) => !may_list,
            (Some(Errand::Ask(kind)), _) if calls::unrepeatable(kind) => {
                matches!(error, Error::Unconfirmed { .. })
            }
            // What it is about may be gone.
            (Some(Errand::Copy | Errand::CopyLarge { .. } | Errand::Ask(_)), Some(_)) => {
                self.blurred
            }
            _ => false,
        }
    }

    /// An error that the faults account for leaves it open what took effect.
    pub(crate) fn forgive(&mut self, error: &Error) {
        self.resumable.failed(error, matches!(self.errand, Some(Errand::UploadStream(_))));
        self.copied = None;
        if let Some(
            Errand::Upload(_)
            | Errand::UploadLarge { .. }
            | Errand::UploadStream(_)
            | Errand::Copy
            | Errand::CopyLarge { .. }
            | Errand::Hide
            | Errand::Delete
            | Errand::DeleteAll,
        ) = self.errand
        {
            self.blurred = true;
        }
    }
}
