//! Errors end up in logs, so they hold no secrets.

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use b2_core::error::TransportError;
use http::HeaderValue;

use super::super::case::Verdict;
use super::*;

cases! {
    "errors-keep-secrets", "no query, header or body in any error text" => secrets;
}

/// Stands in the query, a header, the body, and whatever the server sends.
const CANARY: &str = "canary4f1b";

async fn secrets<S: Subject>(subject: &S) -> Verdict {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    hush(subject, &format!("http://127.0.0.1:{port}")).await?;
    let answers: [&'static [u8]; 6] = [
        b"",
        b"canary4f1b canary4f1b canary4f1b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSet-canary4f1b canary4f1b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: canary4f1b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncanary4f1b",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary4f1b\r\ncanary4f1b",
    ];
    for raw in answers {
        let server = Server::start(move |peer| {
            peer.request()?;
            peer.send(raw)
        })?;
        hush(subject, &server.url("")).await?;
    }
    let silent = Server::start(|peer| {
        peer.request()?;
        peer.drain()
    })?;
    hush(subject, &silent.url("")).await
}

/// Makes a request fail and searches everything that its error says.
async fn hush<S: Subject>(subject: &S, base: &str) -> Verdict {
    let url = format!("{base}/path?Authorization={CANARY}");
    let mut token = HeaderValue::from_static(CANARY);
    token.set_sensitive(true);
    let ask = Ask::post(url, Content::text(CANARY))
        .with_header("authorization", token)
        .with_header("x-bz-info-name", HeaderValue::from_static(CANARY))
        .with_patience(Duration::from_millis(500));
    let outcome = subject.exchange(ask).await?;
    let error = outcome.error().ok_or_else(|| Flaw::new("the request did not even fail"))?;
    let text = everything(&error);
    ensure!(!text.contains(CANARY), "an error gives away what it must not: {text}");
    Ok(())
}

fn everything(error: &TransportError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?} {cause:#?}"));
        next = cause.source();
    }
    text
}
