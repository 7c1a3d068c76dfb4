//! Where the official command line tool, `b2` in Python, comes from.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::program;

/// The versions whose words and answers are known here.
const PACKAGE: &str = "b2>=5.0,<6";

/// The tool in an environment of its own below `folder`, installed unless it is there.
pub(crate) fn install(folder: &Path) -> Result<PathBuf, Failure> {
    let environment = folder.join("venv");
    let b2 = environment.join("bin/b2");
    if b2.exists() && runs(Command::new(&b2).arg("version")) {
        return Ok(b2);
    }
    println!("Installing the official tool in {}", environment.display());
    let remedy = "apt-get install python3-venv python3-pip";
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    if !runs(&mut make) {
        return Err(Failure::missing("python3 cannot make a virtual environment", remedy));
    }
    let python = environment.join("bin/python3");
    if !runs(Command::new(&python).args(["-m", "pip", "--version"])) {
        return Err(Failure::missing("the virtual environment has no pip", remedy));
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    program::stdout(&mut pip)?;
    Ok(b2)
}

fn runs(command: &mut Command) -> bool {
    program::output(command).is_ok_and(|output| output.status.success())
}
