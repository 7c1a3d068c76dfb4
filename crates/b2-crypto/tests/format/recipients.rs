//! Who can open a file, and how that changes.

use std::cell::Cell;

use b2_crypto::{
    Aead, Header, Keyring, Limits, NewFile, NoRandomness, OpenError, Password, PasswordKdf,
    Recipient, RecipientKind, SealError, SealOptions, Unlock,
};

use crate::scene::{CHEAP, bytes, key, open, options, random, seal};

fn password(text: &str) -> Unlock {
    Unlock::Password(Password::from(text))
}

fn opens(header: &Header, unlock: &Unlock) -> Result<(), OpenError> {
    header.unlock(unlock, &Limits::default()).map(|_| ())
}

#[test]
fn each_recipient_opens_the_file_and_nobody_else() {
    let sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    let header = Header::parse(&sealed).unwrap();
    assert_eq!(opens(&header, &password("secret")), Ok(()));
    assert_eq!(opens(&header, &Unlock::RawKey(key(1))), Ok(()));
    for wrong in [password("Secret"), password("secret "), password(""), Unlock::RawKey(key(2))] {
        assert_eq!(opens(&header, &wrong), Err(OpenError::WrongKey), "{wrong:?}");
    }
    let kinds: Vec<_> = header.keyring().stanzas().iter().map(|one| one.kind()).collect();
    assert_eq!(kinds, [RecipientKind::RawKey, RecipientKind::Password(CHEAP)]);
    assert_eq!(header.keyring().stanzas()[0].label(), "backup");
}

#[test]
fn recipients_come_and_go_without_a_change_to_a_frame() {
    let content = bytes(1, 5000);
    let sealed = seal(&options(Aead::Aes256Gcm), &content, 1);
    let header = Header::parse(&sealed).unwrap();
    let file = header.unlock(&Unlock::RawKey(key(1)), &Limits::default()).unwrap();
    // The password goes and another key comes.
    let mut stanzas = header.keyring().stanzas().to_vec();
    stanzas.retain(|stanza| stanza.kind() == RecipientKind::RawKey);
    stanzas.push(file.wrap(&Recipient::raw_key(key(2)), &mut random(8)).unwrap());
    let keyring = file.keyring(stanzas, header.len()).unwrap();

    let new = header.clone().with_keyring(keyring.clone());
    assert_eq!(new.len(), header.len());
    let mut rewritten = sealed.clone();
    rewritten[..new.len()].copy_from_slice(&new.to_bytes());
    assert_eq!(open(&rewritten, 1000), (content.clone(), Ok(())));
    assert_eq!(opens(&new, &Unlock::RawKey(key(2))), Ok(()));
    assert_eq!(opens(&new, &password("secret")), Err(OpenError::WrongKey));

    // The same keyring, kept elsewhere, for the file as it was.
    let kept = Keyring::parse(keyring.as_bytes()).unwrap();
    let unlock = Unlock::RawKey(key(2));
    let opened = header.unlock_with(&kept, &unlock, &Limits::default()).unwrap();
    assert_eq!(opened.content_len(), Some(5000));
    assert_eq!(opens(&header, &unlock), Err(OpenError::WrongKey));
}

#[test]
fn a_keyring_opens_its_own_file_only() {
    let ours = Header::parse(&seal(&options(Aead::Aes256Gcm), b"ours", 1)).unwrap();
    let theirs = Header::parse(&seal(&options(Aead::Aes256Gcm), b"them", 2)).unwrap();
    let unlock = Unlock::RawKey(key(1));
    let swapped = ours.clone().with_keyring(theirs.keyring().clone());
    assert_eq!(opens(&swapped, &unlock), Err(OpenError::WrongKey));
    // A stranger's recipient beside ours: the file opens for us, but its header was changed.
    let mut stanzas = ours.keyring().stanzas().to_vec();
    stanzas.extend_from_slice(theirs.keyring().stanzas());
    let forger = theirs.unlock(&unlock, &Limits::default()).unwrap();
    let forged = forger.keyring(stanzas, ours.len()).unwrap();
    assert_eq!(opens(&ours.with_keyring(forged), &unlock), Err(OpenError::HeaderTampered));
}

