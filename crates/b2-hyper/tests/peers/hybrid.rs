//! The group of X25519 and ML-KEM-768, which the OpenSSL of Debian has not.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::tls::{Groups, KeyShare, TlsSettings};
use bytes::Bytes;

use crate::openssl::{certificate, get};
use crate::program::{Program, free_port, open_folder};

fn serve(folder: &Path) -> (Program, u16) {
    let python = std::env::var("B2_PEERS_PYTHON")
        .expect("B2_PEERS_PYTHON names a Python with pyOpenSSL; run this with `cargo xtask peers`");
    let port = free_port();
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/hybrid_server.py"))
        .arg(port.to_string())
        .args([folder.join("cert.pem"), folder.join("key.pem")]);
    (Program::start(&mut command, "python3", port), port)
}

/// The group that the other side has found.
async fn theirs(settings: TlsSettings, port: u16) -> String {
    let transport = HyperTransport::builder().with_tls(settings).build().unwrap();
    let url = format!("https://localhost:{port}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + Duration::from_secs(20)).await.unwrap();
    let mut body = answer.into_body();
    let mut name = String::new();
    while let Some(chunk) = body.chunk().await {
        name.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    name
}

#[tokio::test]
async fn the_hybrid_group() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "ec -pkeyopt ec_paramgen_curve:P-256");
    let (_server, port) = serve(folder.path());
    let hybrid = Groups::parse("x25519mlkem768").unwrap();
    let share = KeyShare::parse("x25519mlkem768,ecdhe_x25519").unwrap();
    let both = Groups::parse("ecdhe_x25519,x25519mlkem768").unwrap();
    for (settings, expected) in [
        (settings.clone().with_groups(hybrid.clone()), "X25519MLKEM768"),
        (settings.clone().with_key_share(share), "X25519MLKEM768"),
        // The server takes it even if that takes a round trip more.
        (settings.clone().with_groups(both), "X25519MLKEM768"),
        (settings.clone().with_groups(Groups::parse("ecdhe_x25519").unwrap()), "x25519"),
    ] {
        assert_eq!(theirs(settings, port).await, expected);
    }
    let facts = get(settings.with_groups(hybrid), port).await.unwrap();
    assert_eq!((&*facts.key_exchange, facts.key_exchange_bits), ("X25519MLKEM768", 255));
}
