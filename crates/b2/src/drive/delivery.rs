//! Receiving: from the answer's body to the sink, hashed on its way.
//!
//! A blocking thread hashes and writes; the transport is at most [`AHEAD`]
//! chunks ahead of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_channel::{Receiver, TrySendError};
use b2_core::error::{LocalError, Sent, TransportError, TransportErrorKind};
use b2_core::op::{Limits, Reply, WaitReason};
use b2_core::plan::Delivery;
use b2_core::port::{ResponseBody, Timer};
use bytes::{Bytes, BytesMut};
use http::response::Parts;

use crate::buffer::{Admission, BufferPool};
use crate::drive::patience::Pace;
use crate::progress::Meter;
use crate::sink::Sink;

/// Chunks that wait to be written. With hyper a chunk is at most 400 KiB.
const AHEAD: usize = 4;

/// Collects a body of at most `limit` bytes; an answer to nobody's taste is
/// cut there.
pub(crate) async fn collect(
    timer: &dyn Timer,
    mut limits: Limits,
    body: &mut ResponseBody,
    limit: usize,
) -> Result<Bytes, TransportError> {
    if limit == 0 {
        return Ok(Bytes::new());
    }
    // A few hundred bytes of JSON say nothing about the rate of the line.
    limits.floor = 1;
    let mut pace = Pace::new(timer, limits);
    let mut whole = BytesMut::new();
    while let Some(chunk) = pace.next(body.chunk()).await? {
        let chunk = chunk?;
        pace.count(chunk.len());
        if whole.len() + chunk.len() > limit {
            let kind = TransportErrorKind::Protocol;
            return Err(TransportError::new(kind, Sent::Maybe)
                .with_source("the answer is longer than allowed"));
        }
        if whole.is_empty() && chunk.len() == limit {
            return Ok(chunk);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// Writes a body to the sink and says what became of it.
pub(crate) async fn deliver(
    timer: &dyn Timer,
    limits: Limits,
    (head, mut body): (Box<Parts>, ResponseBody),
    plan: Delivery,
    sink: Arc<Mutex<Sink>>,
    meter: Arc<Meter>,
    buffers: &BufferPool,
) -> Reply {
    let share = buffers.share();
    let (sender, chunks) = async_channel::bounded::<Received>(AHEAD);
    let (starts, started) = async_channel::bounded::<()>(1);
    let books = Arc::clone(&meter);
    let writer = blocking::unblock(move || {
        drop(starts);
        write_all(&sink, &plan, &chunks, &books)
    });
    // Chunks that wait for a thread must not spend the budget of those that
    // have one.
    let _closed = started.recv().await;
    let mut pace = Pace::new(timer, limits);
    let broken = loop {
        match pace.next(body.chunk()).await {
            Ok(None) => break None,
            Ok(Some(Ok(chunk))) => {
                pace.count(chunk.len());
                let begin = timer.now();
                let admission = match share.try_admit(chunk.len()) {
                    Some(admission) => admission,
                    None => {
                        let _told = meter.waits_here(WaitReason::Memory);
                        share.admit(chunk.len()).await
                    }
                };
                let queued = match sender.try_send((chunk, admission)) {
                    Err(TrySendError::Full(received)) => {
                        let _told = meter.waits_here(WaitReason::Sink);
                        sender.send(received).await.is_ok()
                    }
                    queued => queued.is_ok(),
                };
                // The writer hangs up only when it has failed; it says why.
                if !queued {
                    break None;
                }
                // A slow destination says nothing about the line.
                pace.leave_out(begin);
            }
            Ok(Some(Err(error))) | Err(error) => break Some(error),
        }
    };
    drop(sender);
    match (writer.await, broken) {
        (Err(error), _) => Reply::Local(error),
        (Ok(written), None) => {
            Reply::Delivered { head, bytes: written.bytes, digest: written.digest }
        }
        (Ok(written), Some(source)) => {
            let Written { bytes: delivered, digest } = written;
            Reply::Broken { head, delivered, digest, source }
        }
    }
}

/// A chunk, and its place in the budget until it is written.
type Received = (Bytes, Admission);

struct Written {
    bytes: u64,
    digest: Option<b2_proto::Sha1Digest>,
}

fn write_all(
    sink: &Mutex<Sink>,
    plan: &Delivery,
    chunks: &Receiver<Received>,
    meter: &Meter,
) -> Result<Written, LocalError> {
    let mut position = plan.sink_offset;
    if plan.restart {
        lock(sink).clear().map_err(LocalError::sink)?;
    }
    while let Ok((chunk, _admission)) = chunks.recv_blocking() {
        // Locked for each chunk: other pieces are written at the same time.
        lock(sink).write(position, &chunk)?;
        position += chunk.len() as u64;
        progressed(meter, plan, chunk.len() as u64, position);
    }
    let digest = lock(sink).digest_at(position);
    Ok(Written { bytes: position - plan.sink_offset, digest })
}

/// Counts bytes that reached the sink.
pub(crate) fn progressed(meter: &Meter, plan: &Delivery, bytes: u64, position: u64) {
    if plan.piece {
        meter.transferred(bytes);
        meter.stored(bytes);
    } else {
        meter.moved(bytes, position);
        meter.acknowledged(position);
    }
}

fn lock(sink: &Mutex<Sink>) -> MutexGuard<'_, Sink> {
    sink.lock().unwrap_or_else(PoisonError::into_inner)
}
