//! The rules, the rows and the blobs put together.
//!
//! Everything here blocks and nothing knows a socket. The caller brings the
//! head of a request, then its body in the way [`Begun`] asks for it, and gets
//! an [`Answer`]; whatever that answer acknowledges is durable by then.

#[cfg(feature = "server")]
mod check;
#[cfg(feature = "server")]
mod folder;
#[cfg(feature = "server")]
mod snapshot;
mod tending;

use std::io;
#[cfg(feature = "server")]
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;

use crate::blob::{BlobId, BlobReader, BlobWriter, Blobs, MemoryBlobs, Segment};
use crate::model::{
    Admission, Answer, Conclusion, CopyTicket, Credentials, Entropy, Head, Identity, Payload,
    Rules, Settings, Table, UploadTicket, Visit, revoke, set_up,
};
#[cfg(feature = "server")]
use crate::model::{shorten, shorten_all};
use crate::store::{MemoryRows, Store, StoreError, Transaction};

#[cfg(feature = "server")]
pub(crate) use check::{Checked, check};
#[cfg(feature = "server")]
use folder::DataFolder;
#[cfg(feature = "server")]
pub use folder::OpenError;
#[cfg(feature = "server")]
pub(crate) use folder::create_private_file;
#[cfg(feature = "server")]
pub(crate) use snapshot::SnapshotError;

/// How much of a blob is in memory at a time, in bytes.
pub(crate) const CHUNK: usize = 256 * 1024;

/// A whole emulator without a way to reach it.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) rules: Arc<Rules>,
    pub(crate) store: Store,
    blobs: Blobs,
    entropy: Mutex<Entropy>,
    credentials: Credentials,
    /// Held for reading by whoever may change something, and for writing when
    /// everything is changed at once.
    gate: RwLock<()>,
    /// How often everything was changed at once; changes under the gate.
    eras: AtomicU64,
    /// Begins the ids of requests.
    request_prefix: String,
    requests: AtomicU64,
    /// Tells that there may be something to do: an event, a replica.
    #[cfg(feature = "server")]
    pub(crate) bell: tokio::sync::watch::Sender<()>,
    /// Snapshots of an emulator that has no folder.
    #[cfg(feature = "server")]
    snapshots: snapshot::MemorySnapshots,
    /// When the lifecycle rules are looked at next.
    chores_due: AtomicU64,
    #[cfg(feature = "server")]
    folder: Option<DataFolder>,
}

/// What a request needs next.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Nothing: this is the answer, and the body is not wanted.
    Refused(Box<Answer>),
    /// Its body, at most so many bytes; then [`Engine::conclude`].
    Collect { limit: u64 },
    /// Its body in the writer; then [`Engine::receive`].
    Receive(Box<Receiving>),
}

/// An upload on its way into a blob.
#[derive(Debug)]
pub(crate) struct Receiving {
    ticket: Box<UploadTicket>,
    pub(crate) writer: BlobWriter,
}

impl Engine {
    /// An emulator that forgets everything. The same seed and the same
    /// requests give the same answers.
    pub(crate) fn in_memory(
        settings: Settings,
        identity: &Identity,
        seed: [u8; 32],
    ) -> Result<Self, StoreError> {
        let store = Store::Memory(MemoryRows::default());
        let blobs = Blobs::Memory(MemoryBlobs::default());
        Self::assemble(settings, identity, seed, store, blobs)
    }

    #[cfg(feature = "server")]
    /// An emulator that keeps its data in a folder, made if it is absent.
    pub(crate) fn open(
        path: &Path,
        settings: Settings,
        identity: &Identity,
        seed: [u8; 32],
    ) -> Result<Self, OpenError> {
        let folder = DataFolder::open(path)?;
        let (rows, blobs) = folder.contents()?;
        let (store, blobs) = (Store::Durable(rows), Blobs::Folder(blobs));
        let engine = Self::assemble(settings, identity, seed, store, blobs)?;
        Ok(Self { folder: Some(folder), ..engine })
    }

