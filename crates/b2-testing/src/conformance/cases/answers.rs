//! Answers of all kinds.

use super::super::case::Verdict;
use super::*;

cases! {
    "any-status-is-an-answer", "2xx, 4xx and 5xx come back with head and body" => statuses;
    "redirects-are-not-followed", "3xx is an answer like any other" => redirects;
    "answer-headers-are-intact", "odd, repeated and long values come through" => headers;
    "answer-without-body", "204, 304 and Content-Length: 0" => bodiless;
    "head-has-length-but-no-body", "the answer to HEAD ends after its head" => head_only;
    "gzip-is-left-alone", "a compressed answer is not opened" => gzip;
    "chunked-answer", "chunks are joined, extensions and trailers skipped" => chunked;
    "answer-until-close", "an answer without a length ends with the connection" => until_close;
    "interim-answers-are-skipped", "100 and 103 are not the answer" => interim;
    "large-answer", "20 MiB come back byte for byte" => large;
}

async fn statuses<S: Subject>(subject: &S) -> Verdict {
    let all = [
        "200 OK",
        "206 Partial Content",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "408 Request Timeout",
        "416 Range Not Satisfiable",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
        "599 Odd",
    ];
    for status in all {
        let headers = [("X-Mark", status), ("Retry-After", "1"), ("WWW-Authenticate", "Basic")];
        let server = Server::answering(server::answer(status, &headers, status.as_bytes()))?;
        let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
        ensure!(status.starts_with(&answer.status.to_string()), "{status} was {}", answer.status);
        ensure!(answer.body == status.as_bytes(), "the body of {status} was lost");
        ensure!(answer.values("x-mark") == [status.as_bytes()], "the head of {status} was lost");
        let requests = server.record().requests().len();
        ensure!(requests == 1, "after {status} the request was sent {requests} times");
    }
    Ok(())
}

async fn redirects<S: Subject>(subject: &S) -> Verdict {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let headers = [("Location", "/elsewhere")];
        let server = Server::answering(server::answer(status, &headers, b"moved"))?;
        for ask in [Ask::get(server.url("/")), Ask::post(server.url("/"), Content::whole(9))] {
            let answer = subject.exchange(ask).await?.whole()?;
            ensure!(
                status.starts_with(&answer.status.to_string()),
                "{status} was {}",
                answer.status
            );
            ensure!(answer.body == b"moved", "the body of {status} was lost");
        }
        let requests = server.record().requests().len();
        ensure!(requests == 2, "{status} was followed");
    }
    Ok(())
}

async fn headers<S: Subject>(subject: &S) -> Verdict {
    let long = "v".repeat(7000);
    let mut raw = server::head(
        "200 OK",
        [
            ("X-Bz-Info-Long", &*long),
            ("x-bz-info-b%C3%A4r", "%2B+%20"),
            ("X-Twice", "one"),
            ("X-Twice", "two"),
            ("X-Empty", ""),
            ("X-Blanks", "  a  b  "),
            ("X-Utf8", "b\u{e4}r"),
            ("Content-Length", "2"),
        ],
    );
    raw.extend_from_slice(b"ok");
    let server = Server::answering(raw)?;
    let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    let due: [(&str, &[&[u8]]); 7] = [
        ("x-bz-info-long", &[long.as_bytes()]),
        ("x-bz-info-b%c3%a4r", &[b"%2B+%20"]),
        ("x-twice", &[b"one", b"two"]),
        ("x-empty", &[b""]),
        ("x-blanks", &[b"a  b"]),
        ("x-utf8", &["b\u{e4}r".as_bytes()]),
        ("content-length", &[b"2"]),
    ];
    for (name, values) in due {
        let found = answer.values(name);
        ensure!(found == values, "{name} has {} values or wrong ones", found.len());
    }
    Ok(())
}

async fn bodiless<S: Subject>(subject: &S) -> Verdict {
    let raw = [
        server::head("204 No Content", []),
        server::head("304 Not Modified", [("Content-Length", "99")]),
        server::answer("200 OK", &[], b""),
    ];
    for raw in raw {
        let server = Server::answering(raw)?;
        let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
        ensure!(answer.body.is_empty(), "{} has a body", answer.status);
    }
    Ok(())
}

async fn head_only<S: Subject>(subject: &S) -> Verdict {
    let raw = server::head("200 OK", [("Content-Length", "123456"), ("X-Bz-File-Id", "4_z")]);
    let server = Server::answering(raw)?;
    let answer = subject.exchange(Ask::head(server.url("/"))).await?.whole()?;
    ensure!(answer.body.is_empty(), "the answer has a body");
    let length = answer.values("content-length");
    ensure!(length == [b"123456"], "Content-Length was lost or changed");
    ensure!(answer.values("x-bz-file-id") == [b"4_z"], "the other headers were lost");
    Ok(())
}

async fn gzip<S: Subject>(subject: &S) -> Verdict {
    // "hello" as gzip makes it.
    let body = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
    let server =
        Server::answering(server::answer("200 OK", &[("Content-Encoding", "gzip")], body))?;
    let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(answer.body == body, "the body is not the bytes of the wire");
    ensure!(answer.values("content-encoding") == [b"gzip"], "Content-Encoding was lost");
    let length = answer.values("content-length");
    ensure!(length == [body.len().to_string().as_bytes()], "Content-Length was lost or changed");
    Ok(())
}

async fn chunked<S: Subject>(subject: &S) -> Verdict {
    let mut raw = server::head("200 OK", [("Transfer-Encoding", "chunked")]);
    raw.extend_from_slice(b"5\r\nhello\r\n1;name=\"value\"\r\n \r\n0005\r\nworld\r\n");
    raw.extend_from_slice(b"0\r\nX-Trailer: skipped\r\n\r\n");
    let server = Server::answering(raw)?;
    let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(answer.body == b"hello world", "the body was {:?}", answer.body);
    Ok(())
}

async fn until_close<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        peer.request()?;
        peer.send(&server::head("200 OK", [("Connection", "close")]))?;
        peer.send(b"everything until the end")
    })?;
    let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(answer.body == b"everything until the end", "the body was {:?}", answer.body);
    Ok(())
}

async fn interim<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        while peer.head()? {
            peer.send(&server::head("100 Continue", []))?;
            peer.body(u64::MAX)?;
            peer.send(&server::head("103 Early Hints", [("Link", "</x>")]))?;
            peer.send(&server::answer("200 OK", &[], b"the answer"))?;
        }
        Ok(())
    })?;
    for content in [Content::none(), Content::whole(100_000)] {
        let answer = subject.exchange(Ask::post(server.url("/"), content)).await?.whole()?;
        ensure!(answer.status == 200, "{} was taken for the answer", answer.status);
        ensure!(answer.body == b"the answer", "the body was {:?}", answer.body);
    }
    Ok(())
}

async fn large<S: Subject>(subject: &S) -> Verdict {
    let len = 20 << 20;
    let server = Server::answering(server::answer("200 OK", &[], &Pattern::noise().prefix(len)))?;
    let answer = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(answer.body.len() == len, "{} of {len} bytes came", answer.body.len());
    ensure!(Pattern::noise().matches(0, &answer.body), "some of the bytes are wrong");
    Ok(())
}
