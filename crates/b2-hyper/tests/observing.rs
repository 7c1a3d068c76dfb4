//! What observers hear, what logs show and captures keep, and that secrets are
//! only in the last.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod authority;
mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use authority::Authority;
use b2_core::error::TransportError;
use b2_core::port::{RequestBody, Transport};
use b2_hyper::capture::{Capture, Transcript};
use b2_hyper::observe::{Event, Log, LogKind, LogLevel, LogLine, Observer};
use b2_hyper::proxy::{Proxy, ProxyRules};
use b2_hyper::settings::Settings;
use b2_hyper::{Builder, HyperTransport, Redirects, status_line};
use bytes::Bytes;

const SOON: Duration = Duration::from_secs(10);
const ANSWER: &str = "{\"accountId\":\"a\",\"authorizationToken\":\"canary-token\"}";

/// A server with a secret in its answers.
fn serving() -> SocketAddr {
    server::listen(|_, mut stream| {
        while server::request(&mut stream)?.is_some() {
            write!(
                stream,
                "HTTP/1.1 200 Fine\r\nSet-Cookie: canary\r\nX-Site: seven\r\n\
                 Content-Length: {}\r\n\r\n{ANSWER}",
                ANSWER.len()
            )?;
        }
        Ok(())
    })
}

/// A request full of secrets.
async fn post(
    transport: &HyperTransport,
    url: &str,
    body: &'static [u8],
) -> Result<http::Response<Bytes>, TransportError> {
    let mut token = http::HeaderValue::from_static("canary");
    token.set_sensitive(true);
    let request = http::Request::post(format!("{url}?Authorization=canary"))
        .header("authorization", "canary")
        .header("x-bz-server-side-encryption-customer-key", "canary")
        .header("x-token", token)
        .header("x-plain", "shown")
        .body(RequestBody::from_bytes(Bytes::from_static(body)))
        .unwrap();
    let answer = transport.send(request, Instant::now() + SOON).await?;
    let (head, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(http::Response::from_parts(head, bytes.into()))
}

/// Lines of a log that is filled by the transport.
fn logging(level: LogLevel, builder: Builder) -> (HyperTransport, Arc<Mutex<Vec<LogLine>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let log = Log::new(level, move |line| kept.lock().unwrap().push(line));
    (builder.with_observer(log).build().unwrap(), lines)
}

const SECRET_BODY: &[u8] = b"{\"customerKey\":\"canary\",\"fileName\":\"cat.jpg\"}";

#[tokio::test]
async fn each_level_adds_something_and_none_has_a_secret() {
    let url = format!("http://{}/b2api", serving());
    let mut counts = Vec::new();
    for level in [LogLevel::None, LogLevel::Info, LogLevel::Verbose, LogLevel::Debug] {
        let (transport, lines) = logging(level, HyperTransport::builder());
        let answer = post(&transport, &url, SECRET_BODY).await.unwrap();
        assert_eq!(answer.body(), ANSWER);
        drop(transport);
        let lines = lines.lock().unwrap();
        assert!(lines.iter().all(|line| line.level <= level));
        let text: Vec<_> =
            lines.iter().map(|line| format!("{}: {}", line.kind, line.message)).collect();
        let text = text.join("\n");
        assert!(!text.contains("canary"), "{text}");
        let shows = |part: &str| text.contains(part);
        let first = format!("POST {url}?.. HTTP/1.1");
        assert_eq!(shows(&first), level >= LogLevel::Info, "{text}");
        assert_eq!(shows("HTTP/1.1 200 Fine"), level >= LogLevel::Info, "{text}");
        assert_eq!(shows("not encrypted"), level >= LogLevel::Verbose, "{text}");
        for part in ["x-plain: shown", "authorization: ..", "set-cookie: ..", "cat.jpg"] {
            assert_eq!(shows(part), level >= LogLevel::Debug, "{part}: {text}");
        }
        counts.push(lines.len());
    }
    assert_eq!(counts[0], 0);
    assert!(counts.is_sorted_by(|one, next| one < next), "{counts:?}");
}

#[tokio::test]
async fn control_characters_in_a_document_show_no_secret() {
    let url = format!("http://{}/", serving());
    let (transport, lines) = logging(LogLevel::Debug, HyperTransport::builder());
    let body = "{\"fileName\":\"a\u{7f}\u{85}b\",\"customerKey\":\"canary\"}";
    post(&transport, &url, body.as_bytes()).await.unwrap();
    let lines = lines.lock().unwrap();
    let shown = lines.iter().find(|line| line.kind == LogKind::RequestBody).unwrap();
    assert_eq!(shown.message, r#"{"fileName":"a\u007f\u0085b","customerKey":".."}"#);
}

#[tokio::test]
async fn kinds_are_told_apart() {
    let url = format!("http://{}/", serving());
    let (transport, lines) = logging(LogLevel::Debug, HyperTransport::builder());
    post(&transport, &url, b"\0\x01\x02").await.unwrap();
    let lines = lines.lock().unwrap();
    let of = |kind| {
        let found = lines.iter().find(|line| line.kind == kind);
        &*found.unwrap_or_else(|| panic!("no {kind}")).message
    };
    assert!(of(LogKind::RequestHeaders).starts_with("POST "));
    assert!(of(LogKind::ResponseHeaders).starts_with("HTTP/1.1 200 Fine\n"));
    assert_eq!(of(LogKind::RequestBody), "(3 bytes that are no text)");
    assert_eq!(of(LogKind::ResponseBody), ANSWER.replace("canary-token", ".."));
}

#[tokio::test]
async fn a_long_body_is_cut_in_the_log() {
    let url = format!("http://{}/", serving());
    let (transport, lines) = logging(LogLevel::Debug, HyperTransport::builder());
    static LONG: [u8; 1_000_000] = [b'x'; 1_000_000];
    post(&transport, &url, &LONG).await.unwrap();
    let lines = lines.lock().unwrap();
    let body = lines.iter().find(|line| line.kind == LogKind::RequestBody).unwrap();
    assert!(body.message.len() < 17_000 && body.message.ends_with("(and 983616 bytes more)"));
}

#[tokio::test]
async fn proxies_and_failures_are_heard_of() {
    let refusing = server::listen(|_, mut stream| {
        server::head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    });
    let proxy = Proxy::http("127.0.0.1", refusing.port()).with_credentials("ada", "canary");
    let builder =
        HyperTransport::builder().with_proxy(ProxyRules::all(proxy.clone().with_tunnel(true)));
    let (transport, lines) = logging(LogLevel::Verbose, builder);
    post(&transport, "http://b2.example/", b"x").await.unwrap_err();
    let shown = |kind| {
        let lines = lines.lock().unwrap();
        lines.iter().any(|line| line.kind == kind)
    };
    assert!(shown(LogKind::ProxyRequest) && shown(LogKind::ProxyResponse));
    assert!(!shown(LogKind::FirewallRequest));
    let text = format!("{:?}", lines.lock().unwrap());
    assert!(
        text.contains("failed: ") && text.contains("403") && !text.contains("canary"),
        "{text}"
    );

    let (transport, lines) =
        logging(LogLevel::Verbose, HyperTransport::builder().with_firewall(proxy));
    post(&transport, "http://b2.example/", b"x").await.unwrap_err();
    let kinds: Vec<_> = lines.lock().unwrap().iter().map(|line| line.kind).collect();
    assert!(
        kinds.contains(&LogKind::FirewallRequest) && kinds.contains(&LogKind::FirewallResponse)
    );
}

/// Names of events in order.
#[derive(Default)]
struct Names(Mutex<Vec<(u64, String)>>);

impl Observer for Names {
    fn on_event(&self, request: u64, event: &Event<'_>) {
        let name = format!("{event:?}");
        let name = name.split([' ', '{']).next().unwrap().to_owned();
        self.0.lock().unwrap().push((request, name));
    }
}

#[tokio::test]
async fn events_come_in_order_and_end_with_the_end() {
    let target = serving();
    let address = server::listen(move |_, mut stream| {
        while server::request(&mut stream)?.is_some() {
            write!(
                stream,
                "HTTP/1.1 303 Go\r\nLocation: http://{target}/?canary\r\nContent-Length: 0\r\n\r\n"
            )?;
        }
        Ok(())
    });
    let names = Arc::new(Names::default());
    let transport = HyperTransport::builder()
        .with_observer(Arc::clone(&names))
        .with_redirects(Redirects::always())
        .build()
        .unwrap();
    for connection in ["Connecting Connected", "Reused"] {
        post(&transport, &format!("http://{address}/"), b"x").await.unwrap();
        let heard = std::mem::take(&mut *names.0.lock().unwrap());
        assert!(heard.iter().all(|(request, _)| *request == heard[0].0), "one request");
        let heard: Vec<_> = heard.into_iter().map(|(_, name)| name).collect();
        let expected = format!(
            "{connection} RequestHead ResponseHead Redirected \
             {connection} RequestHead ResponseHead Ended"
        );
        assert_eq!(heard.join(" "), expected);
    }
}

#[tokio::test]
async fn a_capture_has_every_byte_up_to_its_limits() {
    let address = serving();
    let capture = Capture::new().with_request_limit(100).with_response_limit(1_000);
    let builder = HyperTransport::builder().with_capture(capture.clone());
    let transport = builder.build().unwrap();
    for _ in 0..2 {
        let answer = post(&transport, &format!("http://{address}/x"), SECRET_BODY).await.unwrap();
        assert_eq!(status_line(&answer), "HTTP/1.1 200 Fine");
        let transcript = answer.extensions().get::<Arc<Transcript>>().unwrap();
        let sent = transcript.sent_headers();
        assert!(sent.starts_with("POST /x?Authorization=canary HTTP/1.1\r\n"), "{sent}");
        assert_eq!(transcript.request().len(), 100);
        assert!(transcript.request_len() > 200);
        let received = transcript.received_headers();
        assert!(received.starts_with("HTTP/1.1 200 Fine\r\nSet-Cookie: canary\r\n"), "{received}");
        assert!(transcript.response().ends_with(ANSWER.as_bytes()));
        assert!(!format!("{transcript:?}").contains("canary"));
        assert!(Arc::ptr_eq(transcript, &capture.last().unwrap()));
    }
    let plain = HyperTransport::new().unwrap();
    let answer = post(&plain, &format!("http://{address}/x"), b"x").await.unwrap();
    assert!(answer.extensions().get::<Arc<Transcript>>().is_none());
}

#[tokio::test]
async fn a_capture_sees_chunks_and_what_is_under_tls() {
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], |_, session| {
        while server::request(session)?.is_some() {
            session.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            session.write_all(b"2\r\nok\r\n0\r\n\r\n")?;
        }
        Ok(())
    });
    let transport = HyperTransport::builder()
        .with_platform_roots(false)
        .with_root_certificates_pem(&authority.pem)
        .with_capture(Capture::new())
        .build()
        .unwrap();
    let answer = post(&transport, &format!("https://localhost:{port}/"), b"body").await.unwrap();
    assert_eq!(answer.body(), "ok");
    let transcript = answer.extensions().get::<Arc<Transcript>>().unwrap();
    assert!(transcript.response().ends_with(b"\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
    assert!(transcript.request().ends_with(b"\r\n\r\nbody"));
}

#[tokio::test]
async fn each_level_has_its_number() {
    for (text, level) in [
        ("LogLevel=0", LogLevel::None),
        ("LogLevel=1", LogLevel::Info),
        ("LogLevel=2", LogLevel::Verbose),
        ("LogLevel=3", LogLevel::Debug),
    ] {
        let mut settings = Settings::default();
        settings.apply(text).unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let builder = settings.builder().unwrap();
        let builder = builder.with_log(move |line: LogLine| kept.lock().unwrap().push(line.level));
        let transport = builder.build().unwrap();
        post(&transport, &format!("http://{}/", serving()), b"x").await.unwrap();
        drop(transport);
        let most = lines.lock().unwrap().iter().max().copied();
        assert_eq!(most.unwrap_or(LogLevel::None), level, "{text}");
    }
}

#[tokio::test]
async fn settings_turn_capture_and_log_on() {
    let mut settings = Settings::default();
    for text in ["TransferredRequest=on", "TransferredDataLimit=30", "LogLevel=3"] {
        settings.apply(text).unwrap();
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let builder = settings.builder().unwrap();
    let builder = builder.with_log(move |line| kept.lock().unwrap().push(line));
    let transport = builder.build().unwrap();
    let answer = post(&transport, &format!("http://{}/", serving()), b"x").await.unwrap();
    let transcript = answer.extensions().get::<Arc<Transcript>>().unwrap();
    assert_eq!(transcript.response().len(), 30);
    assert!(lines.lock().unwrap().iter().any(|line| line.kind == LogKind::RequestHeaders));
    assert!(settings.apply("LogLevel=4").is_err());
    for name in ["StatusLine", "SentHeaders", "TransferredHeaders", "TransferredData"] {
        let error = settings.apply(name).unwrap_err().to_string();
        assert!(error.contains("only to be read"), "{error}");
    }
}
