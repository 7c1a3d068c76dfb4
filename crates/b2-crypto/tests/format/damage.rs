//! Exhaustive tampering: no bit, no cut, no move of a frame goes unnoticed, and no wrong byte is
//! ever delivered.

use b2_crypto::{Aead, OpenError};

use crate::scene::{FRAME, bytes, new_file, open, open_at, open_frames, open_range, options, seal};

const AEADS: [Aead; 2] = [Aead::Aes256Gcm, Aead::XChaCha20Poly1305];
const WHOLE: usize = FRAME as usize + 32;
const FRAMES: usize = 10;

fn content() -> Vec<u8> {
    bytes(77, 9 * FRAME as usize + 500)
}

/// Opens it in both ways and asserts that it fails and that only a prefix was delivered.
#[track_caller]
fn refused(sealed: &[u8], content: &[u8], what: &str) {
    for piece in [sealed.len().max(1), 777] {
        let (delivered, ended) = open(sealed, piece);
        assert!(ended.is_err(), "{what}: accepted");
        assert!(content.starts_with(&delivered), "{what}: a wrong byte was delivered");
        assert_eq!(delivered.len() % FRAME as usize, 0, "{what}: a part of a frame was delivered");
    }
    assert!(open_at(sealed).is_err(), "{what}: accepted at random");
    let (delivered, ended) = open_frames(sealed);
    assert!(ended.is_err(), "{what}: accepted frame by frame");
    for (at, bytes) in delivered {
        let same = content.get(at..at + bytes.len()) == Some(&bytes[..]);
        assert!(same, "{what}: a wrong byte of a frame was delivered");
    }
    // Each range that has one frame, and all of it at once.
    let ends = (0..content.len() as u64).step_by(FRAME as usize);
    let ranges = ends.map(|at| at..(at + FRAME).min(content.len() as u64));
    let mut any = Ok(());
    for range in ranges {
        let (delivered, ended) = open_range(sealed, range.clone(), 777);
        let expected = &content[range.start as usize..range.end as usize];
        assert!(expected.starts_with(&delivered), "{what}: a wrong byte of a range was delivered");
        assert!(ended.is_err() || delivered == expected, "{what}: a range is not complete");
        any = any.and(ended);
    }
    assert!(any.is_err(), "{what}: accepted range by range");
    let (delivered, ended) = open_range(sealed, 0..content.len() as u64, 777);
    assert!(ended.is_err(), "{what}: accepted as one range");
    assert!(content.starts_with(&delivered), "{what}: a wrong byte of the range was delivered");
}

/// A file whose length was not known when it was made.
fn seal_unknown(content: &[u8], seed: u64) -> Vec<u8> {
    let mut encryptor = new_file(&options(Aead::Aes256Gcm), None, seed).encryptor();
    let mut sealed = encryptor.header().to_vec();
    encryptor.update(content, &mut sealed).unwrap();
    encryptor.finish(&mut sealed).unwrap();
    assert_eq!(open(&sealed, 100), (content.to_vec(), Ok(())));
    sealed
}

fn header_len(sealed: &[u8]) -> usize {
    b2_crypto::Header::parse(sealed).unwrap().len()
}

/// The frames of a file.
fn frames(sealed: &[u8]) -> Vec<&[u8]> {
    sealed[header_len(sealed)..].chunks(WHOLE).collect()
}

fn joined(sealed: &[u8], frames: &[&[u8]]) -> Vec<u8> {
    [&sealed[..header_len(sealed)], &frames.concat()].concat()
}

/// The frame with the flipped bit is refused by itself and in a range, and so is the header.
fn flipped(sealed: &[u8], content: &[u8], at: usize, bit: u8) {
    let what = || format!("bit {bit} of byte {at}");
    let (delivered, ended) = open_frames(sealed);
    assert!(ended.is_err(), "{}", what());
    for (at, bytes) in delivered {
        assert!(content.get(at..at + bytes.len()) == Some(&bytes[..]), "{}", what());
    }
    let frame = at.saturating_sub(1024) / WHOLE;
    let first = frame as u64 * FRAME;
    let range = first..(first + FRAME).min(content.len() as u64);
    let (delivered, ended) = open_range(sealed, range, usize::MAX);
    assert!(ended.is_err() && delivered.is_empty(), "{}", what());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let content = content();
    for aead in AEADS {
        let mut sealed = seal(&options(aead), &content, 1);
        for at in 0..sealed.len() {
            for bit in 0..8 {
                sealed[at] ^= 1 << bit;
                let (delivered, ended) = open(&sealed, usize::MAX);
                assert!(ended.is_err(), "{aead:?}: bit {bit} of byte {at}");
                assert!(content.starts_with(&delivered), "{aead:?}: bit {bit} of byte {at}");
                flipped(&sealed, &content, at, bit);
                sealed[at] ^= 1 << bit;
            }
        }
        assert_eq!(open(&sealed, 100), (content.clone(), Ok(())));
    }
}

