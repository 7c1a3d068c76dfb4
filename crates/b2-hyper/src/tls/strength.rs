//! What a session agreed on, in names and bits.

use rustls::{
    CipherSuite, ClientConnection, HandshakeKind, NamedGroup, ProtocolVersion, SupportedCipherSuite,
};

use super::event::TlsEvent;
use crate::connect::TlsFacts;

impl TlsFacts {
    /// The facts of a session whose handshake is over.
    pub(crate) fn of(session: &ClientConnection) -> Self {
        let suite =
            session.negotiated_cipher_suite().map(|suite| SupportedCipherSuite::suite(&suite));
        let (cipher_suite, cipher, cipher_bits) = suite.map_or(("", "", 0), cipher);
        let group = session.negotiated_key_exchange_group().map(|group| group.name());
        let (key_exchange, key_exchange_bits) = group.map_or((String::new(), 0), group_strength);
        Self {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "",
            },
            cipher_suite,
            cipher,
            cipher_bits,
            key_exchange,
            key_exchange_bits,
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            alpn: session.alpn_protocol().map(<[u8]>::to_vec),
            certificates: session
                .peer_certificates()
                .map(|shown| shown.iter().map(|each| each.clone().into_owned()).collect())
                .unwrap_or_default(),
        }
    }
}

impl TlsFacts {
    /// As a step of a handshake.
    pub(super) fn event(&self) -> TlsEvent {
        TlsEvent::Established {
            version: self.version,
            cipher_suite: self.cipher_suite,
            cipher_bits: self.cipher_bits,
            key_exchange: self.key_exchange.clone(),
            resumed: self.resumed,
        }
    }
}

/// Registered name, bulk cipher and bits of its key.
pub(super) fn cipher(suite: CipherSuite) -> (&'static str, &'static str, u16) {
    const AES_128: &str = "AES-128-GCM";
    const AES_256: &str = "AES-256-GCM";
    const CHACHA: &str = "ChaCha20-Poly1305";
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", AES_128, 128),
        CipherSuite::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", AES_256, 256),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => {
            ("TLS_CHACHA20_POLY1305_SHA256", CHACHA, 256)
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => {
            ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", AES_128, 128)
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => {
            ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", AES_256, 256)
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA, 256)
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => {
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", AES_128, 128)
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => {
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", AES_256, 256)
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA, 256)
        }
        _ => ("", "", 0),
    }
}

fn group_strength(group: NamedGroup) -> (String, u16) {
    let bits = match group {
        NamedGroup::X25519 => 255,
        NamedGroup::X448 => 448,
        NamedGroup::secp256r1 => 256,
        NamedGroup::secp384r1 => 384,
        NamedGroup::secp521r1 => 521,
        NamedGroup::FFDHE2048 => 2048,
        NamedGroup::FFDHE3072 => 3072,
        NamedGroup::FFDHE4096 => 4096,
        NamedGroup::FFDHE6144 => 6144,
        NamedGroup::FFDHE8192 => 8192,
        // The classical half; the other is ML-KEM-768.
        NamedGroup::X25519MLKEM768 => 255,
        NamedGroup::secp256r1MLKEM768 => 256,
        _ => 0,
    };
    (group.as_str().map_or_else(|| format!("{group:?}"), str::to_owned), bits)
}
