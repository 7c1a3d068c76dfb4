//! Many small files, one after the other.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::one::fetch;
use crate::session::{CHUNK, Failure, Session, hex, path, text};

pub(crate) fn upload(session: &mut Session, bucket: &str, folder: &str) -> Result<(), Failure> {
    let bucket_id = session.bucket_id(bucket)?;
    let target = session.call("b2_get_upload_url", &json!({"bucketId": bucket_id}))?;
    let (url, token) = (text(&target, "uploadUrl")?, text(&target, "authorizationToken")?);
    let path = path(&url)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "no UTF-8")?;
        let content = fs::read(entry.path())?;
        let mut request = format!(
            "POST /{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\n\
             X-Bz-File-Name: {name}\r\nContent-Type: b2/x-auto\r\nX-Bz-Content-Sha1: {}\r\n\
             Content-Length: {}\r\n\r\n",
            session.host,
            hex(Sha1::new_with_prefix(&content)),
            content.len()
        )
        .into_bytes();
        request.extend_from_slice(&content);
        session.stream.get_mut().write_all(&request)?;
        session.body()?;
    }
    Ok(())
}

pub(crate) fn download(
    session: &mut Session,
    bucket: &str,
    list: &str,
    folder: &str,
) -> Result<(), Failure> {
    let mut buffer = vec![0; CHUNK];
    for name in fs::read_to_string(list)?.lines() {
        let mut sink = File::create(Path::new(folder).join(name))?;
        fetch(session, bucket, name, &mut sink, &mut buffer)?;
    }
    Ok(())
}
