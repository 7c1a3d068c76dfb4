//! A server that would have credentials sent elsewhere, and settings by name.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use b2::hyper::proxy::{Proxy, ProxyRules};
use b2::hyper::{HyperTransport, UrlPolicy};
use b2::{
    AuthToken, BuildError, Client, ClientBuilder, Credentials, DownloadAccess, Error,
    TransportErrorKind,
};

/// A proxy that is every server in the world: it names these hosts, and
/// writes down whom it was asked for.
struct World {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new(api: &'static str, download: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream, &kept, api, download));
            }
        });
        Self { address, asked }
    }

    fn client(
        &self,
        realm: &str,
        change: impl FnOnce(b2::hyper::Builder) -> b2::hyper::Builder,
    ) -> Client {
        let proxy = Proxy::http("127.0.0.1", self.address.port());
        let connections = HyperTransport::builder().with_proxy(ProxyRules::all(proxy));
        let builder = Client::builder(Credentials::new("id", "canary")).with_realm(realm);
        builder.with_hyper(change(connections)).build().unwrap()
    }

    /// The hosts that were asked, each with whether it saw a token.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(
    mut stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    api: &str,
    download: &str,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body)?;
        let url = text.split(' ').nth(1).unwrap();
        let host = url.trim_start_matches("http://").split('/').next().unwrap();
        asked.lock().unwrap().push(host.to_owned());
        let answer = if url.ends_with("b2_authorize_account") {
            AUTHORIZED.replace("API", api).replace("DOWNLOAD", download)
        } else {
            r#"{"buckets": []}"#.to_owned()
        };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())?;
        head.clear();
    }
}

const AUTHORIZED: &str = r#"{"accountId": "a", "authorizationToken": "canary-token",
    "applicationKeyExpirationTimestamp": null, "apiInfo": {"storageApi": {
    "absoluteMinimumPartSize": 5000000, "recommendedPartSize": 100000000,
    "allowed": {"buckets": null, "capabilities": ["listBuckets", "readFiles"], "namePrefix": null},
    "apiUrl": "API", "downloadUrl": "DOWNLOAD", "s3ApiUrl": "https://s3.b2.example"}}}"#;

fn kind(error: &Error) -> TransportErrorKind {
    let Error::Transport { source, .. } = error else { panic!("{error:?}") };
    source.kind
}

#[tokio::test]
async fn a_host_elsewhere_gets_no_token_and_nobody_tries_again() {
    for (realm, api, allowed) in [
        ("http://api.b2.example", "http://api2.b2.example", true),
        ("http://api.b2.example", "http://evil.example", false),
        ("http://api.b2.example", "http://b2.example.evil.example", false),
        ("http://api.b2.example", "http://f000.backblazeb2.com", false),
        ("http://127.0.0.1:9", "http://localhost:9", true),
        ("http://127.0.0.1:9", "http://192.0.2.1", false),
        ("http://127.0.0.1:9", "http://api.b2.example", false),
    ] {
        let world = World::new(api, "http://f.b2.example");
        let client = world.client(realm, |connections| connections);
        let begun = Instant::now();
        let outcome = client.buckets().await;
        let asked = world.asked();
        let (realm_host, api_host) = (&realm[7..], &api[7..]);
        if allowed {
            assert!(outcome.unwrap().is_empty());
            assert_eq!(asked, [realm_host, api_host]);
        } else {
            let error = outcome.unwrap_err();
            assert_eq!(kind(&error), TransportErrorKind::Refused, "{error:?}");
            assert!(!error.retryable());
            assert!(error.advice().unwrap().contains("policy"), "{:?}", error.advice());
            assert!(!format!("{error:?}").contains("canary"));
            assert_eq!(asked, [realm_host], "{api} was asked");
            assert!(begun.elapsed() < Duration::from_secs(5), "it was tried again");
        }
    }
}

