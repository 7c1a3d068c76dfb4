//! `cargo xtask oracles`: the classic suites of `b2-crypto` against other people's libraries.
//!
//! Each suite encrypts random content under random keys, and so do the others: the bytes must be
//! equal, and each side must decrypt what the other made. The known answers of the standards are
//! asked of them too (`answers`, and `derivations` for keys from passwords). `suites` says who is
//! asked about what, and `worker` how; an oracle that is not installed fails the run. The vectors of
//! the encrypted format are made once more as well (`format`).

mod answers;
mod crypto_pp;
mod derivations;
mod format;
mod mono;
mod suites;
mod worker;

use suites::{Oracle, SUITES, Suite};
pub(crate) use worker::{needs_openssl, perl};

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::metadata::Metadata;
use crate::program;
use crate::table::Table;
use worker::Worker;

/// The options of `cargo xtask oracles`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the random keys and contents begin; by default somewhere else each time.
    #[arg(long)]
    seed: Option<u64>,
}

/// Asks every oracle about every suite that it has, and fails at the first difference.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let folder = Metadata::load()?.target_directory.join("oracles");
    fs::create_dir_all(&folder).map_err(|source| Failure::io(&folder, source))?;
    let seed = args.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("The seed is {seed}; repeat this run with `cargo xtask oracles --seed {seed}`.");
    let mut ours = Worker::ours(&[])?;
    let mut by_aws_lc = Worker::ours(&["--features", "aws-lc-rs"])?;
    all_are_asked_about()?;
    let mut oracles = BTreeMap::new();
    for oracle in Oracle::ALL {
        oracles.insert(oracle, Worker::of(oracle)?);
    }
    let (confirmed, left) = answers::confirm(&mut oracles, &folder)?;
    println!("{confirmed} known answers are confirmed; about {} nobody was asked.", left.len());
    left.iter().for_each(|answer| println!("  {answer}"));
    // All who are asked were found to be installed above.
    println!("{} known answers of derivations are confirmed.", derivations::confirm()?);
    format::confirm()?;
    println!("The vectors of the encrypted format are those that its second implementation makes.");
    let mut random = Random(seed);
    let mut table = Table::new(["suite", "oracles", "cases"]);
    for suite in SUITES {
        let mut cases = 0;
        for oracle in suite.oracles {
            // All were inserted above.
            let Some(theirs) = oracles.get_mut(oracle) else { continue };
            cases += compare(suite, *oracle, (&mut ours, theirs), &folder, &mut random)?;
            if suite.has_two() {
                let both = (&mut by_aws_lc, &mut *theirs);
                cases += compare(suite, *oracle, both, &folder, &mut random)?;
            }
        }
        let names: Vec<&str> = suite.oracles.iter().map(|oracle| oracle.name()).collect();
        table.row([suite.name.to_owned(), names.join(", "), cases.to_string()]);
    }
    println!("\n{}", table.render());
    Ok(())
}

/// Fails if a suite that the crate lists is held against nobody.
fn all_are_asked_about() -> Result<(), Failure> {
    let names = program::stdout(Worker::our_program()?.arg("names"))?;
    let known = |name: &&str| SUITES.iter().any(|suite| suite.name == *name);
    let missing: Vec<&str> = names.split_whitespace().filter(|name| !known(name)).collect();
    if missing.is_empty() && !names.trim().is_empty() {
        return Ok(());
    }
    Err(Failure::Wrong(format!("nobody is asked about {}", missing.join(", "))))
}

/// Every key length and every size, with fresh keys.
fn compare(
    suite: &Suite,
    oracle: Oracle,
    (ours, theirs): (&mut Worker, &mut Worker),
    folder: &Path,
    random: &mut Random,
) -> Result<usize, Failure> {
    let mut cases = 0;
    for key_len in suite.keys_for(oracle) {
        for size in suite.sizes() {
            let key = hex(&random.bytes(*key_len));
            let mut iv = random.bytes(suite.iv_for(oracle));
            if suite.counts() && size % 2 == 1 {
                // A counter that overflows soon.
                iv.iter_mut().rev().skip(1).for_each(|byte| *byte = 0xff);
            }
            let iv = hex(&iv);
            let mut content = random.bytes(size);
            if let Some(last) = content.last_mut() {
                // Padding of zeros takes those at the end with it.
                *last |= 1;
            }
            let place = |name: &str| folder.join(name);
            write(&place("content"), &content)?;
            let job = |who: &mut Worker, direction: &str, from: &str, to: &str| {
                who.job(&[direction, suite.name, &key, &iv], &place(from), &place(to))
            };
            job(ours, "encrypt", "content", "ours")?;
            job(theirs, "encrypt", "content", "theirs")?;
            job(ours, "decrypt", "theirs", "by-us")?;
            job(theirs, "decrypt", "ours", "by-them")?;
            let what = format!("{} with {key_len} bytes of key, {size} bytes", suite.name);
            let against = oracle.name();
            let end = suite.random_end();
            let ciphertext = format!("the ciphertext of {against}");
            same(&what, &ciphertext, end, [&place("ours"), &place("theirs")])?;
            same(&what, "what we decrypt", 0, [&place("content"), &place("by-us")])?;
            let decrypted = format!("what {against} decrypts");
            same(&what, &decrypted, 0, [&place("content"), &place("by-them")])?;
            cases += 1;
        }
    }
    Ok(cases)
}

/// Fails unless the files are equal, in length and in everything but so many bytes at the end.
fn same(what: &str, which: &str, end: usize, [a, b]: [&PathBuf; 2]) -> Result<(), Failure> {
    let read = |path: &PathBuf| fs::read(path).map_err(|source| Failure::io(path, source));
    let (left, right) = (read(a)?, read(b)?);
    let compared = left.len().saturating_sub(end);
    if left.len() == right.len() && left[..compared] == right[..compared] {
        return Ok(());
    }
    Err(Failure::Wrong(format!("{what}: {which} differs; see {} and {}", a.display(), b.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|source| Failure::io(path, source))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

/// Not for secrets: SplitMix64, so that a seed repeats a run.
struct Random(u64);

impl Random {
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_has_somebody_to_ask() {
        for suite in SUITES {
            assert!(!suite.oracles.is_empty(), "{}", suite.name);
            for oracle in suite.oracles {
                assert!(!suite.keys_for(*oracle).is_empty(), "{} {}", suite.name, oracle.name());
            }
        }
    }

    #[test]
    fn a_difference_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        write(&a, b"same").unwrap();
        write(&b, b"same").unwrap();
        assert!(same("x", "y", 0, [&a, &b]).is_ok());
        write(&b, b"some").unwrap();
        assert!(same("x", "y", 0, [&a, &b]).is_err());
        assert!(same("x", "y", 2, [&a, &b]).is_err());
        assert!(same("x", "y", 3, [&a, &b]).is_ok());
        write(&b, b"same!").unwrap();
        assert!(same("x", "y", 4, [&a, &b]).is_err(), "they are not as long");
    }
}
