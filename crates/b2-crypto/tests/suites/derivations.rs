//! Keys from passwords.

use b2_crypto::legacy::{
    Algorithm, Derivation, Hash, KeyOrder, PasswordEncoding, Profile, ProfileError, ProfileSearch,
    Sample, Stretching, Suite, pbkdf1,
};
use serde::Deserialize;

use crate::hex::bytes;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    source: String,
    derivation: String,
    hash: String,
    #[serde(default)]
    password: String,
    /// In place of a password that is no text.
    password_hex: Option<String>,
    salt: String,
    iterations: u32,
    /// How many bytes were asked for at first, if not all at once.
    first: Option<usize>,
    output: String,
}

#[test]
fn derivations_give_the_known_answers() {
    let answers: Vec<Answer> =
        serde_json::from_str(include_str!("../vectors/derivations.json")).unwrap();
    for answer in answers {
        let hash = match answer.hash.as_str() {
            "md5" => Hash::Md5,
            "sha1" => Hash::Sha1,
            "sha256" => Hash::Sha256,
            _ => Hash::Sha512,
        };
        let stretching = match answer.derivation.as_str() {
            "pbkdf1" => Stretching::None,
            "openssl" => Stretching::OpenSsl,
            "dotnet" => Stretching::DotNet,
            "crypt-derive-key" => Stretching::CryptDeriveKey,
            other => {
                assert_eq!(other, "pbkdf2");
                // RC4 takes keys of up to 256 bytes, and no IV.
                let profile = Profile::new(Derivation::Pbkdf2, answer.iterations);
                let profile = profile.with_hash(hash).with_salt(&bytes(&answer.salt));
                let output = bytes(&answer.output);
                let suite = Suite::new(Algorithm::Rc4).with_key_len(output.len());
                let derived = profile.derive(&answer.password, &suite).unwrap();
                assert_eq!(derived.expose_key(), output, "{} {other}", answer.source);
                continue;
            }
        };
        let expected = bytes(&answer.output);
        if let Some(first) = answer.first {
            let suite = Suite::new(Algorithm::Aes).with_key_len(first);
            let profile = Profile::new(Derivation::Pbkdf1(stretching), answer.iterations)
                .with_hash(hash)
                .with_salt(&bytes(&answer.salt))
                .with_order(KeyOrder::KeyThenIvApart);
            let derived = profile.derive(&answer.password, &suite).unwrap();
            let both = [derived.expose_key(), derived.expose_iv()].concat();
            assert_eq!(both, expected, "{} {first}", answer.source);
            continue;
        }
        let mut output = vec![0; expected.len()];
        let password = answer.password_hex.as_deref().map(bytes);
        let password = password.unwrap_or_else(|| answer.password.clone().into_bytes());
        let salt = bytes(&answer.salt);
        pbkdf1(hash, &password, &salt, answer.iterations, stretching, &mut output).unwrap();
        assert_eq!(output, expected, "{} {}", answer.source, answer.derivation);
    }
}

#[test]
fn what_a_rule_cannot_make_is_refused() {
    let suite = Suite::new(Algorithm::Aes);
    let derive = |derivation, iterations| {
        Profile::new(derivation, iterations).derive("x", &suite).map(|_| ())
    };
    let none = Derivation::Pbkdf1(Stretching::None);
    assert_eq!(derive(none, 1), Err(ProfileError::TooShort { limit: 20, wanted: 48 }));
    let two = Derivation::Pbkdf1(Stretching::CryptDeriveKey);
    assert_eq!(derive(two, 1), Err(ProfileError::TooShort { limit: 40, wanted: 48 }));
    assert_eq!(derive(none, 0), Err(ProfileError::NoIterations));
    assert_eq!(derive(Derivation::Pbkdf2, 0), Err(ProfileError::NoIterations));
    let latin = Profile::new(Derivation::Pbkdf2, 1).with_encoding(PasswordEncoding::Latin1);
    assert_eq!(latin.derive("€", &suite).map(|_| ()), Err(ProfileError::Encoding));
    assert!(latin.derive("é", &suite).is_ok());
}

#[test]
fn a_search_finds_how_a_file_was_made() {
    let suites: Vec<Suite> =
        [Algorithm::Aes, Algorithm::Blowfish, Algorithm::Rc4].map(Suite::new).to_vec();
    let made_with = [
        Profile::openssl(Hash::Md5),
        Profile::new(Derivation::Pbkdf1(Stretching::DotNet), 100).with_hash(Hash::Sha256),
        Profile::new(Derivation::Pbkdf2, 1000).with_order(KeyOrder::IvThenKey),
        Profile::new(Derivation::Pbkdf2, 10).with_order(KeyOrder::KeyOnly),
    ];
    for (number, profile) in made_with.iter().enumerate() {
        let suite = suites[number % suites.len()];
        let mut sealed = Vec::new();
        let mut encryptor = profile.encryptor("pass", &suite).unwrap();
        encryptor.update(b"%PDF-1.7 and so on and on", &mut sealed).unwrap();
        encryptor.finish(&mut sealed).unwrap();
        let sample = Sample::new(&sealed, b"%PDF-1.7");
        let search = ProfileSearch::new(suites.clone()).with_iterations(vec![1, 10, 100, 1000]);
        let found: Vec<_> = search.run("pass", &sample).collect();
        assert!(found.contains(&(profile.clone(), suite)), "{profile:?}: {found:?}");
        assert_eq!(search.run("other", &sample).count(), 0);
        assert_eq!(search.run("pass", &Sample::new(&sealed, b"")).count(), 0, "nothing is shown");
    }
}
