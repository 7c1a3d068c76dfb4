//! Frames from strangers behind a genuine header. The input says what is changed where in a file,
//! and how long the pieces are in which it is fed; nothing but content may ever come out.

#![no_main]

use std::sync::LazyLock;

use b2_crypto::{
    Header, Limits, NewFile, NoRandomness, OpenFile, RawKey, ReadAt, Recipient, SealOptions,
    Unlock,
};
use libfuzzer_sys::fuzz_target;

struct Sample {
    sealed: Vec<u8>,
    content: Vec<u8>,
    file: OpenFile,
    header_len: usize,
}

static SAMPLES: LazyLock<[Sample; 3]> =
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

fuzz_target!(|data: &[u8]| {
    let [choice, piece, edits @ ..] = data else { return };
    let sample = &SAMPLES[usize::from(*choice) % 3];
    let mut body = sample.sealed[sample.header_len..].to_vec();
    edited(&mut body, edits);
    let mut delivered = Vec::new();
    let mut decryptor = sample.file.decryptor();
    let fed = body
        .chunks(usize::from(*piece) * 16 + 1)
        .try_for_each(|piece| decryptor.update(piece, &mut delivered));
    let ended = fed.and_then(|()| decryptor.finish(&mut delivered));
    assert!(sample.content.starts_with(&delivered), "a wrong byte was delivered");
    let same = body == sample.sealed[sample.header_len..];
    assert_eq!(ended.is_ok(), same);

    let whole = [&sample.sealed[..sample.header_len], &body].concat();
    if let Ok(source) = sample.file.decrypt(&whole) {
        let offset = u64::from(*piece) * 20;
        let mut read = vec![0; 1500];
        if let Ok(len) = source.read_at(offset, &mut read) {
            let from = &sample.content[(offset as usize).min(5000)..];
            assert!(from.starts_with(&read[..len]), "a wrong byte was read");
        }
    }
});

/// Four bytes an edit: what, where (two bytes), and with which value.
fn edited(body: &mut Vec<u8>, edits: &[u8]) {
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
                let (a, b) = (at / 1056 * 1056, value % 6 * 1056);
                if a != b && a + 1056 <= body.len() && b + 1056 <= body.len() {
                    (0..1056).for_each(|offset| body.swap(a + offset, b + offset));
                }
            }
        }
        body.truncate(60_000);
    }
}
