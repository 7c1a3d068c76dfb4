//! A terminal without a person.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Both ends of a terminal: a program has one, the test plays the person at
/// the other.
pub(crate) struct PseudoTerminal {
    person: File,
    program: File,
    seen: String,
}

impl PseudoTerminal {
    pub(crate) fn new() -> Self {
        let person: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let path = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
        let program = File::options().read(true).write(true).open(path).unwrap();
        let size = Winsize { ws_row: 25, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&program, size).unwrap();
        Self { person: person.into(), program, seen: String::new() }
    }

    /// A stream for the program.
    pub(crate) fn stream(&self) -> Stdio {
        self.program.try_clone().unwrap().into()
    }

    /// Reads the screen until it shows this, and gives all it has shown.
    pub(crate) fn read_until(&mut self, words: &str) -> &str {
        let mut buffer = [0; 4096];
        while !self.seen.contains(words) {
            let read = self.person.read(&mut buffer).unwrap();
            self.seen += &String::from_utf8_lossy(&buffer[..read]);
        }
        &self.seen
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        self.person.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Whether what is typed is shown.
    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.program).unwrap().local_modes.contains(LocalModes::ECHO)
    }
}
