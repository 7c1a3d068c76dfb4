//! What a request looks like on the wire.

use http::HeaderValue;

use super::super::case::Verdict;
use super::*;

cases! {
    "headers-are-sent-once", "every header as given, plus Host, and nothing else" => headers;
    "target-is-sent-as-given", "path and query go out without being re-encoded" => target;
    "methods-are-sent-as-given", "GET, HEAD and POST" => methods;
}

/// Values that a careless encoder changes.
const ODD: [&[u8]; 8] = [
    b"4_001_plain=token+with/signs",
    b"%E4%BD%A0%2B%20+a",
    b"",
    b"comma, semicolon; \"quoted\" 'quoted'",
    b"two  blanks\tand a tab",
    b"b\xc3\xa4r raw UTF-8",
    b"latin \xe4 and \xff",
    b"!#$&'*+-.^_`|~()[]{}<>@\\?=",
];

async fn headers<S: Subject>(subject: &S) -> Verdict {
    let server = Server::answering(server::answer("200 OK", &[], b"ok"))?;
    let mut ask = Ask::post(server.url("/"), Content::whole(3));
    for value in ODD {
        ask = ask.with_header("x-odd", odd(value)?);
    }
    let long: Vec<u8> = Pattern::text("0123456789abcdef").prefix(7000);
    ask = ask.with_header("authorization", odd(b"token")?).with_header("x-long", odd(&long)?);
    let given = ask.headers().clone();
    subject.exchange(ask).await?.whole()?;

    let [seen] = &server.record().requests()[..] else {
        return Err(Flaw::new("the server did not see exactly one request"));
    };
    for name in given.keys() {
        let sent: Vec<_> = given.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let seen = seen.values(name.as_str());
        ensure!(sent == seen, "{name} was sent as {}", readable(&seen));
    }
    let host = seen.values("host");
    ensure!(host == [server.authority().as_bytes()], "Host was {}", readable(&host));
    let extra = seen.headers.iter().map(|(name, _)| &**name);
    let extra: Vec<_> =
        extra.filter(|name| *name != "host" && !given.contains_key(*name)).collect();
    ensure!(extra.is_empty(), "headers that nobody asked for: {}", extra.join(", "));
    Ok(())
}

async fn target<S: Subject>(subject: &S) -> Verdict {
    let target =
        "/file/b%C3%A4r/a+b%2Bc%20d/..%2F./~x;y=1,2?prefix=%25&x=%20+&Authorization=a%3Db==&&e";
    let server = Server::answering(server::answer("200 OK", &[], b"ok"))?;
    subject.exchange(Ask::get(server.url(target))).await?.whole()?;
    let lines: Vec<_> = server.record().requests().into_iter().map(|seen| seen.line).collect();
    ensure!(lines == [format!("GET {target} HTTP/1.1")], "the request line was {lines:?}");
    Ok(())
}

async fn methods<S: Subject>(subject: &S) -> Verdict {
    let server = Server::answering(server::answer("200 OK", &[], b""))?;
    subject.exchange(Ask::get(server.url("/a"))).await?.whole()?;
    subject.exchange(Ask::head(server.url("/b"))).await?.whole()?;
    subject.exchange(Ask::post(server.url("/c"), Content::none())).await?.whole()?;
    let lines: Vec<_> = server.record().requests().into_iter().map(|seen| seen.line).collect();
    let right = ["GET /a HTTP/1.1", "HEAD /b HTTP/1.1", "POST /c HTTP/1.1"];
    ensure!(lines == right, "the request lines were {lines:?}");
    Ok(())
}

fn odd(value: &[u8]) -> Result<HeaderValue, Flaw> {
    HeaderValue::from_bytes(value).map_err(|error| Flaw::new(error.to_string()))
}

fn readable(values: &[&[u8]]) -> String {
    let texts: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
    format!("{texts:?}")
}
