//! A file there and back, against a B2 that runs inside this program.
//!
//! ```text
//! cargo run --release -p b2 --example quickstart -- [FILE]
//! ```
//!
//! Uploads the file (this program itself, if none is named), lists the
//! bucket, downloads the file, and compares. Exits with 0 only if every byte
//! came back.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use b2::{BucketType, Client, Credentials, Handle, Source};
use b2_emulator::Emulator;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match there_and_back().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nerror: {}", in_full(&*failure));
            ExitCode::FAILURE
        }
    }
}

async fn there_and_back() -> Result<(), Failure> {
    let path = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => std::env::current_exe()?,
    };
    let source = Source::file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (name, size) = (object_name(&path), source.len().unwrap_or_default());

    let emulator = Emulator::start().await?;
    println!("A Backblaze B2 of our own runs at {}", emulator.base_url());
    let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    let client = Client::builder(credentials).with_realm(emulator.base_url()).build()?;
    let bucket = client.create_bucket("quickstart", BucketType::AllPrivate).await?;

    println!("Uploading   {} ({size} bytes)", path.display());
    let begun = Instant::now();
    let uploaded = watch(bucket.upload(&name, source).start()).await?;
    println!("  stored    {} with SHA-1 {}, {}", name, sha1(&uploaded.file), rate(size, begun));

    println!("Listing     b2://{}", bucket.name());
    let mut files = bucket.files().stream();
    while let Some(file) = files.next().await {
        let file = file?;
        println!("  found     {} ({} bytes)", file.file_name, file.content_length);
    }

    let folder = tempfile::tempdir()?;
    let back = folder.path().join("back");
    println!("Downloading b2://{}/{name}", bucket.name());
    let begun = Instant::now();
    let downloaded = watch(bucket.download(&name).to_file(&back).start()).await?;
    println!("  checked   against {:?}, {}", downloaded.check, rate(size, begun));

    if !same_bytes(&path, &back)? {
        return Err("the downloaded file differs from the uploaded one".into());
    }
    println!("Equal: all {size} bytes came back as they were.");
    println!(
        "\nNext: README.md has the layers, docs/guide/ the how-to, `cargo doc --open` the API."
    );
    Ok(())
}

/// Draws the progress of a transfer until it is done.
async fn watch<T: Send + 'static>(transfer: Handle<T>) -> Result<T, Failure> {
    if !io::stderr().is_terminal() {
        return Ok(transfer.join().await?);
    }
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let monitor = transfer.monitor();
    let done = transfer.join();
    tokio::pin!(done);
    loop {
        tokio::select! {
            result = &mut done => {
                eprint!("\r\x1b[K");
                return Ok(result?);
            }
            _ = tick.tick() => {
                let progress = monitor.progress();
                let total = progress.total_bytes.unwrap_or(0).max(1);
                let percent = progress.position_bytes * 100 / total;
                let waiting = monitor.waiting_for().map(|reason| format!(" ({reason})"));
                eprint!("\r\x1b[K  {percent:>3} %{}", waiting.unwrap_or_default());
                io::stderr().flush()?;
            }
        }
    }
}

fn object_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "file".into(), |name| name.to_string_lossy().into_owned())
}

fn sha1(file: &b2::FileVersion) -> String {
    file.content_sha1.as_ref().map_or_else(|| "unknown".into(), ToString::to_string)
}

fn rate(bytes: u64, begun: Instant) -> String {
    let seconds = begun.elapsed().as_secs_f64();
    format!("{:.0} MB/s", bytes as f64 / 1e6 / seconds)
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) =
        (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = one.read(&mut a)?;
        if read == 0 {
            return Ok(other.read(&mut b)? == 0);
        }
        if other.read_exact(&mut b[..read]).is_err() || a[..read] != b[..read] {
            return Ok(false);
        }
    }
}

/// An error with its causes, and what helps.
fn in_full(failure: &(dyn std::error::Error + 'static)) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    if let Some(advice) = failure.downcast_ref::<b2::Error>().and_then(b2::Error::advice) {
        text.push_str(&format!("\n  {advice}"));
    }
    text
}
