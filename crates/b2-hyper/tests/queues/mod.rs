//! How much fits between two ends of which one does nothing.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use b2_core::port::{RequestBody, Transport};
use b2_hyper::HyperTransport;
use bytes::Bytes;
use http_body::{Body, Frame};

use super::{guests, server};

const SOON: Duration = Duration::from_secs(20);

/// How much a server can write that nobody reads.
pub(crate) async fn swallowed(transport: HyperTransport) -> usize {
    let (done, amount) = channel();
    let done = Mutex::new(done);
    let address = server::listen(move |_, mut stream| {
        server::head(&mut stream)?;
        stream.set_write_timeout(Some(Duration::from_millis(300)))?;
        socket2::SockRef::from(&stream).set_send_buffer_size(16 * 1024)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")?;
        let mut written = 0;
        while let Ok(bytes) = stream.write(&[7; 1024]) {
            written += bytes;
        }
        done.lock().unwrap().send(written).unwrap();
        stream.read(&mut [0]).map(drop)
    });
    let url = format!("http://{address}/");
    let request = http::Request::get(url).body(RequestBody::from_bytes(Bytes::new())).unwrap();
    let answer = transport.send(request, Instant::now() + SOON).await.unwrap();
    let written = guests::hear(amount).await;
    drop(answer);
    written
}

/// A long body that counts what was taken of it.
struct Counted(Arc<AtomicUsize>);

const LENGTH: usize = 100_000_000;

impl Body for Counted {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.fetch_add(1000, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 1000])))))
    }
}

/// How much a client takes of a body for a server that reads nothing.
pub(crate) async fn poured(transport: HyperTransport) -> usize {
    let address = server::listen(|_, stream| {
        socket2::SockRef::from(&stream).set_recv_buffer_size(4096)?;
        std::thread::sleep(SOON);
        drop(stream);
        Ok(())
    });
    let taken = Arc::new(AtomicUsize::new(0));
    let body = RequestBody::new(Counted(Arc::clone(&taken)), LENGTH as u64);
    let request = http::Request::post(format!("http://{address}/")).body(body).unwrap();
    let sending = transport.send(request, Instant::now() + SOON);
    let standing = async {
        let mut last = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            match taken.load(Ordering::SeqCst) {
                now if now > 0 && now == last => return now,
                now => last = now,
            }
        }
    };
    tokio::select! {
        answer = sending => panic!("{answer:?}"),
        amount = standing => amount,
    }
}
