//! Frames from strangers behind a genuine header. The input says what is changed where in a file,
//! and how long the pieces are in which it is fed; nothing but content may ever come out.

#![no_main]

mod sample;

use b2_crypto::ReadAt;
use libfuzzer_sys::fuzz_target;
use sample::{SAMPLES, edited};

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
