//! A bucket full of names.

use std::io::{Read as _, Write as _};

use serde_json::json;

use crate::session::{Failure, Session, connect, path, text};

/// SHA-1 of nothing.
const EMPTY: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// Requests that are sent before the first answer is read.
const AHEAD: u64 = 100;

/// Uploads `count` empty files, some requests ahead of the answers.
pub(crate) fn fill(
    session: &mut Session,
    base: &str,
    bucket: &str,
    count: u64,
) -> Result<(), Failure> {
    let bucket_id = session.bucket_id(bucket)?;
    let target = session.call("b2_get_upload_url", &json!({"bucketId": bucket_id}))?;
    let (url, token) = (text(&target, "uploadUrl")?, text(&target, "authorizationToken")?);
    session.stream = connect(base)?;
    let (path, host) = (path(&url)?, session.host.clone());
    let mut body = Vec::new();
    for first in (0..count).step_by(usize::try_from(AHEAD)?) {
        let numbers = first..count.min(first + AHEAD);
        let mut requests = Vec::new();
        for number in numbers.clone() {
            write!(
                requests,
                "POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\
                 X-Bz-File-Name: name-{number:09}\r\nContent-Type: text/plain\r\n\
                 X-Bz-Content-Sha1: {EMPTY}\r\nContent-Length: 0\r\n\r\n"
            )?;
        }
        session.stream.get_mut().write_all(&requests)?;
        for _ in numbers {
            let head = session.head()?;
            body.resize(usize::try_from(head.length)?, 0);
            session.stream.read_exact(&mut body)?;
            if head.status != 200 {
                return Err(String::from_utf8_lossy(&body).into_owned().into());
            }
        }
    }
    Ok(())
}
