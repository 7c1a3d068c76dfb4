//! The public vectors, which an implementation in another language made.

use b2_crypto::{
    Aead, Header, Keyring, Limits, NameCipher, NewFile, OpenError, Password, PasswordKdf, RawKey,
    Recipient, SealOptions, Unlock,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    files: Vec<Vector>,
    keyrings: Vec<Kept>,
    names: Vec<Name>,
}

/// Recipients that are kept beside a file and count instead of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    file: String,
    recipients: Vec<Described>,
    client_keyring: String,
}

#[derive(Deserialize)]
struct Name {
    key: String,
    name: String,
    encrypted: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    algorithm: u8,
    frame_log2: u8,
    padded: bool,
    length_known: bool,
    data_key: String,
    salt: String,
    session: String,
    content: String,
    recipients: Vec<Described>,
    file: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    key: Option<String>,
    password: Option<String>,
    #[serde(default)]
    label: String,
    salt: String,
    iterations: Option<u32>,
    memory_kib: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/format.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len() / 2).map(|at| &hex[2 * at..2 * at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

impl Described {
    fn unlock(&self) -> Unlock {
        match (&self.key, &self.password) {
            (Some(key), _) => Unlock::RawKey(RawKey::new(bytes(key).try_into().unwrap())),
            (None, password) => Unlock::Password(Password::from(password.as_deref().unwrap())),
        }
    }

    fn recipient(&self) -> Recipient {
        let recipient = match self.unlock() {
            Unlock::RawKey(key) => Recipient::raw_key(key),
            Unlock::Password(password) => Recipient::password(password).with_kdf(self.kdf()),
            _ => unreachable!(),
        };
        recipient.with_label(&self.label)
    }

    fn kdf(&self) -> PasswordKdf {
        match self.iterations {
            Some(iterations) => PasswordKdf::Pbkdf2Sha256 { iterations },
            None => PasswordKdf::Argon2id {
                memory_kib: self.memory_kib.unwrap(),
                passes: self.passes.unwrap(),
                lanes: self.lanes.unwrap(),
            },
        }
    }
}

#[test]
fn every_recipient_opens_the_vectors() {
    for vector in vectors().files {
        let file = bytes(&vector.file);
        let header = Header::parse(&file).unwrap();
        assert_eq!(header.frame_size(), 1 << vector.frame_log2);
        for recipient in &vector.recipients {
            let opened = header.unlock(&recipient.unlock(), &Limits::default()).unwrap();
            let len = vector.content.len() as u64 / 2;
            assert_eq!(opened.content_len(), vector.length_known.then_some(len));
            let mut content = Vec::new();
            let mut decryptor = opened.decryptor();
            decryptor.update(&file[header.len()..], &mut content).unwrap();
            decryptor.finish(&mut content).unwrap();
            assert_eq!(content, bytes(&vector.content), "{}", vector.name);
        }
    }
}

#[test]
fn with_the_same_randomness_we_make_the_same_files() {
    for vector in vectors().files {
        // In the order in which it is drawn.
        let mut drawn = vec![bytes(&vector.data_key), bytes(&vector.salt)];
        drawn.extend(vector.recipients.iter().map(|recipient| bytes(&recipient.salt)));
        drawn.push(bytes(&vector.session));
        let mut drawn = drawn.into_iter();
        let mut random = |output: &mut [u8]| {
            output.copy_from_slice(&drawn.next().unwrap());
            Ok(())
        };
        let content = bytes(&vector.content);
        let aead = if vector.algorithm == 2 { Aead::XChaCha20Poly1305 } else { Aead::Aes256Gcm };
        let options = SealOptions::default()
            .with_aead(aead)
            .with_frame_size(1 << vector.frame_log2)
            .with_hidden_length(vector.padded);
        let recipients: Vec<_> = vector.recipients.iter().map(Described::recipient).collect();
        let len = vector.length_known.then_some(content.len() as u64);
        let mut encryptor =
            NewFile::new(&recipients, &options, len, &mut random).unwrap().encryptor();
        let mut file = encryptor.header().to_vec();
        encryptor.update(&content, &mut file).unwrap();
        encryptor.finish(&mut file).unwrap();
        assert!(file == bytes(&vector.file), "{} differs", vector.name);
    }
}

/// Base64 with the alphabet for URLs and without padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let number =
        |six: &[u8]| (0..6).fold(0, |sum, at| sum << 1 | six.get(at).copied().unwrap_or(0));
    bits.chunks(6).map(|six| char::from(ALPHABET[usize::from(number(six))])).collect()
}

#[test]
fn kept_keyrings_are_those_of_the_vectors() {
    let vectors = vectors();
    for kept in &vectors.keyrings {
        let vector = vectors.files.iter().find(|vector| vector.name == kept.file).unwrap();
        let file = bytes(&vector.file);
        let header = Header::parse(&file).unwrap();
        let open = header.unlock(&vector.recipients[0].unlock(), &Limits::default()).unwrap();
        let mut salts = kept.recipients.iter().map(|recipient| bytes(&recipient.salt));
        let mut random = |output: &mut [u8]| {
            output.copy_from_slice(&salts.next().unwrap());
            Ok(())
        };
        let wrapped = kept.recipients.iter().map(|one| open.wrap(&one.recipient(), &mut random));
        let keyring = open.keyring(wrapped.map(Result::unwrap).collect(), 0).unwrap();
        assert_eq!(base64(keyring.as_bytes()), kept.client_keyring, "{}", kept.file);
        let header_len = header.len();
        let other = header.with_keyring(Keyring::parse(keyring.as_bytes()).unwrap());
        for recipient in &kept.recipients {
            let open = other.unlock(&recipient.unlock(), &Limits::default()).unwrap();
            let mut content = Vec::new();
            let mut decryptor = open.decryptor();
            decryptor.update(&file[header_len..], &mut content).unwrap();
            decryptor.finish(&mut content).unwrap();
            assert_eq!(content, bytes(&vector.content), "{}", kept.file);
        }
        let removed = other.unlock(&vector.recipients[0].unlock(), &Limits::default());
        assert_eq!(removed.map(|_| ()), Err(OpenError::WrongKey), "{}", kept.file);
    }
}

#[test]
fn names_are_those_of_the_vectors() {
    for vector in vectors().names {
        let names = NameCipher::new(&RawKey::new(bytes(&vector.key).try_into().unwrap()));
        assert_eq!(names.encrypt(&vector.name).as_deref(), Ok(&*vector.encrypted));
        assert_eq!(names.decrypt(&vector.encrypted).as_deref(), Ok(&*vector.name));
    }
}
