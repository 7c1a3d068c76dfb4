//! Redirects, as servers see them.

#![cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#![expect(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod authority;
#[expect(dead_code, reason = "shared with other tests, which use all of it")]
mod named;
mod server;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use authority::Authority;
use b2_core::error::{Sent, TransportError, TransportErrorKind as Kind};
use b2_core::port::{RequestBody, ResponseBody, Transport};
use b2_hyper::{HeaderOverrides, HyperTransport, RedirectError, Redirects, UrlPolicy};
use http::{Method, Response};

const SOON: Duration = Duration::from_secs(10);
const SECRETS: [&str; 4] = [
    "authorization",
    "cookie",
    "x-bz-server-side-encryption-customer-key",
    "x-bz-server-side-encryption-customer-key-md5",
];

/// A request as a server has read it: its head and its body.
type Seen = (String, usize);

/// A server that answers each path with what `answer` says, and tells what it
/// has read.
fn serving(
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (SocketAddr, Receiver<Seen>) {
    let (told, seen) = channel();
    let told = Mutex::new(told);
    let address = server::listen(move |_, mut stream| {
        while let Some(head) = server::head(&mut stream)? {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |text| text.parse().unwrap())];
            std::io::Read::read_exact(&mut stream, &mut body)?;
            let path = head.split(' ').nth(1).unwrap().to_owned();
            let _ = told.lock().unwrap().send((head, body.len()));
            stream.write_all(answer(&path).as_bytes())?;
        }
        Ok(())
    });
    (address, seen)
}

fn moved(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone")
}

fn ok() -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned()
}

fn following(redirects: Redirects) -> HyperTransport {
    HyperTransport::builder().with_redirects(redirects).build().unwrap()
}

async fn send(
    transport: &HyperTransport,
    method: Method,
    url: &str,
    body: usize,
) -> Result<Response<ResponseBody>, TransportError> {
    let mut request = http::Request::builder().method(method).uri(url).header("x-site", "seven");
    for name in SECRETS {
        request = request.header(name, "canary");
    }
    let body = RequestBody::from_bytes(vec![7; body].into());
    transport.send(request.body(body).unwrap(), Instant::now() + SOON).await
}

fn cause(error: &TransportError) -> &RedirectError {
    assert_eq!((error.kind, error.sent), (Kind::Refused, Sent::Nothing), "{error:?}");
    error.source.as_deref().unwrap().downcast_ref().unwrap()
}

fn hear(seen: &Receiver<Seen>) -> Seen {
    seen.recv_timeout(SOON).unwrap()
}

#[tokio::test]
async fn none_is_followed_unless_told() {
    let (address, _seen) = serving(|_| moved(302, "/elsewhere"));
    let transport = HyperTransport::new().unwrap();
    let answer = send(&transport, Method::GET, &format!("http://{address}/"), 0).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "/elsewhere");
}

#[tokio::test]
async fn within_a_server_everything_is_sent_again_on_the_same_connection() {
    let (address, seen) = serving(|path| match path {
        "/a/b" => moved(301, "../c?d"),
        "/c?d" => moved(302, "/e"),
        _ => ok(),
    });
    let url = format!("http://{address}/a/b");
    let transport = following(Redirects::same_scheme());
    let answer = send(&transport, Method::GET, &url, 0).await.unwrap();
    assert_eq!(answer.status(), 200);
    for path in ["/a/b", "/c?d", "/e"] {
        let (head, _) = hear(&seen);
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
        for name in SECRETS {
            assert!(head.contains(&format!("\r\n{name}: canary\r\n")), "{name}: {head}");
        }
    }
}

#[tokio::test]
async fn another_server_sees_no_secret_and_cannot_lead_back_to_them() {
    let (home, at_home) = serving(|_| ok());
    let (stranger, abroad) = serving(move |_| moved(307, &format!("http://{home}/end")));
    let (first, _) = serving(move |_| moved(307, &format!("http://{stranger}/x")));
    let own = HeaderOverrides::new().with_authorization("canary").unwrap();
    let own = own.with_lines("X-Key: canary").unwrap();
    for headers in [HeaderOverrides::new(), own] {
        let transport = HyperTransport::builder()
            .with_redirects(Redirects::always())
            .with_headers(headers)
            .build()
            .unwrap();
        let url = format!("http://{first}/");
        let answer = send(&transport, Method::GET, &url, 0).await.unwrap();
        assert_eq!(answer.status(), 200);
        for (head, body) in [hear(&abroad), hear(&at_home)] {
            assert!(!head.contains("canary"), "{head}");
            assert!(head.contains("\r\nx-site: seven\r\n"), "{head}");
            assert!(head.starts_with("GET /") && body == 0, "{head}");
        }
    }
}

