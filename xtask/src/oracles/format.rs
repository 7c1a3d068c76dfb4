//! The vectors of the encrypted format, made once more by the program in another language that made
//! them: what is in the repository is what it says.

use std::fs;
use std::process::Command;

use super::worker::{PYTHON3, needs};
use crate::failure::Failure;
use crate::{program, workspace};

const PROGRAM: &str = "crates/b2-crypto/tests/vectors/format.py";
const VECTORS: &str = "crates/b2-crypto/tests/vectors/format.json";

/// Fails if the vectors are others than the program makes.
pub(super) fn confirm() -> Result<(), Failure> {
    let packages = "python3 python3-argon2 python3-cryptography";
    let import = ["-c", "import argon2.low_level, cryptography.hazmat.primitives.ciphers.aead"];
    needs(Command::new(PYTHON3).args(import), "Argon2 and cryptography for Python", packages)?;
    let root = workspace::root();
    let made = program::stdout(Command::new(PYTHON3).arg(root.join(PROGRAM)))?;
    let path = root.join(VECTORS);
    let kept = fs::read_to_string(&path).map_err(|source| Failure::io(&path, source))?;
    same(&made, &kept)
}

fn same(made: &str, kept: &str) -> Result<(), Failure> {
    if made == kept {
        return Ok(());
    }
    let line = made.lines().zip(kept.lines()).take_while(|(made, kept)| made == kept).count() + 1;
    Err(Failure::Wrong(format!(
        "{VECTORS} is not what {PROGRAM} makes, from line {line} on; if the format was meant to \
         change, write it anew: python3 {PROGRAM} > {VECTORS}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_found_and_told() {
        assert!(same("a\nb\n", "a\nb\n").is_ok());
        for kept in ["a\nc\n", "a\n", "a\nb\nc\n"] {
            let failure = same("a\nb\n", kept).unwrap_err().to_string();
            assert!(failure.contains("from line "), "{failure}");
        }
        assert!(same("a\nb\n", "a\nc\n").unwrap_err().to_string().contains("line 2 on"));
    }
}
