//! Encrypted uploads that go on after an interruption.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use b2::crypto::{Aead, RawKey};
use b2::encryption::ClientEncryption;
use b2::{CannotResume, Check, Error, RequestError, Source, Upload, WholeDigest};

use crate::scene::{PART, decryption, encryption, frames, key, password, site};
use crate::support::content::pattern;
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::soon;

/// Stops after so many parts.
fn stopping(upload: Upload, parts: u32) -> Upload {
    let seen = AtomicU32::new(0);
    upload.with_concurrency(1).with_part_callback(move |_| {
        match seen.fetch_add(1, Ordering::Relaxed) + 1 >= parts {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })
}

struct Stopped {
    site: Site,
    folder: Folder,
    path: PathBuf,
    journal: PathBuf,
    content: Vec<u8>,
}

/// An upload of which three parts are stored.
async fn stopped() -> Stopped {
    let site = site().await;
    let folder = Folder::new();
    let (path, journal) = (folder.path("source"), folder.path("journal"));
    let content = pattern(10 * PART + 7);
    fs::write(&path, &content).unwrap();
    let stopped = Stopped { site, folder, path, journal, content };
    match soon(stopping(stopped.upload(encryption()), 3)).await {
        Err(Error::Cancelled) => stopped,
        other => panic!("{other:?}"),
    }
}

impl Stopped {
    fn upload(&self, encryption: ClientEncryption) -> Upload {
        self.plain().with_client_encryption(encryption)
    }

    fn plain(&self) -> Upload {
        let upload = self.site.bucket.upload("big", Source::file(&self.path).unwrap());
        upload.with_journal(&self.journal)
    }

    /// Writes the source again, as if it had not been written.
    fn rewrite(&self, content: &[u8]) {
        let before = self.path.metadata().unwrap().modified().unwrap();
        fs::write(&self.path, content).unwrap();
        fs::File::options().write(true).open(&self.path).unwrap().set_modified(before).unwrap();
    }

    /// Why the upload cannot go on. Nothing is sent.
    async fn refused(&self, upload: Upload) -> CannotResume {
        let sent = self.site.emulator.stats().calls.get("b2_upload_part").copied();
        let error = soon(upload).await.unwrap_err();
        assert_eq!(self.site.emulator.stats().calls.get("b2_upload_part").copied(), sent);
        assert!(self.journal.exists(), "the journal is what tells of the parts");
        match error {
            Error::Request { source, .. } => match *source {
                RequestError::CannotResume(why) => why,
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

async fn comes_back(site: &Site, content: &[u8]) {
    let back = site.bucket.download("big").with_client_decryption(decryption());
    assert!(soon(back.to_bytes()).await.unwrap().content == content, "other bytes came back");
    let stored = soon(site.bucket.download("big").to_bytes()).await.unwrap();
    assert_eq!(stored.check, Check::LargeFileSha1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_are_stored_are_not_sent_again() {
    let stopped = stopped().await;
    let handle = stopped.upload(encryption()).with_whole_digest(WholeDigest::Omit).start();
    let monitor = handle.monitor();
    let done = soon(handle.join()).await.unwrap();
    let progress = monitor.progress();
    assert_eq!(progress.acknowledged_bytes, done.file.content_length);
    let most = done.file.content_length - 3 * PART as u64;
    assert!(progress.transferred_bytes <= most, "{progress:?}");
    assert!(progress.hashed_bytes >= done.file.content_length, "it was not compared");
    comes_back(&stopped.site, &stopped.content).await;
    assert_eq!(stopped.site.versions().await, ["big"]);
    assert_eq!(stopped.folder.names(), ["source"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_holds_no_key() {
    let stopped = stopped().await;
    let text = fs::read_to_string(&stopped.journal).unwrap();
    assert!(text.contains("clientEncryption"));
    let state = text.split("\"clientEncryption\":\"").nth(1).unwrap().split('"').next().unwrap();
    // Session, prefix and keyring: what everybody can read in the file too.
    let handle = stopped.upload(encryption());
    soon(handle).await.unwrap();
    let stored = soon(stopped.site.bucket.download("big").to_bytes()).await.unwrap().content;
    let engine = <[u8]>::len;
    assert_eq!(state.len(), (engine(&stored[..1024]) + 16).div_ceil(3) * 4 - 1);
    for secret in [[7_u8; 32].map(|byte| format!("{byte:02x}")).concat(), "BwcHBwcH".to_owned()] {
        assert!(!text.contains(&secret));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_content_is_refused_before_a_byte_leaves() {
    let stopped = stopped().await;
    let mut changed = stopped.content.clone();
    // In a part that was not sent yet.
    changed[9 * PART] ^= 1;
    stopped.rewrite(&changed);
    assert_eq!(stopped.refused(stopped.upload(encryption())).await, CannotResume::Content);
    stopped.rewrite(&changed[1..]);
    assert_eq!(stopped.refused(stopped.upload(encryption())).await, CannotResume::Modified);
    // Back to what it was, it goes on.
    stopped.rewrite(&stopped.content);
    soon(stopped.upload(encryption())).await.unwrap();
    comes_back(&stopped.site, &stopped.content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_touched_source_is_refused_at_once() {
    let stopped = stopped().await;
    let touch = |path: &Path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    };
    touch(&stopped.path);
    assert_eq!(stopped.refused(stopped.upload(encryption())).await, CannotResume::Modified);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_or_choice_is_refused() {
    let stopped = stopped().await;
    let more = vec![b2::crypto::Recipient::raw_key(key()), password("one more")];
    let others = [
        stopped.upload(ClientEncryption::key(RawKey::new([8; 32])).with_options(frames())),
        stopped.upload(ClientEncryption::recipients(vec![password("p")]).with_options(frames())),
        stopped.upload(ClientEncryption::recipients(more).with_options(frames())),
        stopped.upload(encryption().with_options(frames().with_aead(Aead::XChaCha20Poly1305))),
        stopped.upload(encryption().with_options(frames().with_frame_size(1024))),
        stopped.plain(),
    ];
    for upload in others {
        assert_eq!(stopped.refused(upload).await, CannotResume::ClientEncryption);
    }
    soon(stopped.upload(encryption())).await.unwrap();
    comes_back(&stopped.site, &stopped.content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_upload_does_not_go_on_encrypted() {
    let stopped = stopped().await;
    fs::remove_file(&stopped.journal).unwrap();
    assert!(soon(stopping(stopped.plain(), 2)).await.is_err());
    let why = stopped.refused(stopped.upload(encryption())).await;
    assert_eq!(why, CannotResume::ClientEncryption);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_enough_to_go_on() {
    let site = site().await;
    let content = pattern(6 * PART);
    let upload = || site.bucket.upload("big", content.clone()).with_client_encryption(encryption());
    let handle = stopping(upload(), 2).with_keep_unfinished(true).start();
    let snapshot = loop {
        match handle.snapshot().filter(|snapshot| !snapshot.parts.is_empty()) {
            Some(snapshot) => break snapshot.to_string(),
            None => tokio::task::yield_now().await,
        }
    };
    assert!(soon(handle.join()).await.is_err());
    soon(upload().with_resume(snapshot.parse().unwrap())).await.unwrap();
    comes_back(&site, &content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comparing_can_be_stopped() {
    let stopped = stopped().await;
    let handle = stopped.upload(encryption()).start();
    handle.interrupt();
    assert!(matches!(soon(handle.join()).await, Err(Error::Cancelled)));
    assert!(stopped.journal.exists());
    soon(stopped.upload(encryption())).await.unwrap();
    comes_back(&stopped.site, &stopped.content).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_digest_can_be_stored_the_journal_has_one() {
    let site = site().await;
    let folder = Folder::new();
    let (path, journal) = (folder.path("source"), folder.path("journal"));
    let content = pattern(10 * PART + 7);
    fs::write(&path, &content).unwrap();
    let upload = || {
        // With what tells of the encryption there are as many as B2 takes.
        let source = Source::file(&path).unwrap();
        let upload = (0..7).fold(site.bucket.upload("big", source), |upload, number| {
            upload.with_file_info(&format!("note-{number}"), "x")
        });
        upload.with_journal(&journal).with_client_encryption(encryption())
    };
    let error = soon(stopping(upload(), 3)).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error:?}");
    let sent = site.emulator.stats().calls["b2_upload_part"];
    let stored = soon(upload()).await.unwrap().file;
    assert!(!stored.file_info.contains_key("large_file_sha1"));
    let parts = site.emulator.stats().calls["b2_upload_part"];
    assert!(parts - sent < sent + 8, "{sent} parts, then {parts}");
    let back = site.bucket.download("big").with_client_decryption(decryption());
    assert!(soon(back.to_bytes()).await.unwrap().content == content, "other bytes came back");
}
