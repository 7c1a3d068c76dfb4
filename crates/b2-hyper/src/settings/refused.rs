//! Names that are known and not to be had here, with the reason.

pub(super) const NO_KERBEROS: &str =
    "Kerberos needs libraries of the system; use NTLM, Digest or a token";
const NOT_COMPRESSED: &str = "B2 takes no compressed requests, and refuses Content-Encoding on uploads; \
     compress the content before you upload it";
const NOT_CHUNKED: &str =
    "B2 takes no request without a Content-Length; content of unknown length is uploaded in parts";

/// What is refused, and why.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("CompressHTTPRequest", NOT_COMPRESSED),
    ("ChunkSize", NOT_CHUNKED),
    ("UseChunkedEncoding", NOT_CHUNKED),
    ("KerberosSPN", NO_KERBEROS),
    (
        "UsePlatformHTTPClient",
        "there is one HTTP client; bring another with b2_core::port::Transport",
    ),
    ("FirewallAutoDetect", "systems have no setting for firewalls; use ProxyAutoDetect"),
    ("firewall_auto_detect", "systems have no setting for firewalls; use ProxyAutoDetect"),
    ("MaxLineLength", "it is for protocols of lines; heads of HTTP are limited to 64 KiB"),
    ("OpenSSLPrngSeedData", "randomness is the system's, which needs no seed"),
    ("SSLClientCACerts", "it is for servers; use SSLServerCACerts"),
    (
        "SSLEnableRenegotiation",
        "rustls never renegotiates and always signals that it does so safely",
    ),
    ("UseIDNs", "the names of B2 are ASCII; give other names in their xn-- form"),
    ("EncodeURL", "URLs are sent as B2 gave them; encoding them again would break them"),
];

const TRANSCRIPT: &str =
    "it is only to be read, in capture::Transcript in the extensions of an answer";

const FACTS: &str =
    "it is only to be read, in connect::ConnectionFacts in the extensions of an answer";

/// What is only to be read, and where.
pub(super) const READ_ONLY: &[(&str, &str)] = &[
    ("NegotiatedHTTPVersion", FACTS),
    ("SentHeaders", TRANSCRIPT),
    ("TransferredData", TRANSCRIPT),
    ("TransferredHeaders", TRANSCRIPT),
    ("StatusLine", "it is only to be read, with status_line of an answer"),
    ("BytesTransferred", "it is only to be read, in Received in the extensions of an answer"),
    ("Append", "it is about files; see Download::append_to_file of the facade"),
    ("SSLNegotiatedCipher", FACTS),
    ("SSLNegotiatedCipherStrength", FACTS),
    ("SSLNegotiatedCipherSuite", FACTS),
    ("SSLNegotiatedKeyExchange", FACTS),
    ("SSLNegotiatedKeyExchangeStrength", FACTS),
    ("SSLNegotiatedVersion", FACTS),
    ("StatusCode", "it is only to be read, in the answer"),
    ("SSLIncludeCertChain", "a policy always sees the whole chain"),
];
