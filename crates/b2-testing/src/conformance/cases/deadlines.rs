//! Nothing takes longer than its deadline.

use std::time::Duration;

use super::super::case::Verdict;
use super::*;

cases! {
    "silent-server", "Timeout at the deadline" => silent;
    "trickling-head", "Timeout at the deadline, though bytes come" => trickling_head;
    "stalled-answer", "what came is delivered, then Timeout at the deadline" => stalled;
    "stalled-answer-before-the-deadline", "what came is delivered, then Timeout after the stall" => stalled_early;
    "trickling-answer", "Timeout at the deadline, though bytes come" => trickling;
    "endless-answer", "Timeout at the deadline, though every byte is there" => endless;
    "unread-request", "Timeout at the deadline while sending" => unread;
    "deadline-in-the-past", "Timeout at once" => past;
}

const PATIENCE: Duration = Duration::from_millis(500);
/// A busy machine may be this late.
const SLACK: Duration = Duration::from_secs(2);

fn punctual(elapsed: Duration) -> Verdict {
    // Clocks differ by a tick.
    let early = elapsed + Duration::from_millis(5) < PATIENCE;
    ensure!(!early && elapsed < PATIENCE + SLACK, "it took {elapsed:?}, not {PATIENCE:?}");
    Ok(())
}

/// Gives up on a server that runs `script`.
async fn times_out<S, F>(subject: &S, content: Content, script: F) -> Result<Outcome, Flaw>
where
    S: Subject,
    F: Fn(&mut Peer) -> std::io::Result<()> + Send + Sync + 'static,
{
    let server = Server::start(script)?;
    let ask = Ask::post(server.url("/"), content).with_patience(PATIENCE);
    let outcome = subject.exchange(ask).await?;
    punctual(outcome.elapsed)?;
    ensure!(server.deserted().await, "the connection was left open");
    Ok(outcome)
}

async fn silent<S: Subject>(subject: &S) -> Verdict {
    let script = |peer: &mut Peer| {
        peer.request()?;
        peer.drain()
    };
    let outcome = times_out(subject, Content::whole(100_000), script).await?;
    let error = outcome.failed(Kind::Timeout)?;
    ensure!(error.sent == Sent::Maybe, "the server has it all, but sent is {:?}", error.sent);
    Ok(())
}

async fn trickling_head<S: Subject>(subject: &S) -> Verdict {
    let script = |peer: &mut Peer| {
        peer.request()?;
        peer.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")?;
        trickle(peer)
    };
    times_out(subject, Content::none(), script).await?.failed(Kind::Timeout)?;
    Ok(())
}

async fn stalled<S: Subject>(subject: &S) -> Verdict {
    let script = |peer: &mut Peer| {
        peer.request()?;
        peer.send(&server::head("200 OK", [("Content-Length", "1000")]))?;
        peer.send(b"only this")?;
        peer.drain()
    };
    let answer = times_out(subject, Content::none(), script).await?.begun()?;
    ensure!(answer.body == b"only this", "the bytes that came were lost: {:?}", answer.body);
    answer.broken(Kind::Timeout)?;
    Ok(())
}

/// The deadline of a download lies years ahead: silence has to end it.
async fn stalled_early<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        peer.request()?;
        peer.send(&server::head("200 OK", [("Content-Length", "1000")]))?;
        peer.send(b"only this")?;
        peer.drain()
    })?;
    let ask = Ask::get(server.url("/")).with_patience(LIFE).with_stall(PATIENCE);
    let outcome = subject.exchange(ask).await?;
    punctual(outcome.elapsed)?;
    ensure!(server.deserted().await, "the connection was left open");
    let answer = outcome.begun()?;
    ensure!(answer.body == b"only this", "the bytes that came were lost: {:?}", answer.body);
    answer.broken(Kind::Timeout)?;
    Ok(())
}

async fn trickling<S: Subject>(subject: &S) -> Verdict {
    let script = |peer: &mut Peer| {
        peer.request()?;
        peer.send(&server::head("200 OK", [("Content-Length", "100000")]))?;
        trickle(peer)
    };
    let answer = times_out(subject, Content::none(), script).await?.begun()?;
    ensure!(!answer.body.is_empty(), "the bytes that came were lost");
    answer.broken(Kind::Timeout)?;
    Ok(())
}

async fn endless<S: Subject>(subject: &S) -> Verdict {
    let script = |peer: &mut Peer| {
        peer.request()?;
        peer.send(&server::head("200 OK", [("Content-Length", "1000000000000")]))?;
        let block = Pattern::noise().prefix(1 << 20);
        while peer.alive() {
            peer.send(&block)?;
        }
        Ok(())
    };
    let answer = times_out(subject, Content::none(), script).await?.begun()?;
    ensure!(!answer.body.is_empty(), "the bytes that came were lost");
    answer.broken(Kind::Timeout)?;
    Ok(())
}

async fn unread<S: Subject>(subject: &S) -> Verdict {
    let enough = Signal::default();
    let server = {
        let enough = enough.clone();
        Server::start(move |peer| {
            peer.head()?;
            enough.wait(LIFE);
            peer.drain()
        })?
    };
    let ask = Ask::post(server.url("/"), Content::whole(50 << 20)).with_patience(PATIENCE);
    let outcome = subject.exchange(ask).await;
    enough.fire();
    let outcome = outcome?;
    punctual(outcome.elapsed)?;
    outcome.failed(Kind::Timeout)?;
    ensure!(server.deserted().await, "the connection was left open");
    ensure!(server.record().complete() == 0, "the rest was sent after the deadline");
    Ok(())
}

async fn past<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| peer.drain())?;
    let ask = Ask::get(server.url("/")).with_patience(Duration::ZERO);
    let outcome = subject.exchange(ask).await?;
    ensure!(outcome.elapsed < SLACK, "it took {:?}", outcome.elapsed);
    outcome.failed(Kind::Timeout)?;
    Ok(())
}

/// One byte after the other, far apart.
fn trickle(peer: &mut Peer) -> std::io::Result<()> {
    while peer.alive() {
        peer.send(b"x")?;
        std::thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}
