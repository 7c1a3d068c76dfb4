//! Single frames, in any order and changed. The input says which frame is opened as which, and what
//! is changed in it; only a frame that is as it was made opens, and only where it belongs.

#![no_main]

mod sample;

use b2_crypto::OpenError;
use libfuzzer_sys::fuzz_target;
use sample::{SAMPLES, edited};

fuzz_target!(|data: &[u8]| {
    let [choice, rest @ ..] = data else { return };
    let sample = &SAMPLES[usize::from(*choice) % 3];
    let layout = sample.file.layout(sample.sealed.len() as u64).unwrap();
    let mut decryptor = sample.file.frame_decryptor(&layout);
    // One more than there are.
    let frames = layout.frames() + 1;
    for step in rest.chunks(6) {
        let [at, from, edits @ ..] = step else { return };
        let (at, from) = (u64::from(*at) % frames, u64::from(*from) % frames);
        let Ok(range) = layout.ciphertext_range(from) else { continue };
        let genuine = &sample.sealed[range.start as usize..range.end as usize];
        let mut frame = genuine.to_vec();
        edited(&mut frame, edits);
        let mut output = vec![1, 2, 3];
        let opened = decryptor.open(at, &frame, &mut output);
        assert_eq!(output[..3], [1, 2, 3]);
        if at == from && frame == genuine {
            let range = layout.content_range(at).unwrap();
            let content = &sample.content[range.start as usize..range.end as usize];
            assert_eq!(opened, Ok(()));
            assert!(output[3..] == *content, "a wrong byte was delivered");
        } else {
            assert!(matches!(
                opened,
                Err(OpenError::FrameTampered { .. } | OpenError::Length | OpenError::Range)
            ));
            assert_eq!(output.len(), 3, "something was delivered");
        }
    }
});
