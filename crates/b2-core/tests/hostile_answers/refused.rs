//! What a key may not do is refused before anything is read or sent.

use b2_core::error::RequestError;
use b2_core::multipart::StartUpload;
use b2_core::upload::{LargeOptions, UploadHeaders, UploadOptions};
use b2_core::{Error, LargeUpload, Operation, SmallUpload, Upload};
use b2_proto::{BucketId, FileName};

use crate::stage::Stage;

/// Of a key for the bucket `b` alone. To read the source, or to send anything
/// but an authorization, ends the test.
#[track_caller]
fn refused<O: Operation>(stage: &mut Stage, operation: O) {
    let result = stage.play(operation, |transmit, _| panic!("{} was sent", transmit.operation));
    let error = result.map(drop).expect_err("the key reaches another bucket only");
    let Error::Request { source, .. } = error else { panic!("{error:?}") };
    let RequestError::OutsideBuckets { bucket_id, restriction } = *source else {
        panic!("{source:?}")
    };
    assert_eq!((bucket_id.as_str(), &*restriction), ("c", "the buckets bucket-b"));
}

#[test]
fn nothing_is_read_for_a_bucket_that_the_key_does_not_reach() {
    let bucket = || BucketId::from("c");
    let headers = || UploadHeaders::new(FileName::new("a").unwrap());
    let mut stage = Stage::new().restricted_to("b");
    let stage = &mut stage;
    let upload = Upload::new(bucket(), headers(), 5, UploadOptions::default());
    refused(stage, upload.unwrap());
    let large = LargeUpload::new(bucket(), headers(), 300_000_000, LargeOptions::default());
    refused(stage, large.unwrap());
    refused(stage, StartUpload::new(bucket(), headers()).unwrap());
    refused(stage, SmallUpload::new(bucket(), headers(), 5).unwrap());
}
