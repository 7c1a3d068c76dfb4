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
use crate::upload::small::Uploaded;

impl LargeUpload {
    /// Plans the parts as soon as the account is authorized.
    #[expect(clippy::result_large_err, reason = "a step is passed on at once and never kept")]
    pub(super) fn begin(
        &mut self,
        account: &mut Account,
        now: Instant,
    ) -> Result<Phase, Step<Uploaded>> {
        let session = match self.authorizer.poll(account, now) {
            Granted::Yes(session) => session,
            Granted::NotYet(step) => return Err(step),
        };
        if let Some(resume) = self.options.resume.take().filter(Resume::begun) {
            if resume.copied_from.is_some() != self.origin.is_some() {
                return Err(Step::Done(Err(cannot_resume(CannotResume::Source))));
            }
            return match self.stream {
                Some(_) if resume.file_id.is_none() => {
                    let (request, at_ms) = (self.request(), resume.begun_ms);
                    Ok(Phase::Beginning(Box::new(Begin::perhaps_begun(request, at_ms))))
                }
                Some(_) => Ok(self.start(account, now)),
                None => self.go_on(account, resume),
            };
        }
        if self.stream.is_some() {
            if let WholeDigest::Known(digest) = self.options.whole_digest {
                self.no_room().map_or(Ok(()), |full| Err(Step::Done(Err(full))))?;
                self.digest = Some(digest);
            }
            return Ok(self.start(account, now));
        }
        let wanted = self.options.part_size.unwrap_or(session.recommended_part_size);
        let plan = PartPlan::new(self.len, wanted, session.absolute_minimum_part_size);
        self.plan = Some(plan.map_err(|why| Step::Done(Err(request(why))))?);
        match self.options.whole_digest {
            _ if self.headers.file_info().get(FileInfo::LARGE_FILE_SHA1).is_some() => {}
            WholeDigest::Omit => {}
            WholeDigest::Automatic if self.no_room().is_some() => {}
            WholeDigest::Known(digest) => {
                self.no_room().map_or(Ok(()), |full| Err(Step::Done(Err(full))))?;
                self.digest = Some(digest);
            }
            WholeDigest::Automatic | WholeDigest::Compute => {
                self.no_room().map_or(Ok(()), |full| Err(Step::Done(Err(full))))?;
                return Ok(Phase::Hashing(account.next_ticket()));
            }
        }
        Ok(self.start(account, now))
    }

    /// Why a digest cannot be added to the file information, if it cannot.
    fn no_room(&self) -> Option<Error> {
        let digest = Sha1Digest::new([0; 20]).to_string();
        let headers = self.headers.clone().with_file_info(FileInfo::LARGE_FILE_SHA1, &digest);
        match headers {
            Ok(headers) => headers.check(OPERATION).err(),
            Err(rule) => Some(request(RequestError::FileInfo(rule))),
        }
    }
}
