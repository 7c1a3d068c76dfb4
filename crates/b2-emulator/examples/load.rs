//! Many clients at once, for a while: errors, speed, and the server's memory.
//!
//! ```text
//! load PROGRAM CONNECTIONS SECONDS
//! ```
//!
//! Starts `PROGRAM` (an emulator) on a folder of its own, holds that many
//! connections open, and has each of them upload, download, list, look up and
//! delete small files without a pause. One request is under way on each
//! connection at any time. Everything stops by itself.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha1::Digest as _;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How often the server's memory is looked at.
const SAMPLES: u32 = 10;

/// What all connections share.
struct Shared {
    host: String,
    account: String,
    token: String,
    bucket: String,
    stops: AtomicBool,
    requests: AtomicU64,
    errors: AtomicU64,
    /// The first error, in words.
    first: std::sync::Mutex<Option<String>>,
    /// The longest that an answer took, in microseconds.
    longest: AtomicU64,
}

impl Shared {
    fn note(&self, error: &(dyn std::error::Error + Send + Sync)) {
        let mut first = self.first.lock().unwrap_or_else(|lock| lock.into_inner());
        first.get_or_insert_with(|| error.to_string());
    }
}

async fn run() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [program, connections, seconds] = &words[..] else {
        return Err("usage: load PROGRAM CONNECTIONS SECONDS".into());
    };
    let (connections, seconds): (u64, u64) = (connections.parse()?, seconds.parse()?);
    raise_file_limit();
    let folder = std::env::temp_dir().join(format!("b2-load-{}", std::process::id()));
    let (mut server, ready) = start(program.into(), &folder).await?;
    let outcome = play(&server, &ready, connections, seconds).await;
    server.kill().await?;
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// Every connection takes a file descriptor.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // Where it may not be raised, the connections fail and say so.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