#[test]
fn a_header_may_not_cost_more_than_is_allowed() {
    let costly = PasswordKdf::Argon2id { memory_kib: 64, passes: 2, lanes: 1 };
    for (kdf, limits) in [
        (costly, Limits::default().with_memory_kib(63)),
        (costly, Limits::default().with_passes(1)),
        (PasswordKdf::Pbkdf2Sha256 { iterations: 2000 }, Limits::default().with_iterations(1999)),
    ] {
        let recipient = Recipient::password(Password::from("x")).with_kdf(kdf);
        let options = SealOptions::default();
        let file = NewFile::new(&[recipient], &options, None, &mut random(1)).unwrap();
        let header = Header::parse(file.header()).unwrap();
        let refused = header.unlock(&password("x"), &limits).map(|_| ());
        assert!(matches!(refused, Err(OpenError::TooCostly(_))), "{refused:?}");
        assert_eq!(opens(&header, &password("x")), Ok(()));
    }
}

#[test]
fn what_cannot_be_encrypted_is_refused() {
    let new = |recipients: &[Recipient], options: SealOptions, len| {
        NewFile::new(recipients, &options, len, &mut random(1)).map(|_| ()).unwrap_err()
    };
    let plain = SealOptions::default();
    let ours = [Recipient::raw_key(key(1))];
    assert_eq!(new(&[], plain, None), SealError::NoRecipient);
    let empty = Recipient::password(Password::from(""));
    assert_eq!(new(&[empty], plain, None), SealError::EmptyPassword);
    let many = vec![Recipient::raw_key(key(1)); 65];
    assert_eq!(new(&many, plain, None), SealError::TooManyRecipients);
    let long = Recipient::raw_key(key(1)).with_label(&"x".repeat(256));
    assert_eq!(new(&[long], plain, None), SealError::TooManyRecipients);
    for size in [0, 512, 1000, 1 << 25] {
        assert_eq!(new(&ours, plain.with_frame_size(size), None), SealError::FrameSize);
    }
    assert_eq!(new(&ours, plain.with_hidden_length(true), None), SealError::UnknownLength);
    assert_eq!(new(&ours, plain, Some(u64::MAX)), SealError::TooLong);
    let weak = PasswordKdf::Pbkdf2Sha256 { iterations: 999 };
    let weak = Recipient::password(Password::from("x")).with_kdf(weak);
    assert_eq!(new(&[weak], plain, None), SealError::Kdf);
    let mut none = |_: &mut [u8]| Err(NoRandomness);
    let refused = NewFile::new(&ours, &plain, None, &mut none).map(|_| ());
    assert_eq!(refused, Err(SealError::Randomness(NoRandomness)));
}

#[test]
fn as_many_recipients_as_are_allowed_fit() {
    let label = "x".repeat(255);
    let many = vec![Recipient::raw_key(key(1)).with_label(&label); 64];
    let file = NewFile::new(&many, &SealOptions::default(), None, &mut random(1)).unwrap();
    let header = Header::parse(file.header()).unwrap();
    assert_eq!(header.len() % 1024, 0);
    assert_eq!(opens(&header, &Unlock::RawKey(key(1))), Ok(()));
    assert_eq!(Header::parse(&file.header()[..83]), Err(OpenError::Incomplete { needed: 84 }));
    let cut = Header::parse(&file.header()[..header.len() - 1]);
    assert_eq!(cut, Err(OpenError::Incomplete { needed: header.len() }));
}

#[test]
fn other_files_are_told_apart() {
    assert_eq!(Header::parse(b"%PDF-1.7"), Err(OpenError::NotEncrypted));
    assert_eq!(Header::parse(b""), Err(OpenError::Incomplete { needed: 84 }));
    let mut sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    assert!(Header::is_likely(&sealed) && !Header::is_likely(b"%PDF-1.7"));
    sealed[8] = 2;
    assert_eq!(Header::parse(&sealed), Err(OpenError::Version(2)));
}

/// A header of `count` passwords that nobody derived a key from: as a stranger writes it, with
/// parameters of his choice.
fn hostile(count: usize, kdf: PasswordKdf) -> Header {
    let recipient = |_| Recipient::password(Password::from("x")).with_kdf(CHEAP);
    let recipients: Vec<_> = (0..count).map(recipient).collect();
    let file = NewFile::new(&recipients, &SealOptions::default(), None, &mut random(3)).unwrap();
    let mut bytes = file.header().to_vec();
    let (kind, numbers) = match kdf {
        PasswordKdf::Argon2id { memory_kib, passes, lanes } => (1, [memory_kib, passes, lanes]),
        PasswordKdf::Pbkdf2Sha256 { iterations } => (3, [iterations, 0, 0]),
        other => panic!("{other:?}"),
    };
    for stanza in bytes[84 + 8..].chunks_mut(110).take(count) {
        stanza[0] = kind;
        for (place, number) in stanza[2..14].chunks_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
    }
    Header::parse(&bytes).unwrap()
}

