//! The body of a request.

use super::super::case::Verdict;
use super::*;

cases! {
    "body-of-0-bytes", "Content-Length: 0 and nothing after the head" => empty;
    "body-of-1-byte", "one byte arrives" => one;
    "body-of-1-mib", "1 MiB arrives byte for byte, with its exact length" => mebibyte;
    "body-of-20-mib", "20 MiB arrive byte for byte, with their exact length" => twenty;
    "body-source-fails", "the error is passed on; no complete request is seen" => failing;
    "body-too-short", "a source that ends early fails the request, without padding" => short;
    "body-too-long", "a source that runs over fails the request, without cutting" => long;
}

async fn empty<S: Subject>(subject: &S) -> Verdict {
    arrives(subject, 0).await
}

async fn one<S: Subject>(subject: &S) -> Verdict {
    arrives(subject, 1).await
}

async fn mebibyte<S: Subject>(subject: &S) -> Verdict {
    arrives(subject, 1 << 20).await
}

async fn twenty<S: Subject>(subject: &S) -> Verdict {
    arrives(subject, 20 << 20).await
}

async fn arrives<S: Subject>(subject: &S, len: u64) -> Verdict {
    let server = Server::answering(server::answer("200 OK", &[], b"ok"))?;
    let ask = Ask::post(server.url("/"), Content::whole(len));
    let answer = subject.exchange(ask).await?.whole()?;
    ensure!(answer.status == 200 && answer.body == b"ok", "the answer was {answer:?}");
    let [seen] = &server.record().requests()[..] else {
        return Err(Flaw::new("the server did not see exactly one request"));
    };
    let lengths = seen.values("content-length");
    ensure!(lengths == [len.to_string().as_bytes()], "Content-Length came {} times", lengths.len());
    ensure!(seen.values("transfer-encoding").is_empty(), "the body was chunked");
    ensure!(seen.complete && seen.intact, "{} of {len} bytes came, or wrong ones", seen.received);
    Ok(())
}

async fn failing<S: Subject>(subject: &S) -> Verdict {
    let error = cut_short(subject, Content::failing(1 << 20, 300_000)).await?;
    let mut cause = std::error::Error::source(&error);
    while let Some(this) = cause {
        if this.to_string() == PLANTED {
            return Ok(());
        }
        cause = this.source();
    }
    Err(Flaw::new(format!("the source's own error is lost in {error:?}")))
}

async fn short<S: Subject>(subject: &S) -> Verdict {
    cut_short(subject, Content::uneven(1 << 20, 300_000)).await?;
    cut_short(subject, Content::uneven(1, 0)).await.map(drop)
}

async fn long<S: Subject>(subject: &S) -> Verdict {
    // Once inside a chunk, once just after one.
    cut_short(subject, Content::uneven(300_000, 300_001)).await?;
    cut_short(subject, Content::uneven(2 * CHUNK, 2 * CHUNK + 1)).await?;
    cut_short(subject, Content::uneven(10, 1 << 20)).await.map(drop)
}

/// Sends a body that is not what it announces.
async fn cut_short<S: Subject>(
    subject: &S,
    content: Content,
) -> Result<b2_core::error::TransportError, Flaw> {
    let server = Server::answering(server::answer("200 OK", &[], b"ok"))?;
    let outcome = subject.exchange(Ask::post(server.url("/"), content)).await?;
    let Err(error) = outcome.result else {
        return Err(Flaw::new("the request succeeded"));
    };
    ensure!(server.deserted().await, "the connection was left open");
    ensure!(server.record().complete() == 0, "the server saw a complete request");
    Ok(error)
}
