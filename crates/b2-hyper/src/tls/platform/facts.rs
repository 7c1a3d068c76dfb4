//! What a session of OpenSSL agreed on, in the words of rustls where it has
//! some.

use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::ssl::SslRef;
use rustls::pki_types::CertificateDer;

use crate::connect::TlsFacts;

/// Parts of names of suites, and the bulk cipher.
const CIPHERS: [(&str, &str); 13] = [
    ("AES_128_GCM", "AES-128-GCM"),
    ("AES_256_GCM", "AES-256-GCM"),
    ("CHACHA20_POLY1305", "ChaCha20-Poly1305"),
    ("AES_128_CBC", "AES-128-CBC"),
    ("AES_256_CBC", "AES-256-CBC"),
    ("AES_128_CCM", "AES-128-CCM"),
    ("AES_256_CCM", "AES-256-CCM"),
    ("CAMELLIA_128_CBC", "CAMELLIA-128-CBC"),
    ("CAMELLIA_256_CBC", "CAMELLIA-256-CBC"),
    ("ARIA_128_GCM", "ARIA-128-GCM"),
    ("ARIA_256_GCM", "ARIA-256-GCM"),
    ("3DES_EDE_CBC", "3DES-EDE-CBC"),
    ("SEED_CBC", "SEED-CBC"),
];

/// The facts of a session whose handshake is over.
pub(in super::super) fn facts(ssl: &SslRef) -> TlsFacts {
    let suite = ssl.current_cipher();
    let cipher_suite = suite.and_then(|suite| suite.standard_name()).unwrap_or_default();
    let known = CIPHERS.iter().find(|(part, _)| cipher_suite.contains(part));
    let (key_exchange, key_exchange_bits) = key_exchange(ssl, cipher_suite);
    TlsFacts {
        version: ssl.version_str(),
        cipher_suite,
        cipher: known.map_or("", |(_, cipher)| cipher),
        cipher_bits: suite.map_or(0, |suite| bits(suite.bits().secret)),
        key_exchange,
        key_exchange_bits,
        resumed: ssl.session_reused(),
        alpn: ssl.selected_alpn_protocol().map(<[u8]>::to_vec),
        certificates: certificates(ssl),
    }
}

/// What the server showed, its own certificate first.
pub(super) fn certificates(ssl: &SslRef) -> Vec<CertificateDer<'static>> {
    let shown = ssl.peer_cert_chain().into_iter().flatten();
    shown.filter_map(|each| each.to_der().ok()).map(CertificateDer::from).collect()
}

fn key_exchange(ssl: &SslRef, suite: &str) -> (String, u16) {
    if let Ok(key) = ssl.peer_tmp_key() {
        return group(&key, ssl.version_str() == "TLSv1.3");
    }
    if suite.starts_with("TLS_RSA_WITH") {
        let certificate = ssl.peer_cert_chain().and_then(|chain| chain.get(0)?.public_key().ok());
        let length = certificate.map_or(0, |key| key.bits());
        return ("RSA".to_owned(), u16::try_from(length).unwrap_or(0));
    }
    (String::new(), 0)
}

/// The group that the server's key is of.
fn group(key: &PKey<Public>, named: bool) -> (String, u16) {
    let length = u16::try_from(key.bits()).unwrap_or(0);
    let name = match key.id() {
        // OpenSSL counts the bits of their security.
        Id::X25519 => return ("X25519".to_owned(), 255),
        Id::X448 => return ("X448".to_owned(), 448),
        Id::EC => {
            let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
            match curve {
                Some(Nid::X9_62_PRIME256V1) => "secp256r1",
                Some(other) => other.short_name().unwrap_or_default(),
                None => "",
            }
        }
        // In TLS 1.3 finite fields are known by their length.
        Id::DH if named => return (format!("FFDHE{length}"), length),
        Id::DH => "DH",
        _ => "",
    };
    (name.to_owned(), length)
}

fn bits(number: i32) -> u16 {
    u16::try_from(number).unwrap_or(0)
}
