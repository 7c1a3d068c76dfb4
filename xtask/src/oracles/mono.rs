//! Mono, for what only .NET has: its rules for keys from passwords, effective bits of RC2, and its
//! paddings. A small program in C# is compiled for it.

use std::fs;
use std::process::Command;

use super::worker::needs;
use crate::failure::Failure;
use crate::metadata::Metadata;
use crate::program;

const SOURCE: &str = include_str!("oracle.cs");

/// The program, if Mono is installed. Without arguments it does jobs, a line each; with `derive`
/// it makes a key of a password.
pub(super) fn program() -> Result<Command, Failure> {
    let packages = "mono-mcs mono-runtime";
    needs(Command::new("mcs").arg("--version"), "the C# compiler of Mono", packages)?;
    needs(Command::new("mono").arg("--version"), "Mono", packages)?;
    let folder = Metadata::load()?.target_directory.join("oracles");
    let (source, compiled) = (folder.join("oracle.cs"), folder.join("oracle.exe"));
    let failed = |error| Failure::io(&source, error);
    fs::create_dir_all(&folder).map_err(failed)?;
    if !compiled.exists() || !fs::read(&source).is_ok_and(|text| text == SOURCE.as_bytes()) {
        fs::write(&source, SOURCE).map_err(failed)?;
        let mut compiler = Command::new("mcs");
        compiler.arg(format!("-out:{}", compiled.display())).arg(&source);
        program::stdout(&mut compiler)?;
    }
    let mut command = Command::new("mono");
    command.arg(compiled);
    Ok(command)
}
