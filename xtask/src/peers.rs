//! `cargo xtask peers`: the transport against other people's proxies.
//!
//! The tests are those of `crates/b2-hyper/tests/peers`; this looks for the programs first, so that
//! whoever lacks one learns its package before anything is built.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::program;

/// What has to be there, and the Debian package that it is in.
const PROGRAMS: &[(&str, &str)] = &[
    ("/usr/sbin/squid", "squid"),
    ("/usr/sbin/danted", "dante-server"),
    ("/usr/bin/microsocks", "microsocks"),
    ("/usr/sbin/sshd", "openssh-server"),
    ("/usr/bin/ssh", "openssh-client"),
    ("/usr/bin/ssh-keygen", "openssh-client"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/include/openssl/ssl.h", "libssl-dev"),
    ("/usr/bin/pkg-config", "pkg-config"),
    ("/usr/bin/keytool", "default-jre-headless"),
    ("/usr/bin/puttygen", "putty-tools"),
    ("/usr/bin/softhsm2-util", "softhsm2"),
    ("/usr/bin/pkcs11-tool", "opensc"),
    ("/usr/bin/cc", "gcc"),
    // Squid runs its helpers as another user, who may not see a Python that is somebody's own.
    ("/usr/bin/python3", "python3-venv"),
];

/// What is tried beside the default.
const FEATURES: &str = "bundled-roots,openssl,pac,pkcs11,x448";

/// The NTLM on the other side, and an OpenSSL that is newer than Debian's.
const PACKAGES: [&str; 2] = ["pyspnego>=0.11,<1", "pyOpenSSL>=25.1"];

/// The options of `cargo xtask peers`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs only the tests whose names contain this.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Looks for the programs, installs the Python packages, and runs the tests.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let absent: Vec<_> = PROGRAMS.iter().filter(|(path, _)| !Path::new(path).exists()).collect();
    if let Some((first, _)) = absent.first() {
        let packages: Vec<_> = absent.iter().map(|(_, package)| *package).collect();
        let remedy = format!("apt-get install --no-install-recommends {}", packages.join(" "));
        return Err(Failure::missing(format!("{first} is not there"), remedy));
    }
    let python = python()?;
    let mut tests = program::cargo();
    tests.args(["test", "-p", "b2-hyper", "--features", FEATURES, "--locked", "--test", "peers"]);
    tests.args(&args.name).env("B2_PEERS_PYTHON", &python).env("SOFTHSM2_CONF", token_rules()?);
    program::attached(&mut tests)?;
    // A hundred megabytes of the facade through those of them that matter most.
    let mut matrix = program::cargo();
    matrix.args(["test", "-p", "b2", "--locked", "--test", "matrix", "--", "--ignored"]);
    matrix.env("B2_PEERS_PYTHON", &python);
    program::attached(matrix.args(&args.name))
}

/// A folder for the software tokens of the tests, told to the library by its environment.
fn token_rules() -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join("b2-peers-tokens");
    let rules = folder.join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.display());
    let made = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&rules, text));
    made.map_err(|source| Failure::io(&rules, source))?;
    Ok(rules)
}

/// A Python with the packages, where every user can read it.
fn python() -> Result<PathBuf, Failure> {
    let environment = std::env::temp_dir().join("b2-peers-venv");
    let python = environment.join("bin/python3");
    if works(Command::new(&python).args([
        "-c",
        "import spnego; from OpenSSL.SSL import Connection; Connection.get_group_name",
    ])) {
        return Ok(python);
    }
    println!("Installing {} in {}", PACKAGES.join(" and "), environment.display());
    let mut make = Command::new("/usr/bin/python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    if !works(&mut make) {
        let remedy = "apt-get install python3-venv";
        return Err(Failure::missing("python3 cannot make a virtual environment", remedy));
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    program::stdout(&mut pip)?;
    Ok(python)
}

fn works(command: &mut Command) -> bool {
    program::output(command).is_ok_and(|output| output.status.success())
}
