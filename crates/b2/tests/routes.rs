//! Every way to the emulator: direct and through proxies, with TLS and
//! without, in every version of HTTP.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use b2::hyper::proxy::{Proxy, ProxyRules};
use b2::hyper::tls::TlsEvent;
use b2::hyper::{HttpVersion, HyperTransport};
use b2::{BucketType, Client, Config, Credentials, TestMode};
use b2_emulator::{Emulator, Tls};

const SIZE: usize = 8_000_000;

/// Where to, and what of the question belongs to the server.
type Asked = io::Result<(String, Vec<u8>)>;

/// A proxy of a few lines: `ask` reads the question and says where to, and
/// whether the question belongs to the server.
fn proxy(ask: fn(&mut TcpStream) -> Asked) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            std::thread::spawn(move || -> io::Result<()> {
                let (target, question) = ask(&mut client)?;
                let mut server = TcpStream::connect(target)?;
                server.write_all(&question)?;
                let (mut up, mut down) =
                    ((client.try_clone()?, server.try_clone()?), (server, client));
                std::thread::spawn(move || {
                    let _ = io::copy(&mut up.0, &mut up.1);
                    up.1.shutdown(std::net::Shutdown::Write)
                });
                io::copy(&mut down.0, &mut down.1).map(drop)
            });
        }
    });
    address
}

fn head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// A tunnel, or the request itself, which servers take in this form too.
fn http(client: &mut TcpStream) -> Asked {
    let head = head(client)?;
    let text = String::from_utf8_lossy(&head);
    let mut words = text.split(' ');
    let (method, uri) = (words.next().unwrap(), words.next().unwrap().to_owned());
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        return Ok((uri, Vec::new()));
    }
    let authority = uri.trim_start_matches("http://").split('/').next().unwrap();
    Ok((authority.to_owned(), head))
}

fn socks5(client: &mut TcpStream) -> Asked {
    client.read_exact(&mut [0; 3])?;
    client.write_all(&[5, 0])?;
    let mut request = [0; 10];
    client.read_exact(&mut request[..5])?;
    let host = if request[3] == 3 {
        let mut name = vec![0; usize::from(request[4])];
        client.read_exact(&mut name)?;
        String::from_utf8(name).unwrap()
    } else {
        client.read_exact(&mut request[5..8])?;
        Ipv4Addr::new(request[4], request[5], request[6], request[7]).to_string()
    };
    let mut port = [0; 2];
    client.read_exact(&mut port)?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok((format!("{host}:{}", u16::from_be_bytes(port)), Vec::new()))
}

fn routes() -> [(&'static str, ProxyRules); 4] {
    let (http, socks) = (proxy(http), proxy(socks5));
    let by = |address: SocketAddr| Proxy::http(address.ip().to_string(), address.port());
    [
        ("direct", ProxyRules::none()),
        ("HTTP proxy", ProxyRules::all(by(http))),
        ("tunnel", ProxyRules::all(by(http).with_tunnel(true))),
        ("SOCKS 5", ProxyRules::all(Proxy::socks5("127.0.0.1", socks.port()))),
    ]
}

/// Up, down, a range, with uploads that the server refuses now and then and
/// tokens that it lets expire.
async fn journey(emulator: &Emulator, rules: ProxyRules, version: HttpVersion, bucket: &str) {
    let mut connections = HyperTransport::builder().with_proxy(rules).with_http_version(version);
    if let Some(pem) = emulator.certificate_pem() {
        connections = connections.with_root_certificates_pem(pem).with_platform_roots(false);
    }
    let content: Vec<u8> = (0..SIZE).map(|index| (index * 31 % 253) as u8).collect();
    for mode in [TestMode::FailSomeUploads, TestMode::ExpireSomeAccountAuthorizationTokens] {
        let keys = Credentials::new(emulator.application_key_id(), emulator.application_key());
        let client = Client::builder(keys)
            .with_config(Config::default().with_test_mode(mode))
            .with_realm(emulator.base_url())
            .with_hyper(connections.clone())
            .with_seed(7)
            .build()
            .unwrap();
        let name = format!("{bucket}-{}", mode.as_str().replace('_', "-").split_at(10).0);
        let bucket = client.create_bucket(&name, BucketType::AllPrivate).await.unwrap();
        bucket.upload("file", content.clone()).await.unwrap();
        let whole = bucket.download("file").to_bytes().await.unwrap();
        assert!(whole.content == content, "{name}: what came down is not what went up");
        let range = b2::ByteRange::inclusive(1_000_000, 2_000_000).unwrap();
        let part = bucket.download("file").with_range(range).to_bytes().await.unwrap();
        assert!(part.content == content[1_000_000..=2_000_000], "{name}: another range");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_carries_everything() {
    for tls in [Tls::Off, Tls::SelfSigned] {
        let scheme = if matches!(tls, Tls::Off) { "http" } else { "https" };
        let emulator = Emulator::builder().tls(tls).start().await.unwrap();
        for (index, (route, rules)) in routes().into_iter().enumerate() {
            for version in [HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2] {
                eprintln!("{route}, {scheme}, {version:?}");
                let bucket = format!("{scheme}-{index}-{version:?}").to_lowercase();
                journey(&emulator, rules.clone(), version, &bucket).await;
            }
        }
        emulator.shutdown().await;
    }
}

/// What settings have kept and told reaches who wants it.
#[tokio::test(flavor = "multi_thread")]
async fn records_and_transcripts_reach_who_watches() {
    let emulator = Emulator::builder().tls(Tls::SelfSigned).start().await.unwrap();
    for on in [true, false] {
        let (records, kept) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, taken) = (Arc::clone(&records), Arc::clone(&kept));
        let keys = Credentials::new(emulator.application_key_id(), emulator.application_key());
        let mut builder = Client::builder(keys)
            .with_realm(emulator.base_url())
            .with_root_certificates_pem(emulator.certificate_pem().unwrap().as_bytes())
            .with_tls_observer(move |event: &TlsEvent| {
                let record = matches!(event, TlsEvent::Record { .. });
                counted.fetch_add(usize::from(record), Ordering::SeqCst);
            })
            .with_transcripts(move |transcript| taken.lock().unwrap().push(transcript));
        let value = if on { "True" } else { "False" };
        builder.config("TransferredDataLimit=40").unwrap();
        builder.config(&format!("TransferredRequest={value}")).unwrap();
        builder.config(&format!("LogSSLPackets={value}")).unwrap();
        builder.build().unwrap().authorize().await.unwrap();
        assert_eq!(records.load(Ordering::SeqCst) > 0, on);
        let kept = kept.lock().unwrap();
        assert_eq!(kept.len(), usize::from(on));
        for transcript in &*kept {
            assert!(transcript.sent_headers().starts_with("GET /b2api/"));
            assert!(transcript.received_headers().starts_with("HTTP/1.1 200 OK"));
            assert_eq!(transcript.response().len(), 40);
            assert!(transcript.response_len() > 40);
        }
    }
    emulator.shutdown().await;
}
