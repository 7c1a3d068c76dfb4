//! Names that are known and not to be had here, with the reason.

const NO_KERBEROS: &str = "Kerberos needs libraries of the system; use NTLM, Digest or a token";
const NO_COMPRESSION: &str =
    "compression would break digests and ranges of B2; compress before you upload";
const CHECKED: &str = "answers of B2 have exact lengths, and bodies are sent with theirs";
const ONE_LIBRARY: &str = "TLS is rustls, not OpenSSL; use SSLEnabledCipherSuites";
const NO_REDIRECTS: &str =
    "B2 sends none, and one that is followed carries credentials elsewhere; none is followed";

/// What is refused, and why.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("AcceptEncoding", NO_COMPRESSION),
    ("AllowHTTPCompression", NO_COMPRESSION),
    ("CompressHTTPRequest", NO_COMPRESSION),
    ("ChunkSize", CHECKED),
    ("UseChunkedEncoding", CHECKED),
    ("FollowRedirects", NO_REDIRECTS),
    ("MaxRedirectAttempts", NO_REDIRECTS),
    ("GetOn302Redirect", NO_REDIRECTS),
    ("KerberosSPN", NO_KERBEROS),
    (
        "UseProxyAutoConfigURL",
        "scripts that choose proxies are not run; give the proxy, or use ProxyAutoDetect",
    ),
    (
        "UsePlatformHTTPClient",
        "there is one HTTP client; bring another with b2_core::port::Transport",
    ),
    ("FirewallAutoDetect", "systems have no setting for firewalls; use ProxyAutoDetect"),
    ("firewall_auto_detect", "systems have no setting for firewalls; use ProxyAutoDetect"),
    ("MaxLineLength", "it is for protocols of lines; heads of HTTP are limited to 64 KiB"),
    ("OpenSSLCipherList", ONE_LIBRARY),
    ("OpenSSLPrngSeedData", "randomness is the system's, which needs no seed"),
    ("SSLClientCACerts", "it is for servers; use SSLServerCACerts"),
    (
        "SSLEnableRenegotiation",
        "rustls never renegotiates and always signals that it does so safely",
    ),
    (
        "HTTP2HeadersWithoutIndexing",
        "every header with a secret is never indexed; no list is needed",
    ),
    ("UseIDNs", "the names of B2 are ASCII; give other names in their xn-- form"),
    ("EncodeURL", "URLs are sent as B2 gave them; encoding them again would break them"),
];

const FACTS: &str =
    "it is only to be read, in connect::ConnectionFacts in the extensions of an answer";

/// What is only to be read, and where.
pub(super) const READ_ONLY: &[(&str, &str)] = &[
    ("NegotiatedHTTPVersion", FACTS),
    ("SSLNegotiatedCipher", FACTS),
    ("SSLNegotiatedCipherStrength", FACTS),
    ("SSLNegotiatedCipherSuite", FACTS),
    ("SSLNegotiatedKeyExchange", FACTS),
    ("SSLNegotiatedKeyExchangeStrength", FACTS),
    ("SSLNegotiatedVersion", FACTS),
    ("StatusCode", "it is only to be read, in the answer"),
    ("SSLIncludeCertChain", "a policy always sees the whole chain"),
];
