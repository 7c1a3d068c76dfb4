//! What is seen of a handshake: its steps, its records, and its first message.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod authority;
mod server;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::{Authority, answering};
use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use b2_hyper::tls::{
    CertificateFault, Groups, KeyShare, RecordKind, RecordLog, TlsEvent, TlsSettings, Versions,
};
use bytes::Bytes;

type Events = Arc<Mutex<Vec<TlsEvent>>>;

/// Settings that trust `authority`, and what their observer hears.
fn observed(authority: &Authority) -> (TlsSettings, Events) {
    let events = Events::default();
    let keep = Arc::clone(&events);
    let settings = TlsSettings::new()
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .with_observer(move |event: &TlsEvent| keep.lock().unwrap().push(event.clone()));
    (settings, events)
}

fn transport(settings: TlsSettings) -> HyperTransport {
    let builder = HyperTransport::builder().with_tls(settings);
    builder.with_idle_timeout(Duration::ZERO).build().unwrap()
}

async fn visit(transport: &HyperTransport, port: u16) -> Result<(), TransportError> {
    let url = format!("https://localhost:{port}/a-path-that-is-nobodys-business");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + Duration::from_secs(10)).await?;
    let mut body = answer.into_body();
    while let Some(chunk) = body.chunk().await {
        chunk?;
    }
    Ok(())
}

#[tokio::test]
async fn each_step_is_told_as_it_happens() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let (settings, events) = observed(&authority);
    let transport = transport(settings);
    visit(&transport, port).await.unwrap();
    visit(&transport, port).await.unwrap();
    let events = events.lock().unwrap();
    let [begun, shown, stands, again, resumed] = &events[..] else { panic!("{events:?}") };
    for begun in [begun, again] {
        assert!(matches!(begun, TlsEvent::Begun { host } if host == "localhost"), "{begun:?}");
    }
    assert!(matches!(shown, TlsEvent::Shown { fault: None, .. }), "{shown:?}");
    assert!(shown.to_string().ends_with(": OK"), "{shown}");
    let expected = "TLSv1.3 with TLS_AES_256_GCM_SHA384 (256 bits), X25519";
    assert_eq!(stands.to_string(), expected);
    assert!(resumed.to_string().ends_with(", resumed"), "{resumed}");
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason() {
    let port = Authority::new().serve(&["localhost"], answering);
    let (settings, events) = observed(&Authority::new());
    visit(&transport(settings), port).await.unwrap_err();
    let events = events.lock().unwrap();
    let [_, shown, failed] = &events[..] else { panic!("{events:?}") };
    let unknown = Some(CertificateFault::UnknownIssuer);
    assert!(matches!(shown, TlsEvent::Shown { fault, .. } if *fault == unknown), "{shown:?}");
    assert!(failed.to_string().contains("its issuer is unknown"), "{failed}");
}

/// Heads of records, as the stream itself has them.
fn heads(stream: &[u8]) -> Vec<(u8, u16, u16)> {
    let (mut rest, mut heads) = (stream, Vec::new());
    while let Some((head, after)) = rest.split_first_chunk::<5>() {
        let length = u16::from_be_bytes([head[3], head[4]]);
        heads.push((head[0], u16::from_be_bytes([head[1], head[2]]), length));
        rest = after.get(usize::from(length)..).unwrap_or_default();
    }
    heads
}

