//! Headers that open: whoever has the key may mean ill too, so everything is signed, and what is
//! signed is the input's. Nothing may panic, and no length that a header claims may be believed.

#![no_main]

use b2_crypto::{Header, Limits, NoRandomness, RawKey, ReadAt, Recipient, Unlock};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;

const KEY: [u8; 32] = [1; 32];
const DATA_KEY: [u8; 32] = [2; 32];
const SALT: [u8; 32] = [3; 32];

fn expand<const N: usize>(salt: &[u8], secret: &[u8], label: &str) -> [u8; N] {
    let mut output = [0; N];
    let label = format!("b2-crypto/1 {label}");
    Hkdf::<Sha256>::new(Some(salt), secret).expand(label.as_bytes(), &mut output).unwrap();
    output
}

fn tag(key: [u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn prefix(kind: &[u8; 3], len: u64) -> Vec<u8> {
    let mut prefix = b"\x89B2E\r\n\x1a\n\x01".to_vec();
    prefix.extend_from_slice(kind);
    prefix.extend_from_slice(&SALT);
    let mask = u64::from_be_bytes(expand(&SALT, &DATA_KEY, "length"));
    prefix.extend_from_slice(&(len ^ mask).to_be_bytes());
    let tag = tag(expand(&SALT, &DATA_KEY, "header"), &[&prefix]);
    prefix.extend_from_slice(&tag);
    prefix
}

/// A recipient with the key, and behind it whatever the input has.
fn keyring(count: u8, others: &[u8]) -> Vec<u8> {
    let salt = [4; 32];
    let mut stanza = [0; 14].to_vec();
    stanza[0] = 2;
    stanza.extend_from_slice(&salt);
    let pad: [u8; 32] = expand(&salt, &KEY, "wrap");
    stanza.extend(DATA_KEY.iter().zip(pad).map(|(a, b)| a ^ b));
    let tagged = tag(expand(&salt, &KEY, "wrap tag"), &[&SALT, &stanza]);
    stanza.extend_from_slice(&tagged);
    let mut keyring = (40 + stanza.len() as u32 + others.len() as u32).to_be_bytes().to_vec();
    keyring.extend_from_slice(&[0, count, 0, 0]);
    keyring.extend_from_slice(&stanza);
    keyring.extend_from_slice(others);
    let tag = tag(expand(&SALT, &DATA_KEY, "keyring"), &[&keyring]);
    keyring.extend_from_slice(&tag);
    keyring
}

fuzz_target!(|data: &[u8]| {
    let Some((fields, rest)) = data.split_first_chunk::<30>() else { return };
    let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|byte| fields[at + byte]));
    let (others, body) = rest.split_at(usize::from(fields[4]).min(rest.len()));
    // Mostly values that are known, so that the input gets further.
    let kind = [fields[0] % 3, fields[1] % 26, fields[2] % 3];
    let sealed = [&prefix(&kind, number(6))[..], &keyring(fields[3] % 4, others), body].concat();
    let Ok(header) = Header::parse(&sealed) else { return };
    assert_eq!(header.to_bytes(), &sealed[..header.len()]);
    let file = header.unlock(&Unlock::RawKey(RawKey::new(KEY)), &Limits::default());
    // Flags and algorithm are signed with the rest, so it opens.
    let file = file.unwrap();
    let claimed = Some(number(6)).filter(|len| *len != u64::MAX);
    assert_eq!(file.content_len(), claimed);

    let mut output = Vec::new();
    let mut decryptor = file.decryptor();
    let fed = decryptor.update(body, &mut output);
    let ended = fed.and_then(|()| decryptor.finish(&mut output));
    assert!(ended.is_err() && output.is_empty(), "nobody has sealed anything");
    let _any = header.visible_content_len(sealed.len() as u64);
    if let Ok(source) = file.decrypt(&sealed) {
        assert!(source.read_at(number(14), &mut [0; 100]).map_or(true, |read| read == 0));
    }
    let Ok(layout) = file.layout(number(22)) else { return };
    assert!(claimed.is_none_or(|len| layout.content_len() == len));
    let at = number(14);
    let _any = (layout.frame_of(at), layout.ciphertext_range(at), layout.content_range(at));
    let _any = file.frame_decryptor(&layout).open(at, body, &mut output);
    if let Ok(mut range) = file.range_decryptor(&layout, at..at.saturating_add(5000)) {
        let _any = range.update(body, &mut output);
    }
    assert!(output.is_empty(), "nobody has sealed anything");

    // Recipients of a header that was believed can be changed.
    let mut random = |bytes: &mut [u8]| -> Result<(), NoRandomness> {
        bytes.fill(5);
        Ok(())
    };
    let mut stanzas = header.keyring().stanzas().to_vec();
    let hers = Recipient::raw_key(RawKey::new([6; 32])).with_label("her");
    assert_eq!(file.has_recipient(&stanzas, &hers, &Limits::default()), Ok(false));
    stanzas.push(file.wrap(&hers, &mut random).unwrap());
    let changed = header.clone().with_keyring(file.keyring(stanzas, header.len()).unwrap());
    assert!(changed.unlock(&hers.unlock(), &Limits::default()).is_ok());
});
