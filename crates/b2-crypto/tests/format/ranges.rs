//! Any range of a file, without the rest of it.

use b2_crypto::{Aead, Layout, OpenError, ReadAt as _};
use proptest::prelude::*;

use crate::scene::{FRAME, bytes, new_file, open, open_at, options, seal, unlock};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_sealed_opens(len in 0_usize..5000, piece in 1_usize..3000, hidden: bool, x: bool) {
        let aead = if x { Aead::XChaCha20Poly1305 } else { Aead::Aes256Gcm };
        let content = bytes(3, len);
        let sealed = seal(&options(aead).with_hidden_length(hidden), &content, 4);
        prop_assert_eq!(open(&sealed, piece), (content.clone(), Ok(())));
        prop_assert_eq!(open_at(&sealed), Ok(content));
    }

    #[test]
    fn a_range_needs_its_frames_only(len in 1_u64..9000, a: u64, b: u64, hidden: bool) {
        let content = bytes(3, len as usize);
        let options = options(Aead::Aes256Gcm).with_hidden_length(hidden);
        let sealed = seal(&options, &content, 4);
        let (file, _) = unlock(&sealed).unwrap();
        let layout = file.layout(sealed.len() as u64).unwrap();
        let (a, b) = (a % (len + 1), b % (len + 1));
        let range = a.min(b)..a.max(b);
        let mut decryptor = file.range_decryptor(&layout, range.clone()).unwrap();
        let fetched = decryptor.plan().ciphertext.clone();
        let most = range.end - range.start + 2 * (FRAME + 32) + (range.end - range.start) / 32;
        prop_assert!(fetched.end - fetched.start <= most);
        let mut opened = Vec::new();
        for piece in sealed[fetched.start as usize..fetched.end as usize].chunks(500) {
            decryptor.update(piece, &mut opened).unwrap();
        }
        decryptor.finish().unwrap();
        prop_assert_eq!(&opened, &content[range.start as usize..range.end as usize]);

        let source = file.decrypt(&sealed).unwrap();
        let mut read = vec![0; opened.len()];
        prop_assert_eq!(source.read_at(range.start, &mut read).unwrap(), opened.len());
        prop_assert_eq!(read, opened);
    }
}

#[test]
fn content_without_a_byte_is_content() {
    for hidden in [false, true] {
        let sealed = seal(&options(Aead::Aes256Gcm).with_hidden_length(hidden), &[], 1);
        assert_eq!(open(&sealed, 7), (Vec::new(), Ok(())));
        assert_eq!(open_at(&sealed), Ok(Vec::new()));
        let (file, header_len) = unlock(&sealed).unwrap();
        assert_eq!(sealed.len(), header_len + 32);
        let layout = file.layout(sealed.len() as u64).unwrap();
        let decryptor = file.range_decryptor(&layout, 0..0).unwrap();
        assert!(decryptor.plan().ciphertext.is_empty());
        decryptor.finish().unwrap();
    }
}

#[test]
fn a_hidden_length_is_hidden() {
    let options = options(Aead::Aes256Gcm).with_hidden_length(true);
    let lengths: std::collections::BTreeSet<usize> =
        (20_000..21_000).map(|len| seal(&options, &bytes(1, len), 1).len()).collect();
    assert!((1..=4).contains(&lengths.len()), "{lengths:?}");
    let sealed = seal(&options, &bytes(1, 20_123), 1);
    let (file, _) = unlock(&sealed).unwrap();
    assert_eq!(file.content_len(), Some(20_123));
    let header = b2_crypto::Header::parse(&sealed).unwrap();
    assert_eq!(header.visible_content_len(sealed.len() as u64), Ok(None));
}

#[test]
fn a_visible_length_needs_no_key() {
    let sealed = seal(&options(Aead::Aes256Gcm), &bytes(1, 20_123), 1);
    let header = b2_crypto::Header::parse(&sealed).unwrap();
    assert_eq!(header.visible_content_len(sealed.len() as u64), Ok(Some(20_123)));
}

#[test]
fn ranges_beyond_the_content_are_refused() {
    let sealed = seal(&options(Aead::Aes256Gcm), &bytes(1, 3000), 1);
    let (file, _) = unlock(&sealed).unwrap();
    let layout = file.layout(sealed.len() as u64).unwrap();
    for range in [0..3001, 3001..3001, 0..u64::MAX] {
        let refused = file.range_decryptor(&layout, range).map(|_| ());
        assert_eq!(refused, Err(OpenError::Range));
    }
    let source = file.decrypt(&sealed).unwrap();
    assert_eq!(source.read_at(3000, &mut [0; 10]), Ok(0));
    assert_eq!(source.read_at(u64::MAX, &mut [0; 10]), Ok(0));
    assert_eq!(source.read_at(2995, &mut [0; 10]), Ok(5));
}

#[test]
fn a_range_that_is_cut_or_too_long_is_refused() {
    let sealed = seal(&options(Aead::Aes256Gcm), &bytes(1, 5000), 1);
    let (file, _) = unlock(&sealed).unwrap();
    let layout = file.layout(sealed.len() as u64).unwrap();
    let mut decryptor = file.range_decryptor(&layout, 1500..3500).unwrap();
    let plan = decryptor.plan().ciphertext.clone();
    let fetched = &sealed[plan.start as usize..plan.end as usize];
    let mut opened = Vec::new();
    decryptor.update(&fetched[..fetched.len() - 1], &mut opened).unwrap();
    decryptor.update(&fetched[fetched.len() - 1..], &mut opened).unwrap();
    assert_eq!(decryptor.update(&[0], &mut opened), Err(OpenError::Length));
    decryptor.finish().unwrap();
    let mut decryptor = file.range_decryptor(&layout, 1500..3500).unwrap();
    decryptor.update(&fetched[..fetched.len() - 1], &mut opened).unwrap();
    assert_eq!(decryptor.finish(), Err(OpenError::Length));
}

#[test]
fn the_largest_files_are_only_numbers() {
    let terabytes = 10_000_000_000_000;
    let layout = Layout::new(1024, 1 << 20, terabytes).unwrap();
    let plan = layout.plan(terabytes - 1..terabytes).unwrap();
    assert_eq!(plan.ciphertext.end, layout.ciphertext_len());
    assert!(plan.ciphertext.end - plan.ciphertext.start <= (1 << 20) + 32);
}

#[test]
fn content_that_is_not_as_long_as_was_said_is_refused() {
    use b2_crypto::SealError;
    let said = |len| new_file(&options(Aead::Aes256Gcm), Some(len), 1).encryptor();
    let mut output = Vec::new();
    assert_eq!(said(5).update(b"123456", &mut output), Err(SealError::LengthChanged));
    let mut encryptor = said(5);
    encryptor.update(b"1234", &mut output).unwrap();
    assert_eq!(encryptor.finish(&mut output), Err(SealError::LengthChanged));
    assert_eq!(output, b"", "content left although it was refused");
}
