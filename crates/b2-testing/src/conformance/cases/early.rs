//! Answers that come before the request is through.
//!
//! B2 refuses an upload as soon as it can, often with `Connection: close`
//! while megabytes are still on their way. The answer says what to do next
//! (another upload URL, wait), so it must not be lost behind a broken pipe.

use std::time::Duration;

use super::super::case::Verdict;
use super::*;

cases! {
    "early-answer-then-close", "401 after 10 KB of 50 MB, then the connection is cut" => cut;
    "early-answer-then-half-close", "the same, but the server first ends its side" => half_close;
    "early-answer-then-silence", "503 after 10 KB of 50 MB, then nothing is read" => silence;
    "early-answer-ends-the-connection", "no request follows an unfinished one on its connection"
        => not_reused;
}

const LEN: u64 = 50 << 20;
const READ: u64 = 10_000;
const BODY: &[u8] = br#"{"status":401,"code":"expired_auth_token","message":""}"#;

fn refuse(peer: &mut Peer) -> std::io::Result<()> {
    peer.head()?;
    peer.body(READ)?;
    peer.send(&server::answer("401 Unauthorized", &[("Connection", "close")], BODY))
}

async fn answered<S: Subject>(subject: &S, server: &Server) -> Verdict {
    let ask = Ask::post(server.url("/"), Content::whole(LEN)).with_patience(Duration::from_secs(5));
    let answer = subject.exchange(ask).await?.whole()?;
    ensure!(answer.status == 401 && answer.body == BODY, "the answer was {answer:?}");
    Ok(())
}

async fn cut<S: Subject>(subject: &S) -> Verdict {
    // Often, because it is a race between the answer and the reset.
    for _ in 0..20 {
        let server = Server::start(refuse)?;
        answered(subject, &server).await?;
        ensure!(server.record().complete() == 0, "the server saw a complete request");
    }
    Ok(())
}

async fn half_close<S: Subject>(subject: &S) -> Verdict {
    for _ in 0..5 {
        let server = Server::start(|peer| {
            refuse(peer)?;
            peer.stop_writing()?;
            peer.stop_reading()
        })?;
        answered(subject, &server).await?;
    }
    Ok(())
}

async fn silence<S: Subject>(subject: &S) -> Verdict {
    let enough = Signal::default();
    let server = {
        let enough = enough.clone();
        Server::start(move |peer| {
            peer.head()?;
            peer.body(READ)?;
            peer.send(&server::answer("503 Service Unavailable", &[], b"busy"))?;
            enough.wait(LIFE);
            peer.drain()
        })?
    };
    let ask = Ask::post(server.url("/"), Content::whole(LEN)).with_patience(Duration::from_secs(5));
    let outcome = subject.exchange(ask).await;
    enough.fire();
    let answer = outcome?.whole()?;
    ensure!(answer.status == 503 && answer.body == b"busy", "the answer was {answer:?}");
    ensure!(server.deserted().await, "the connection was left open");
    ensure!(server.record().complete() == 0, "the rest was sent although the answer was known");
    Ok(())
}

async fn not_reused<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        if peer.connection() == 0 {
            peer.head()?;
            peer.body(READ)?;
            peer.send(&server::answer("503 Service Unavailable", &[], b"busy"))?;
            // A request that is finished after all may be followed by
            // another one.
            peer.body(u64::MAX)?;
        }
        while peer.request()? {
            peer.send(&server::answer("200 OK", &[], b"fresh"))?;
        }
        Ok(())
    })?;
    let ask = Ask::post(server.url("/"), Content::whole(LEN)).with_patience(Duration::from_secs(5));
    let first = subject.exchange(ask).await?.whole()?;
    ensure!(first.status == 503, "the first answer was {}", first.status);
    let second = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(second.body == b"fresh", "the second answer was {second:?}");
    Ok(())
}
