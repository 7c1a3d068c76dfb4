//! The files that go there and back.

use std::fs;
use std::path::PathBuf;

use super::workshop::Workshop;
use crate::failure::Failure;

/// A file to upload.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Its name in a bucket.
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    /// Where it is on disk.
    pub(crate) path: PathBuf,
}

/// Names and sizes in bytes: the edges of sizes, and the edges of what a name may be. rclone
/// uploads the last one in parts.
const SAMPLES: [(&str, usize); 10] = [
    ("empty", 0),
    ("one-byte", 1),
    ("folder/sub folder/with spaces.txt", 5),
    ("percent %41%2F and + plus", 100),
    ("what? #hash & [brackets] {braces} ~;,=", 1000),
    ("quotes ' and \" and `", 4095),
    ("grüße/日本語/🦀.bin", 65_537),
    (".hidden", 3),
    ("mebibyte.bin", 1 << 20),
    ("several parts.bin", 11_000_000),
];

/// Writes every sample to the workshop.
pub(crate) fn all(workshop: &Workshop) -> Result<Vec<Sample>, Failure> {
    let samples = SAMPLES.iter().enumerate();
    samples.map(|(number, (name, size))| write(workshop, number, name, *size)).collect()
}

/// Writes one sample of our own.
pub(crate) fn one(workshop: &Workshop, name: &str, size: usize) -> Result<Sample, Failure> {
    write(workshop, name.len() + size, name, size)
}

fn write(workshop: &Workshop, seed: usize, name: &str, size: usize) -> Result<Sample, Failure> {
    let path = workshop.file(&format!("sample-{seed}-{size}"))?;
    let content = noise(seed as u64, size);
    fs::write(&path, &content).map_err(|source| Failure::io(&path, source))?;
    Ok(Sample { name: name.to_owned(), content, path })
}

/// Bytes that do not repeat and are the same in every run (xorshift).
pub(crate) fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut content: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| next()).collect();
    content.truncate(size);
    content
}
