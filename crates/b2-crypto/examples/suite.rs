//! Encrypts and decrypts files with the classic suites, as told on standard input.
//!
//! Each line is a job: direction, suite, key and IV in hexadecimal, input and output, with tabs
//! between them. Each is answered with `ok` or an error. With `names` it lists the suites. `cargo
//! xtask oracles` drives it beside other people's libraries that speak the same way.
#![expect(clippy::disallowed_methods, reason = "the library knows no files, this program does")]

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use b2_crypto::legacy::{ByteOrder, Padding, Suite};

/// No multiple of any block, so that what is left over is exercised too.
const PIECE: usize = 10_007;

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("names") {
        return writeln!(io::stdout(), "{}", Suite::names().join("\n"));
    }
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
    let suite = named(suite)?;
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

/// A name, and behind a colon what it leaves open, with commas in between.
fn named(text: &str) -> Result<Suite, Box<dyn Error>> {
    let (name, options) = text.split_once(':').unwrap_or((text, ""));
    let mut suite = Suite::from_name(name)?;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let (order, cycles) = suite.tea();
        suite = match option.split_once('=').unwrap_or((option, "")) {
            ("little", "") => suite.with_tea(ByteOrder::Little, cycles),
            ("cycles", count) => suite.with_tea(order, count.parse()?),
            ("bits", count) => suite.with_rc2_effective_bits(count.parse()?),
            ("drop", count) => suite.with_rc4_drop(count.parse()?),
            ("counter", first) => suite.with_counter(first.parse()?),
            ("padding", "ansi-x923") => suite.with_padding(Padding::AnsiX923),
            ("padding", "iso-10126") => suite.with_padding(Padding::Iso10126),
            ("padding", "zeros") => suite.with_padding(Padding::Zeros),
            _ => return Err(format!("what is {option}?").into()),
        };
    }
    Ok(suite)
}

fn bytes(hex: &str) -> Result<Vec<u8>, std::num::ParseIntError> {
    let pairs = (0..hex.len() / 2).map(|at| &hex[2 * at..2 * at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16)).collect()
}
