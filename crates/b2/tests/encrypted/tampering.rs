//! What somebody changed on the server is never handed out.

use b2::ClientEncryptionErrorKind as Kind;

use crate::scene::{FRAME, HEADER, SEALED, decryption, encryption, kind, site};
use crate::support::content::{Shelf, pattern};
use crate::support::folder::Folder;
use crate::support::site::Site;
use crate::support::soon;

/// Content of ten frames and a bit.
const LEN: usize = 10 * FRAME + 100;

/// A site, the content, and its ciphertext.
async fn sealed() -> (Site, Vec<u8>, Vec<u8>) {
    let site = site().await;
    let content = pattern(LEN);
    let upload = site.bucket.upload("x", content.clone()).with_client_encryption(encryption());
    soon(upload).await.unwrap();
    let sealed = soon(site.bucket.download("x").to_bytes()).await.unwrap().content.to_vec();
    (site, content, sealed)
}

/// Whoever may write stores this in its place; every digest fits.
async fn is_refused(site: &Site, content: &[u8], stored: Vec<u8>, what: &str) {
    soon(site.bucket.upload("x", stored)).await.unwrap();
    let download = || {
        let download = site.bucket.download("x").with_piece_size(3 * SEALED as u64);
        download.with_client_decryption(decryption())
    };
    let folder = Folder::new();
    let to_file = soon(download().to_file(folder.path("file"))).await;
    assert_eq!(kind(to_file), Kind::Damaged, "{what}");
    folder.assert_empty();
    let journaled = site.bucket.download("x").with_journal(folder.path("journal"));
    let journaled = journaled.with_client_decryption(decryption());
    assert_eq!(kind(soon(journaled.to_file(folder.path("file"))).await), Kind::Damaged, "{what}");
    assert!(!folder.path("file").exists(), "{what}");
    let shelf = Shelf::default();
    assert_eq!(kind(soon(download().to_writer(shelf.clone())).await), Kind::Damaged, "{what}");
    assert!(content.starts_with(&shelf.content()), "{what}: a wrong byte was delivered");
}

fn frame(number: usize) -> std::ops::Range<usize> {
    HEADER + number * SEALED..HEADER + (number + 1) * SEALED
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bits() {
    let (site, content, sealed) = sealed().await;
    let places = (0..11).flat_map(|number| {
        let begin = frame(number).start;
        // Session, text and tag.
        [begin, begin + 20, (begin + SEALED - 1).min(sealed.len() - 1)]
    });
    for place in [8, 50, 60, 90, 200, 1000].into_iter().chain(places) {
        let mut changed = sealed.clone();
        changed[place] ^= 0x10;
        soon(site.bucket.upload("x", changed.clone())).await.unwrap();
        if place < HEADER {
            // Told apart by what it hits; nothing is fetched behind it.
            let download = site.bucket.download("x").with_client_decryption(decryption());
            let kind = kind(soon(download.to_bytes()).await);
            let told = [Kind::Damaged, Kind::NotEncrypted, Kind::WrongKey];
            assert!(told.contains(&kind), "{place}: {kind}");
        } else {
            is_refused(&site, &content, changed, &format!("byte {place}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_and_additions() {
    let (site, content, sealed) = sealed().await;
    for cut in [1, 100 + 32, 100 + 32 + SEALED, 9 * SEALED] {
        let stored = sealed[..sealed.len() - cut].to_vec();
        is_refused(&site, &content, stored, &format!("{cut} bytes less")).await;
    }
    let longer = [&sealed[..], &[0; 7]].concat();
    is_refused(&site, &content, longer, "7 bytes more").await;
    let twice = [&sealed[..], &sealed[frame(3)]].concat();
    is_refused(&site, &content, twice, "a frame more").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_elsewhere() {
    let (site, content, sealed) = sealed().await;
    let mut swapped = sealed.clone();
    swapped[frame(2)].copy_from_slice(&sealed[frame(7)]);
    swapped[frame(7)].copy_from_slice(&sealed[frame(2)]);
    is_refused(&site, &content, swapped, "swapped frames").await;

    let other = site.bucket.upload("y", content.clone()).with_client_encryption(encryption());
    soon(other).await.unwrap();
    let other = soon(site.bucket.download("y").to_bytes()).await.unwrap().content;
    let mut spliced = sealed.clone();
    spliced[frame(4)].copy_from_slice(&other[frame(4)]);
    is_refused(&site, &content, spliced, "the same content, sealed for another file").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_frame_does_not_hinder_the_others() {
    let (site, content, mut sealed) = sealed().await;
    sealed[frame(5).start + 100] ^= 1;
    soon(site.bucket.upload("x", sealed)).await.unwrap();
    let range = |first: usize, last: usize| {
        let range = b2::ByteRange::inclusive(first as u64, last as u64).unwrap();
        site.bucket.download("x").with_range(range).with_client_decryption(decryption()).to_bytes()
    };
    let good = soon(range(6 * FRAME, LEN - 1)).await.unwrap();
    assert!(good.content == content[6 * FRAME..]);
    assert_eq!(kind(soon(range(5 * FRAME, 5 * FRAME)).await), Kind::Damaged);
}
