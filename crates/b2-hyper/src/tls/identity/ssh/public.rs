//! Public keys: a line of `authorized_keys`, or the sections of RFC 4716.

use super::super::own::{Found, IdentityError};
use super::super::store::base64;
use super::wire::{Fields, Kind};

const FORMAT: &str = "SSH public key";
const BEGIN: &str = "---- BEGIN SSH2 PUBLIC KEY ----";
const END: &str = "---- END SSH2 PUBLIC KEY ----";

pub(in super::super) fn read(bytes: &[u8]) -> Result<Vec<Found>, IdentityError> {
    let found = blob(bytes).and_then(|blob| Kind::read(&mut Fields(&blob)));
    let kind = found.ok_or(IdentityError::Format(FORMAT))?;
    Ok(vec![Found { public: Some(kind.public()), ..Found::new(Vec::new(), None) }])
}

pub(in super::super) fn looks_like(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    let begins = ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", BEGIN];
    begins.iter().any(|begin| text.starts_with(begin.as_bytes()))
}

fn blob(bytes: &[u8]) -> Option<Vec<u8>> {
    if !looks_like(bytes) {
        return Some(bytes.to_vec());
    }
    let text = str::from_utf8(bytes).ok()?.trim();
    match text.strip_prefix(BEGIN) {
        Some(rest) => section(rest.split_once(END)?.0),
        None => base64(text.split_whitespace().nth(1)?.as_bytes()),
    }
}

/// Headers have a colon, and go on after a backslash at the end of a line.
fn section(text: &str) -> Option<Vec<u8>> {
    let (mut digits, mut goes_on) = (String::new(), false);
    for line in text.lines() {
        if goes_on || line.contains(':') {
            goes_on = line.ends_with('\\');
        } else {
            digits.push_str(line.trim());
        }
    }
    base64(digits.as_bytes())
}
