//! NTLM version 2 ([MS-NLMP]), as much of it as a proxy needs: three messages,
//! no signing, no sealing.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;

use crate::proxy::server::Credentials;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
const UNICODE: u32 = 0x1;
const OEM: u32 = 0x2;
const REQUEST_TARGET: u32 = 0x4;
const NTLM: u32 = 0x200;
const ALWAYS_SIGN: u32 = 0x8000;
const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
const TARGET_INFO: u32 = 0x0080_0000;
/// The identifier of the time in the target information.
const AV_TIMESTAMP: u16 = 7;
const HEADER: usize = 64;

/// What the second message says.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    flags: u32,
    nonce: [u8; 8],
    target_info: Vec<u8>,
}

/// The first message.
pub(super) fn negotiate() -> Vec<u8> {
    let flags = UNICODE | OEM | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SESSION_SECURITY;
    let mut message = SIGNATURE.to_vec();
    message.extend_from_slice(&1u32.to_le_bytes());
    message.extend_from_slice(&flags.to_le_bytes());
    // Neither a domain nor a workstation.
    message.extend_from_slice(&[0; 16]);
    message
}

impl Challenge {
    /// Reads the second message.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        if message.get(..8)? != SIGNATURE || message.get(8..12)? != 2u32.to_le_bytes() {
            return None;
        }
        let flags = u32::from_le_bytes(message.get(20..24)?.try_into().ok()?);
        let nonce = message.get(24..32)?.try_into().ok()?;
        let target_info = match message.get(40..48) {
            Some(field) if flags & TARGET_INFO != 0 => {
                let len = usize::from(u16::from_le_bytes([field[0], field[1]]));
                let offset = u32::from_le_bytes([field[4], field[5], field[6], field[7]]);
                let offset = usize::try_from(offset).ok()?;
                message.get(offset..offset.checked_add(len)?)?.to_vec()
            }
            _ => Vec::new(),
        };
        Some(Self { flags, nonce, target_info })
    }

    /// The time of the server, if it told it.
    fn timestamp(&self) -> Option<[u8; 8]> {
        let mut rest = &*self.target_info;
        while let Some((head, tail)) = rest.split_at_checked(4) {
            let id = u16::from_le_bytes([head[0], head[1]]);
            let len = usize::from(u16::from_le_bytes([head[2], head[3]]));
            let (value, next) = tail.split_at_checked(len)?;
            if id == AV_TIMESTAMP {
                return value.try_into().ok();
            }
            rest = next;
        }
        None
    }
}

/// The third message. `time` counts as Windows does; see [`now`].
pub(super) fn authenticate(
    challenge: &Challenge,
    credentials: &Credentials,
    nonce: [u8; 8],
    time: [u8; 8],
) -> Vec<u8> {
    let (domain, user) = credentials.user.split_once('\\').unwrap_or(("", &credentials.user));
    let key = response_key(domain, user, &credentials.password);
    let told = challenge.timestamp();
    let nt = nt_response(&key, challenge, nonce, told.unwrap_or(time));
    // A server that tells its time does not want the old answer.
    let lm = if told.is_some() { vec![0; 24] } else { lm_response(&key, challenge, nonce) };
    let unicode = challenge.flags & UNICODE != 0;
    let text = |text: &str| if unicode { utf16(text) } else { text.as_bytes().to_vec() };
    let fields = [lm, nt, text(domain), text(user), text(""), Vec::new()];

    let mut message = SIGNATURE.to_vec();
    message.extend_from_slice(&3u32.to_le_bytes());
    let mut offset = HEADER;
    for field in &fields {
        // Credentials are far shorter than 64 KiB, and a message that is not
        // is refused by the server.
        let len = u16::try_from(field.len()).unwrap_or(u16::MAX).to_le_bytes();
        let at = u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
        message.extend_from_slice(&[len[0], len[1], len[0], len[1]]);
        message.extend_from_slice(&at);
        offset += field.len();
    }
    let flags = if unicode { UNICODE } else { OEM };
    let flags = flags | NTLM | ALWAYS_SIGN | (challenge.flags & EXTENDED_SESSION_SECURITY);
    message.extend_from_slice(&flags.to_le_bytes());
    message.extend(fields.into_iter().flatten());
    message
}

