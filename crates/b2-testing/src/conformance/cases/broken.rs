//! Servers that break off, talk nonsense, or are not there.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use super::super::case::Verdict;
use super::*;

cases! {
    "refused-port", "Connect; nothing was sent" => refused;
    "unknown-host", "Resolve; nothing was sent" => unknown;
    "closed-before-the-head", "Interrupted; the request may have taken effect" => no_head;
    "closed-inside-the-head", "half a head is no answer" => half_head;
    "reset-before-the-head", "Interrupted, and nothing claimed that is not so" => reset;
    "truncated-answer", "what came is delivered, then Interrupted" => truncated;
    "truncated-chunked-answer", "a missing last chunk is Interrupted" => truncated_chunks;
    "garbage-instead-of-http", "Protocol" => garbage;
    "conflicting-lengths", "two different Content-Lengths are Protocol" => conflicting;
    "endless-head", "Protocol before a few MiB were read" => endless_head;
    "endless-header-line", "Protocol before a few MiB were read" => endless_line;
}

async fn refused<S: Subject>(subject: &S) -> Verdict {
    // A port that was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let ask = Ask::post(format!("http://127.0.0.1:{port}/"), Content::whole(9));
    let error = subject.exchange(ask).await?.failed(Kind::Connect)?;
    ensure!(error.sent == Sent::Nothing, "sent is {:?}", error.sent);
    Ok(())
}

async fn unknown<S: Subject>(subject: &S) -> Verdict {
    // RFC 6761: no such name will ever exist.
    let ask = Ask::get("http://b2-conformance.invalid/".to_owned());
    let ask = ask.with_patience(Duration::from_secs(30));
    let error = subject.exchange(ask).await?.failed(Kind::Resolve)?;
    ensure!(error.sent == Sent::Nothing, "sent is {:?}", error.sent);
    Ok(())
}

/// Sends a request to a server that reads it whole and answers with `raw`
/// before it closes.
async fn answered_with<S: Subject>(
    subject: &S,
    raw: &'static [u8],
    content: Content,
) -> Result<Outcome, Flaw> {
    let server = Server::start(move |peer| {
        peer.request()?;
        peer.send(raw)
    })?;
    let outcome = subject.exchange(Ask::post(server.url("/"), content)).await?;
    ensure!(server.record().requests().len() == 1, "the request was sent again");
    if let Err(error) = &outcome.result {
        ensure!(error.sent == Sent::Maybe, "the server has it all, but sent is {:?}", error.sent);
    }
    Ok(outcome)
}

async fn no_head<S: Subject>(subject: &S) -> Verdict {
    for content in [Content::none(), Content::whole(100_000)] {
        answered_with(subject, b"", content).await?.failed(Kind::Interrupted)?;
    }
    Ok(())
}

async fn half_head<S: Subject>(subject: &S) -> Verdict {
    let raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Ha";
    let outcome = answered_with(subject, raw, Content::none()).await?;
    match outcome.result {
        Err(error) if matches!(error.kind, Kind::Interrupted | Kind::Protocol) => Ok(()),
        other => Err(Flaw::new(format!("the outcome was {other:?}"))),
    }
}

async fn reset<S: Subject>(subject: &S) -> Verdict {
    // Closing with unread bytes makes the system send a reset.
    let server = Server::start(|peer| {
        peer.head()?;
        peer.body(1000)
    })?;
    let ask = Ask::post(server.url("/"), Content::whole(10 << 20));
    subject.exchange(ask).await?.failed(Kind::Interrupted)?;
    ensure!(server.record().requests().len() == 1, "the request was sent again");
    Ok(())
}

async fn truncated<S: Subject>(subject: &S) -> Verdict {
    let raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this";
    let answer = answered_with(subject, raw, Content::none()).await?.begun()?;
    ensure!(answer.body == b"only this", "the bytes that came were lost: {:?}", answer.body);
    answer.broken(Kind::Interrupted)?;
    Ok(())
}

async fn truncated_chunks<S: Subject>(subject: &S) -> Verdict {
    let raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n";
    let answer = answered_with(subject, raw, Content::none()).await?.begun()?;
    ensure!(answer.body == b"only this", "the bytes that came were lost: {:?}", answer.body);
    answer.broken(Kind::Interrupted)?;
    Ok(())
}

async fn garbage<S: Subject>(subject: &S) -> Verdict {
    let raw: [&[u8]; 3] = [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x15\x03\x01\0\x02\x02\x28\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
    ];
    for raw in raw {
        answered_with(subject, raw, Content::none()).await?.failed(Kind::Protocol)?;
    }
    Ok(())
}

async fn conflicting<S: Subject>(subject: &S) -> Verdict {
    let raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
    answered_with(subject, raw, Content::none()).await?.failed(Kind::Protocol)?;
    Ok(())
}

async fn endless_head<S: Subject>(subject: &S) -> Verdict {
    endless(subject, b"X-Filler: and another one\r\n").await
}

async fn endless_line<S: Subject>(subject: &S) -> Verdict {
    endless(subject, b"a very long value ").await
}

async fn endless<S: Subject>(subject: &S, filler: &'static [u8]) -> Verdict {
    const BEARABLE: u64 = 16 << 20;
    let block = filler.repeat(1000);
    let server = Server::start(move |peer| {
        peer.request()?;
        peer.send(b"HTTP/1.1 200 OK\r\nX-Endless: ")?;
        while peer.alive() {
            peer.send(&block)?;
        }
        Err(io::ErrorKind::TimedOut.into())
    })?;
    let ask = Ask::get(server.url("/")).with_patience(Duration::from_secs(5));
    subject.exchange(ask).await?.failed(Kind::Protocol)?;
    ensure!(server.deserted().await, "the connection was left open");
    let read = server.record().written();
    ensure!(read < BEARABLE, "{read} bytes of a head were read");
    Ok(())
}
