//! Numbers and combinations that B2 refuses, found before anything is sent.

use b2_proto::{CopyFileRequest, FileInfo, FileName, MetadataDirective};

use crate::error::RequestError;
use crate::upload::in_range as within;

const LAST_PART: u64 = 10_000;
/// 1,000 days.
const LONGEST_KEY: u64 = 86_400_000;
/// A week.
const LONGEST_DOWNLOAD_TOKEN: u64 = 604_800;

pub(super) fn part_number(number: u32) -> Result<(), RequestError> {
    within("partNumber", u64::from(number), LAST_PART)
}

pub(super) fn key_duration(seconds: Option<u32>) -> Result<(), RequestError> {
    seconds
        .map_or(Ok(()), |seconds| within("validDurationInSeconds", u64::from(seconds), LONGEST_KEY))
}

pub(super) fn download_token(seconds: u32) -> Result<(), RequestError> {
    within("validDurationInSeconds", u64::from(seconds), LONGEST_DOWNLOAD_TOKEN)
}

/// B2 takes 0 for its default, which is small: whoever wants that says
/// nothing.
pub(super) fn page(name: &'static str, rows: Option<u32>, max: u64) -> Result<(), RequestError> {
    rows.map_or(Ok(()), |rows| within(name, u64::from(rows), max))
}

pub(super) fn copy(request: &CopyFileRequest) -> Result<(), RequestError> {
    let own = request.content_type.is_some() || request.file_info.is_some();
    let replaces = request.metadata_directive == Some(MetadataDirective::Replace);
    if own && !replaces {
        return Err(RequestError::Contradiction(
            "a content type or file information of the copy's own needs the metadata directive REPLACE",
        ));
    }
    if replaces && request.content_type.is_none() {
        return Err(RequestError::Contradiction(
            "the metadata directive REPLACE needs a content type",
        ));
    }
    if let Some(pairs) = &request.file_info {
        let own = pairs
            .iter()
            .try_fold(FileInfo::new(), |info, (name, value)| info.with(name, value.as_str()))?;
        let name = FileName::new(&request.file_name)?;
        own.check(&name, FileInfo::MAX_HEADER_BYTES)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use b2_proto::FileId;

    use super::*;

    fn request() -> CopyFileRequest {
        CopyFileRequest::new("copy".to_owned(), FileId::from("4_z"))
    }

    #[test]
    fn numbers_end_where_the_rules_say() {
        assert!(part_number(1).is_ok() && part_number(10_000).is_ok());
        assert!(key_duration(None).is_ok() && key_duration(Some(86_400_000)).is_ok());
        assert!(download_token(604_800).is_ok());
        assert!(page("maxFileCount", None, 10_000).is_ok());
        assert!(page("maxFileCount", Some(10_000), 10_000).is_ok());
        let refused = [
            part_number(0),
            part_number(10_001),
            key_duration(Some(0)),
            key_duration(Some(86_400_001)),
            download_token(0),
            download_token(604_801),
            page("maxFileCount", Some(0), 10_000),
            page("maxFileCount", Some(10_001), 10_000),
        ];
        for refusal in refused {
            assert!(matches!(refusal, Err(RequestError::OutOfRange { min: 1, .. })), "{refusal:?}");
        }
    }

    #[test]
    fn a_copy_keeps_its_metadata_or_replaces_all_of_it() {
        assert!(copy(&request()).is_ok());
        let replace =
            |request: CopyFileRequest| request.with_metadata_directive(MetadataDirective::Replace);
        assert!(copy(&replace(request().with_content_type("text/plain".to_owned()))).is_ok());
        for bad in [request().with_content_type("text/plain".to_owned()), replace(request())] {
            assert!(matches!(copy(&bad), Err(RequestError::Contradiction(_))), "{bad:?}");
        }
    }
}
