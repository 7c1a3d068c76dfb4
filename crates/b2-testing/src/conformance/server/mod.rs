//! A server that does exactly what a case tells it, on loopback and threads.

mod peer;
mod record;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use peer::Peer;
pub(crate) use record::Record;

use super::signal::aside;

/// No script waits longer for a client than this.
pub(crate) const LIFE: Duration = Duration::from_secs(15);

/// A running server. Dropping it cuts every connection.
pub(crate) struct Server {
    address: SocketAddr,
    record: Arc<Record>,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// Weak, so that a connection closes when its script ends.
    open: Mutex<Vec<Weak<TcpStream>>>,
}

impl Shared {
    fn cut(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..).filter_map(|stream| stream.upgrade()) {
            // The client may have closed it just now.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Server {
    /// Runs `script` once for each connection, each on its own thread, and
    /// closes the connection when the script returns.
    pub(crate) fn start<F>(script: F) -> io::Result<Self>
    where
        F: Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (record, shared) = (Arc::new(Record::default()), Arc::new(Shared::default()));
        let listen = {
            let (record, shared) = (Arc::clone(&record), Arc::clone(&shared));
            move || listen(&listener, &Arc::new(script), &record, &shared)
        };
        let listener = Some(std::thread::spawn(listen));
        Ok(Self { address, record, shared, listener })
    }

    /// A server that answers each request with the same bytes.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> io::Result<Self> {
        let answer = answer.into();
        Self::start(move |peer| {
            while peer.request()? {
                peer.send(&answer)?;
            }
            Ok(())
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Whether the client closes every connection soon.
    pub(crate) async fn deserted(&self) -> bool {
        let record = Arc::clone(&self.record);
        aside(move || record.all_ended(Duration::from_secs(5))).await
    }

    /// What the server saw and did.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Wakes the listener, which then sees that it has to stop.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        self.shared.cut();
    }
}

fn listen<F>(listener: &TcpListener, script: &Arc<F>, record: &Arc<Record>, shared: &Arc<Shared>)
where
    F: Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
{
    while let Ok((stream, _)) = listener.accept() {
        if shared.stop.load(Ordering::Acquire) {
            return;
        }
        let stream = Arc::new(stream);
        shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&stream));
        let Ok(mut peer) = Peer::new(stream, record) else {
            return;
        };
        let script = Arc::clone(script);
        std::thread::spawn(move || {
            // A script that fails has met a client that went away. What that
            // means is for the case to judge, by the record.
            let _ = script(&mut peer);
        });
    }
}

/// An answer with a `Content-Length`.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let mut bytes = head(status, headers.iter().copied().chain([("Content-Length", &*length)]));
    bytes.extend_from_slice(body);
    bytes
}

/// The head of an answer, with exactly these headers.
pub(crate) fn head<'a>(
    status: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}
