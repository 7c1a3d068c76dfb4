//! One file.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::session::{CHUNK, Failure, Session, hex, path, text};

/// What the service recommends.
const PART: u64 = 100_000_000;

pub(crate) fn upload(
    session: &mut Session,
    bucket: &str,
    file: &str,
    name: &str,
) -> Result<(), Failure> {
    let bucket_id = session.bucket_id(bucket)?;
    let target = session.call("b2_get_upload_url", &json!({"bucketId": bucket_id}))?;
    let mut source = File::open(file)?;
    let length = source.metadata()?.len();
    let headers = format!("X-Bz-File-Name: {name}\r\nContent-Type: b2/x-auto\r\n");
    send(session, &target, &headers, &mut source, length)?;
    let stored: Value = serde_json::from_slice(&session.body()?)?;
    if stored["contentLength"].as_u64() == Some(length) { Ok(()) } else { Err("cut".into()) }
}

pub(crate) fn upload_large(
    session: &mut Session,
    bucket: &str,
    file: &str,
    name: &str,
) -> Result<(), Failure> {
    let whole = digest(file)?;
    let bucket_id = session.bucket_id(bucket)?;
    let begun = session.call(
        "b2_start_large_file",
        &json!({
            "bucketId": bucket_id, "fileName": name, "contentType": "b2/x-auto",
            "fileInfo": { "large_file_sha1": whole },
        }),
    )?;
    let id = text(&begun, "fileId")?;
    let target = session.call("b2_get_upload_part_url", &json!({"fileId": id}))?;
    let mut source = File::open(file)?;
    let mut left = source.metadata()?.len();
    let mut digests = Vec::new();
    while left > 0 {
        let length = left.min(PART);
        let headers = format!("X-Bz-Part-Number: {}\r\n", digests.len() + 1);
        digests.push(send(session, &target, &headers, &mut source, length)?);
        session.body()?;
        left -= length;
    }
    session.call("b2_finish_large_file", &json!({"fileId": id, "partSha1Array": digests}))?;
    Ok(())
}

fn digest(file: &str) -> Result<String, Failure> {
    let (mut source, mut hash, mut buffer) = (File::open(file)?, Sha1::new(), vec![0; CHUNK]);
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(hash));
        }
        hash.update(&buffer[..read]);
    }
}

/// Sends the next `length` bytes of a source, and their digest after them.
fn send(
    session: &mut Session,
    target: &Value,
    headers: &str,
    source: &mut File,
    length: u64,
) -> Result<String, Failure> {
    let url = text(target, "uploadUrl")?;
    let head = format!(
        "POST /{} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n{headers}\
         X-Bz-Content-Sha1: hex_digits_at_end\r\nContent-Length: {}\r\n\r\n",
        path(&url)?,
        session.host,
        text(target, "authorizationToken")?,
        length + 40
    );
    let stream = session.stream.get_mut();
    stream.write_all(head.as_bytes())?;
    let mut hash = Sha1::new();
    let mut buffer = vec![0; CHUNK];
    let mut left = length;
    while left > 0 {
        let room = buffer.len().min(usize::try_from(left)?);
        let read = source.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        hash.update(&buffer[..read]);
        stream.write_all(&buffer[..read])?;
        left -= read as u64;
    }
    let digest = hex(hash);
    stream.write_all(digest.as_bytes())?;
    Ok(digest)
}

pub(crate) fn download(
    session: &mut Session,
    bucket: &str,
    name: &str,
    file: &str,
    synced: bool,
) -> Result<(), Failure> {
    let mut sink = File::create(file)?;
    let mut buffer = vec![0; CHUNK];
    fetch(session, bucket, name, &mut sink, &mut buffer)?;
    if synced {
        sink.sync_all()?;
    }
    Ok(())
}

/// Writes the content of a file to a sink, and checks it.
pub(crate) fn fetch(
    session: &mut Session,
    bucket: &str,
    name: &str,
    sink: &mut File,
    buffer: &mut [u8],
) -> Result<(), Failure> {
    let request = format!(
        "GET /file/{bucket}/{name} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n",
        session.host, session.token
    );
    session.stream.get_mut().write_all(request.as_bytes())?;
    let head = session.head()?;
    if head.status != 200 {
        return Err(format!("{} for {name}", head.status).into());
    }
    let mut hash = Sha1::new();
    let mut left = head.length;
    while left > 0 {
        let room = buffer.len().min(usize::try_from(left)?);
        let read = session.stream.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        hash.update(&buffer[..read]);
        sink.write_all(&buffer[..read])?;
        left -= read as u64;
    }
    let digest = head.digest.ok_or("no digest")?;
    // A large file has none of its own.
    if digest == "none" || digest == hex(hash) { Ok(()) } else { Err("damaged".into()) }
}
