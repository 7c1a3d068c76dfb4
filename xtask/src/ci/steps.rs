//! The steps of `cargo xtask ci`, as data.

use std::fmt;

/// A step: commands that belong together.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// A command that shows whether the tool is there, and how to get it.
    pub(crate) needs: Option<(Line, &'static str)>,
    pub(crate) lines: &'static [Line],
}

/// A cargo command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// The words after `cargo`.
    pub(crate) words: &'static [&'static str],
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.env {
            write!(f, "{name}=\"{value}\" ")?;
        }
        write!(f, "cargo {}", self.words.join(" "))
    }
}

const fn cargo(words: &'static [&'static str]) -> Line {
    Line { env: &[], words }
}

/// Cheap steps first, so that a slip shows early.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        title: "everything is formatted",
        needs: None,
        lines: &[cargo(&["fmt", "--all", "--check"])],
    },
    Step {
        name: "codegen",
        title: "the wire types are those of the fixtures",
        needs: None,
        lines: &[cargo(&["xtask", "codegen", "--check"])],
    },
    Step {
        name: "layers",
        title: "every crate keeps to its layer",
        needs: None,
        lines: &[cargo(&["xtask", "check-layers"])],
    },
    Step {
        name: "msrv",
        title: "every dependency builds with the promised compiler",
        needs: None,
        lines: &[cargo(&["xtask", "check-msrv"])],
    },
    Step {
        name: "tidy",
        title: "no long functions, left-over notes, dead links or commands",
        needs: None,
        lines: &[cargo(&["xtask", "tidy"])],
    },
    Step {
        name: "coverage",
        title: "the list of what is here is up to date, and each item exists",
        needs: None,
        lines: &[cargo(&["xtask", "coverage", "--check"])],
    },
    Step {
        name: "deny",
        title: "licences, duplicates and sources of the dependencies",
        needs: Some((cargo(&["deny", "--version"]), "cargo install cargo-deny --locked")),
        // Advisories need a network, and a machine without one must be able to pass.
        lines: &[cargo(&[
            "deny",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ])],
    },
    Step {
        name: "clippy",
        title: "lints are errors, with every set of features",
        needs: None,
        lines: CLIPPY,
    },
    Step {
        name: "docs",
        title: "the docs are complete and their links resolve",
        needs: None,
        lines: &[Line {
            env: &[("RUSTDOCFLAGS", "-D warnings")],
            words: &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"],
        }],
    },
    Step {
        name: "tests",
        title: "all tests, with the examples in the docs",
        needs: None,
        lines: &[cargo(&["test", "--workspace", "--locked"])],
    },
    Step {
        name: "portable",
        title: "encryption needs neither `std` nor C, and passes its tests without them",
        needs: Some((
            cargo(&["check", "--quiet", "--locked", "-p", "subtle", "--target", BARE]),
            "rustup target add aarch64-unknown-none",
        )),
        lines: &[
            cargo(&["build", "-p", "b2-crypto", "--locked", "--target", BARE]),
            // The other tests run it as it is built for the facade, by AWS-LC.
            cargo(&["test", "-p", "b2-crypto", "--locked"]),
        ],
    },
    Step {
        name: "fuzz",
        title: "the fuzz targets of encryption, which are no part of the workspace, still fit",
        needs: None,
        lines: &[cargo(&["check", "--locked", "--manifest-path", FUZZ, "--target-dir", TARGET])],
    },
    Step {
        name: "simulation",
        title: "two thousand fixed seeds of the whole client on virtual time",
        needs: None,
        lines: &[cargo(&["xtask", "simulate", "--seeds", "2000"])],
    },
];

const FUZZ: &str = "crates/b2-crypto/fuzz/Cargo.toml";
/// What they depend on is what the workspace does, mostly.
const TARGET: &str = "target";

/// Has `core`, `alloc` and atomic numbers of 64 bits, and nothing else.
const BARE: &str = "aarch64-unknown-none";

const CLIPPY: &[Line] = &[
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    cargo(&["clippy", "-p", "b2-crypto", "--all-targets", "--", "-D", "warnings"]),
    cargo(&["clippy", "-p", "b2", "--no-default-features", "--", "-D", "warnings"]),
    cargo(&["clippy", "-p", "b2-emulator", "--no-default-features", "--", "-D", "warnings"]),
    cargo(&[
        "clippy",
        "-p",
        "b2-hyper",
        "--no-default-features",
        "--features",
        "ring",
        "--",
        "-D",
        "warnings",
    ]),
    cargo(&[
        "clippy",
        "-p",
        "b2-hyper",
        "--no-default-features",
        "--features",
        "openssl",
        "--",
        "-D",
        "warnings",
    ]),
    cargo(&[
        "clippy",
        "-p",
        "b2-hyper",
        "--all-targets",
        "--features",
        "bundled-roots,openssl,pac,pkcs11,x448",
        "--",
        "-D",
        "warnings",
    ]),
    cargo(&[
        "clippy",
        "-p",
        "b2-cli",
        "--features",
        "bundled-roots,openssl,pac,pkcs11,x448",
        "--",
        "-D",
        "warnings",
    ]),
    cargo(&["clippy", "-p", "xtask", "--features", "simulate", "--", "-D", "warnings"]),
];