    fn assemble(
        settings: Settings,
        identity: &Identity,
        seed: [u8; 32],
        store: Store,
        blobs: Blobs,
    ) -> Result<Self, StoreError> {
        let mut entropy = Entropy::from_seed(seed);
        let (identity, mut for_setup) = (identity.clone(), entropy.fork());
        let credentials = store.write(move |tx| set_up(tx, &identity, &mut for_setup))?;
        let request_prefix = entropy.fork().hex(8);
        Ok(Self {
            rules: Arc::new(Rules::new(settings, blobs.stored())),
            gate: RwLock::default(),
            eras: AtomicU64::new(0),
            request_prefix,
            requests: AtomicU64::new(0),
            #[cfg(feature = "server")]
            bell: tokio::sync::watch::Sender::default(),
            #[cfg(feature = "server")]
            snapshots: snapshot::MemorySnapshots::default(),
            store,
            blobs,
            entropy: Mutex::new(entropy),
            credentials,
            chores_due: AtomicU64::new(0),
            #[cfg(feature = "server")]
            folder: None,
        })
    }

    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The id of a request, for its answer and for logs.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{}{number:08x}", self.request_prefix)
    }

    fn pass(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For those who let go of the gate meanwhile: whether what they have seen
    /// is of the same data as what they change.
    fn era(&self) -> u64 {
        self.eras.load(Ordering::Relaxed)
    }

    /// Wakes whoever tends to what comes later, if there is something new.
    #[cfg(feature = "server")]
    fn ring_if(&self, is_new: bool) {
        if is_new {
            self.ring();
        }
    }

    /// Wakes everybody who tends to something.
    #[cfg(feature = "server")]
    pub(crate) fn ring(&self) {
        self.bell.send_modify(|()| {});
    }

    fn fork(&self) -> Entropy {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    /// Judges a request by its head.
    pub(crate) fn begin(&self, head: &Head, now: u64) -> Begun {
        let _pass = self.pass();
        let visit = Visit { head, now, entropy: self.fork() };
        let admission = self.store.read(|tx| self.rules.admit(tx, visit));
        match admission {
            Err(error) => Begun::Refused(Box::new(trouble(&error, head, now))),
            Ok(Admission::Collect { limit }) => Begun::Collect { limit },
            Ok(Admission::Refuse { answer, dead_token }) => {
                if let Some(token) = dead_token {
                    self.revoke(token);
                }
                Begun::Refused(Box::new(answer))
            }
            Ok(Admission::Receive(ticket)) => self.start_receiving(ticket, head, now),
        }
    }

    fn start_receiving(&self, ticket: Box<UploadTicket>, head: &Head, now: u64) -> Begun {
        let id = BlobId::new(self.fork().u128());
        let trailer = ticket.body.checksum.trailer_len();
        match self.blobs.create(id, ticket.body.len, trailer, self.rules.settings.md5) {
            Ok(writer) => Begun::Receive(Box::new(Receiving { ticket, writer })),
            Err(error) => {
                self.revoke(ticket.lease.token().to_owned());
                Begun::Refused(Box::new(disk_trouble(&error, head, now)))
            }
        }
    }

    /// Answers a request whose body has been collected.
    pub(crate) fn conclude(&self, head: &Arc<Head>, body: Bytes, now: u64) -> Answer {
        let pass = self.pass();
        let rules = Arc::clone(&self.rules);
        let (entropy, route) = (self.fork(), head.route().ok());
        let conclusion = if Rules::writes(route.as_ref()) {
            let head = Arc::clone(head);
            self.write(move |tx| rules.conclude(tx, Visit { head: &head, now, entropy }, &body))
        } else {
            self.store.read(|tx| rules.conclude(tx, Visit { head, now, entropy }, &body))
        };
        match conclusion {
            Ok(Conclusion::Copy(ticket)) => {
                let era = self.era();
                // Whoever changes everything must not wait for gigabytes.
                drop(pass);
                self.copy(head, *ticket, era, now)
            }
            other => self.settle(other, head, now),
        }
    }

    /// Answers an upload whose body is in the writer.
    pub(crate) fn receive(&self, head: &Arc<Head>, receiving: Receiving, now: u64) -> Answer {
        let _pass = self.pass();
        let Receiving { ticket, writer } = receiving;
        let receipt = match writer.finish() {
            Ok(receipt) => receipt,
            Err(error) => {
                self.revoke(ticket.lease.token().to_owned());
                return disk_trouble(&error, head, now);
            }
        };
        let (rules, entropy, blob) = (Arc::clone(&self.rules), self.fork(), receipt.blob);
        let for_job = Arc::clone(head);
        let conclusion = self.write(move |tx| {
            rules.conclude_upload(tx, Visit { head: &for_job, now, entropy }, &ticket, receipt)
        });
        self.drop_if_uncommitted(&conclusion, blob);
        self.settle(conclusion, head, now)
    }

    /// Gives up an upload whose body did not arrive. Its URL is dead.
    pub(crate) fn abandon(&self, receiving: Receiving) {
        self.revoke(receiving.ticket.lease.token().to_owned());
    }

    /// Gives up an upload that could not be stored, and says so.
    pub(crate) fn fail(
        &self,
        receiving: Receiving,
        error: &io::Error,
        head: &Head,
        now: u64,
    ) -> Answer {
        self.abandon(receiving);
        disk_trouble(error, head, now)
    }

    fn copy(&self, head: &Arc<Head>, ticket: CopyTicket, era: u64, now: u64) -> Answer {
        let written = self.write_segments(&ticket.segments, ticket.len);
        let _pass = self.pass();
        if era != self.era() {
            let error = io::Error::other("its data were put away meanwhile");
            return disk_trouble(&error, head, now);
        }
        let receipt = match written.and_then(BlobWriter::finish) {
            Ok(receipt) => receipt,
            Err(error) => return disk_trouble(&error, head, now),
        };
        let (rules, entropy, blob) = (Arc::clone(&self.rules), self.fork(), receipt.blob);
        let for_job = Arc::clone(head);
        let conclusion = self.write(move |tx| {
            rules.conclude_copy(tx, Visit { head: &for_job, now, entropy }, ticket, receipt)
        });
        self.drop_if_uncommitted(&conclusion, blob);
        self.settle(conclusion, head, now)
    }

    /// The bytes written anew, yet to be finished.
    fn write_segments(&self, segments: &[Segment], len: u64) -> io::Result<BlobWriter> {
        let mut writer = {
            let id = BlobId::new(self.fork().u128());
            self.blobs.create(id, len, 0, self.rules.settings.md5)?
        };
        for segment in segments {
            let reader = self.open_blob(segment)?;
            let mut done = 0;
            while done < segment.len {
                let len = (segment.len - done).min(CHUNK as u64);
                writer.write(&reader.read(segment.offset + done, len as usize)?)?;
                done += len;
            }
        }
        Ok(writer)
    }

    /// Opens the blob a segment lies in.
    pub(crate) fn open_blob(&self, segment: &Segment) -> io::Result<BlobReader> {
        self.blobs.open(segment.blob)
    }

    /// All bytes of a body. For small or test bodies only.
    pub(crate) fn bytes(&self, payload: &Payload) -> io::Result<Bytes> {
        match payload {
            Payload::Bytes(bytes) => Ok(bytes.clone()),
            Payload::Stored(segments) => {
                let mut all = Vec::new();
                for segment in segments {
                    let len = usize::try_from(segment.len).map_err(io::Error::other)?;
                    all.extend_from_slice(&self.open_blob(segment)?.read(segment.offset, len)?);
                }
                Ok(all.into())
            }
        }
    }

    /// Removes the garbage and gives the answer.
    fn settle(&self, conclusion: Result<Conclusion, StoreError>, head: &Head, now: u64) -> Answer {
        match conclusion {
            Err(error) => trouble(&error, head, now),
            Ok(Conclusion::Answer { answer, garbage }) => {
                for blob in garbage {
                    // What stays is swept at the next start.
                    let _ = self.blobs.remove(blob);
                }
                answer
            }
            Ok(Conclusion::Copy(_)) => trouble(&StoreError::Closed, head, now),
        }
    }

    /// After a failed commit the blob goes, unless the rows do refer to it:
    /// a commit may fail in its last step and still turn out to be durable.
    fn drop_if_uncommitted<T>(&self, conclusion: &Result<T, StoreError>, blob: BlobId) {
        if conclusion.is_ok() {
            return;
        }
        if let Ok(None) = self.store.read(|tx| tx.get(&blob_row(blob))) {
            let _ = self.blobs.remove(blob);
        }
    }

    /// Lets a token end now.
    #[cfg(feature = "server")]
    pub(crate) fn expire(&self, token: Option<String>, now: u64) {
        if let Some(token) = token {
            // A token that cannot be changed goes on living, as on the service.
            let _ = self.store.write(move |tx| shorten(tx, &token, now));
        }
    }

    /// Lets every account token end now.
    #[cfg(feature = "server")]
    pub(crate) fn expire_all(&self, now: u64) -> Result<(), StoreError> {
        self.store.write(move |tx| shorten_all(tx, now))
    }

    /// Writes, and rings the bell if that makes work for later.
    #[cfg(feature = "server")]
    fn write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (done, is_new) = self.store.write(move |tx| {
            let done = job(tx)?;
            Ok((done, tx.writes_any(&[Table::Event as u8, Table::Replica as u8])))
        })?;
        self.ring_if(is_new);
        Ok(done)
    }

    #[cfg(not(feature = "server"))]
    fn write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        self.store.write(job)
    }

    /// Makes an upload token unknown. If that cannot be written the token
    /// stays good, which no client can tell from B2 keeping it.
    pub(crate) fn revoke(&self, token: String) {
        let _ = self.store.write(move |tx: &mut Transaction<'_>| revoke(tx, &token));
    }
}

/// The key of the row that says a blob is referred to.
fn blob_row(blob: BlobId) -> Vec<u8> {
    Table::Blob.key(blob.to_string().as_bytes())
}

fn trouble(error: &StoreError, head: &Head, now: u64) -> Answer {
    Answer::trouble(error).complete(now, head.is_head())
}

/// A body of the wrong length is the client's fault. A full disk and the like
/// is ours: the client may try again later.
fn disk_trouble(error: &io::Error, head: &Head, now: u64) -> Answer {
    if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) {
        let message = format!("the body does not have the announced length: {error}");
        return Answer::error(400, "bad_request", message).complete(now, head.is_head());
    }
    let message = format!("the emulator could not store the data: {error}");
    Answer::error(503, "service_unavailable", message).complete(now, head.is_head())
}
