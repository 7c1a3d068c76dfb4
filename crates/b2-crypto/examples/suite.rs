//! Encrypts and decrypts files with the classic suites, as told on standard input.
//!
//! Each line is a job: direction, suite, key and IV in hexadecimal, input and output, with tabs
//! between them. Each is answered with `ok` or an error. `cargo xtask oracles` drives it beside
//! other people's libraries that speak the same way.
#![expect(clippy::disallowed_methods, reason = "the library knows no files, this program does")]

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use b2_crypto::legacy::Suite;

/// No multiple of any block, so that what is left over is exercised too.
const PIECE: usize = 10_007;

fn main() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let answer = match job(&line?) {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("error: {error}"),
        };
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}

fn job(line: &str) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = line.split('\t').collect();
    let [direction, suite, key, iv, input, output] = words[..] else {
        return Err("six words are expected".into());
    };
    let suite = Suite::from_name(suite)?;
    let (key, iv) = (bytes(key)?, bytes(iv)?);
    let content = std::fs::read(input)?;
    let mut done = Vec::new();
    if direction == "encrypt" {
        let mut encryptor = suite.encryptor(&key, &iv)?;
        content.chunks(PIECE).try_for_each(|piece| encryptor.update(piece, &mut done))?;
        encryptor.finish(&mut done)?;
    } else {
        let mut decryptor = suite.decryptor(&key, &iv)?;
        content.chunks(PIECE).try_for_each(|piece| decryptor.update(piece, &mut done))?;
        decryptor.finish(&mut done)?;
    }
    Ok(std::fs::write(output, done)?)
}

fn bytes(hex: &str) -> Result<Vec<u8>, std::num::ParseIntError> {
    let pairs = (0..hex.len() / 2).map(|at| &hex[2 * at..2 * at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16)).collect()
}
