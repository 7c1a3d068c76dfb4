//! Every way to the server: direct and through each kind of proxy, with TLS
//! and without, in HTTP/1.1 and 2; up with 100 MB, down with a range, past an
//! expired token and a busy server; each byte is compared.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod front;
#[path = "../../../b2-hyper/tests/peers/program.rs"]
mod program;
mod proxies;
mod real;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use b2::hyper::proxy::ProxyRules;
use b2::hyper::{HttpVersion, HyperTransport};
use b2::port::{RequestBody, Transport};
use b2::{BucketType, ByteRange, Client, Credentials, TransportErrorKind};
use b2_emulator::{Emulator, Tls};
use bytes::Bytes;
use front::{Front, Identity};
use proxies::{WAYS, Way};
use sha1::{Digest, Sha1};

const SIZE: usize = 100_000_000;

/// An emulator, and whom to ask about it.
struct Place {
    emulator: Emulator,
    /// Where clients go: to the emulator, or to what is before it.
    realm: String,
    roots: String,
    admin: HyperTransport,
}

impl Place {
    async fn new(identity: &Identity, version: HttpVersion, tls: bool) -> (Self, Option<Front>) {
        let settings = if tls { Tls::SelfSigned } else { Tls::Off };
        let emulator = Emulator::builder().tls(settings).start().await.unwrap();
        let own = emulator.certificate_pem().unwrap_or_default().to_owned();
        let mut realm = emulator.base_url().to_owned();
        let mut front = None;
        if version == HttpVersion::Http2Only && tls {
            let address = realm.rsplit_once(':').unwrap().1.trim_end_matches('/');
            let address = format!("127.0.0.1:{address}").parse().unwrap();
            let started = Front::start(identity, address, &own).await;
            realm = format!("https://127.0.0.1:{}", started.address.port());
            front = Some(started);
        }
        let roots = format!("{own}\n{}", identity.pem);
        let admin = HyperTransport::builder().with_root_certificates_pem(&roots).build().unwrap();
        (Self { emulator, realm, roots, admin }, front)
    }

    /// A client whose requests go this way.
    fn client(&self, rules: &ProxyRules, version: HttpVersion) -> Client {
        let keys =
            Credentials::new(self.emulator.application_key_id(), self.emulator.application_key());
        let connections = HyperTransport::builder()
            .with_platform_roots(false)
            .with_root_certificates_pem(&self.roots)
            .with_proxy(rules.clone())
            .with_http_version(version);
        let builder = Client::builder(keys).with_realm(&self.realm).with_seed(7);
        builder.with_hyper(connections).build().unwrap()
    }

    /// Asks the emulator itself.
    async fn ask(&self, method: &str, path: &str, body: &'static str) -> String {
        let url = format!("{}/_emulator/{path}", self.emulator.base_url());
        let body = RequestBody::from_bytes(Bytes::from_static(body.as_bytes()));
        let request = http::Request::builder().method(method).uri(url).body(body).unwrap();
        let answer = self.admin.send(request, Instant::now() + Duration::from_secs(20)).await;
        let answer = answer.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let (mut text, mut body) = (Vec::new(), answer.into_body());
        while let Some(chunk) = body.chunk().await {
            text.extend_from_slice(&chunk.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    /// How often a call was made since the last reset.
    async fn calls(&self, operation: &str) -> u64 {
        let stats: serde_json::Value =
            serde_json::from_str(&self.ask("GET", "stats", "").await).unwrap();
        stats["calls"][operation].as_u64().unwrap_or(0)
    }
}

struct Content {
    bytes: Bytes,
    sha1: String,
}

impl Content {
    fn new() -> Self {
        let mut state = 1_u32;
        let bytes: Vec<u8> = (0..SIZE)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let sha1 = Sha1::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes: bytes.into(), sha1 }
    }
}

/// 100 MB up while the server is busy once, a range of it down with a token
/// that has expired meanwhile.
async fn travel(place: &Place, client: &Client, content: &Content, name: &str) {
    place.ask("DELETE", "stats", "").await;
    let bucket = client.create_bucket(name, BucketType::AllPrivate).await.unwrap();
    let busy = r#"{"operation":"b2_upload_part","skip":1,"status":503}"#;
    place.ask("POST", "faults", busy).await;
    // Small enough for several parts, so that one is sent again.
    let upload = bucket.upload("file", content.bytes.clone()).with_part_size(20_000_000);
    let uploaded = upload.await.unwrap();
    let left = place.ask("GET", "faults", "").await;
    assert!(!left.contains("b2_upload_part"), "{name}: the server was never busy: {left}");
    let sent = uploaded.file.file_info.get("large_file_sha1").map(ToString::to_string);
    assert_eq!(sent.as_deref(), Some(&*content.sha1), "{name}");

    place.ask("POST", "tokens/expire", "").await;
    let (first, last) = (33_333_333, 66_666_666);
    let range = ByteRange::inclusive(first, last).unwrap();
    let part = bucket.download("file").with_range(range).to_bytes().await.unwrap();
    let expected = &content.bytes[33_333_333..=66_666_666];
    assert!(Sha1::digest(&part.content) == Sha1::digest(expected), "{name}: another range");
    assert_eq!(place.calls("b2_authorize_account").await, 2, "{name}: no new token");

    let file = bucket.download("file").to_bytes().await.unwrap();
    assert!(Sha1::digest(&file.content) == Sha1::digest(&content.bytes), "{name}: other bytes");
    place.ask("POST", "reset", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_carries_everything() {
    let (content, identity) = (Content::new(), Identity::new());
    let acceptor = identity.acceptor(&[]);
    let mut cells = 0;
    for tls in [false, true] {
        for version in [HttpVersion::Http11, HttpVersion::Http2Only] {
            let (place, front) = Place::new(&identity, version, tls).await;
            for way in WAYS {
                let begun = Instant::now();
                let (rules, carried) = way.open(&acceptor).await;
                let client = place.client(&rules, version);
                let cell = format!("{way:?}, {}, {version:?}", if tls { "https" } else { "http" });
                if version == HttpVersion::Http2Only && !tls {
                    // HTTP/2 is agreed on in the handshake of TLS, and there is none.
                    let error = client.authorize().await.unwrap_err();
                    let b2::Error::Transport { source, .. } = &error else { panic!("{error:?}") };
                    assert_eq!(source.kind, TransportErrorKind::Refused, "{cell}: {error:?}");
                    assert_eq!(carried.load(Ordering::SeqCst), 0, "{cell}: somebody was asked");
                }
                // Who wants HTTP/2 where it can be had gets 1.1 there.
                let client = match (version, tls) {
                    (HttpVersion::Http2Only, false) => place.client(&rules, HttpVersion::Http2),
                    _ => client,
                };
                travel(&place, &client, &content, &format!("bucket-{cells}")).await;
                println!("{cell}: {:.1} s", begun.elapsed().as_secs_f64());
                let carried = carried.load(Ordering::SeqCst);
                assert_eq!(carried == 0, way == Way::Direct, "{cell}: {carried} connections");
                cells += 1;
            }
            if let Some(front) = front {
                let passed = front.requests.load(Ordering::SeqCst);
                assert!(passed > 8 * WAYS.len(), "{passed} requests in HTTP/2");
            }
            place.emulator.shutdown().await;
        }
    }
    assert_eq!(cells, 32);
}