/// The present in tenths of microseconds since the year 1601.
pub(super) fn now() -> [u8; 8] {
    const UNTIL_1970: u64 = 11_644_473_600;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let tenths =
        (since.as_secs() + UNTIL_1970) * 10_000_000 + u64::from(since.subsec_nanos() / 100);
    tenths.to_le_bytes()
}

/// NTOWFv2.
fn response_key(domain: &str, user: &str, password: &str) -> [u8; 16] {
    let secret = Md4::digest(utf16(password));
    hmac(&secret, &[&utf16(&user.to_uppercase()), &utf16(domain)])
}

fn nt_response(key: &[u8], challenge: &Challenge, nonce: [u8; 8], time: [u8; 8]) -> Vec<u8> {
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend_from_slice(&time);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(&[0; 4]);
    blob.extend_from_slice(&challenge.target_info);
    blob.extend_from_slice(&[0; 4]);
    let mut response = hmac(key, &[&challenge.nonce, &blob]).to_vec();
    response.extend_from_slice(&blob);
    response
}

fn lm_response(key: &[u8], challenge: &Challenge, nonce: [u8; 8]) -> Vec<u8> {
    let mut response = hmac(key, &[&challenge.nonce, &nonce]).to_vec();
    response.extend_from_slice(&nonce);
    response
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    // Keys of any length are accepted, so there is always a MAC.
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else { return [0; 16] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let pair = |index| u8::from_str_radix(&hex[index..index + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(pair).collect()
    }

    /// The example of [MS-NLMP] 4.2.4: its names are `Domain` and `Server`.
    fn example() -> Challenge {
        let info = bytes(
            "02000c0044006f006d00610069006e0001000c005300650072007600650072000000 0000"
                .replace(' ', "")
                .as_str(),
        );
        let nonce = bytes("0123456789abcdef").try_into().unwrap();
        Challenge { flags: UNICODE | TARGET_INFO, nonce, target_info: info }
    }

    #[test]
    fn the_example_of_the_specification_holds() {
        let key = response_key("Domain", "User", "Password");
        assert_eq!(key.to_vec(), bytes("0c868a403bfd7a93a3001ef22ef02e3f"));
        let nt = nt_response(&key, &example(), [0xaa; 8], [0; 8]);
        assert_eq!(nt[..16], bytes("68cd0ab851e51c96aabc927bebef6a1c"));
        let lm = lm_response(&key, &example(), [0xaa; 8]);
        assert_eq!(lm, bytes("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"));
    }

    #[test]
    fn the_third_message_points_at_its_fields() {
        let credentials = Credentials {
            user: "Domain\\User".into(),
            password: Zeroizing::new("Password".into()),
        };
        let message = authenticate(&example(), &credentials, [0xaa; 8], [0; 8]);
        let field = |at: usize| {
            let len = usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
            let offset = usize::from(u16::from_le_bytes([message[at + 4], message[at + 5]]));
            message[offset..offset + len].to_vec()
        };
        assert_eq!(field(28), utf16("Domain"));
        assert_eq!(field(36), utf16("User"));
        assert_eq!(field(20)[..16], bytes("68cd0ab851e51c96aabc927bebef6a1c"));
    }

    #[test]
    fn broken_messages_are_refused() {
        assert!(Challenge::parse(b"NTLMSSP\0").is_none());
        assert!(Challenge::parse(&[0; 64]).is_none());
        let mut far = SIGNATURE.to_vec();
        far.extend_from_slice(&2u32.to_le_bytes());
        far.extend_from_slice(&[0xff; 40]);
        assert!(Challenge::parse(&far).is_none());
    }
}
