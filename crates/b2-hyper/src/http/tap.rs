//! Who looks at bodies as they pass.

use std::sync::Arc;

use crate::capture::Recorder;
use crate::observe::Witness;

/// Shows bodies to whoever wants to see them; most of the time nobody does.
#[derive(Clone, Default)]
pub(crate) struct Tap {
    pub(crate) witness: Option<Witness>,
    /// Only if the connection itself cannot write them down.
    pub(crate) recorder: Option<Arc<Recorder>>,
    /// Whether the witness is told of the answer by who decodes it: what is
    /// encoded cannot be searched for secrets.
    pub(crate) encoded: bool,
}

impl Tap {
    pub(crate) fn sent(&self, bytes: &[u8]) {
        if let Some(witness) = &self.witness {
            witness.tell_request_body(bytes);
        }
        if let Some(recorder) = &self.recorder {
            recorder.sent(bytes);
        }
    }

    pub(crate) fn received(&self, bytes: &[u8]) {
        if let Some(witness) = &self.witness {
            witness.count_response_body(bytes);
            if !self.encoded {
                witness.tell_response_body(bytes);
            }
        }
        if let Some(recorder) = &self.recorder {
            recorder.received(bytes);
        }
    }
}
