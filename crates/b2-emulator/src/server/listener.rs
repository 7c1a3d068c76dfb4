//! Accepting connections until told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Stop;
use super::connection::{self, Context};
use crate::engine::Engine;

/// Everything the accept loop works with.
pub(super) struct Serving {
    pub(super) engine: Arc<Engine>,
    pub(super) socket: TcpListener,
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
        engine: serving.engine,
        scheme,
        authority: serving.socket.local_addr().map_or_else(|_| String::new(), |a| a.to_string()),
        patience: serving.patience,
    });
    let tending = tokio::spawn(super::webhook::tend(Arc::clone(&context.engine)));
    let seats = Arc::new(Semaphore::new(serving.most_connections.max(1)));
    let mut connections = JoinSet::new();
    let told = stopping.clone();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop != Stop::No) => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&serving.socket, &seats) => {
                let Some((stream, seat)) = accepted else { continue };
                let (context, tls) = (Arc::clone(&context), serving.tls.clone());
                let stopping = told.clone();
                connections.spawn(async move {
                    welcome(stream, tls, context, stopping).await;
                    drop(seat);
                });
            }
        }
    }
    tending.abort();
    drop(serving.socket);
    let emptied = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        () = emptied => {}
        _ = stopping.wait_for(|stop| *stop == Stop::Now) => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}

async fn accept(
    socket: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, _)) => Some((stream, seat)),
        Err(_) => {
            // Out of file descriptors, mostly: some will be freed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn welcome(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    context: Arc<Context>,
    stopping: watch::Receiver<Stop>,
) {
    // Answers are written whole; waiting to fill packets only costs time.
    let _ = stream.set_nodelay(true);
    match tls {
        None => connection::serve(stream, context, stopping).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                connection::serve(stream, context, stopping).await;
            }
        }
    }
}
