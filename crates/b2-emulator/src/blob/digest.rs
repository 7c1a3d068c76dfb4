//! Both checksums of a body in one pass.

use md5::Md5;
use sha1::{Digest, Sha1};

/// SHA-1, and MD5 if it is wanted, of everything seen so far.
#[derive(Clone)]
pub(super) struct Digests {
    sha1: Sha1,
    md5: Option<Md5>,
}

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digests").finish_non_exhaustive()
    }
}

impl Digests {
    pub(super) fn new(with_md5: bool) -> Self {
        Self { sha1: Sha1::new(), md5: with_md5.then(Md5::new) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha1.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// Both in lower-case hex, SHA-1 first.
    pub(super) fn finish(self) -> (String, Option<String>) {
        (hex(&self.sha1.finalize()), self.md5.map(|md5| hex(&md5.finalize())))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
