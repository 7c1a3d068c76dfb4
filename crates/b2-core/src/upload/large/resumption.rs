//! Going on with what an earlier upload has left.

use std::collections::BTreeMap;

use b2_proto::Sha1Digest;

use crate::account::Account;
use crate::error::Error;
use crate::op::{Reply, Step};
use crate::upload::large::begin::{self, Begin};
use crate::upload::large::phase::Phase;
use crate::upload::large::resume::{CannotResume, Resume};
use crate::upload::large::review::{Review, Trust};
use crate::upload::large::{LargeUpload, cannot_resume, contradiction};
use crate::upload::stored::StoredFile;

impl LargeUpload {
    /// Goes on with what an earlier upload has left.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    pub(super) fn go_on(
        &mut self,
        account: &mut Account,
        resume: Resume,
    ) -> Result<Phase, Step<StoredFile>> {
        self.perhaps_finished = true;
        self.plan = resume.plan();
        self.digest = resume.digest;
        if resume.told.is_some_and(|told| told != begin::told(&self.request())) {
            return Err(Step::Done(Err(cannot_resume(CannotResume::Options))));
        }
        let Some(file_id) = resume.file_id.filter(|_| self.plan.is_some()) else {
            return Ok(Phase::Beginning(Box::new(Begin::perhaps_begun(
                self.request(),
                resume.begun_ms,
            ))));
        };
        self.began(account, file_id);
        let trust = match (&self.origin, self.options.modified_ms) {
            // A version never changes, and nobody here can read it.
            (Some(_), _) => Trust::JournalOnly,
            (None, Some(_)) if resume.identity == self.options.identity => Trust::Journal,
            (None, _) => Trust::Nothing,
        };
        if matches!(trust, Trust::Nothing) && self.digest.is_some() {
            // What is stored with the file must be true of what is sent now.
            return Ok(Phase::Verifying(account.next_ticket(), resume.parts));
        }
        Ok(self.review(resume.parts, trust))
    }

    fn review(&self, parts: BTreeMap<u32, Sha1Digest>, trust: Trust) -> Phase {
        match (&self.file_id, self.plan) {
            (Some(file_id), Some(plan)) => {
                Phase::Reviewing(Box::new(Review::new(file_id, plan, parts, trust)))
            }
            _ => Phase::Done(Err(contradiction("no large file was begun"))),
        }
    }

    /// Whether the source is still what a resumed upload was begun with.
    pub(super) fn compared(&mut self, parts: BTreeMap<u32, Sha1Digest>, reply: Reply) -> Phase {
        match reply {
            Reply::Digest(digest) if self.digest == Some(digest) => {
                self.review(parts, Trust::Journal)
            }
            // Nothing was done for it: what is there stays as it was.
            Reply::Digest(_) => Phase::Done(Err(cannot_resume(CannotResume::Content))),
            Reply::Local(error) => Phase::Done(Err(Error::Local(error))),
            _ => Phase::Done(Err(contradiction("the driver gave no digest"))),
        }
    }
}
