//! One large body there and back.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::measure::median;
use super::process::Process;
use super::wire::Wire;
use crate::failure::Failure;
use crate::table::Table;

/// A server, the connection to it, and what it cost in each round.
struct Contender {
    name: &'static str,
    process: Process,
    wire: Wire,
    bucket: Option<String>,
    up: Vec<f64>,
    down: Vec<f64>,
}

/// Lets floor and emulator take turns; gives the table.
pub(super) fn run(size: u64, rounds: u32, built: &Path, folder: &Path) -> Result<String, Failure> {
    let mut contenders = [
        floor("read, SHA-1, write", built, folder, &[])?,
        emulator("emulator --no-md5", built, &folder.join("plain"), &["--no-md5"])?,
        floor("read, SHA-1, MD5, write", built, &folder.join("floor-md5"), &["md5"])?,
        emulator("emulator", built, &folder.join("md5"), &[])?,
    ];
    let len = size << 20;
    for _ in 0..rounds {
        for contender in &mut contenders {
            contender.round(len)?;
        }
    }
    let headings =
        ["server", "upload CPU s/GiB", "ratio", "download CPU s/GiB", "ratio", "peak MiB"];
    let mut table = Table::new(headings);
    let per_gib = |costs: &Vec<f64>| median(costs.clone()) * 1024.0 / size as f64;
    let least = (per_gib(&contenders[0].up), per_gib(&contenders[0].down));
    for contender in &contenders {
        let (up, down) = (per_gib(&contender.up), per_gib(&contender.down));
        table.row([
            contender.name.to_owned(),
            format!("{up:.2}"),
            format!("{:.2}", up / least.0),
            format!("{down:.2}"),
            format!("{:.2}", down / least.1),
            contender.process.peak_mib()?.to_string(),
        ]);
    }
    Ok(table.render())
}

fn floor(
    name: &'static str,
    built: &Path,
    folder: &Path,
    more: &[&str],
) -> Result<Contender, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::io(folder, error))?;
    let program = built.join("examples/floor_server");
    let process = Process::start(&program, &[&[&*folder.to_string_lossy()], more].concat())?;
    let wire = Wire::open(&format!("127.0.0.1:{}", process.said.trim()))?;
    Ok(Contender { name, process, wire, bucket: None, up: Vec::new(), down: Vec::new() })
}

fn emulator(
    name: &'static str,
    built: &Path,
    data: &Path,
    more: &[&str],
) -> Result<Contender, Failure> {
    let data = data.to_string_lossy();
    let args = [&["--data", &*data], more].concat();
    let process = Process::start(&built.join("b2-emulator"), &args)?;
    let mut wire = Wire::log_in(&process.ready()?)?;
    let body = json!({"accountId": wire.account, "bucketName": "bench-emulator", "bucketType": "allPrivate"});
    let bucket = word(&wire.call("b2_create_bucket", &body)?, "bucketId");
    Ok(Contender { name, process, wire, bucket: Some(bucket), up: Vec::new(), down: Vec::new() })
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

impl Contender {
    fn round(&mut self, len: u64) -> Result<(), Failure> {
        let (target, headers) = self.destination()?;
        let before = self.process.cpu()?;
        self.wire.send(&target, &headers, len)?;
        self.up.push(seconds(self.process.cpu()? - before));
        let before = self.process.cpu()?;
        let fetched = self.wire.fetch("/file/bench-emulator/big")?;
        self.down.push(seconds(self.process.cpu()? - before));
        if fetched != len {
            return Err(Failure::Wrong(format!("{fetched} bytes came back instead of {len}")));
        }
        self.clean()
    }

    /// Where the next body goes, and with which headers.
    fn destination(&mut self) -> Result<(String, String), Failure> {
        let Some(bucket) = &self.bucket else { return Ok(("/".to_owned(), String::new())) };
        let url = self.wire.call("b2_get_upload_url", &json!({ "bucketId": bucket }))?;
        let target = word(&url, "uploadUrl");
        let target = target.find("/b2api").map_or("/", |at| &target[at..]).to_owned();
        let headers = format!(
            "Authorization: {}\r\nX-Bz-File-Name: big\r\nContent-Type: b2/x-auto\r\n\
             X-Bz-Content-Sha1: do_not_verify\r\n",
            word(&url, "authorizationToken")
        );
        Ok((target, headers))
    }

    /// Makes room for the next round.
    fn clean(&mut self) -> Result<(), Failure> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        let page = self.wire.call("b2_list_file_versions", &json!({ "bucketId": bucket }))?;
        for row in page["files"].as_array().into_iter().flatten() {
            let body = json!({"fileName": row["fileName"], "fileId": row["fileId"]});
            self.wire.call("b2_delete_file_version", &body)?;
        }
        Ok(())
    }
}

fn seconds(cost: Duration) -> f64 {
    cost.as_secs_f64()
}
