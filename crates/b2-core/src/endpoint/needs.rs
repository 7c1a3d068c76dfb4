//! The capabilities that some fields of a request need besides that of the
//! call, so that a refusal can name the one that is missing.

use b2_proto::{
    Capability, CopyFileRequest, CreateBucketRequest, DeleteFileVersionRequest, OperationInfo,
    StartLargeFileRequest, UpdateBucketRequest, UpdateFileRetentionRequest,
};

/// What the call itself needs.
pub(crate) fn call(name: &str) -> Vec<Capability> {
    OperationInfo::named(name).and_then(|info| info.capability.clone()).into_iter().collect()
}

pub(super) fn create_bucket(request: &CreateBucketRequest) -> Vec<Capability> {
    Needs::of("b2_create_bucket")
        .and(request.default_server_side_encryption.is_some(), Capability::WriteBucketEncryption)
        .and(request.file_lock_enabled == Some(true), Capability::WriteBucketRetentions)
        .and(request.replication_configuration.is_some(), Capability::WriteBucketReplications)
        .0
}

pub(super) fn update_bucket(request: &UpdateBucketRequest) -> Vec<Capability> {
    let retains = request.default_retention.is_some() || request.file_lock_enabled == Some(true);
    Needs::of("b2_update_bucket")
        .and(request.default_server_side_encryption.is_some(), Capability::WriteBucketEncryption)
        .and(retains, Capability::WriteBucketRetentions)
        .and(request.replication_configuration.is_some(), Capability::WriteBucketReplications)
        .0
}

pub(super) fn copy_file(request: &CopyFileRequest) -> Vec<Capability> {
    Needs::of("b2_copy_file")
        .and(true, Capability::ReadFiles)
        .and(request.file_retention.is_some(), Capability::WriteFileRetentions)
        .and(request.legal_hold.is_some(), Capability::WriteFileLegalHolds)
        .0
}

/// A source in a public bucket needs no `readFiles`, but then nothing refuses
/// for lack of it either.
pub(super) fn copy_part() -> Vec<Capability> {
    Needs::of("b2_copy_part").and(true, Capability::ReadFiles).0
}

pub(super) fn start_large_file(request: &StartLargeFileRequest) -> Vec<Capability> {
    Needs::of("b2_start_large_file")
        .and(request.file_retention.is_some(), Capability::WriteFileRetentions)
        .and(request.legal_hold.is_some(), Capability::WriteFileLegalHolds)
        .0
}

pub(super) fn delete_file_version(request: &DeleteFileVersionRequest) -> Vec<Capability> {
    let bypass = request.bypass_governance == Some(true);
    Needs::of("b2_delete_file_version").and(bypass, Capability::BypassGovernance).0
}

pub(super) fn update_file_retention(request: &UpdateFileRetentionRequest) -> Vec<Capability> {
    let bypass = request.bypass_governance == Some(true);
    Needs::of("b2_update_file_retention").and(bypass, Capability::BypassGovernance).0
}

struct Needs(Vec<Capability>);

impl Needs {
    fn of(name: &str) -> Self {
        Self(call(name))
    }

    fn and(mut self, needed: bool, capability: Capability) -> Self {
        self.0.extend(needed.then_some(capability));
        self
    }
}
