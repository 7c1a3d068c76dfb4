//! What an emulator may be told to do differently.

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Limits and defaults of one emulator. [`Settings::default`] is what B2 does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    pub(crate) token_lifetime_ms: u64,
    pub(crate) upload_token_lifetime_ms: u64,
    pub(crate) recommended_part_size: u64,
    pub(crate) minimum_part_size: u64,
    pub(crate) bucket_limit: usize,
    pub(crate) scan_limit: usize,
    pub(crate) encrypt_new_buckets: bool,
    pub(crate) strict_names: bool,
    pub(crate) strict_requests: bool,
    pub(crate) md5: bool,
    pub(crate) replication_delay_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_lifetime_ms: DAY_MS,
            upload_token_lifetime_ms: DAY_MS,
            recommended_part_size: 100_000_000,
            minimum_part_size: 5_000_000,
            bucket_limit: 100,
            scan_limit: 100_000,
            encrypt_new_buckets: true,
            strict_names: false,
            strict_requests: false,
            md5: true,
            replication_delay_ms: 10 * 60 * 1000,
        }
    }
}

impl Settings {
    /// How long an account authorization token lives, in milliseconds; 24 h.
    ///
    /// Shorter makes clients log in again sooner.
    #[must_use]
    pub const fn with_token_lifetime_ms(mut self, lifetime_ms: u64) -> Self {
        self.token_lifetime_ms = lifetime_ms;
        self
    }

    /// How long an upload URL and its token live, in milliseconds; 24 h.
    #[must_use]
    pub const fn with_upload_token_lifetime_ms(mut self, lifetime_ms: u64) -> Self {
        self.upload_token_lifetime_ms = lifetime_ms;
        self
    }

    /// The part sizes announced to clients, in bytes; 100 000 000 and 5 000 000.
    ///
    /// Parts below `minimum`, except the last, make finishing a large file
    /// fail. Lower it to test large files with little data.
    #[must_use]
    pub const fn with_part_sizes(mut self, recommended: u64, minimum: u64) -> Self {
        self.recommended_part_size = recommended;
        self.minimum_part_size = minimum;
        self
    }

    /// How many buckets the account may have; 100.
    #[must_use]
    pub const fn with_bucket_limit(mut self, buckets: usize) -> Self {
        self.bucket_limit = buckets;
        self
    }

    /// How many hidden names a listing skips before it ends the page early
    /// with a marker; 100 000.
    ///
    /// Lower it to meet the short and empty pages that busy buckets give. At
    /// least one is skipped, or a listing would never end.
    #[must_use]
    pub const fn with_scan_limit(mut self, names: usize) -> Self {
        self.scan_limit = if names == 0 { 1 } else { names };
        self
    }

    /// Whether new buckets encrypt by default, as B2 does now; `true`.
    ///
    /// `false` gives the buckets of earlier years.
    #[must_use]
    pub const fn with_encrypted_buckets(mut self, encrypted: bool) -> Self {
        self.encrypt_new_buckets = encrypted;
        self
    }

    /// Whether file names with a backslash or with a segment over 250 bytes
    /// are refused, as older documentation says; `false`.
    #[must_use]
    pub const fn with_strict_names(mut self, strict: bool) -> Self {
        self.strict_names = strict;
        self
    }

    /// Whether everything is refused that the documentation forbids and the
    /// service may let pass; `false`.
    ///
    /// Besides [`Settings::with_strict_names`] these are fields that a request
    /// does not have, and requests without a `User-Agent` or with one of more
    /// than 128 characters.
    #[must_use]
    pub const fn with_strictness(mut self, strict: bool) -> Self {
        self.strict_names = strict;
        self.strict_requests = strict;
        self
    }

    /// Whether the MD5 of what is uploaded is computed; `true`.
    ///
    /// It costs more than everything else that an upload costs. Without it
    /// `contentMd5` is null, which clients have to expect anyway.
    #[must_use]
    pub const fn with_md5(mut self, md5: bool) -> Self {
        self.md5 = md5;
        self
    }

    /// How long a file waits for its replica, in milliseconds; 10 minutes.
    ///
    /// Until then it shows as `PENDING`, as on the service.
    #[must_use]
    pub const fn with_replication_delay_ms(mut self, delay_ms: u64) -> Self {
        self.replication_delay_ms = delay_ms;
        self
    }
}
