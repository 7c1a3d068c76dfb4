//! Genuine files, and what an input changes in one.

#![allow(dead_code, reason = "not every target takes all of it")]

use std::sync::LazyLock;

use b2_crypto::{
    Header, Limits, NewFile, NoRandomness, OpenFile, RawKey, Recipient, SealOptions, Unlock,
};

/// Bytes that a full frame takes.
pub const FRAME: usize = 1056;

pub struct Sample {
    pub sealed: Vec<u8>,
    pub content: Vec<u8>,
    pub file: OpenFile,
    pub header_len: usize,
}

pub static SAMPLES: LazyLock<[Sample; 3]> =
    LazyLock::new(|| [sample(Some(5000), false), sample(Some(5000), true), sample(None, false)]);

fn sample(len: Option<u64>, hidden: bool) -> Sample {
    let content: Vec<u8> = (0..5000_u32).map(|at| at.wrapping_mul(2_654_435_761) as u8).collect();
    let options = SealOptions::default().with_frame_size(1024).with_hidden_length(hidden);
    let recipients = [Recipient::raw_key(RawKey::new([1; 32]))];
    let mut random = |bytes: &mut [u8]| -> Result<(), NoRandomness> {
        bytes.fill(9);
        Ok(())
    };
    let file = NewFile::new(&recipients, &options, len, &mut random).unwrap();
    let mut encryptor = file.encryptor();
    let mut sealed = encryptor.header().to_vec();
    encryptor.update(&content, &mut sealed).unwrap();
    encryptor.finish(&mut sealed).unwrap();
    let header = Header::parse(&sealed).unwrap();
    let unlock = Unlock::RawKey(RawKey::new([1; 32]));
    let file = header.unlock(&unlock, &Limits::default()).unwrap();
    Sample { header_len: header.len(), sealed, content, file }
}

/// Four bytes an edit: what, where (two bytes), and with which value.
pub fn edited(body: &mut Vec<u8>, edits: &[u8]) {
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % (body.len() + 1);
        let value = usize::from(edit[3]);
        match edit[0] % 6 {
            0 if at < body.len() => body[at] ^= edit[3],
            1 => body.truncate(at),
            2 => body.insert(at, edit[3]),
            3 => drop(body.drain(at..(at + value).min(body.len()))),
            4 => body.extend_from_within(at..(at + 8 * value).min(body.len())),
            _ => {
                // Two frames exchanged.
                let (a, b) = (at / FRAME * FRAME, value % 6 * FRAME);
                if a != b && a + FRAME <= body.len() && b + FRAME <= body.len() {
                    (0..FRAME).for_each(|offset| body.swap(a + offset, b + offset));
                }
            }
        }
        body.truncate(60_000);
    }
}
