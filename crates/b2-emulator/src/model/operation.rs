//! The operations of the API by name.

/// One operation of the B2 Native API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Operation {
    AuthorizeAccount,
    CancelLargeFile,
    CopyFile,
    CopyPart,
    CreateBucket,
    CreateKey,
    DeleteBucket,
    DeleteFileVersion,
    DeleteKey,
    DownloadFileById,
    DownloadFileByName,
    FinishLargeFile,
    GetBucketNotificationRules,
    GetDownloadAuthorization,
    GetFileInfo,
    GetUploadPartUrl,
    GetUploadUrl,
    HideFile,
    ListBuckets,
    ListFileNames,
    ListFileVersions,
    ListKeys,
    ListParts,
    ListUnfinishedLargeFiles,
    SetBucketNotificationRules,
    StartLargeFile,
    UpdateBucket,
    UpdateFileLegalHold,
    UpdateFileRetention,
    UploadFile,
    UploadPart,
}

/// How a transaction is billed; A is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    A,
    B,
    C,
}

use Operation as Op;

const NAMES: [(Operation, &str); 31] = [
    (Op::AuthorizeAccount, "b2_authorize_account"),
    (Op::CancelLargeFile, "b2_cancel_large_file"),
    (Op::CopyFile, "b2_copy_file"),
    (Op::CopyPart, "b2_copy_part"),
    (Op::CreateBucket, "b2_create_bucket"),
    (Op::CreateKey, "b2_create_key"),
    (Op::DeleteBucket, "b2_delete_bucket"),
    (Op::DeleteFileVersion, "b2_delete_file_version"),
    (Op::DeleteKey, "b2_delete_key"),
    (Op::DownloadFileById, "b2_download_file_by_id"),
    (Op::DownloadFileByName, "b2_download_file_by_name"),
    (Op::FinishLargeFile, "b2_finish_large_file"),
    (Op::GetBucketNotificationRules, "b2_get_bucket_notification_rules"),
    (Op::GetDownloadAuthorization, "b2_get_download_authorization"),
    (Op::GetFileInfo, "b2_get_file_info"),
    (Op::GetUploadPartUrl, "b2_get_upload_part_url"),
    (Op::GetUploadUrl, "b2_get_upload_url"),
    (Op::HideFile, "b2_hide_file"),
    (Op::ListBuckets, "b2_list_buckets"),
    (Op::ListFileNames, "b2_list_file_names"),
    (Op::ListFileVersions, "b2_list_file_versions"),
    (Op::ListKeys, "b2_list_keys"),
    (Op::ListParts, "b2_list_parts"),
    (Op::ListUnfinishedLargeFiles, "b2_list_unfinished_large_files"),
    (Op::SetBucketNotificationRules, "b2_set_bucket_notification_rules"),
    (Op::StartLargeFile, "b2_start_large_file"),
    (Op::UpdateBucket, "b2_update_bucket"),
    (Op::UpdateFileLegalHold, "b2_update_file_legal_hold"),
    (Op::UpdateFileRetention, "b2_update_file_retention"),
    (Op::UploadFile, "b2_upload_file"),
    (Op::UploadPart, "b2_upload_part"),
];

impl Operation {
    /// The operation with this name, `b2_` included.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(operation, _)| *operation)
    }

    /// The name as it stands in a URL.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }

    /// Whether it may change something, if only by issuing a token.
    pub(crate) const fn writes(self) -> bool {
        !matches!(
            self,
            Self::DownloadFileById
                | Self::DownloadFileByName
                | Self::GetBucketNotificationRules
                | Self::GetFileInfo
                | Self::ListBuckets
                | Self::ListFileNames
                | Self::ListFileVersions
                | Self::ListKeys
                | Self::ListParts
                | Self::ListUnfinishedLargeFiles
        )
    }

    /// The class it is billed in.
    pub(crate) const fn class(self) -> Class {
        match self {
            Self::CancelLargeFile
            | Self::DeleteBucket
            | Self::DeleteFileVersion
            | Self::DeleteKey
            | Self::FinishLargeFile
            | Self::GetUploadPartUrl
            | Self::GetUploadUrl
            | Self::HideFile
            | Self::StartLargeFile
            | Self::UpdateFileLegalHold
            | Self::UpdateFileRetention
            | Self::UploadFile
            | Self::UploadPart => Class::A,
            Self::DownloadFileById | Self::DownloadFileByName | Self::GetFileInfo => Class::B,
            _ => Class::C,
        }
    }

    /// Whether the request body is a file or a part of one.
    pub(crate) const fn is_upload(self) -> bool {
        matches!(self, Self::UploadFile | Self::UploadPart)
    }

    /// Whether it fails under `X-Bz-Test-Mode: force_cap_exceeded`.
    pub(crate) const fn stores_bytes(self) -> bool {
        matches!(
            self,
            Self::CopyFile
                | Self::CopyPart
                | Self::GetUploadPartUrl
                | Self::GetUploadUrl
                | Self::StartLargeFile
                | Self::UploadFile
                | Self::UploadPart
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_are_sorted() {
        for (operation, name) in NAMES {
            assert_eq!(Operation::parse(name), Some(operation));
            assert_eq!(operation.name(), name);
        }
        assert!(NAMES.is_sorted_by_key(|(_, name)| *name));
        assert_eq!(Operation::parse("b2_fly"), None);
    }
}
