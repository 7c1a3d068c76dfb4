//! How fast the suites and the format are on one core: a name, a direction and bytes per second a
//! line. `cargo xtask bench crypto` runs it beside openssl and libtomcrypt. With names as arguments
//! it does those suites only, and the format if `format` is among them.
//!
//! A second is one of the processor's, as the kernel counts it, so that busy neighbours hardly
//! matter. That makes it a program for Linux.
#![expect(clippy::disallowed_methods, reason = "the library knows no files, this program does")]

use std::error::Error;

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
    if wanted(&"format") {
        let aeads = [Aead::Aes256Gcm, Aead::XChaCha20Poly1305];
        for (name, aead) in ["aes-256-gcm", "xchacha20-poly1305"].into_iter().zip(aeads) {
            bare(name, &Bare::new(aead)?);
            format(name, aead)?;
        }
    }
    Ok(())
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
    // Both buffers together are as large as the one in which openssl works in place.
    let half = PIECE / 2;
    let (content, mut output) = (vec![0x5a; half], vec![0; half + 64]);
    // Begun anew for each megabyte, as the counter of ChaCha20 would end.
    measure(name, "encrypt", 32 * half, || {
        let Ok(mut encryptor) = suite.encryptor(&key, &iv) else { return };
        (0..32).for_each(|_| drop(encryptor.update_into(&content, &mut output)));
    });
    measure(name, "decrypt", 32 * half, || {
        let Ok(mut decryptor) = suite.decryptor(&key, &iv) else { return };
        (0..32).for_each(|_| drop(decryptor.update_into(&content, &mut output)));
    });
    Ok(())
}

/// The AEAD on frames without anything around them, from one buffer into another.
fn bare(name: &str, cipher: &Bare) {
    let (content, mut sealed, mut opened) = (vec![0x5a; FED], vec![0; FED], vec![0; FED]);
    let mut tags = Vec::new();
    measure(&format!("bare-{name}"), "encrypt", FED, || {
        tags.clear();
        for (from, to) in content.chunks(PIECE).zip(sealed.chunks_mut(PIECE)) {
            tags.extend(cipher.seal(from, to));
        }
    });
    measure(&format!("bare-{name}"), "decrypt", FED, || {
        let frames = sealed.chunks(PIECE).zip(opened.chunks_mut(PIECE)).zip(&tags);
        for ((from, to), tag) in frames {
            let _genuine = cipher.open(from, to, tag);
        }
    });
    assert_eq!(opened, content);
}

/// As whoever needs no format would use the library that the format uses.
#[cfg(feature = "aws-lc-rs")]
struct Bare(aws_lc_rs::aead::LessSafeKey);

#[cfg(feature = "aws-lc-rs")]
impl Bare {
    fn new(aead: Aead) -> Result<Self, Box<dyn Error>> {
        use aws_lc_rs::aead::{AES_256_GCM, CHACHA20_POLY1305, LessSafeKey, UnboundKey};
        let algorithm = match aead {
            Aead::XChaCha20Poly1305 => &CHACHA20_POLY1305,
            _ => &AES_256_GCM,
        };
        Ok(Self(LessSafeKey::new(UnboundKey::new(algorithm, &[1; 32])?)))
    }

    fn seal(&self, from: &[u8], to: &mut [u8]) -> Option<[u8; 16]> {
        use aws_lc_rs::aead::{Aad, Nonce};
        let (nonce, mut tag) = (Nonce::assume_unique_for_key([0; 12]), [0; 16]);
        let sealed = self.0.seal_out_of_place_scatter(nonce, Aad::empty(), from, to, &[], &mut tag);
        sealed.ok().map(|()| tag)
    }

    fn open(&self, from: &[u8], to: &mut [u8], tag: &[u8; 16]) -> bool {
        use aws_lc_rs::aead::{Aad, Nonce};
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        self.0.open_separate_gather(nonce, Aad::empty(), from, tag, to).is_ok()
    }
}

/// As whoever needs no format would use the crates that the format uses.
#[cfg(not(feature = "aws-lc-rs"))]
enum Bare {
    Aes(Box<aes_gcm::Aes256Gcm>),
    ChaCha(Box<chacha20poly1305::XChaCha20Poly1305>),
}

#[cfg(not(feature = "aws-lc-rs"))]
impl Bare {
    #[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
    fn new(aead: Aead) -> Result<Self, Box<dyn Error>> {
        use aes_gcm::aead::KeyInit as _;
        let key = [1; 32].into();
        Ok(match aead {
            Aead::XChaCha20Poly1305 => {
                Self::ChaCha(Box::new(chacha20poly1305::XChaCha20Poly1305::new(&key)))
            }
            _ => Self::Aes(Box::new(aes_gcm::Aes256Gcm::new(&key))),
        })
    }

    fn seal(&self, from: &[u8], to: &mut [u8]) -> Option<[u8; 16]> {
        use aes_gcm::aead::AeadInOut as _;
        let text = aes_gcm::aead::inout::InOutBuf::new(from, to).ok()?;
        let tag = match self {
            Self::Aes(cipher) => cipher.encrypt_inout_detached(&[0; 12].into(), &[], text),
            Self::ChaCha(cipher) => cipher.encrypt_inout_detached(&[0; 24].into(), &[], text),
        };
        tag.ok().map(Into::into)
    }

    fn open(&self, from: &[u8], to: &mut [u8], tag: &[u8; 16]) -> bool {
        use aes_gcm::aead::AeadInOut as _;
        let Ok(text) = aes_gcm::aead::inout::InOutBuf::new(from, to) else { return false };
        let tag = &(*tag).into();
        match self {
            Self::Aes(cipher) => cipher.decrypt_inout_detached(&[0; 12].into(), &[], text, tag),
            Self::ChaCha(cipher) => cipher.decrypt_inout_detached(&[0; 24].into(), &[], text, tag),
        }
        .is_ok()
    }
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
    let mut encryptor = NewFile::new(&recipients, &options, None, &mut random)?.encryptor();
    measure(&format!("format-{name}"), "encrypt", FED, || {
        sealed.clear();
        drop(encryptor.update(&content, &mut sealed));
    });
    let mut whole = Vec::new();
    let mut encryptor = NewFile::new(&recipients, &options, None, &mut random)?.encryptor();
    let file = Header::parse(encryptor.header())?;
    let file = file.unlock(&Unlock::RawKey(key), &Limits::default())?;
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
