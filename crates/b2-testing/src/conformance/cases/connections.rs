//! Connections: kept while that is right, closed when it is not.

use std::time::Duration;

use http::HeaderValue;

use super::super::case::Verdict;
use super::*;

cases! {
    "connection-is-reused", "the next request uses the same connection" => reused;
    "connection-close-is-obeyed", "after Connection: close there is a new one" => closed;
    "unread-answer-is-dropped", "the connection is closed and not used again" => unread_answer;
    "closed-while-idle", "no request is lost in it or sent twice" => closed_while_idle;
    "nothing-is-sent-twice", "a request that broke off is the driver's to repeat" => not_twice;
    "dropped-while-sending", "dropping the future closes the connection" => dropped_sending;
    "dropped-while-waiting", "dropping the future closes the connection" => dropped_waiting;
    "parallel-requests-do-not-mix", "each gets its own answer" => parallel;
}

async fn reused<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        let answers = [
            server::answer("200 OK", &[], b"ok"),
            server::answer("404 Not Found", &[], b"no"),
            server::answer("200 OK", &[], b""),
            server::head("200 OK", [("Content-Length", "77")]),
            chunked.to_vec(),
            server::answer("200 OK", &[], b"last"),
        ];
        for answer in answers {
            if !peer.request()? {
                break;
            }
            peer.send(&answer)?;
        }
        peer.drain()
    })?;
    let url = server.url("/");
    let asks = [
        Ask::get(url.clone()),
        Ask::post(url.clone(), Content::whole(100_000)),
        Ask::post(url.clone(), Content::none()),
        Ask::head(url.clone()),
        Ask::get(url.clone()),
        Ask::get(url),
    ];
    for ask in asks {
        subject.exchange(ask).await?.whole()?;
    }
    let used: Vec<_> = server.record().requests().iter().map(|seen| seen.connection).collect();
    ensure!(used == [0; 6], "the requests came on the connections {used:?}");
    Ok(())
}

async fn closed<S: Subject>(subject: &S) -> Verdict {
    // The server keeps reading, so that a request on the old connection shows.
    let close = [("Connection", "close")];
    let server = Server::answering(server::answer("200 OK", &close, b"ok"))?;
    for _ in 0..2 {
        subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    }
    let used: Vec<_> = server.record().requests().iter().map(|seen| seen.connection).collect();
    ensure!(used == [0, 1], "the requests came on the connections {used:?}");
    ensure!(server.deserted().await, "a connection was left open");
    Ok(())
}

async fn unread_answer<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        if peer.connection() > 0 {
            peer.request()?;
            return peer.send(&server::answer("200 OK", &[("Connection", "close")], b"fresh"));
        }
        peer.request()?;
        peer.send(&server::head("200 OK", [("Content-Length", "100000000")]))?;
        let block = Pattern::noise().prefix(100_000);
        for _ in 0..1000 {
            peer.send(&block)?;
        }
        peer.drain()
    })?;
    subject.leave(Ask::get(server.url("/")), 200_000).await?;
    let second = subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(second.body == b"fresh", "the second answer was {second:?}");
    ensure!(server.deserted().await, "the connection was left open");
    let sent = server.record().written();
    ensure!(sent < 50_000_000, "{sent} bytes of the unwanted answer were read");
    Ok(())
}

async fn closed_while_idle<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        if peer.connection() == 0 {
            peer.request()?;
            return peer.send(&server::answer("200 OK", &[], b"ok"));
        }
        while peer.request()? {
            peer.send(&server::answer("200 OK", &[], b"fresh"))?;
        }
        Ok(())
    })?;
    subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
    ensure!(server.deserted().await, "the server did not close");
    let outcome = subject.exchange(Ask::post(server.url("/"), Content::whole(1000))).await?;
    let seen = server.record().complete() - 1;
    match outcome.result {
        Ok(answer) => {
            ensure!(answer.body == b"fresh" && seen == 1, "{answer:?} after {seen} requests");
        }
        // The request met the closed connection: that is no fault if the
        // error says so and does not promise too much.
        Err(error) => {
            ensure!(error.kind == Kind::Interrupted, "the error was {error:?}");
            ensure!(seen == 0 || error.sent == Sent::Maybe, "the server has it all: {error:?}");
        }
    }
    Ok(())
}

async fn not_twice<S: Subject>(subject: &S) -> Verdict {
    for content in [Content::none(), Content::whole(1000)] {
        let server = Server::start(|peer| {
            peer.request()?;
            peer.send(&server::answer("200 OK", &[], b"ok"))?;
            // The second request is read and gets no answer.
            peer.request().map(drop)
        })?;
        subject.exchange(Ask::get(server.url("/"))).await?.whole()?;
        let again = Ask::post(server.url("/"), content);
        let error = subject.exchange(again).await?.failed(Kind::Interrupted)?;
        ensure!(error.sent == Sent::Maybe, "the server has it all, but sent is {:?}", error.sent);
        let requests = server.record().requests().len();
        ensure!(requests == 2, "the server saw {} requests instead of two", requests);
    }
    Ok(())
}

async fn dropped_sending<S: Subject>(subject: &S) -> Verdict {
    let moment = Signal::default();
    let server = {
        let moment = moment.clone();
        Server::start(move |peer| {
            peer.head()?;
            peer.body(10_000)?;
            moment.fire();
            peer.drain()
        })?
    };
    let ask = Ask::post(server.url("/"), Content::whole(200 << 20));
    dropped(subject, &server, ask, &moment).await?;
    ensure!(server.record().complete() == 0, "the server saw a complete request");
    Ok(())
}

async fn dropped_waiting<S: Subject>(subject: &S) -> Verdict {
    let moment = Signal::default();
    let server = {
        let moment = moment.clone();
        Server::start(move |peer| {
            peer.request()?;
            moment.fire();
            peer.drain()
        })?
    };
    dropped(subject, &server, Ask::get(server.url("/")), &moment).await
}

async fn dropped<S: Subject>(subject: &S, server: &Server, ask: Ask, moment: &Signal) -> Verdict {
    let ask = ask.with_patience(Duration::from_secs(30));
    if let Some(outcome) = subject.give_up(ask, moment).await? {
        return Err(Flaw::new(format!("it ended before it was dropped: {outcome:?}")));
    }
    ensure!(server.deserted().await, "the connection was left open");
    Ok(())
}

async fn parallel<S: Subject>(subject: &S) -> Verdict {
    let server = Server::start(|peer| {
        while peer.request()? {
            let mark = peer.mark();
            peer.send(&server::answer("200 OK", &[], &mark))?;
        }
        Ok(())
    })?;
    let marks: Vec<String> = (0..20).map(|number| format!("mark-{number}")).collect();
    let asks = marks.iter().map(|mark| {
        let value = HeaderValue::try_from(mark).map_err(|error| Flaw::new(error.to_string()))?;
        Ok(Ask::post(server.url("/"), Content::whole(50_000)).with_header("x-mark", value))
    });
    let outcomes = subject.together(asks.collect::<Result<_, Flaw>>()?).await?;
    for (outcome, mark) in outcomes.into_iter().zip(&marks) {
        let answer = outcome.whole()?;
        ensure!(answer.body == mark.as_bytes(), "{mark} got the answer {:?}", answer.body);
    }
    Ok(())
}