/// If any of them was tried this would take a quarter of an hour.
#[test]
fn many_costly_recipients_are_refused_before_one_is_tried() {
    let argon2 = PasswordKdf::Argon2id { memory_kib: 1 << 20, passes: 16, lanes: 1 };
    let pbkdf2 = PasswordKdf::Pbkdf2Sha256 { iterations: 10_000_000 };
    for kdf in [argon2, pbkdf2] {
        let header = hostile(64, kdf);
        let mut asked = 0;
        let refused =
            header.unlock_while(header.keyring(), &password("y"), &Limits::default(), &mut || {
                asked += 1;
                true
            });
        assert!(matches!(refused, Err(OpenError::TooCostly(_))), "{refused:?}");
        assert_eq!(asked, 0, "none of them was tried");
        // Whoever has a key does not pay for the passwords.
        assert_eq!(opens(&header, &Unlock::RawKey(key(1))), Err(OpenError::WrongKey));
    }
    let limits = Limits::default();
    let many = |count, kdf| {
        let mut refuse = || false;
        let header = hostile(count, kdf);
        header.unlock_while(header.keyring(), &password("y"), &limits, &mut refuse).unwrap_err()
    };
    // As many as there can be of the usual ones are not too many.
    assert_eq!(many(64, PasswordKdf::DEFAULT), OpenError::Stopped);
    assert_eq!(many(64, PasswordKdf::PBKDF2), OpenError::Stopped);
    assert_eq!(many(1, argon2), OpenError::Stopped);
}

#[test]
fn whoever_does_not_want_to_wait_stops_between_recipients() {
    let header = hostile(5, CHEAP);
    let left = Cell::new(3);
    let mut go_on = || left.replace(left.get() - 1) > 0;
    let keyring = header.keyring();
    let stopped = header.unlock_while(keyring, &password("y"), &Limits::default(), &mut go_on);
    assert_eq!(stopped.unwrap_err(), OpenError::Stopped);
    assert_eq!(left.get(), -1);
}

#[test]
fn cheap_recipients_are_tried_first() {
    let recipients = [Recipient::password(Password::from("cheap")).with_kdf(CHEAP)];
    let file = NewFile::new(&recipients, &SealOptions::default(), None, &mut random(3)).unwrap();
    let header = Header::parse(file.header()).unwrap();
    let opened = header.unlock(&password("cheap"), &Limits::default()).unwrap();
    // A stanza that costs 8 GiB of work stands before the cheap one; its bytes are of another.
    let mut bytes = header.to_bytes();
    bytes[84 + 4..84 + 6].copy_from_slice(&2_u16.to_be_bytes());
    let cheap = bytes[84 + 8..84 + 8 + 110].to_vec();
    bytes[84 + 8 + 110..84 + 8 + 220].copy_from_slice(&cheap);
    let numbers = [1 << 20, 8, 1].map(u32::to_be_bytes).concat();
    bytes[84 + 8 + 2..84 + 8 + 14].copy_from_slice(&numbers);
    let both = Header::parse(&bytes).unwrap();
    let keyring = opened.keyring(both.keyring().stanzas().to_vec(), header.len()).unwrap();
    let (both, asked) = (header.with_keyring(keyring), Cell::new(0));
    let mut once = || asked.replace(asked.get() + 1) < 1;
    let keyring = both.keyring();
    let opened = both.unlock_while(keyring, &password("cheap"), &Limits::default(), &mut once);
    assert!(opened.is_ok(), "{opened:?}");
    assert_eq!(asked.get(), 1);
}

/// Even where another keyring counts: else somebody could exchange it for the day it counts again.
#[test]
fn the_keyring_of_the_file_has_to_be_genuine_beside_another() {
    let sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    let header = Header::parse(&sealed).unwrap();
    let kept = header.keyring().clone();
    let with_kept = |header: &Header| {
        let opened = header.unlock_with(&kept, &Unlock::RawKey(key(1)), &Limits::default());
        opened.map(|_| ())
    };
    assert_eq!(with_kept(&header), Ok(()));
    for at in [header.len() - 1, 84 + 8 + 20] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        let changed = Header::parse(&changed).unwrap();
        assert_eq!(with_kept(&changed), Err(OpenError::HeaderTampered), "byte {at}");
    }
}

