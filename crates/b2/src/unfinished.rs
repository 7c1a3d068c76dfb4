//! Large files that nobody finished: their parts are billed until cancelled.

use b2_core::call::Call;
use b2_core::{Pager, endpoint};
use b2_proto::{
    CancelLargeFileRequest, CancelLargeFileResponse, LargeFileId, ListPartsRequest,
    ListUnfinishedLargeFilesRequest,
};

use crate::bucket::Bucket;
use crate::client::Client;
use crate::list::Listing;
use crate::run::Run;

impl Bucket {
    /// Lists the unfinished large files, 100 rows a page, each page one
    /// transaction of class C. The capability is `listFiles`.
    pub fn unfinished(&self) -> Listing<endpoint::ListUnfinishedLargeFiles> {
        let request = ListUnfinishedLargeFilesRequest::new(self.id().clone());
        Listing::new(self.context(), Ok(Pager::new(request.with_max_file_count(100))))
    }
}

impl Client {
    /// Lists the parts of an unfinished large file by number, 1,000 rows a
    /// page, each page one transaction of class C. The capability is
    /// `writeFiles`.
    pub fn parts(&self, id: LargeFileId) -> Listing<endpoint::ListParts> {
        let request = ListPartsRequest::new(id).with_max_part_count(1000);
        Listing::new(&self.context, Ok(Pager::new(request)))
    }

    /// Gives up an unfinished large file and removes its parts; an upload
    /// that still runs fails. The capability is `writeFiles`.
    pub fn cancel_unfinished(
        &self,
        id: LargeFileId,
    ) -> Run<Call<endpoint::CancelLargeFile>, CancelLargeFileResponse> {
        self.call(CancelLargeFileRequest::new(id))
    }
}
