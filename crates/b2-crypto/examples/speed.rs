//! How fast the suites and the format are on one core: a name, a direction and bytes per second a
//! line. `cargo xtask bench crypto` runs it beside openssl and libtomcrypt. With names as arguments
//! it does those suites only.
//!
//! A second is one of the processor's, as the kernel counts it, so that busy neighbours hardly
//! matter. That makes it a program for Linux.
#![expect(clippy::disallowed_methods, reason = "the library knows no files, this program does")]

use std::error::Error;

use aes_gcm::aead::KeyInit as _;
use aes_gcm::aead::inout::InOutBuf;
use b2_crypto::legacy::Suite;
use b2_crypto::{Aead, Header, Limits, NewFile, RawKey, Recipient, SealOptions, Unlock};

const PIECE: usize = 64 << 10;
/// What is fed at once: some frames.
const FED: usize = 4 * PIECE;
const ROUND_NANOSECONDS: f64 = 150e6;

fn main() -> Result<(), Box<dyn Error>> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &&str| asked.is_empty() || asked.iter().any(|one| one == name);
    for name in Suite::names().iter().copied().filter(wanted) {
        classic(name)?;
    }
    if !asked.is_empty() {
        return Ok(());
    }
    bare("aes-256-gcm", &aes_gcm::Aes256Gcm::new(&[1; 32].into()));
    format("aes-256-gcm", Aead::Aes256Gcm)?;
    let cipher = chacha20poly1305::XChaCha20Poly1305::new(&[1; 32].into());
    bare("xchacha20-poly1305", &cipher);
    format("xchacha20-poly1305", Aead::XChaCha20Poly1305)
}

/// The processor's time that this thread has had, in nanoseconds.
fn spent() -> f64 {
    let books = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    books.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// The best of five rounds, since a busy neighbour can only slow us down.
fn measure(name: &str, direction: &str, len: usize, mut work: impl FnMut()) {
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let (begun, mut done) = (spent(), 0);
        while spent() - begun < ROUND_NANOSECONDS {
            (0..4).for_each(|_| work());
            done += 4 * len;
        }
        best = best.max(done as f64 / (spent() - begun) * 1e9);
    }
    println!("{name} {direction} {best:.0}");
}

fn classic(name: &str) -> Result<(), Box<dyn Error>> {
    let suite = Suite::from_name(name)?;
    let (key, iv) = (vec![1; suite.key_len()], vec![2; suite.iv_len()]);
    let (content, mut output) = (vec![0x5a; PIECE], vec![0; PIECE + 64]);
    // Begun anew for each megabyte, as the counter of ChaCha20 would end.
    measure(name, "encrypt", 16 * PIECE, || {
        let Ok(mut encryptor) = suite.encryptor(&key, &iv) else { return };
        (0..16).for_each(|_| drop(encryptor.update_into(&content, &mut output)));
    });
    measure(name, "decrypt", 16 * PIECE, || {
        let Ok(mut decryptor) = suite.decryptor(&key, &iv) else { return };
        (0..16).for_each(|_| drop(decryptor.update_into(&content, &mut output)));
    });
    Ok(())
}

/// The AEAD on frames without anything around them, from one buffer into another.
fn bare<C: aes_gcm::aead::AeadInOut>(name: &str, cipher: &C) {
    let (content, mut sealed, mut opened) = (vec![0x5a; FED], vec![0; FED], vec![0; FED]);
    let nonce = Default::default();
    let mut tags = Vec::new();
    measure(&format!("bare-{name}"), "encrypt", FED, || {
        tags.clear();
        for (from, to) in content.chunks(PIECE).zip(sealed.chunks_mut(PIECE)) {
            let Ok(buffer) = InOutBuf::new(from, to) else { return };
            tags.extend(cipher.encrypt_inout_detached(&nonce, &[], buffer));
        }
    });
    measure(&format!("bare-{name}"), "decrypt", FED, || {
        let frames = sealed.chunks(PIECE).zip(opened.chunks_mut(PIECE)).zip(&tags);
        for ((from, to), tag) in frames {
            let Ok(buffer) = InOutBuf::new(from, to) else { return };
            let _genuine = cipher.decrypt_inout_detached(&nonce, &[], buffer, tag);
        }
    });
    assert_eq!(opened, content);
}

fn format(name: &str, aead: Aead) -> Result<(), Box<dyn Error>> {
    let key = RawKey::new([1; 32]);
    let recipients = [Recipient::raw_key(key.clone())];
    let options = SealOptions::default().with_aead(aead).with_frame_size(PIECE as u64);
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    };
    let content = vec![0x5a; FED];
    let mut sealed = Vec::new();
    let begun = NewFile::new(&recipients, &options, None, &mut random)?;
    let header = Header::parse(begun.header())?;
    let mut encryptor = begun.encryptor();
    measure(&format!("format-{name}"), "encrypt", FED, || {
        sealed.clear();
        drop(encryptor.update(&content, &mut sealed));
    });
    let file = header.unlock(&Unlock::RawKey(key), &Limits::default())?;
    let mut whole = Vec::new();
    let mut encryptor = file.resume(&header, &mut random)?.encryptor();
    (0..16).try_for_each(|_| encryptor.update(&content, &mut whole))?;
    encryptor.finish(&mut whole)?;
    let mut opened = Vec::new();
    measure(&format!("format-{name}"), "decrypt", 16 * FED, || {
        let mut decryptor = file.decryptor();
        for piece in whole.chunks(FED) {
            opened.clear();
            drop(decryptor.update(piece, &mut opened));
        }
        drop(decryptor.finish(&mut opened));
    });
    Ok(())
}
