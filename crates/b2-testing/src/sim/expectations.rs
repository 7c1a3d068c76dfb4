//! What an actor expects of its errands, and what it forgives.

use b2_core::download::Check;
use b2_core::error::Error;
use b2_core::upload::StoredFile;
use b2_proto::{Action, FileId, FileVersion, ListFileNamesResponse, ListFileVersionsResponse};
use bytes::Bytes;

use crate::sim::actor::{Actor, Outcome};
use crate::sim::calls;
use crate::sim::scenario::{Errand, How};

impl Actor {
    /// Takes a good outcome; says what is wrong with it.
    pub(crate) fn succeeded(&mut self, outcome: Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Uploaded(done) => self.uploaded(*done),
            Outcome::Finished(file) => {
                self.resumable.finished();
                self.makes_new(file.file_id)
            }
            Outcome::Copied(done) => self.copy_made(*done),
            Outcome::DeletedAll => {
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
            Outcome::Asked | Outcome::Deleted => Ok(()),
            Outcome::Downloaded(done) => {
                self.resumable.finished();
                let content = std::mem::take(&mut self.sink.content);
                let bare = self.holds.is_bare(&done.headers.file_id);
                if done.check == Check::None && !bare {
                    return Err("a whole file was not checked".to_owned());
                }
                // Without a digest nobody can tell that bytes were damaged.
                let content = Some(&content[..]).filter(|_| !bare || self.hits == 0);
                self.holds.is_newest(&done.headers.file_id, content)
            }
            Outcome::Headers(done) => self.holds.is_newest(&done.headers.file_id, None),
            Outcome::Names(page) => self.names_page(page),
            Outcome::Versions(page) => self.versions_page(page),
            Outcome::Hidden(marker) => self.hidden(*marker),
            Outcome::Bucket(made) if made.bucket_name == self.bucket_name() => Ok(()),
            Outcome::Bucket(made) => Err(format!("another bucket: {}", made.bucket_name)),
        }
    }

    fn uploaded(&mut self, done: StoredFile) -> Result<(), String> {
        if self.unreadable() {
            return Err("a source was stored that cannot be read".to_owned());
        }
        if self.resumable.deaths() == 0 {
            self.is_told(done.possible_duplicate)?;
        }
        self.resumable.finished();
        self.makes_new(done.file.file_id)
    }

    fn copy_made(&mut self, done: StoredFile) -> Result<(), String> {
        if self.lost_copies == 0 {
            self.is_told(done.possible_duplicate)?;
        }
        self.resumable.finished();
        if done.file.file_id == self.copied.as_ref().map(|source| source.id.clone()) {
            return Err("the copy is its own source".to_owned());
        }
        self.makes_new(done.file.file_id)
    }

    /// What is told in the middle is told in the end.
    fn is_told(&self, possible_duplicate: bool) -> Result<(), String> {
        if possible_duplicate == (self.told > 0) {
            return Ok(());
        }
        Err(format!("possible duplicate: {possible_duplicate}, but {} were told of", self.told))
    }

    fn makes_new(&mut self, id: Option<FileId>) -> Result<(), String> {
        let id = id.ok_or("a version without an id")?;
        // One that an earlier errand has stored so late cannot be told apart.
        if self.holds.knows(&id) && !self.holds.moved {
            return Err("what was made is an older version".to_owned());
        }
        self.made = Some(id);
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
        match self.holds.versions.front() {
            Some(newest) if id == newest.id.as_str() || self.holds.moved => Ok(()),
            _ => Err("another file than asked for".to_owned()),
        }
    }

    fn hidden(&mut self, marker: FileVersion) -> Result<(), String> {
        let id = marker.file_id.ok_or("a marker without an id")?;
        let older = self.holds.versions.iter().skip(1).any(|version| version.id == id);
        if older && !self.holds.moved {
            return Err("the marker is an older one".to_owned());
        }
        self.made = Some(id);
        Ok(())
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
        let own: Vec<_> = self.own_rows();
        match (self.holds.visible(), own.as_slice()) {
            _ if self.holds.moved => Ok(()),
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
        if self.holds.are_all(&self.own_rows()) {
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
        // What is cancelled is not kept, nor is a stream.
        let stream = matches!(self.errand, Some(Errand::UploadStream { .. }));
        let keeps = self.resumable.crashes() || self.is_kept();
        self.resumable.failed(error, keeps && !stream && self.stopped != Some(How::Cancel));
        due
    }

    fn is_due(&mut self, error: &Error, may_list: bool) -> bool {
        let errand = self.errand;
        self.names = None;
        self.version_pages = None;
        let code = error.code().map(|code| code.as_str().to_owned());
        let visible = self.holds.visible().is_some();
        let hidden = !visible && !self.holds.versions.is_empty();
        let moved = self.holds.moved;
        match (errand, code.as_deref()) {
            _ if matches!(error, Error::Cancelled) => self.stopped.is_some(),
            (Some(Errand::UploadStream { .. }), _) if matches!(error, Error::Local(_)) => {
                self.unreadable()
            }
            (
                Some(
                    Errand::Download
                    | Errand::DownloadPieces(_)
                    | Errand::DownloadFile { .. }
                    | Errand::Head,
                ),
                Some("not_found" | "unknown"),
            ) => !visible || moved,
            (Some(Errand::Hide), Some("no_such_file")) => self.holds.versions.is_empty() || moved,
            // It may be the marker that it has made itself.
            (Some(Errand::Hide), Some("already_hidden")) if !may_list => {
                hidden || moved || self.hits > 0
            }
            (
                Some(Errand::List(_) | Errand::Versions(_) | Errand::DeleteAll),
                Some("unauthorized"),
            ) => !may_list,
            (Some(Errand::Delete), Some("file_not_present")) => self.deletes_late,
            (Some(Errand::Ask(kind)), _) if calls::unrepeatable(kind) => {
                matches!(error, Error::Unconfirmed { .. }) && self.hits > 0
            }
            // What it is about may be gone.
            (Some(Errand::Copy | Errand::CopyLarge { .. } | Errand::Ask(_)), Some(_)) => moved,
            _ => false,
        }
    }
}
