//! The layers of the workspace, as data.

/// What one crate of the workspace may declare as dependencies.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) name: &'static str,
    /// Crates of the workspace it may be built on.
    pub(crate) normal: &'static [&'static str],
    /// Crates of the workspace it may be built on only behind a feature.
    pub(crate) optional: &'static [&'static str],
    /// Crates of the workspace its tests may use besides.
    pub(crate) dev: &'static [&'static str],
    /// Everything else it may be built on; `None` leaves that to review.
    pub(crate) third_party: Option<&'static [&'static str]>,
}

/// Every crate has its place here, bottom first.
pub(crate) const LAYERS: &[Layer] = &[
    Layer {
        name: "b2-proto",
        normal: &[],
        optional: &[],
        dev: &[],
        third_party: Some(&["base64", "md-5", "serde", "serde_json", "thiserror", "zeroize"]),
    },
    // Its suites live in `b2-testing`: as a dev-dependency that would compile the core twice, and
    // the tests would see two different `Operation` traits.
    Layer {
        name: "b2-core",
        normal: &["b2-proto"],
        optional: &[],
        dev: &[],
        third_party: Some(&[
            "base64",
            "bytes",
            "hmac",
            "http",
            "http-body",
            "serde",
            "serde_json",
            "sha1",
            "sha2",
            "thiserror",
        ]),
    },
    Layer {
        name: "b2-crypto",
        normal: &[],
        optional: &[],
        dev: &[],
        third_party: Some(&[
            "aes",
            "aes-gcm",
            "aes-siv",
            "argon2",
            "aws-lc-rs",
            "blake2",
            "cast5",
            "cbc",
            "chacha20",
            "chacha20poly1305",
            "cipher",
            "cmac",
            "ctr",
            "hkdf",
            "hmac",
            "md-5",
            "pbkdf2",
            "poly1305",
            "rc2",
            "rc4",
            "salsa20",
            "sha1",
            "sha2",
            "subtle",
            "thiserror",
            "zeroize",
        ]),
    },
    Layer {
        name: "b2-document",
        normal: &[],
        optional: &[],
        dev: &[],
        third_party: Some(&["roxmltree", "serde", "serde_json", "thiserror"]),
    },
    Layer {
        name: "b2-hyper",
        normal: &["b2-core"],
        optional: &[],
        dev: &["b2-emulator", "b2-testing"],
        third_party: None,
    },
    // Code shared with the client would share its bugs, so not even the tests see it.
    Layer {
        name: "b2-emulator",
        normal: &["b2-proto"],
        optional: &[],
        dev: &[],
        third_party: None,
    },
    Layer {
        name: "b2",
        normal: &["b2-core", "b2-proto"],
        optional: &["b2-crypto", "b2-document", "b2-hyper"],
        dev: &["b2-emulator", "b2-testing"],
        third_party: None,
    },
    Layer {
        name: "b2-cli",
        normal: &["b2", "b2-crypto", "b2-emulator"],
        optional: &[],
        dev: &["b2-testing"],
        third_party: None,
    },
    Layer {
        name: "b2-testing",
        normal: &["b2", "b2-core", "b2-crypto", "b2-emulator", "b2-hyper", "b2-proto"],
        optional: &[],
        dev: &[],
        third_party: None,
    },
    // Optional, because the generator of `b2-proto` must run when `b2-proto` does not compile.
    Layer { name: "xtask", normal: &[], optional: &["b2-testing"], dev: &[], third_party: None },
];

/// What may appear nowhere below a crate that is built with these flags.
#[derive(Debug)]
pub(crate) struct TreeRule {
    pub(crate) package: &'static str,
    pub(crate) flags: &'static [&'static str],
    pub(crate) banned: &'static [&'static str],
}

const IMPURE: &[&str] = &["getrandom", "hyper", "mio", "socket2", "tokio"];

/// What a build needs the libraries of the system for.
const PLATFORM: &[&str] = &["native-tls", "openssl", "openssl-sys"];

/// The trees that must stay free of sockets, runtimes, randomness or libraries of the system.
pub(crate) const TREES: &[TreeRule] = &[
    TreeRule { package: "b2-proto", flags: &["--all-features"], banned: IMPURE },
    TreeRule { package: "b2-core", flags: &["--all-features"], banned: IMPURE },
    TreeRule { package: "b2-crypto", flags: &["--all-features"], banned: IMPURE },
    TreeRule {
        package: "b2",
        flags: &["--no-default-features"],
        banned: &["b2-hyper", "hyper", "mio", "rustls", "tokio"],
    },
    TreeRule {
        package: "b2-emulator",
        flags: &["--no-default-features"],
        banned: &["b2-core", "hyper", "mio", "rustls", "tokio"],
    },
    // Only who asks for the feature `openssl` has to have the library.
    TreeRule { package: "b2-hyper", flags: &[], banned: PLATFORM },
    TreeRule { package: "b2", flags: &[], banned: PLATFORM },
    TreeRule { package: "b2-cli", flags: &[], banned: PLATFORM },
];

/// The crates that hold keys: what they are built on has to wipe what it held, if it can.
pub(crate) const WIPED: &[&str] = &["b2-crypto"];

/// The crates that know no clock, no file, no socket and no chance.
pub(crate) const PURE: &[&str] = &["b2-proto", "b2-core", "b2-crypto"];

/// Bans that the `clippy.toml` of every pure crate must spell out.
pub(crate) const PURE_CLIPPY: &[&str] = &[
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::sleep",
    "std::thread::spawn",
    "std::env::var",
    "std::fs::read",
    "std::fs::write",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
];

/// Paths that the code of a pure crate may not mention; clippy's list names functions, this one
/// whole modules. The last two would switch clippy's list off.
pub(crate) const PURE_BANNED: &[&str] = &[
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "SystemTime",
    "Instant::now",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "rand",
    "getrandom",
    "clippy::disallowed_methods",
    "clippy::disallowed_types",
];

/// The crate whose loops must not decide anything, and what deciding looks like.
pub(crate) const FACADE: &str = "b2";
pub(crate) const FACADE_BANNED: &[&str] = &["StatusCode::*", "ErrorCode::*"];
