//! Keeping versions from being deleted.

use b2_core::call::Call;
use b2_core::endpoint;
use b2_proto::{
    FileId, FileRetention, LegalHold, UpdateFileLegalHoldRequest, UpdateFileLegalHoldResponse,
    UpdateFileRetentionRequest, UpdateFileRetentionResponse,
};

use crate::client::Client;
use crate::run::Run;

impl Client {
    /// Sets how long a version must be kept. The capability is
    /// `writeFileRetentions`; with `bypass_governance`, which shortens or
    /// lifts governance, also `bypassGovernance`. Compliance can only be
    /// prolonged.
    pub fn set_retention(
        &self,
        name: &str,
        id: FileId,
        retention: FileRetention,
        bypass_governance: bool,
    ) -> Run<Call<endpoint::UpdateFileRetention>, UpdateFileRetentionResponse> {
        let mut request = UpdateFileRetentionRequest::new(id, name.to_owned(), retention);
        if bypass_governance {
            request = request.with_bypass_governance(true);
        }
        self.call(request)
    }

    /// Holds a version until the hold is lifted, whatever its retention. The
    /// capability is `writeFileLegalHolds`.
    pub fn set_legal_hold(
        &self,
        name: &str,
        id: FileId,
        hold: LegalHold,
    ) -> Run<Call<endpoint::UpdateFileLegalHold>, UpdateFileLegalHoldResponse> {
        self.call(UpdateFileLegalHoldRequest::new(id, name.to_owned(), hold))
    }
}
