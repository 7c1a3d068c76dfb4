//! Every name of a bucket.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::json;

use crate::session::{Failure, Session};

/// B2 bills by the thousand, so a page has as many.
const PAGE: u32 = 1000;

/// All that is needed of a page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow)]
    files: Vec<Row<'a>>,
    next_file_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(borrow)]
    file_name: std::borrow::Cow<'a, str>,
}

pub(crate) fn list(session: &mut Session, bucket: &str) -> Result<(), Failure> {
    let bucket_id = session.bucket_id(bucket)?;
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    let mut request = json!({"bucketId": bucket_id, "maxFileCount": PAGE});
    loop {
        let answer = session.call_for_bytes("b2_list_file_names", &request)?;
        let page: Page<'_> = serde_json::from_slice(&answer)?;
        for row in &page.files {
            writeln!(out, "{}", row.file_name)?;
        }
        match page.next_file_name {
            Some(next) => request["startFileName"] = next.into(),
            None => return Ok(out.flush()?),
        }
    }
}
