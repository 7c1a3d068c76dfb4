//! Accepting connections until told to stop.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Stop;
use super::connection::{self, Context, Peer};
use super::webhook::Trust;
use crate::control::Control;

/// Everything the accept loop works with.
pub(super) struct Serving {
    pub(super) control: Arc<Control>,
    pub(super) sockets: Vec<TcpListener>,
    pub(super) trust: Trust,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) patience: Duration,
    pub(super) most_connections: usize,
}

/// How long requests under way may take after a graceful stop was asked for.
const GRACE: Duration = Duration::from_secs(30);

/// What a connection is given before the handshake is called off.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// Serves until `stopping` says otherwise.
pub(super) async fn serve(serving: Serving, mut stopping: watch::Receiver<Stop>) {
    let scheme = if serving.tls.is_some() { "https" } else { "http" };
    let context = Arc::new(Context {
        control: Arc::clone(&serving.control),
        scheme,
        authority: serving
            .sockets
            .first()
            .and_then(|socket| socket.local_addr().ok())
            .map_or_else(String::new, |address| address.to_string()),
        patience: serving.patience,
    });
    let tending = [
        tokio::spawn(super::webhook::tend(Arc::clone(&serving.control))),
        tokio::spawn(super::webhook::post_events(serving.control, serving.trust)),
    ];
    let for_sweep = Arc::clone(&context.control.engine);
    tokio::task::spawn_blocking(move || {
        if !for_sweep.is_swept() {
            // What stays is swept at the next start.
            let _ = for_sweep.sweep_at_start();
        }
    });
    let seats = Arc::new(Semaphore::new(serving.most_connections.max(1)));
    let mut connections = JoinSet::new();
    let told = stopping.clone();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop != Stop::No) => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&serving.sockets, &seats) => {
                let Some((stream, peer, seat)) = accepted else { continue };
                let (context, tls) = (Arc::clone(&context), serving.tls.clone());
                let stopping = told.clone();
                connections.spawn(async move {
                    welcome(stream, peer, tls, context, stopping).await;
                    drop(seat);
                });
            }
        }
    }
    tending.iter().for_each(tokio::task::JoinHandle::abort);
    drop(serving.sockets);
    let emptied = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        () = emptied => {}
        _ = stopping.wait_for(|stop| *stop == Stop::Now) => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}

async fn accept(
    sockets: &[TcpListener],
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match next_of(sockets).await {
        Ok((stream, address)) => {
            Some((stream, Peer { is_loopback: address.ip().to_canonical().is_loopback() }, seat))
        }
        Err(_) => {
            // Out of file descriptors, mostly: some will be freed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// The next connection to any of the sockets.
async fn next_of(sockets: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        let mut polled = sockets.iter().map(|socket| socket.poll_accept(context));
        polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}

async fn welcome(
    stream: TcpStream,
    peer: Peer,
    tls: Option<TlsAcceptor>,
    context: Arc<Context>,
    stopping: watch::Receiver<Stop>,
) {
    // Answers are written whole; waiting to fill packets only costs time.
    let _ = stream.set_nodelay(true);
    match tls {
        None => connection::serve(stream, peer, context, stopping).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                connection::serve(stream, peer, context, stopping).await;
            }
        }
    }
}
