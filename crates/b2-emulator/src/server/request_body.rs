//! The body of a request, taken as it comes and given up when it does not.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::engine::CHUNK;

/// A large body is handed to the disk in larger pieces: a change of threads
/// costs as much as some tens of KiB.
const LARGE_CHUNK: usize = 4 * CHUNK;

/// From this announced length on a body is large, in bytes.
const LARGE: u64 = 16 * 1024 * 1024;

/// What has to arrive within the time a peer may be silent: a trickle is as
/// bad as silence.
const LEAST_PROGRESS: usize = 64 * 1024;

/// Why a body did not arrive.
pub(super) enum Broken {
    /// The peer sent nothing, or next to nothing, for too long.
    Silence,
    /// The connection ended, or broke the rules of HTTP.
    Cut,
    /// More than wanted.
    TooLong,
}

/// A body that has to make progress.
pub(super) struct RequestBody {
    body: Incoming,
    patience: Duration,
    /// How much longer may be waited for what is missing to the least progress.
    left: Duration,
    progress: usize,
    chunk: usize,
    corrupt: bool,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, patience: Duration) -> Self {
        let is_large = body.size_hint().lower() >= LARGE;
        let chunk = if is_large { LARGE_CHUNK } else { CHUNK };
        Self { body, patience, left: patience, progress: 0, chunk, corrupt: false }
    }

    /// Changes a byte of what comes next.
    pub(super) const fn corrupt(&mut self) {
        self.corrupt = true;
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    /// All of a body that is small, so that it has to be there within the time
    /// a peer may be silent.
    pub(super) async fn gather(&mut self, limit: u64) -> Result<Bytes, Broken> {
        let gathered = tokio::time::timeout(self.patience, self.gather_slowly(limit)).await;
        gathered.unwrap_or(Err(Broken::Silence))
    }

    async fn gather_slowly(&mut self, limit: u64) -> Result<Bytes, Broken> {
        let mut gathered = BytesMut::new();
        while let Some(data) = self.next_data().await? {
            if (gathered.len() + data.len()) as u64 > limit {
                return Err(Broken::TooLong);
            }
            gathered.extend_from_slice(&data);
        }
        Ok(gathered.freeze())
    }

    /// The pieces of a chunk as they came, and whether they are the last.
    pub(super) async fn next_chunk(&mut self) -> Result<(Vec<Bytes>, bool), Broken> {
        let (mut pieces, mut len) = (Vec::new(), 0);
        while len < self.chunk {
            let Some(data) = self.next_data().await? else {
                return Ok((pieces, true));
            };
            len += data.len();
            pieces.push(data);
        }
        Ok((pieces, self.is_end_stream()))
    }

    async fn next_data(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let begun = Instant::now();
            let frame = tokio::time::timeout(self.left, self.body.frame()).await;
            match frame {
                Err(_) => return Err(Broken::Silence),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Broken::Cut),
                Ok(Some(Ok(frame))) => {
                    // Anything else is a trailer, which nobody wants.
                    if let Ok(data) = frame.into_data() {
                        self.note(data.len(), begun.elapsed());
                        return Ok(Some(self.pass_on(data)));
                    }
                }
            }
        }
    }

    fn note(&mut self, len: usize, waited: Duration) {
        self.progress += len;
        if self.progress >= LEAST_PROGRESS {
            self.progress = 0;
            self.left = self.patience;
        } else {
            self.left = self.left.saturating_sub(waited);
        }
    }

    fn pass_on(&mut self, data: Bytes) -> Bytes {
        if !self.corrupt || data.is_empty() {
            return data;
        }
        self.corrupt = false;
        damaged(&data)
    }
}

/// The same bytes but for one in the middle.
pub(super) fn damaged(data: &[u8]) -> Bytes {
    let mut bytes = data.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes.into()
}
