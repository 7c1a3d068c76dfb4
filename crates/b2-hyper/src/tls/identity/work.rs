//! How much work the password of a key may be.
//!
//! The file says how often the password is to be hashed and with how much
//! memory. Whoever made the file could ask for all the memory, or for a year.

use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Kdf, ScryptParams};

use super::own::IdentityError;
use crate::settings::SettingError;

/// 1 GiB.
const MOST_MEMORY: u64 = 1 << 30;
const MOST_LANES: u16 = 16;
/// Some seconds; a careful program takes a tenth of it.
const MOST_ROUNDS: u32 = 10_000_000;

/// Refuses a key whose password takes more than some minutes or 1 GiB, and one
/// whose numbers are none that the function of its password has.
pub(super) fn check(scheme: &EncryptionScheme) -> Result<(), IdentityError> {
    // The rounds of the old schemes have two bytes.
    let EncryptionScheme::Pbes2(parameters) = scheme else { return Ok(()) };
    match &parameters.kdf {
        Kdf::Pbkdf2(rounds) if rounds.iteration_count > MOST_ROUNDS => Err(too_much("PBKDF2")),
        Kdf::Scrypt(scrypt) => check_scrypt(scrypt),
        _ => Ok(()),
    }
}

fn check_scrypt(scrypt: &ScryptParams) -> Result<(), IdentityError> {
    let (n, r, p) = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
    if !n.is_power_of_two() || n == 1 || r == 0 || p == 0 {
        return Err(IdentityError::Format("encrypted private key"));
    }
    let memory = n.checked_mul(128 * u64::from(r));
    if memory.is_none_or(|memory| memory > MOST_MEMORY) || p > MOST_LANES {
        return Err(too_much("scrypt"));
    }
    Ok(())
}

fn too_much(function: &str) -> IdentityError {
    let because = "deriving its key would take too long; encrypt the key again with less work";
    let name = format!("so much work of {function}");
    IdentityError::Unsupported(SettingError::unsupported(&name, because))
}

#[cfg(test)]
mod tests {
    use super::super::super::der::{integer, octet_string, oid, sequence};
    use super::super::pem;
    use super::*;
    use base64::Engine as _;

    const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];
    const SCRYPT: &[u8] = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11];
    const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];

    /// A key in PEM that is encrypted in this way.
    fn locked(function: &[u8], numbers: &[&[u8]]) -> String {
        let mut parameters = octet_string(&[7; 8]);
        numbers.iter().for_each(|number| parameters.extend(integer(number)));
        let function = sequence(&[&oid(function), &sequence(&[&parameters])]);
        let cipher = sequence(&[&oid(AES_256_CBC), &octet_string(&[9; 16])]);
        let scheme = sequence(&[&oid(PBES2), &sequence(&[&function, &cipher])]);
        let der = sequence(&[&scheme, &octet_string(&[1; 32])]);
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!(
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{text}\n-----END ENCRYPTED PRIVATE KEY-----\n"
        )
    }

    fn open(text: &str) -> IdentityError {
        pem::read(text.as_bytes(), "password").err().unwrap()
    }

    #[test]
    fn numbers_that_are_none_are_refused_before_anything_is_hashed() {
        for numbers in [
            [&[0][..], &[8], &[1]],
            [&[1], &[8], &[1]],
            [&[3], &[8], &[1]],
            [&[0x40, 0], &[0], &[1]],
            [&[0x40, 0], &[8], &[0]],
        ] {
            let error = open(&locked(SCRYPT, &numbers));
            assert!(matches!(error, IdentityError::Format(_)), "{numbers:?}: {error:?}");
        }
    }

    #[test]
    fn more_work_than_anybody_needs_is_refused() {
        let all = [0xff_u8; 8];
        for (function, numbers) in [
            (SCRYPT, &[&[1, 0, 0, 0, 0, 0][..], &[8], &[1]][..]),
            (SCRYPT, &[&[0x80, 0, 0, 0, 0, 0, 0, 0], &[8], &[1]]),
            (SCRYPT, &[&[0x40, 0], &[0xff, 0xff], &[1]]),
            (SCRYPT, &[&[0x40, 0], &[8], &[17]]),
            (PBKDF2, &[&all[..4]]),
        ] {
            let error = open(&locked(function, numbers));
            assert!(matches!(error, IdentityError::Unsupported(_)), "{numbers:?}: {error:?}");
            assert!(error.to_string().contains("encrypt the key again"), "{error}");
        }
        // What OpenSSL writes is allowed; this one has another password.
        for (function, numbers) in
            [(SCRYPT, &[&[0x40, 0][..], &[8], &[1]][..]), (PBKDF2, &[&[8, 0]])]
        {
            let error = open(&locked(function, numbers));
            assert!(matches!(error, IdentityError::Password), "{numbers:?}: {error:?}");
        }
    }
}