fn number(kind: RecordKind) -> u8 {
    match kind {
        RecordKind::ChangeCipherSpec => 20,
        RecordKind::Alert => 21,
        RecordKind::Handshake => 22,
        RecordKind::ApplicationData => 23,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_record_is_told_as_the_wire_has_it() {
    for versions in [Versions::tls_1_2(), Versions::tls_1_3()] {
        let authority = Authority::new();
        let port = authority.serve(&["localhost"], answering);
        let (settings, events) = observed(&authority);
        let settings = settings.with_versions(versions);
        // Without the switch there are steps only.
        visit(&transport(settings.clone()), port).await.unwrap();
        let is_record = |event: &TlsEvent| matches!(event, TlsEvent::Record { .. });
        assert!(!events.lock().unwrap().iter().any(is_record));
        let (relay, seen) = wire::relay(port);
        visit(&transport(settings.with_packet_log(true)), relay).await.unwrap();
        let events = events.lock().unwrap();
        let told = |way: bool| -> Vec<_> {
            let record = |event: &TlsEvent| match event {
                TlsEvent::Record { sent, kind, version, length } if *sent == way => {
                    Some((number(*kind), *version, *length))
                }
                _ => None,
            };
            events.iter().filter_map(record).collect()
        };
        let (sent, received) = seen.bytes();
        let (sent, received) = (heads(&sent), heads(&received));
        assert!(sent.len() >= 3 && received.len() >= 4, "{sent:?} {received:?}");
        assert_eq!(told(true), sent);
        // What came after the answer was read, nobody has seen.
        assert_eq!(told(false), received[..told(false).len()]);
        assert_eq!(sent[0].0, 22, "the first is a part of the handshake");
        let texts: String = events.iter().map(ToString::to_string).collect();
        assert!(texts.contains("sent a record of ") && !texts.contains("business"), "{texts}");
    }
}

#[tokio::test]
async fn records_can_be_told_without_a_transport() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let (settings, _) = observed(&authority);
    let records = Arc::new(Mutex::new(0));
    let count = Arc::clone(&records);
    let tcp = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let logged = RecordLog::new(tcp, move |_: &TlsEvent| *count.lock().unwrap() += 1);
    settings.build().unwrap().connect("localhost", logged).await.unwrap();
    assert!(*records.lock().unwrap() >= 5);
}

#[tokio::test]
async fn the_chosen_group_has_its_key_in_the_first_message() {
    const X25519: u16 = 0x001d;
    const P256: u16 = 0x0017;
    const P384: u16 = 0x0018;
    const FFDHE_2048: u16 = 0x0100;
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], answering);
    let first = async |change: &dyn Fn(TlsSettings) -> TlsSettings| {
        let (relay, seen) = wire::relay(port);
        let (settings, _) = observed(&authority);
        visit(&transport(change(settings)), relay).await.unwrap();
        wire::Hello::read(&seen.bytes().0)
    };
    let hello = first(&|settings| settings).await;
    assert_eq!(hello.key_shares, [X25519]);
    assert!(hello.suites.len() > 3 && hello.signatures.len() > 3, "{hello:?}");
    for (name, group) in
        [("ecdhe_secp384r1", P384), ("ecdhe_secp256r1", P256), ("ecdhe_x25519", X25519)]
    {
        let share = KeyShare::parse(name).unwrap();
        let hello = first(&|settings| settings.with_key_share(share.clone())).await;
        assert_eq!((&hello.key_shares[..], hello.groups[0]), (&[group][..], group), "{name}");
        // The others can still be had, for one more round trip.
        assert!([X25519, P256, P384].iter().all(|group| hello.groups.contains(group)), "{name}");
    }
    let groups = Groups::parse("ecdhe_secp256r1,ecdhe_x25519").unwrap();
    let share = KeyShare::parse("ecdhe_x25519").unwrap();
    let hello =
        first(&|settings| settings.with_groups(groups.clone()).with_key_share(share.clone())).await;
    assert_eq!((&hello.key_shares[..], &hello.groups[..]), (&[X25519][..], &[X25519, P256][..]));
    // One that is not offered is offered then.
    let share = KeyShare::parse("ffdhe_2048").unwrap();
    let hello = first(&|settings| settings.with_key_share(share.clone())).await;
    assert_eq!((&hello.key_shares[..], hello.groups[0]), (&[FFDHE_2048][..], FFDHE_2048));
    #[cfg(feature = "aws-lc-rs")]
    {
        let share = KeyShare::parse("x25519mlkem768,ecdhe_x25519").unwrap();
        let hello = first(&|settings| settings.with_key_share(share.clone())).await;
        assert_eq!(hello.key_shares, [0x11ec, X25519]);
    }
}

/// Those of Mozilla do not vouch for a test, but they are there.
#[cfg(feature = "bundled-roots")]
#[tokio::test]
async fn bundled_roots_are_trusted() {
    use b2_hyper::tls::TlsError;
    let port = Authority::new().serve(&["localhost"], answering);
    for (bundled, expected) in [(true, "UnknownIssuer"), (false, "NoRoots")] {
        let settings = TlsSettings::new().with_platform_roots(false).with_bundled_roots(bundled);
        let error = visit(&transport(settings), port).await.unwrap_err();
        let cause = error.source.as_deref().unwrap().downcast_ref::<TlsError>();
        assert!(format!("{cause:?}").contains(expected), "{bundled}: {cause:?}");
    }
}