#[tokio::test]
async fn methods_and_bodies_go_as_the_status_says() {
    for (redirects, status, method, body) in [
        (Redirects::always(), 307, "POST", 500),
        (Redirects::always(), 302, "POST", 500),
        (Redirects::always().with_get_on_302(true), 302, "GET", 0),
        (Redirects::always(), 303, "GET", 0),
    ] {
        let (address, seen) = serving(move |path| match path {
            "/" => moved(status, "/new"),
            _ => ok(),
        });
        let url = format!("http://{address}/");
        send(&following(redirects), Method::POST, &url, 500).await.unwrap();
        hear(&seen);
        let (head, came) = hear(&seen);
        assert!(head.starts_with(&format!("{method} /new ")), "{status}: {head}");
        assert_eq!(came, body, "{status}");
    }
    let (address, seen) = serving(|_| moved(307, "/new"));
    let url = format!("http://{address}/");
    let error = send(&following(Redirects::same_scheme()), Method::POST, &url, 1).await;
    assert_eq!(*cause(&error.unwrap_err()), RedirectError::Method(Method::POST));
    hear(&seen);
    assert!(seen.try_recv().is_err(), "one request and no more");
}

#[tokio::test]
async fn a_long_body_is_not_sent_twice() {
    let (address, seen) = serving(|path| match path {
        "/" => moved(308, "/new"),
        _ => ok(),
    });
    let url = format!("http://{address}/");
    let transport = following(Redirects::always());
    let error = send(&transport, Method::PUT, &url, 1_000_000).await.unwrap_err();
    assert_eq!(*cause(&error), RedirectError::Body);
    hear(&seen);
    assert!(seen.try_recv().is_err());
    // Without its body it may go on.
    let (address, seen) = serving(|path| match path {
        "/" => moved(303, "/new"),
        _ => ok(),
    });
    let url = format!("http://{address}/");
    send(&transport, Method::PUT, &url, 1_000_000).await.unwrap();
    assert_eq!((hear(&seen).1, hear(&seen).1), (1_000_000, 0));
}

#[tokio::test]
async fn a_circle_ends_at_the_limit() {
    let (address, seen) = serving(|_| moved(302, "/again"));
    let url = format!("http://{address}/");
    let transport = following(Redirects::same_scheme().with_limit(3));
    let error = send(&transport, Method::GET, &url, 0).await.unwrap_err();
    assert_eq!(*cause(&error), RedirectError::TooMany { limit: 3 });
    assert_eq!(seen.try_iter().count(), 4);
}

#[tokio::test]
async fn what_leads_nowhere_is_an_error() {
    for location in ["ftp://x/", "javascript:alert(1)", "http://", "x:y"] {
        let (address, _seen) = serving(move |_| moved(302, location));
        let url = format!("http://{address}/");
        let error = send(&following(Redirects::always()), Method::GET, &url, 0).await;
        assert_eq!(*cause(&error.unwrap_err()), RedirectError::Location, "{location}");
    }
}

#[tokio::test]
async fn the_policy_holds_for_every_hop() {
    let (other, seen) = serving(|_| ok());
    let (address, _) = serving(move |_| moved(302, &format!("http://localhost:{}/", other.port())));
    let transport = HyperTransport::builder()
        .with_redirects(Redirects::always())
        .with_url_policy(UrlPolicy::any().with_host("127.0.0.1"))
        .build()
        .unwrap();
    let error = send(&transport, Method::GET, &format!("http://{address}/"), 0).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (Kind::Refused, Sent::Nothing));
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn from_https_to_http_goes_no_secret_and_only_if_all_are_followed() {
    let (plain, seen) = serving(|_| ok());
    let authority = Authority::new();
    let port = authority.serve(&["localhost"], move |_, session| {
        while server::request(session)?.is_some() {
            let location = format!("http://localhost:{}/", plain.port());
            session.write_all(moved(302, &location).as_bytes())?;
            session.flush()?;
        }
        Ok(())
    });
    let url = format!("https://localhost:{port}/");
    // By builder and by name.
    let redirecting = |redirects| HyperTransport::builder().with_redirects(redirects);
    let by_name = |number| named::builder(&[&format!("FollowRedirects={number}")]);
    let trusting = |builder: b2_hyper::Builder| {
        let builder = builder.with_platform_roots(false);
        builder.with_root_certificates_pem(&authority.pem).build().unwrap()
    };
    for builder in [redirecting(Redirects::same_scheme()), by_name(2)] {
        let error = send(&trusting(builder), Method::GET, &url, 0).await;
        assert_eq!(*cause(&error.unwrap_err()), RedirectError::Scheme);
    }
    assert!(seen.try_recv().is_err());
    for builder in [redirecting(Redirects::always()), by_name(1)] {
        send(&trusting(builder), Method::GET, &url, 0).await.unwrap();
        let (head, _) = hear(&seen);
        assert!(!head.contains("canary"), "{head}");
    }
}

