//! What an application key can be allowed to do.

/// Every capability B2 knows, in the order authorize lists them.
pub(crate) const ALL: [&str; 30] = [
    "bypassGovernance",
    "deleteBuckets",
    "deleteFiles",
    "deleteKeys",
    "listAllBucketNames",
    "listBuckets",
    "listFiles",
    "listKeys",
    "readBucketEncryption",
    "readBucketLifecycleRules",
    "readBucketLogging",
    "readBucketNotifications",
    "readBucketReplications",
    "readBucketRetentions",
    "readBuckets",
    "readFileLegalHolds",
    "readFileRetentions",
    "readFiles",
    "shareFiles",
    "writeBucketEncryption",
    "writeBucketLifecycleRules",
    "writeBucketLogging",
    "writeBucketNotifications",
    "writeBucketReplications",
    "writeBucketRetentions",
    "writeBuckets",
    "writeFileLegalHolds",
    "writeFileRetentions",
    "writeFiles",
    "writeKeys",
];

/// Whether the name is one of B2's.
pub(crate) fn exists(name: &str) -> bool {
    ALL.contains(&name)
}

/// Whether a key limited to some buckets may have it. The five that act on
/// the whole account may not.
pub(crate) fn fits_one_bucket(name: &str) -> bool {
    !["listKeys", "writeKeys", "deleteKeys", "writeBuckets", "deleteBuckets"].contains(&name)
}