#[tokio::test]
async fn a_download_host_is_bound_unless_the_user_has_named_it() {
    let world = World::new("http://api.b2.example", "http://evil.example");
    let client = world.client("http://api.b2.example", |connections| connections);
    let error = client.download("bucket", "file").to_bytes().await.unwrap_err();
    assert_eq!(kind(&error), TransportErrorKind::Refused);
    assert_eq!(world.asked(), ["api.b2.example"]);
    let access = DownloadAccess::default().with_download_url("http://cdn.other.example");
    let chosen = access.with_token(AuthToken::from("of-the-user"));
    // It answers nonsense, but it was asked.
    client.download("bucket", "file").with_access(chosen).to_bytes().await.unwrap_err();
    assert!(world.asked().iter().all(|host| host == "cdn.other.example"));
}

#[tokio::test]
async fn a_policy_of_ones_own_is_kept() {
    let world = World::new("http://elsewhere.example", "http://f.b2.example");
    let client = world.client("http://api.b2.example", |connections| {
        connections.with_url_policy(UrlPolicy::any().with_host("example"))
    });
    client.buckets().await.unwrap();
    assert_eq!(world.asked(), ["api.b2.example", "elsewhere.example"]);
}

fn builder() -> ClientBuilder {
    Client::builder(Credentials::new("id", "key")).with_realm("http://api.b2.example")
}

#[tokio::test]
async fn settings_by_name_reach_the_wire_and_can_be_read() {
    let world = World::new("http://api2.b2.example", "http://f.b2.example");
    let mut builder = builder();
    assert_eq!(builder.config("ProxyServer=127.0.0.1").unwrap(), "127.0.0.1");
    builder.config(&format!("ProxyPort={}", world.address.port())).unwrap();
    builder.config("ProxyPassword=canary").unwrap();
    assert_eq!(builder.config("proxypassword").unwrap(), "..");
    builder.config("LogLevel=3").unwrap();
    for wrong in ["NoSuch=1", "ProxyPort=x", "HTTPVersion=3.0", "UseChunkedEncoding=True"] {
        assert!(builder.config(wrong).is_err(), "{wrong}");
    }
    let lines = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&lines);
    let builder = builder.with_connection_log(move |line| {
        kept.lock().unwrap().push_str(&format!("{}: {}\n", line.kind, line.message));
    });
    let client = builder.build().unwrap();
    client.buckets().await.unwrap();
    assert_eq!(world.asked(), ["api.b2.example", "api2.b2.example"]);
    let lines = lines.lock().unwrap();
    for part in
        ["RequestHeaders: POST http://api2.b2.example/", "ResponseBody: ", "authorization: .."]
    {
        assert!(lines.contains(part), "{part}: {lines}");
    }
    assert!(!lines.contains("canary"), "{lines}");
}

#[tokio::test]
async fn hosts_that_are_allowed_may_be_named() {
    for (host, allowed) in
        [(None, false), (Some(""), false), (Some("other.io"), false), (Some("b2.io"), true)]
    {
        let world = World::new("http://f.b2.io", "http://f.b2.io");
        let mut builder = Client::builder(Credentials::new("id", "key"));
        builder = builder.with_realm("http://api.b2.io");
        builder.config("ProxyServer=127.0.0.1").unwrap();
        builder.config(&format!("ProxyPort={}", world.address.port())).unwrap();
        if let Some(host) = host {
            builder = builder.with_allowed_host(host);
        }
        let outcome = builder.build().unwrap().buckets().await;
        assert_eq!(outcome.is_ok(), allowed, "{host:?}: {outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(kind(&error), TransportErrorKind::Refused);
            let Error::Transport { source, .. } = error else { panic!("{error:?}") };
            let text = std::error::Error::source(&source).unwrap().to_string();
            assert!(text.contains("with_allowed_host"), "{text}");
        }
    }
    let twice = builder().with_hyper(HyperTransport::builder()).with_allowed_host("b2.io");
    assert!(matches!(twice.build().unwrap_err(), BuildError::TwoConfigurations));
}

#[test]
fn connections_are_configured_once() {
    let mut twice = builder().with_hyper(HyperTransport::builder());
    twice.config("Timeout=5").unwrap();
    assert!(matches!(twice.build().unwrap_err(), BuildError::TwoConfigurations));
    let mut wrong = builder();
    wrong.config("SSLCertStore=/no/such/file").unwrap();
    wrong.config("SSLCertStoreType=2").unwrap();
    assert!(matches!(wrong.build().unwrap_err(), BuildError::Settings(_)));
}