#[test]
fn what_the_format_does_not_know_is_refused_before_a_key_is_derived() {
    let sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    let keyring = &sealed[84..1024];
    let behind = 8 + 110 + "backup".len() + 110;
    let changed = |at: usize, bytes: &[u8]| {
        let mut keyring = keyring.to_vec();
        keyring[at..at + bytes.len()].copy_from_slice(bytes);
        Keyring::parse(&keyring).map(|_| ())
    };
    assert_eq!(changed(0, &[]), Ok(()));
    let malformed = |outcome| matches!(outcome, Err(OpenError::Malformed(_)));
    assert!(malformed(changed(6, &[1])) && malformed(changed(7, &[1])), "a reserved field");
    for at in [behind, keyring.len() - 33] {
        assert!(malformed(changed(at, &[1])), "byte {at}, behind the recipients");
    }
    assert!(malformed(changed(4, &[0, 0])) && malformed(changed(4, &[0, 65])), "their number");
}

#[test]
fn parameters_that_the_format_does_not_know_are_refused() {
    let sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    // The second recipient is a password: its kind and its three numbers.
    let at = 84 + 8 + 110 + "backup".len();
    let refusal = |kind: u8, numbers: [u32; 3]| {
        let mut changed = sealed.clone();
        changed[at] = kind;
        changed[at + 2..at + 14].copy_from_slice(&numbers.map(u32::to_be_bytes).concat());
        Header::parse(&changed).and_then(|header| opens(&header, &password("secret")))
    };
    assert_eq!(refusal(1, [8, 1, 1]), Ok(()));
    // These are another derivation, which gives another key.
    for (kind, numbers) in [(1, [8 * 255, 1, 255]), (3, [1000, 0, 0])] {
        assert_eq!(refusal(kind, numbers), Err(OpenError::WrongKey), "{kind} {numbers:?}");
    }
    let odd = [[8 * 256, 1, 256], [8, 1, 0], [8, 0, 1], [7, 1, 1], [15, 1, 2]];
    for (kind, numbers) in odd.map(|numbers| (1, numbers)).into_iter().chain([(3, [999, 0, 0])]) {
        let refused = refusal(kind, numbers);
        assert!(matches!(refused, Err(OpenError::Malformed(_))), "{numbers:?}: {refused:?}");
    }
    for (kind, numbers) in [(0, [0; 3]), (4, [8, 1, 1]), (2, [1, 0, 0]), (3, [1000, 1, 0])] {
        assert_eq!(refusal(kind, numbers), Err(OpenError::Unknown("a kind of recipient")));
    }
}

#[test]
fn a_recipient_with_another_label_is_another_one() {
    let sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    let header = Header::parse(&sealed).unwrap();
    let file = header.unlock(&Unlock::RawKey(key(1)), &Limits::default()).unwrap();
    let found = |recipient: &Recipient| {
        file.has_recipient(header.keyring().stanzas(), recipient, &Limits::default()).unwrap()
    };
    let ours = Recipient::raw_key(key(1)).with_label("backup");
    assert!(found(&ours));
    for other in [
        ours.clone().with_label("backups"),
        Recipient::raw_key(key(2)).with_label("backup"),
        Recipient::password(Password::from("secret")).with_kdf(CHEAP).with_label("backup"),
        Recipient::password(Password::from("other")).with_kdf(CHEAP),
        Recipient::password(Password::from("secret")),
    ] {
        assert!(!found(&other), "{other:?}");
    }
    assert!(found(&Recipient::password(Password::from("secret")).with_kdf(CHEAP)));
}

/// What the costs of all passwords together are beyond, nobody with a password opens.
#[test]
fn recipients_that_would_lock_each_other_out_are_found_before() {
    let limits = Limits::default();
    let pbkdf2 = PasswordKdf::Pbkdf2Sha256 { iterations: 10_000_000 };
    let argon2 = PasswordKdf::Argon2id { memory_kib: 1 << 20, passes: 8, lanes: 1 };
    for (kdf, most) in [(pbkdf2, 4), (argon2, 2)] {
        let header = hostile(most + 1, kdf);
        let stanzas = header.keyring().stanzas();
        assert_eq!(limits.allow(&stanzas[..most]), Ok(()), "{kdf:?}");
        assert!(matches!(limits.allow(stanzas), Err(OpenError::TooCostly(_))), "{kdf:?}");
        let refused = opens(&header, &password("x"));
        assert!(matches!(refused, Err(OpenError::TooCostly(_))), "{kdf:?}: {refused:?}");
    }
    // One that is too costly alone is not tried, and neither are keys: they cost the others nothing.
    let alone = hostile(1, PasswordKdf::Pbkdf2Sha256 { iterations: 4_000_000_000 });
    let sealed = seal(&options(Aead::Aes256Gcm), b"content", 1);
    let usual = Header::parse(&sealed).unwrap();
    let both = [alone.keyring().stanzas(), usual.keyring().stanzas()];
    assert_eq!(limits.allow(&both.concat()), Ok(()));
}
