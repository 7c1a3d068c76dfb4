//! How fast the suites and the format are on one core: a name, a direction and bytes per second a
//! line. `cargo xtask bench crypto` runs it beside openssl and libtomcrypt.
#![expect(clippy::disallowed_methods, reason = "the library knows no clock, this program does")]

use std::error::Error;
use std::time::{Duration, Instant};

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use b2_crypto::legacy::Suite;
use b2_crypto::{Aead, Header, Limits, NewFile, RawKey, Recipient, SealOptions, Unlock};

const PIECE: usize = 64 << 10;
const ROUND: Duration = Duration::from_millis(150);

fn main() -> Result<(), Box<dyn Error>> {
    for name in Suite::names() {
        classic(name)?;
    }
    bare("aes-256-gcm", &aes_gcm::Aes256Gcm::new(&[1; 32].into()));
    format("aes-256-gcm", Aead::Aes256Gcm)?;
    let cipher = chacha20poly1305::XChaCha20Poly1305::new(&[1; 32].into());
    bare("xchacha20-poly1305", &cipher);
    format("xchacha20-poly1305", Aead::XChaCha20Poly1305)
}

/// The best of five rounds, since a busy neighbour can only slow us down.
fn measure(name: &str, direction: &str, len: usize, mut work: impl FnMut()) {
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let (begun, mut done) = (Instant::now(), 0);
        while begun.elapsed() < ROUND {
            work();
            done += len;
        }
        best = best.max(done as f64 / begun.elapsed().as_secs_f64());
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

/// The AEAD on frames without anything around them.
fn bare<C: aes_gcm::aead::AeadInOut>(name: &str, cipher: &C) {
    let mut frame = vec![0x5a; PIECE];
    let nonce = Default::default();
    measure(&format!("bare-{name}"), "encrypt", PIECE, || {
        drop(cipher.encrypt_inout_detached(&nonce, &[], frame.as_mut_slice().into()));
    });
    let mut tag = None;
    measure(&format!("bare-{name}"), "decrypt", PIECE, || {
        // Sealed again outside of what is compared would need a copy; a wrong tag costs the
        // whole check and no decryption, so a genuine one is made first and used each time.
        let sealed = tag.get_or_insert_with(|| {
            cipher.encrypt_inout_detached(&nonce, &[], frame.as_mut_slice().into())
        });
        if let Ok(sealed) = sealed {
            let text = frame.clone();
            let mut text = text;
            drop(cipher.decrypt_inout_detached(&nonce, &[], text.as_mut_slice().into(), sealed));
        }
    });
}

fn format(name: &str, aead: Aead) -> Result<(), Box<dyn Error>> {
    let key = RawKey::new([1; 32]);
    let recipients = [Recipient::raw_key(key.clone())];
    let options = SealOptions::default().with_aead(aead).with_frame_size(PIECE as u64);
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    };
    let content = vec![0x5a; 64 * PIECE];
    let mut sealed = Vec::with_capacity(content.len() + content.len() / 8);
    let begun = NewFile::new(&recipients, &options, None, &mut random)?;
    let header = Header::parse(begun.header())?;
    let mut encryptor = begun.encryptor();
    measure(&format!("format-{name}"), "encrypt", content.len(), || {
        sealed.clear();
        drop(encryptor.update(&content, &mut sealed));
    });
    let file = header.unlock(&Unlock::RawKey(key), &Limits::default())?;
    let mut whole = Vec::new();
    let mut encryptor = file.resume(&header, &mut random)?.encryptor();
    encryptor.update(&content, &mut whole)?;
    encryptor.finish(&mut whole)?;
    let mut opened = Vec::with_capacity(content.len());
    measure(&format!("format-{name}"), "decrypt", content.len(), || {
        opened.clear();
        let mut decryptor = file.decryptor();
        drop(decryptor.update(&whole, &mut opened));
        drop(decryptor.finish(&mut opened));
    });
    Ok(())
}
