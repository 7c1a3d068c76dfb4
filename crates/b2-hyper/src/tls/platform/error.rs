//! From errors of OpenSSL to ours.

use std::error::Error;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl;
use openssl::x509::X509VerifyResult;
use rustls::{AlertDescription, OtherError};

use super::super::error::{CertificateFault, TlsError};

/// The part of OpenSSL that speaks TLS, and numbers of its reasons, as in
/// `err.h` and `sslerr.h`. From 1000 on they are alerts of the peer.
const SSL: i32 = 20;
const NO_CIPHERS: i32 = 181;
const NO_PROTOCOLS: i32 = 191;
const ALERTS: i32 = 1000;

/// What was chosen cannot be had.
pub(super) fn unfit(error: ErrorStack) -> TlsError {
    TlsError::Settings(foreign(error))
}

fn foreign(error: impl Error + Send + Sync + 'static) -> rustls::Error {
    rustls::Error::Other(OtherError(Arc::new(error)))
}

/// Why a handshake failed in which we refused no certificate.
pub(super) fn of_handshake(error: ssl::Error) -> TlsError {
    let error = match error.into_io_error() {
        Ok(io) => return TlsError::Broken(Arc::new(io)),
        Err(error) => error,
    };
    if let Some(alert) = reasons(&error).find_map(alert) {
        return TlsError::Refused(alert);
    }
    let unfit = reasons(&error).any(|reason| [NO_CIPHERS, NO_PROTOCOLS].contains(&reason));
    let error = foreign(error);
    if unfit { TlsError::Settings(error) } else { TlsError::Protocol(error) }
}

/// The reasons that OpenSSL gives, the first one first.
fn reasons(error: &ssl::Error) -> impl Iterator<Item = i32> {
    let stack = error.ssl_error().map(ErrorStack::errors).unwrap_or_default();
    let of_tls = stack.iter().filter(|error| error.library_code() == SSL);
    of_tls.map(openssl::error::Error::reason_code)
}

fn alert(reason: i32) -> Option<AlertDescription> {
    u8::try_from(reason - ALERTS).ok().map(AlertDescription::from)
}

/// Whether OpenSSL says this.
pub(crate) fn is_tls(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.is::<ssl::Error>() || error.is::<ErrorStack>()
}

/// What OpenSSL found wrong with a chain, by the numbers of `x509_vfy.h`.
pub(super) fn fault(found: X509VerifyResult) -> CertificateFault {
    use CertificateFault as F;
    match found.as_raw() {
        2 | 19..=21 | 27 => F::UnknownIssuer,
        18 => F::SelfSigned,
        4 | 6 | 7 | 68 | 76 => F::BadSignature,
        9 => F::NotYetValid,
        10 => F::Expired,
        13..=16 => F::Unreadable,
        23 => F::Revoked,
        26 => F::WrongUsage,
        47 | 48 => F::NameConstraint,
        62 | 64 => F::WrongName,
        66 | 67 => F::WeakKey,
        _ => F::Chain(found.error_string().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_told_from_other_reasons() {
        assert_eq!(alert(1040), Some(AlertDescription::HandshakeFailure));
        assert_eq!(alert(1116), Some(AlertDescription::CertificateRequired));
        assert_eq!(alert(NO_CIPHERS), None);
        assert_eq!(alert(1300), None);
    }
}