#[tokio::test]
async fn the_deadline_is_for_all_hops_together() {
    let (address, _seen) = serving(|_| {
        std::thread::sleep(Duration::from_millis(300));
        moved(302, "/again")
    });
    let request = http::Request::get(format!("http://{address}/"));
    let request = request.body(RequestBody::from_bytes(bytes::Bytes::new())).unwrap();
    let begun = Instant::now();
    let transport = following(Redirects::always());
    let error = transport.send(request, begun + Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn no_body_goes_to_another_server() {
    let (stranger, abroad) = serving(|_| ok());
    for status in [301, 302, 307, 308] {
        let (home, _) = serving(move |_| moved(status, &format!("http://{stranger}/")));
        let url = format!("http://{home}/");
        for (method, body) in [(Method::POST, 1000), (Method::POST, 0), (Method::GET, 1000)] {
            let error = send(&following(Redirects::always()), method.clone(), &url, body).await;
            assert_eq!(*cause(&error.unwrap_err()), RedirectError::Origin(method), "{status}");
        }
    }
    assert!(abroad.try_recv().is_err(), "the stranger heard nothing");
    let (home, _) = serving(move |_| moved(303, &format!("http://{stranger}/")));
    let url = format!("http://{home}/");
    send(&following(Redirects::always()), Method::POST, &url, 1000).await.unwrap();
    let (head, body) = hear(&abroad);
    assert!(head.starts_with("GET /") && body == 0, "{head}");
}

/// After a 303 something has happened, whatever goes wrong behind it.
#[tokio::test]
async fn what_was_done_is_not_said_to_be_undone() {
    let closed = format!("http://127.0.0.1:{}/", free_port());
    for (status, get_on_302, location, kind, sent) in [
        (303, false, &*closed, Kind::Connect, Sent::Maybe),
        (303, false, "ftp://a/", Kind::Refused, Sent::Maybe),
        (303, false, "/again", Kind::Refused, Sent::Maybe),
        (302, true, &closed, Kind::Connect, Sent::Maybe),
        // These say that the request is to be sent elsewhere, so here it was not carried out.
        (307, false, "ftp://a/", Kind::Refused, Sent::Nothing),
        (307, false, "/again", Kind::Refused, Sent::Nothing),
        (302, false, "ftp://a/", Kind::Refused, Sent::Nothing),
    ] {
        let to = location.to_owned();
        let (address, _seen) = serving(move |_| moved(status, &to));
        let transport = following(Redirects::always().with_get_on_302(get_on_302));
        let url = format!("http://{address}/");
        let error = send(&transport, Method::POST, &url, 10).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (kind, sent), "{status} to {location}");
        // A GET does nothing that could be done twice.
        let error = send(&transport, Method::GET, &url, 0).await.unwrap_err();
        assert_eq!(error.sent, Sent::Nothing, "{status} to {location}");
    }
}

/// An answer of the second request is not one to the first, which a driver would send again.
#[tokio::test]
async fn an_error_behind_a_303_is_no_answer_to_the_request() {
    for status in [401, 408, 429, 500, 503] {
        let (address, _seen) = serving(move |path| match path {
            "/" => moved(303, "/done"),
            _ => format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"),
        });
        let transport = following(Redirects::always());
        let url = format!("http://{address}/");
        let error = send(&transport, Method::POST, &url, 10).await.unwrap_err();
        assert_eq!((error.kind, error.sent), (Kind::Refused, Sent::Maybe), "{status}");
        assert!(error.source.unwrap().to_string().contains(&status.to_string()));
        let answer = send(&transport, Method::GET, &url, 0).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