#[test]
fn every_cut_is_noticed() {
    let content = content();
    for aead in AEADS {
        let sealed = seal(&options(aead), &content, 1);
        for len in 0..sealed.len() {
            refused(&sealed[..len], &content, &format!("{aead:?}: cut to {len}"));
        }
    }
}

#[test]
fn every_cut_is_noticed_where_the_length_was_not_known() {
    let content = content();
    let sealed = seal_unknown(&content, 1);
    for len in 0..sealed.len() {
        refused(&sealed[..len], &content, &format!("cut to {len}"));
    }
    for more in 1..=2 * WHOLE {
        let longer = [sealed.as_slice(), &bytes(9, more)].concat();
        refused(&longer, &content, &format!("{more} more"));
    }
}

#[test]
fn every_byte_too_many_is_noticed() {
    let content = content();
    let sealed = seal(&options(Aead::Aes256Gcm), &content, 1);
    for more in 1..=2 * WHOLE {
        let longer = [sealed.as_slice(), &bytes(9, more)].concat();
        refused(&longer, &content, &format!("{more} more"));
    }
    // What a file begins with, once more behind its end.
    let again = [sealed.as_slice(), &sealed[header_len(&sealed)..]].concat();
    refused(&again, &content, "twice");
}

#[test]
fn every_move_of_a_frame_is_noticed() {
    let content = content();
    let known = AEADS.map(|aead| seal(&options(aead), &content, 1));
    for sealed in known.into_iter().chain([seal_unknown(&content, 1)]) {
        let frames = frames(&sealed);
        assert_eq!(frames.len(), FRAMES);
        for a in 0..FRAMES {
            let mut less = frames.clone();
            less.remove(a);
            refused(&joined(&sealed, &less), &content, &format!("without frame {a}"));
            for b in 0..FRAMES {
                if a == b {
                    continue;
                }
                let mut changed = frames.clone();
                changed.swap(a, b);
                refused(&joined(&sealed, &changed), &content, &format!("{a} and {b} swapped"));
                let mut changed = frames.clone();
                changed[a] = frames[b];
                refused(&joined(&sealed, &changed), &content, &format!("{b} in place of {a}"));
                let mut changed = frames.clone();
                changed.insert(a, frames[b]);
                refused(&joined(&sealed, &changed), &content, &format!("{b} put in before {a}"));
            }
        }
    }
}

#[test]
fn every_frame_of_another_file_is_noticed() {
    let content = content();
    let options = options(Aead::Aes256Gcm);
    // The same content and the same recipients, but of course another key and another salt.
    spliced((seal(&options, &content, 1), seal(&options, &content, 2)), &content);
    spliced((seal_unknown(&content, 1), seal_unknown(&content, 2)), &content);
}

fn spliced((sealed, other): (Vec<u8>, Vec<u8>), content: &[u8]) {
    let (own, others) = (frames(&sealed), frames(&other));
    for a in 0..FRAMES {
        for (b, their) in others.iter().enumerate() {
            let mut changed = own.clone();
            changed[a] = their;
            refused(&joined(&sealed, &changed), content, &format!("their {b} in place of {a}"));
        }
        let spliced = [&own[..a], &others[a..]].concat();
        refused(&joined(&sealed, &spliced), content, &format!("theirs from {a} on"));
    }
    let headers = [&other[..header_len(&other)], &sealed[header_len(&sealed)..]].concat();
    refused(&headers, content, "their header");
}

#[test]
fn every_part_of_two_frames_exchanged_is_noticed() {
    let content = content();
    let sealed = seal(&options(Aead::Aes256Gcm), &content, 1);
    let begin = header_len(&sealed);
    // Sessions, texts and tags each for themselves; the session is the same in all.
    for part in [16..WHOLE - 16, WHOLE - 16..WHOLE] {
        for a in 0..FRAMES - 1 {
            for b in a + 1..FRAMES - 1 {
                let mut changed = sealed.clone();
                let at = |frame: usize| begin + frame * WHOLE + part.start;
                let len = part.len();
                changed.copy_within(at(a)..at(a) + len, at(b));
                changed[at(a)..at(a) + len].copy_from_slice(&sealed[at(b)..at(b) + len]);
                refused(&changed, &content, &format!("{part:?} of {a} and {b}"));
            }
        }
    }
}

#[test]
fn a_damaged_file_stays_refused() {
    let content = content();
    let mut sealed = seal(&options(Aead::Aes256Gcm), &content, 1);
    let at = header_len(&sealed) + 3 * WHOLE + 20;
    sealed[at] ^= 1;
    let (file, header_len) = crate::scene::unlock(&sealed).unwrap();
    let mut decryptor = file.decryptor();
    let mut delivered = Vec::new();
    let expected = Err(OpenError::FrameTampered { frame: 3 });
    assert_eq!(decryptor.update(&sealed[header_len..], &mut delivered), expected);
    assert_eq!(delivered, content[..3 * FRAME as usize]);
    assert_eq!(decryptor.update(&sealed[at..], &mut delivered), expected);
    assert_eq!(decryptor.finish(&mut delivered), expected);
    assert_eq!(delivered.len(), 3 * FRAME as usize);
}
