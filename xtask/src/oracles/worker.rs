//! Programs that encrypt files when they are told to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::suites::{Oracle, SUITES};
use crate::failure::Failure;
use crate::metadata::Metadata;
use crate::program;

/// The script that has libtomcrypt.
const CRYPTX: &str = include_str!("cryptx.pl");
const PYTHON: &str = include_str!("oracle.py");

/// Debian's own, since the packages below are installed for these.
pub(super) const PERL: &str = "/usr/bin/perl";
pub(super) const PYTHON3: &str = "/usr/bin/python3";

/// Somebody who does jobs.
pub(crate) enum Worker {
    /// A process that does one job a line.
    Lines { name: &'static str, child: Child, input: ChildStdin, output: BufReader<ChildStdout> },
    /// A process for each job.
    OpenSsl,
}

impl Worker {
    /// Our own crate, built with these words. Whoever runs already goes on with what it was.
    pub(crate) fn ours(words: &[&str]) -> Result<Self, Failure> {
        let mut build = program::cargo();
        build.args(["build", "--quiet", "--release", "-p", "b2-crypto", "--example", "suite"]);
        program::stdout(build.args(words))?;
        Self::lines("b2-crypto", Self::our_program()?)
    }

    /// The program that [`ours`](Self::ours) built.
    pub(crate) fn our_program() -> Result<Command, Failure> {
        let target = Metadata::load()?.target_directory;
        Ok(Command::new(target.join("release/examples/suite")))
    }

    /// An oracle, if it is installed.
    pub(crate) fn of(oracle: Oracle) -> Result<Self, Failure> {
        match oracle {
            Oracle::OpenSsl => {
                needs_openssl()?;
                Ok(Self::OpenSsl)
            }
            Oracle::LibTomCrypt => Self::lines("libtomcrypt", perl()?),
            Oracle::Botan => {
                let import = ["-c", "import botan2"];
                needs(Command::new(PYTHON3).args(import), "Botan for Python", "python3-botan")?;
                Self::lines("botan", python("botan"))
            }
            Oracle::Mcrypt => {
                let load = ["-c", "import ctypes; ctypes.CDLL('libmcrypt.so.4')"];
                needs(Command::new(PYTHON3).args(load), "libmcrypt", "python3 libmcrypt4")?;
                Self::lines("libmcrypt", python("mcrypt"))
            }
            Oracle::CryptoPp => Self::lines("crypto++", super::crypto_pp::program()?),
            Oracle::Mono => Self::lines("mono", super::mono::program()?),
        }
    }

    fn lines(name: &'static str, mut command: Command) -> Result<Self, Failure> {
        let line = name.to_owned();
        let failed = |source| Failure::Start { program: line.clone(), source };
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(failed)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| failed(std::io::Error::other("no pipes")))?;
        Ok(Self::Lines { name, child, input, output: BufReader::new(output) })
    }

    /// Encrypts or decrypts a file. The words are direction, suite, key and IV.
    pub(crate) fn job(&mut self, words: &[&str; 4], from: &Path, to: &Path) -> Result<(), Failure> {
        match self {
            Self::OpenSsl => openssl(words, from, to),
            Self::Lines { name, input, output, .. } => {
                let line = [&words.join("\t"), &*from.to_string_lossy(), &*to.to_string_lossy()];
                let failed = |source| Failure::Start { program: (*name).to_owned(), source };
                writeln!(input, "{}", line.join("\t")).map_err(failed)?;
                let mut answer = String::new();
                output.read_line(&mut answer).map_err(failed)?;
                if answer.trim_end() == "ok" {
                    return Ok(());
                }
                let [direction, suite, ..] = words;
                let said = format!("{name} cannot {direction} with {suite}: {answer}");
                Err(Failure::Wrong(said))
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Self::Lines { child, .. } = self {
            // It may have ended on its own, and then there is nothing left to kill.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Fails unless OpenSSL is here with its legacy provider.
pub(crate) fn needs_openssl() -> Result<(), Failure> {
    let list = ["list", "-cipher-algorithms", "-provider", "legacy"];
    needs(Command::new("openssl").args(list), "the legacy provider of OpenSSL", "openssl")
}

/// Perl with the script that has libtomcrypt.
pub(crate) fn perl() -> Result<Command, Failure> {
    needs(Command::new(PERL).args(["-MCryptX", "-e1"]), "CryptX for Perl", "perl libcryptx-perl")?;
    let mut command = Command::new(PERL);
    command.args(["-e", CRYPTX]);
    Ok(command)
}

fn python(which: &str) -> Command {
    let mut command = Command::new(PYTHON3);
    command.args(["-c", PYTHON, which]);
    command
}

/// Fails unless the program runs and agrees.
pub(super) fn needs(command: &mut Command, what: &str, packages: &str) -> Result<(), Failure> {
    let ran = command.output().is_ok_and(|output| output.status.success());
    let remedy = format!("install it: apt-get install {packages}");
    if ran { Ok(()) } else { Err(Failure::missing(format!("{what} is missing"), remedy)) }
}

fn openssl(words: &[&str; 4], from: &Path, to: &Path) -> Result<(), Failure> {
    let [direction, suite, key, iv] = *words;
    let name = SUITES.iter().find(|known| known.name == suite).map_or("", |known| known.openssl);
    let mut command = Command::new("openssl");
    command.arg("enc").arg(format!("-{name}"));
    command.arg(if direction == "encrypt" { "-e" } else { "-d" }).args(["-K", key]);
    if !iv.is_empty() {
        command.args(["-iv", iv]);
    }
    command.arg("-in").arg(from).arg("-out").arg(to);
    command.args(["-provider", "legacy", "-provider", "default"]);
    program::stdout(&mut command).map(|_| ())
}
