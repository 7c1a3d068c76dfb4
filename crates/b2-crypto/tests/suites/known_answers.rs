//! Every algorithm against its standard.

use std::collections::BTreeSet;

use b2_crypto::legacy::{Algorithm, Padding, Suite};
use serde::Deserialize;

use crate::hex::bytes;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    source: String,
    suite: String,
    key: String,
    /// Zeros if absent: one block in CBC is then the bare cipher.
    iv: Option<String>,
    plaintext: String,
    ciphertext: String,
    effective_bits: Option<usize>,
    #[serde(default)]
    counter: u32,
}

#[test]
fn every_algorithm_gives_the_answers_of_its_standard() {
    let answers: Vec<Answer> =
        serde_json::from_str(include_str!("../vectors/suites.json")).unwrap();
    let mut seen = BTreeSet::new();
    for answer in answers {
        let mut suite = Suite::from_name(&answer.suite).unwrap().with_padding(Padding::None);
        suite = suite.with_counter(answer.counter);
        if let Some(bits) = answer.effective_bits {
            suite = suite.with_rc2_effective_bits(bits);
        }
        let iv = answer.iv.map_or_else(|| vec![0; suite.iv_len()], |iv| bytes(&iv));
        let (key, plain) = (bytes(&answer.key), bytes(&answer.plaintext));
        let what = format!("{} ({})", answer.suite, answer.source);
        let mut sealed = Vec::new();
        let mut encryptor = suite.encryptor(&key, &iv).unwrap();
        encryptor.update(&plain, &mut sealed).unwrap();
        encryptor.finish(&mut sealed).unwrap();
        assert_eq!(sealed, bytes(&answer.ciphertext), "{what}");
        let mut opened = Vec::new();
        let mut decryptor = suite.decryptor(&key, &iv).unwrap();
        decryptor.update(&sealed, &mut opened).unwrap();
        decryptor.finish(&mut opened).unwrap();
        assert_eq!(opened, plain, "{what}");
        seen.insert(suite.algorithm());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), Algorithm::ALL);
}
