//! Ranges of a file whose frames come from strangers. The input says which range, what is changed in
//! its ciphertext, and how long the pieces are in which it is fed; nothing but the content of the
//! range may come out, and a frame that was refused can be fed again.

#![no_main]

mod sample;

use b2_crypto::OpenError;
use libfuzzer_sys::fuzz_target;
use sample::{SAMPLES, edited};

fuzz_target!(|data: &[u8]| {
    let [choice, a, b, c, d, piece, edits @ ..] = data else { return };
    let sample = &SAMPLES[usize::from(*choice) % 3];
    let layout = sample.file.layout(sample.sealed.len() as u64).unwrap();
    let (start, end) = (u64::from(u16::from_be_bytes([*a, *b])), u64::from(u16::from_be_bytes([*c, *d])));
    let within = start <= end && end <= sample.content.len() as u64;
    let decryptor = sample.file.range_decryptor(&layout, start..end);
    assert_eq!(decryptor.is_ok(), within);
    let Ok(mut decryptor) = decryptor else { return };
    let plan = decryptor.plan().clone();
    let content = &sample.content[start as usize..end as usize];
    let genuine = &sample.sealed[plan.ciphertext.start as usize..plan.ciphertext.end as usize];
    let mut fed = genuine.to_vec();
    edited(&mut fed, edits);

    let mut delivered = Vec::new();
    let mut pieces = fed.chunks(usize::from(*piece) * 16 + 1);
    let failed = pieces.find_map(|piece| decryptor.update(piece, &mut delivered).err());
    assert!(content.starts_with(&delivered), "a wrong byte was delivered");
    match failed {
        None => assert_eq!(decryptor.finish().is_ok(), fed == genuine),
        Some(OpenError::FrameTampered { frame }) => {
            let again = layout.ciphertext_range(frame).unwrap().start - plan.ciphertext.start;
            decryptor.update(&genuine[again as usize..], &mut delivered).unwrap();
            assert!(delivered == content, "something is missing, or there twice");
            decryptor.finish().unwrap();
        }
        // More than there is.
        Some(error) => {
            assert_eq!(error, OpenError::Length);
            assert!(delivered == content, "something is missing");
        }
    }
});
