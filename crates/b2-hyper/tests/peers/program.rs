//! Programs that run while a test does.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that ends with its owner.
pub(crate) struct Program(Child);

impl Program {
    /// Starts `command` and waits until `port` answers.
    pub(crate) fn start(command: &mut Command, package: &str, port: u16) -> Self {
        let shown = format!("{command:?}");
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = started.unwrap_or_else(|error| {
            panic!("{shown}: {error}; install it with: apt-get install {package}")
        });
        let mut program = Self(child);
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = program.0.try_wait().unwrap();
            assert!(ended.is_none(), "{shown} ended: {ended:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "{shown} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A folder that programs of another user may read and write.
pub(crate) fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let everyone = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), everyone).unwrap();
    folder
}

pub(crate) fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}
