//! Headers from strangers: parsed, shown, written again, and tried with a key and a password.

#![no_main]

use b2_crypto::{Header, Keyring, Limits, OpenError, Password, RawKey, Unlock};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _any = Keyring::parse(data);
    let header = match Header::parse(data) {
        Ok(header) => header,
        Err(OpenError::Incomplete { needed }) => return assert!(needed > data.len()),
        Err(_) => return,
    };
    assert_eq!(header.to_bytes(), &data[..header.len()]);
    assert_eq!(Header::parse(&header.to_bytes()).as_ref(), Ok(&header));
    for stanza in header.keyring().stanzas() {
        assert!(stanza.label().len() <= 255);
    }
    let _any = header.visible_content_len(data.len() as u64);
    // Small, so that the time goes into parsing.
    let limits = Limits::default().with_memory_kib(64).with_passes(1).with_iterations(1000);
    for unlock in [Unlock::RawKey(RawKey::new([1; 32])), Unlock::Password(Password::from("x"))] {
        if let Ok(file) = header.unlock(&unlock, &limits) {
            let _any = file.layout(data.len() as u64);
        }
    }
});
