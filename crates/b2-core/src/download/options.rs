//! How a download is cut into pieces.

use crate::download::resume::DownloadResume;

/// How a download is cut into pieces.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParallelOptions {
    pub(super) first: u64,
    pub(super) piece: u64,
    pub(super) unit: u64,
    pub(super) concurrency: usize,
    pub(super) enough: u64,
    pub(super) digests: bool,
    pub(super) resume: DownloadResume,
}

impl Default for ParallelOptions {
    fn default() -> Self {
        let mib = 1024 * 1024;
        let resume = DownloadResume::default();
        let (first, piece) = (8 * mib, 32 * mib);
        let enough = 256 * mib;
        Self { first, piece, unit: 1, concurrency: 4, enough, digests: false, resume }
    }
}

impl ParallelOptions {
    /// Bytes of each request, at least 1; default 32 MiB, the first one 8 MiB.
    /// B2 counts each request as a transaction of class B.
    #[must_use]
    pub fn with_piece_size(mut self, bytes: u64) -> Self {
        self.piece = bytes;
        self.first = self.first.min(bytes);
        self
    }

    /// Requests that are under way at the same time, at least 1; default 4.
    /// Fewer while one alone is [fast enough](Self::with_enough).
    #[must_use]
    pub fn with_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// Bytes a second at which one request is left alone, as long as the last
    /// one came so fast; default 256 MiB. There hashing and writing are the
    /// bottleneck, and bytes of several requests, which are out of order, have
    /// to be read back to be hashed. With [`u64::MAX`] there are always as many
    /// requests as allowed.
    #[must_use]
    pub fn with_enough(mut self, bytes_per_second: u64) -> Self {
        self.enough = bytes_per_second;
        self
    }

    /// Lets every piece but the last be a multiple of so many bytes, at least
    /// one; default 1.
    #[must_use]
    pub fn with_unit(mut self, bytes: u64) -> Self {
        let unit = bytes.max(1);
        let whole = |len: u64| (len / unit).max(1).saturating_mul(unit);
        (self.first, self.piece) = (whole(self.first), whole(self.piece));
        self.unit = unit;
        self
    }

    /// Lets every piece that is stored have its
    /// [digest](crate::event::Event::PieceStored), unless the whole has one. For
    /// whoever keeps a [`DownloadResume`]: without, nothing of a range or of a
    /// file without a digest can be gone on with. Costs reading each piece
    /// back from the sink.
    #[must_use]
    pub fn with_piece_digests(mut self, wanted: bool) -> Self {
        self.digests = wanted;
        self
    }

    /// Goes on where another download stopped, if the file is still the same.
    #[must_use]
    pub fn with_resume(mut self, resume: DownloadResume) -> Self {
        self.resume = resume;
        self
    }
}
