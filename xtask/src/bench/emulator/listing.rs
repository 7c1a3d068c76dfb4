//! A million names, listed to the end.
//!
//! Uploading them would take longer than everything else here, so they come from a snapshot whose
//! rows are made from those of one real file; see `docs/emulator-store.md` for the format.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::process::Process;
use super::wire::Wire;
use crate::failure::Failure;
use crate::table::Table;

/// Names on a page, the most there can be.
const PAGE: u64 = 10_000;

/// Fills a folder, starts on it, and lists; gives the tables.
pub(super) fn run(names: u64, built: &Path, folder: &Path) -> Result<String, Failure> {
    let program = built.join("b2-emulator");
    let data = folder.join("listing");
    let empty = folder.join("empty");
    let (data_text, empty_text) = (data.to_string_lossy(), empty.to_string_lossy());
    let process = Process::start(&program, &["--data", &data_text])?;
    let bucket = fill(&process, &data, names)?;
    let filling_peak = process.peak_mib()?;
    process.stop()?;

    let mut starts = Table::new(["ready after", "ms"]);
    for (what, args) in [
        ("in memory", vec![]),
        ("a new folder", vec!["--data", &*empty_text]),
        ("the same folder", vec!["--data", &*empty_text]),
        ("the folder of many names", vec!["--data", &*data_text]),
    ] {
        let process = Process::start(&program, &args)?;
        let took = process.ready_after.as_secs_f64() * 1000.0;
        starts.row([what.to_owned(), format!("{took:.1}")]);
        process.stop()?;
    }
    // The next one finds the file as a crash leaves it.
    drop(Process::start(&program, &["--data", &data_text])?);

    let process = Process::start(&program, &["--data", &data_text])?;
    let took = process.ready_after.as_secs_f64() * 1000.0;
    starts.row(["the same after kill -9".to_owned(), format!("{took:.1}")]);
    let pages = list(&process, &bucket, names)?;
    let mut table = Table::new(["pages of 10000 names", "ms a page", "ratio"]);
    let tenth = (pages.len() / 10).max(1);
    let mean = |pages: &[Duration]| {
        pages.iter().sum::<Duration>().as_secs_f64() * 1000.0 / pages.len() as f64
    };
    let first = mean(&pages[..tenth]);
    let middle = mean(&pages[pages.len() / 2..][..tenth]);
    for (what, ms) in [
        ("first tenth", first),
        ("middle", middle),
        ("last tenth", mean(&pages[pages.len() - tenth..])),
    ] {
        table.row([what.to_owned(), format!("{ms:.1}"), format!("{:.2}", ms / first)]);
    }
    Ok(format!(
        "{}\n\n{}\n\n{names} names listed; peak {} MiB while listing, {filling_peak} MiB while restoring",
        starts.render(),
        table.render(),
        process.peak_mib()?
    ))
}

/// Makes the names; gives the id of their bucket.
fn fill(process: &Process, data: &Path, names: u64) -> Result<String, Failure> {
    let mut wire = Wire::log_in(&process.ready()?)?;
    let body = json!({"accountId": wire.account, "bucketName": "bench-listing", "bucketType": "allPrivate"});
    let bucket = wire.call("b2_create_bucket", &body)?;
    let bucket = bucket["bucketId"].as_str().unwrap_or_default().to_owned();
    let url = wire.call("b2_get_upload_url", &json!({ "bucketId": bucket }))?;
    let target = url["uploadUrl"].as_str().unwrap_or_default().to_owned();
    let target = target.find("/b2api").map_or("/", |at| &target[at..]);
    let headers = format!(
        "Authorization: {}\r\nX-Bz-File-Name: seed\r\nContent-Type: b2/x-auto\r\n\
         X-Bz-Content-Sha1: do_not_verify\r\n",
        url["authorizationToken"].as_str().unwrap_or_default()
    );
    wire.send(target, &headers, 10)?;
    wire.post("/_emulator/snapshots/many", &Value::Null)?;
    let rows = data.join("snapshots/many/rows");
    multiply(&rows, &bucket, names).map_err(|error| Failure::io(&rows, error))?;
    wire.post("/_emulator/snapshots/many/restore", &Value::Null)?;
    Ok(bucket)
}

/// Puts many names in the place of the one version in a file of rows.
fn multiply(path: &Path, bucket: &str, names: u64) -> io::Result<()> {
    let mut old = Vec::new();
    File::open(path)?.read_to_end(&mut old)?;
    let start = old.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut new = BufWriter::new(File::create(path)?);
    new.write_all(&old[..start])?;
    let (mut rest, mut count) = (&old[start..], 0_u64);
    while let Some((key, value, after)) = split(rest) {
        rest = after;
        if key.first() == Some(&b'v') {
            let position = &key[key.len() - 16..];
            let mut file: Value = serde_json::from_slice(value)?;
            for number in 0..names {
                let name = format!("folder-{:03}/name-{number:09}", number / 1000);
                file["name"] = json!(name);
                let key = [b"v", bucket.as_bytes(), name.as_bytes(), &[0], position].concat();
                write(&mut new, &key, file.to_string().as_bytes())?;
            }
            count += names;
        } else {
            write(&mut new, key, value)?;
            count += 1;
        }
    }
    new.write_all(&u32::MAX.to_be_bytes())?;
    new.write_all(&count.to_be_bytes())?;
    new.flush()
}

/// The first row and what follows; `None` at the end.
fn split(rows: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let number = |at: usize| Some(u32::from_be_bytes(rows.get(at..at + 4)?.try_into().ok()?));
    let key = number(0).filter(|len| *len != u32::MAX)? as usize;
    let value = number(4)? as usize;
    Some((rows.get(8..8 + key)?, rows.get(8 + key..8 + key + value)?, &rows[8 + key + value..]))
}

fn write(out: &mut impl io::Write, key: &[u8], value: &[u8]) -> io::Result<()> {
    for part in [key, value] {
        let len = u32::try_from(part.len()).map_err(io::Error::other)?;
        out.write_all(&len.to_be_bytes())?;
    }
    out.write_all(key)?;
    out.write_all(value)
}

/// Lists everything; gives how long each page took.
fn list(process: &Process, bucket: &str, names: u64) -> Result<Vec<Duration>, Failure> {
    let mut wire = Wire::log_in(&process.ready()?)?;
    let (mut pages, mut found) = (Vec::new(), 0);
    let mut ask = json!({"bucketId": bucket, "maxFileCount": PAGE});
    loop {
        let begun = Instant::now();
        let page = wire.call("b2_list_file_names", &ask)?;
        pages.push(begun.elapsed());
        found += page["files"].as_array().map_or(0, |rows| rows.len() as u64);
        if page["nextFileName"].is_null() {
            break;
        }
        ask["startFileName"] = page["nextFileName"].clone();
    }
    if found != names {
        return Err(Failure::Wrong(format!("{found} names were listed instead of {names}")));
    }
    Ok(pages)
}
