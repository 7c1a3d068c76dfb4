//! Pieces of any size, and content that does not decrypt.

use b2_crypto::legacy::{Algorithm, ByteOrder, Mode, Padding, RijndaelBlock, Suite, SuiteError};
use proptest::prelude::*;

fn suites() -> Vec<Suite> {
    let mut suites: Vec<Suite> = Algorithm::ALL.map(Suite::new).to_vec();
    suites.extend(Algorithm::ALL.map(|algorithm| Suite::new(algorithm).with_mode(Mode::Ctr)));
    for block in [RijndaelBlock::Bits192, RijndaelBlock::Bits256] {
        let suite = Suite::new(Algorithm::Rijndael).with_rijndael_block(block);
        suites.extend([suite, suite.with_mode(Mode::Ctr)]);
    }
    for padding in [Padding::AnsiX923, Padding::Iso10126, Padding::Zeros] {
        suites.push(Suite::new(Algorithm::Cast).with_padding(padding));
    }
    suites.push(Suite::new(Algorithm::Tea).with_tea(ByteOrder::Little, 16));
    suites.push(Suite::new(Algorithm::Rc4).with_rc4_drop(3072));
    suites
}

fn encrypt(suite: &Suite, content: &[u8], piece: usize) -> Vec<u8> {
    let (key, iv) = (vec![7; suite.key_len()], vec![9; suite.iv_len()]);
    let mut encryptor = suite.encryptor(&key, &iv).unwrap();
    let mut sealed = Vec::new();
    content.chunks(piece).for_each(|piece| encryptor.update(piece, &mut sealed).unwrap());
    encryptor.finish(&mut sealed).unwrap();
    sealed
}

fn decrypt(suite: &Suite, key: u8, sealed: &[u8], piece: usize) -> Result<Vec<u8>, SuiteError> {
    let (key, iv) = (vec![key; suite.key_len()], vec![9; suite.iv_len()]);
    let mut decryptor = suite.decryptor(&key, &iv)?;
    let mut opened = Vec::new();
    sealed.chunks(piece).try_for_each(|piece| decryptor.update(piece, &mut opened))?;
    decryptor.finish(&mut opened)?;
    Ok(opened)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn pieces_of_any_size_give_the_same(
        content in proptest::collection::vec(1_u8..=255, 0..300),
        a in 1_usize..100,
        b in 1_usize..100,
    ) {
        for suite in suites() {
            let sealed = encrypt(&suite, &content, a);
            prop_assert_eq!(&sealed, &encrypt(&suite, &content, 1000), "{:?}", suite);
            prop_assert_eq!(suite.encrypted_len(content.len() as u64), Some(sealed.len() as u64));
            prop_assert_eq!(decrypt(&suite, 7, &sealed, b), Ok(content.clone()), "{:?}", suite);
        }
    }

    #[test]
    fn nothing_that_a_stranger_sends_panics(
        sealed in proptest::collection::vec(any::<u8>(), 0..100),
        piece in 1_usize..100,
    ) {
        for suite in suites() {
            match decrypt(&suite, 7, &sealed, piece) {
                Ok(content) => prop_assert!(content.len() <= sealed.len()),
                Err(error) => prop_assert_eq!(error, SuiteError::Undecryptable),
            }
        }
    }
}

#[test]
fn a_cut_file_is_one_clear_error() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !algorithm.is_stream()) {
        let suite = Suite::new(algorithm);
        let sealed = encrypt(&suite, &[5; 100], 1000);
        for len in (0..sealed.len()).filter(|len| len % suite.block_len() != 0 || *len == 0) {
            assert_eq!(decrypt(&suite, 7, &sealed[..len], 33), Err(SuiteError::Undecryptable));
        }
    }
}

#[test]
fn a_wrong_key_is_refused_as_far_as_padding_can_tell() {
    // One in 256 wrong keys leaves what looks like padding; these do not.
    let suite = Suite::new(Algorithm::Aes);
    let sealed = encrypt(&suite, &[5; 100], 1000);
    let accepted = (0..=255).filter(|key| decrypt(&suite, *key, &sealed, 50).is_ok()).count();
    assert!((1..8).contains(&accepted), "{accepted} of 256 keys are accepted");
}

#[test]
fn wrong_lengths_and_options_are_refused() {
    for suite in suites() {
        let (key, iv) = (vec![7; suite.key_len()], vec![9; suite.iv_len()]);
        let long = suite.encryptor(&key, &[&iv[..], &[0]].concat()).map(|_| ());
        assert!(matches!(long, Err(SuiteError::IvLength { .. })), "{suite:?}: {long:?}");
        let long = suite.encryptor(&[0; 300], &iv).map(|_| ());
        assert!(matches!(long, Err(SuiteError::KeyLength { .. })), "{suite:?}");
        assert!(matches!(suite.encryptor(&[], &iv), Err(SuiteError::KeyLength { .. })));
    }
    let refused = |suite: Suite| suite.encryptor(&[7; 16], &[0; 8][..suite.iv_len()]).is_err();
    assert!(refused(Suite::new(Algorithm::Rc2).with_rc2_effective_bits(0)));
    assert!(refused(Suite::new(Algorithm::Rc2).with_rc2_effective_bits(1025)));
    assert!(refused(Suite::new(Algorithm::Rc4).with_rc4_drop(65_537)));
    assert!(refused(Suite::new(Algorithm::Tea).with_tea(ByteOrder::Big, 0)));
    assert!(!refused(Suite::new(Algorithm::Tea)));
    let named = Suite::from_name("aes-256-cbc").unwrap().encryptor(&[7; 16], &[0; 16]);
    assert!(matches!(named, Err(SuiteError::NamedKeyLength { expected: 32, given: 16 })));
}

#[test]
fn content_without_padding_has_to_fit() {
    let suite = Suite::new(Algorithm::Aes).with_padding(Padding::None);
    let mut encryptor = suite.encryptor(&[1; 32], &[2; 16]).unwrap();
    let mut output = Vec::new();
    encryptor.update(&[3; 17], &mut output).unwrap();
    assert_eq!(encryptor.finish(&mut output), Err(SuiteError::Unaligned { block: 16 }));
    assert_eq!(encrypt(&suite, &[3; 32], 5).len(), 32);
    assert!(encrypt(&suite, &[], 5).is_empty());
}

#[test]
fn a_nonce_of_rfc_8439_ends_after_256_gib() {
    let suite = Suite::new(Algorithm::ChaCha).with_counter(u32::MAX);
    let mut encryptor = suite.encryptor(&[1; 32], &[2; 12]).unwrap();
    let refused = encryptor.update(&[0; 129], &mut Vec::new());
    assert_eq!(refused, Err(SuiteError::TooLong));
}