async fn start(program: PathBuf, folder: &std::path::Path) -> Result<(Child, Value), Failure> {
    let mut command = Command::new(program);
    command.arg("--data").arg(folder).stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let out = child.stdout.take().ok_or("no output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).await?;
    Ok((child, serde_json::from_str(&line)?))
}

async fn play(
    server: &Child,
    ready: &Value,
    connections: u64,
    seconds: u64,
) -> Result<(), Failure> {
    let shared = Arc::new(log_in(ready).await?);
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..connections {
        let shared = Arc::clone(&shared);
        workers.spawn(async move {
            while !shared.stops.load(Ordering::Relaxed) {
                if let Err(error) = work(&shared, number).await {
                    shared.errors.fetch_add(1, Ordering::Relaxed);
                    shared.note(&*error);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
    }
    // The caches of the database and of the allocator fill up first.
    let mut memory = Vec::new();
    for _ in 0..SAMPLES {
        tokio::time::sleep(Duration::from_secs(seconds) / SAMPLES).await;
        memory.push(resident(server)?);
    }
    let stats = stats(&shared).await?;
    shared.stops.store(true, Ordering::Relaxed);
    while workers.join_next().await.is_some() {}
    report(&shared, begun.elapsed(), &stats, &memory);
    verdict(&shared, connections, &stats, &memory)
}

fn report(shared: &Shared, took: Duration, stats: &Value, memory: &[u64]) {
    let requests = shared.requests.load(Ordering::Relaxed);
    println!("connections open  {}", stats["openConnections"]);
    println!("requests          {requests}");
    println!("requests a second {:.0}", requests as f64 / took.as_secs_f64());
    println!("errors            {}", shared.errors.load(Ordering::Relaxed));
    println!("longest answer    {} ms", shared.longest.load(Ordering::Relaxed) / 1000);
    let memory: Vec<String> = memory.iter().map(|kib| (kib / 1024).to_string()).collect();
    println!("resident MiB      {}", memory.join(" "));
    println!("calls             {}", stats["calls"]);
}

fn verdict(
    shared: &Shared,
    connections: u64,
    stats: &Value,
    memory: &[u64],
) -> Result<(), Failure> {
    let first = shared.first.lock().unwrap_or_else(|lock| lock.into_inner());
    if let Some(first) = &*first {
        return Err(format!("a request failed: {first}").into());
    }
    if stats["openConnections"].as_u64() < Some(connections) {
        return Err("not every connection was held".into());
    }
    // Warm is the middle; from there on it may only move a little.
    let (warm, rest) = memory.split_at(memory.len() / 2);
    let (warm, end) = (warm.iter().max(), rest.last());
    if let (Some(warm), Some(end)) = (warm, end)
        && *end > warm + warm / 10 + 4096
    {
        return Err(format!("memory grew from {warm} to {end} KiB").into());
    }
    Ok(())
}

/// Memory of the server that is in use, in KiB.
fn resident(server: &Child) -> Result<u64, Failure> {
    let id = server.id().ok_or("the server has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// One connection: a round of small operations until told to stop.
async fn work(shared: &Shared, number: u64) -> Result<(), Failure> {
    let mut wire = Wire::open(&shared.host).await?;
    let body = json!({"bucketId": shared.bucket});
    let url = wire.call(shared, "b2_get_upload_url", &body).await?;
    let token = text(&url, "authorizationToken")?;
    let target = text(&url, "uploadUrl")?;
    let target = target.split_once("/b2api").map(|(_, rest)| format!("/b2api{rest}"));
    let target = target.ok_or("no upload URL")?;
    for round in 0_u64.. {
        if shared.stops.load(Ordering::Relaxed) {
            return Ok(());
        }
        let name = format!("{number}/{}", round % 4);
        let content = format!("{name}/{round}/").repeat(8 + (number % 64) as usize);
        let digest: String =
            sha1::Sha1::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [
            ("authorization", token.as_str()),
            ("x-bz-file-name", name.as_str()),
            ("content-type", "b2/x-auto"),
            ("x-bz-content-sha1", digest.as_str()),
        ];
        let sent = Bytes::from(content);
        let file = wire.json(shared, Method::POST, &target, &headers, sent.clone()).await?;
        let id = text(&file, "fileId")?;
        let path = format!("/b2api/v4/b2_download_file_by_id?fileId={id}");
        let headers = [("authorization", shared.token.as_str())];
        let back = wire.request(shared, Method::GET, &path, &headers, Bytes::new()).await?;
        if back != sent {
            return Err("other bytes came back".into());
        }
        let ask =
            json!({"bucketId": shared.bucket, "prefix": format!("{number}/"), "maxFileCount": 10});
        let page = wire.call(shared, "b2_list_file_names", &ask).await?;
        if page["files"].as_array().is_none_or(Vec::is_empty) {
            return Err("a file is not listed".into());
        }
        wire.call(shared, "b2_get_file_info", &json!({"fileId": id})).await?;
        wire.call(shared, "b2_delete_file_version", &json!({"fileName": name, "fileId": id}))
            .await?;
    }
    Ok(())
}

struct Wire {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Wire {
    async fn open(host: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: host.to_owned() })
    }

    async fn call(
        &mut self,
        shared: &Shared,
        operation: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let path = format!("/b2api/v4/{operation}");
        let headers = [("authorization", shared.token.as_str())];
        self.json(shared, Method::POST, &path, &headers, body.to_string().into()).await
    }

    async fn json(
        &mut self,
        shared: &Shared,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Value, Failure> {
        let answer = self.request(shared, method, path, headers, body).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn request(
        &mut self,
        shared: &Shared,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Bytes, Failure> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let begun = Instant::now();
        // The end of the last answer may be here before the connection is free.
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        shared.longest.fetch_max(took, Ordering::Relaxed);
        shared.requests.fetch_add(1, Ordering::Relaxed);
        if status.is_success() {
            return Ok(answer);
        }
        Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&answer)).into())
    }
}

async fn log_in(ready: &Value) -> Result<Shared, Failure> {
    let mut shared = Shared {
        host: text(ready, "baseUrl")?.trim_start_matches("http://").to_owned(),
        account: text(ready, "accountId")?,
        token: String::new(),
        bucket: String::new(),
        stops: AtomicBool::new(false),
        requests: AtomicU64::new(0),
        errors: AtomicU64::new(0),
        first: std::sync::Mutex::default(),
        longest: AtomicU64::new(0),
    };
    let (id, key) = (text(ready, "applicationKeyId")?, text(ready, "applicationKey")?);
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{key}"));
    let mut wire = Wire::open(&shared.host).await?;
    shared.token = format!("Basic {pair}");
    let answer = wire.call(&shared, "b2_authorize_account", &json!({})).await?;
    shared.token = text(&answer, "authorizationToken")?;
    let body =
        json!({"accountId": shared.account, "bucketName": "load-test", "bucketType": "allPrivate"});
    let bucket = wire.call(&shared, "b2_create_bucket", &body).await?;
    shared.bucket = text(&bucket, "bucketId")?;
    Ok(shared)
}

async fn stats(shared: &Shared) -> Result<Value, Failure> {
    let mut wire = Wire::open(&shared.host).await?;
    wire.json(shared, Method::GET, "/_emulator/stats", &[], Bytes::new()).await
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| format!("no {name} in {value}").into())
}
