//! Crypto++, for what no other library has. A small program in C++ is compiled for it.

use std::fs;
use std::process::Command;

use super::worker::needs;
use crate::failure::Failure;
use crate::metadata::Metadata;
use crate::program;

const SOURCE: &str = include_str!("oracle.cpp");

/// The program, if Crypto++ is installed. It does jobs, a line each.
pub(super) fn program() -> Result<Command, Failure> {
    let packages = "g++ libcrypto++-dev";
    needs(Command::new("g++").arg("--version"), "the C++ compiler", packages)?;
    let included = ["-E", "-x", "c++", "-include", "cryptopp/tea.h", "/dev/null"];
    needs(Command::new("g++").args(included), "Crypto++", packages)?;
    let folder = Metadata::load()?.target_directory.join("oracles");
    let (source, compiled) = (folder.join("oracle.cpp"), folder.join("oracle-cpp"));
    let failed = |error| Failure::io(&source, error);
    fs::create_dir_all(&folder).map_err(failed)?;
    if !compiled.exists() || !fs::read(&source).is_ok_and(|text| text == SOURCE.as_bytes()) {
        fs::write(&source, SOURCE).map_err(failed)?;
        let mut compiler = Command::new("g++");
        compiler.arg("-O1").arg("-o").arg(&compiled).arg(&source).arg("-lcryptopp");
        program::stdout(&mut compiler)?;
    }
    Ok(Command::new(compiled))
}
