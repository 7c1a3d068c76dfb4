//! Random ranges of a large encrypted file, each compared with the content
//! and held against what the server sent for it.
//!
//! ```text
//! cargo run --release -p b2 --example encrypted_ranges -- [MEGABYTES [RANGES [SEED]]]
//! ```
//!
//! It runs an emulator with its files in a temporary folder, so it needs that
//! much disk; 1000 megabytes and 10,000 ranges if nothing is said. It fails if
//! one byte is wrong, or a range costs more than itself, two frames and the
//! header.

use std::env;
use std::io;

use b2::crypto::{Header, RawKey};
use b2::encryption::{ClientDecryption, ClientEncryption};
use b2::port::ReadAt;
use b2::{Bucket, BucketType, ByteRange, Client, Credentials, Source, WholeDigest};
use b2_emulator::Emulator;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Content that can be told at any offset.
#[derive(Clone, Copy)]
struct Content {
    len: u64,
}

impl Content {
    fn byte(at: u64) -> u8 {
        let mut z = (at / 8).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).to_le_bytes()[(at % 8) as usize]
    }
}

impl ReadAt for Content {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.len.saturating_sub(offset).min(buffer.len() as u64) as usize;
        for (at, byte) in (offset..).zip(&mut buffer[..len]) {
            *byte = Self::byte(at);
        }
        Ok(len)
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut words = env::args().skip(1).map(|word| word.parse::<u64>());
    let mut number = |default| words.next().unwrap_or(Ok(default));
    let (megabytes, ranges, seed) = (number(1000)?, number(10_000)?, number(1)?);
    let content = Content { len: megabytes.max(1) * 1_000_000 };

    let folder = tempfile::tempdir()?;
    let emulator = Emulator::builder().data_dir(folder.path()).start().await?;
    let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    let client = Client::builder(credentials).with_realm(emulator.base_url()).build()?;
    let bucket = client.create_bucket("encrypted-ranges", BucketType::AllPrivate).await?;
    let upload = bucket.upload("file", Source::custom(content)?).with_part_size(50_000_000);
    let upload = upload.with_whole_digest(WholeDigest::Omit);
    upload.with_client_encryption(ClientEncryption::key(RawKey::new([7; 32]))).await?;

    let header = bucket.download("file").with_range(ByteRange::inclusive(0, 4095)?);
    let header = Header::parse(&header.to_bytes().await?.content)?;
    let mut random = Random(seed);
    let (mut wanted, mut sent) = (0, 0);
    for _ in 0..ranges {
        let first = random.below(content.len);
        // From single bytes to some megabytes, all magnitudes alike.
        let most = 1 << random.below(23);
        let last = (first + random.below(most)).min(content.len - 1);
        let before = emulator.stats().downloaded_today;
        compare(&bucket, first, last).await?;
        let cost = emulator.stats().downloaded_today - before;
        let len = last - first + 1;
        let frames = last / header.frame_size() - first / header.frame_size() + 1;
        // Session and tag belong to each frame.
        let bound = len + 2 * header.frame_size() + 32 * frames + header.len() as u64;
        if cost > bound {
            return Err(format!("{first}-{last} cost {cost} bytes, more than {bound}").into());
        }
        (wanted, sent) = (wanted + len, sent + cost);
    }
    println!(
        "{ranges} ranges of {} bytes in all were right; {sent} bytes were fetched for them, {} more a range.",
        wanted,
        (sent - wanted).checked_div(ranges).unwrap_or(0)
    );
    Ok(())
}

async fn compare(bucket: &Bucket, first: u64, last: u64) -> Result<(), Failure> {
    let download = bucket.download("file").with_range(ByteRange::inclusive(first, last)?);
    let decryption = ClientDecryption::key(RawKey::new([7; 32]));
    let back = download.with_client_decryption(decryption).to_bytes().await?.content;
    let right = back.len() as u64 == last - first + 1
        && (first..).zip(&back).all(|(at, byte)| *byte == Content::byte(at));
    if right { Ok(()) } else { Err(format!("{first}-{last} came back differently").into()) }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }
}
