//! What is settled before anything is sent.

use b2_proto::{FileInfo, Sha1Digest};

use crate::account::{Account, Granted};
use crate::error::{Error, RequestError};
use crate::op::Step;
use crate::time::Instant;
use crate::upload::large::begin::Begin;
use crate::upload::large::phase::Phase;
use crate::upload::large::{
    CannotResume, LargeUpload, OPERATION, PartPlan, Resume, WholeDigest, cannot_resume, request,
};
use crate::upload::stored::StoredFile;

impl LargeUpload {
    /// Plans the parts as soon as the account is authorized.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    pub(super) fn begin(
        &mut self,
        account: &mut Account,
        now: Instant,
    ) -> Result<Phase, Step<StoredFile>> {
        let session = match self.authorizer.poll(account, now) {
            Granted::Yes(session) => session,
            Granted::NotYet(step) => return Err(step),
        };
        let allowed = self.headers.allowed(&session, &self.bucket);
        allowed.map_err(|why| Step::Done(Err(request(why))))?;
        let resume = self.options.resume.take().filter(Resume::begun);
        if let Some(resume) = &resume
            && resume.copied_from.is_some() != self.origin.is_some()
        {
            return Err(Step::Done(Err(cannot_resume(CannotResume::Source))));
        }
        if self.stream.is_some() {
            return self.begin_stream(account, resume, now).map_err(|why| Step::Done(Err(why)));
        }
        if let Some(resume) = resume {
            return self.go_on(account, resume);
        }
        let wanted = self.options.part_size.unwrap_or(session.recommended_part_size);
        let plan = PartPlan::new(self.len, wanted, session.absolute_minimum_part_size);
        self.plan = Some(plan.map_err(|why| Step::Done(Err(request(why))))?);
        match self.options.whole_digest {
            _ if self.headers.file_info().get(FileInfo::LARGE_FILE_SHA1).is_some() => {}
            WholeDigest::Omit => {}
            WholeDigest::Automatic if self.room().is_err() => {}
            WholeDigest::Known(digest) => {
                self.room().map_err(|full| Step::Done(Err(full)))?;
                self.digest = Some(digest);
            }
            WholeDigest::Recorded => return Ok(Phase::Hashing(account.next_ticket())),
            WholeDigest::Automatic | WholeDigest::Compute => {
                self.room().map_err(|full| Step::Done(Err(full)))?;
                return Ok(Phase::Hashing(account.next_ticket()));
            }
        }
        Ok(self.start(account, now))
    }

    /// There is nothing to plan, and nothing to go on with: at most there is a
    /// file that an earlier stream may have begun.
    fn begin_stream(
        &mut self,
        account: &Account,
        record: Option<Resume>,
        now: Instant,
    ) -> Result<Phase, Error> {
        if let WholeDigest::Known(digest) = self.options.whole_digest {
            self.room()?;
            self.digest = Some(digest);
        }
        Ok(match record.filter(|left| left.file_id.is_none()) {
            Some(left) => {
                Phase::Beginning(Box::new(Begin::perhaps_begun(self.request(), left.begun_ms)))
            }
            None => self.start(account, now),
        })
    }

    /// Whether a digest can be added to the file information.
    pub(super) fn room(&self) -> Result<(), Error> {
        let digest = Sha1Digest::new([0; 20]).to_string();
        let headers = self.headers.clone().with_file_info(FileInfo::LARGE_FILE_SHA1, &digest);
        headers.map_err(|rule| request(RequestError::FileInfo(rule)))?.check(OPERATION)
    }
}
