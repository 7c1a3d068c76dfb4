//! The headers of an upload, checked before a byte of the body is read.

use std::collections::BTreeMap;

use super::call::Call;
use super::lock::Locks;
use super::percent;
use super::record::Encryption;
use super::refusal::{Outcome, bad_request, refuse};
use super::{content_type, encryption, file_info, name};

/// 5 GiB; clients are told 5 000 000 000.
const LARGEST_BODY: u64 = 5 * 1024 * 1024 * 1024;

const TRAILER_LEN: usize = 40;

/// How the bytes are to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// Against these hex digits.
    Given(String),
    /// Against the 40 hex digits that end the body.
    AtEnd,
    /// Not at all.
    Unverified,
}

/// What every upload says about its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BodyHead {
    /// Bytes of the file or part, without trailing digits.
    pub(crate) len: u64,
    pub(crate) checksum: Checksum,
}

/// What `b2_upload_file` says about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileHead {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) info: BTreeMap<String, String>,
    pub(crate) uploaded_at: Option<u64>,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) locks: Locks,
}

impl BodyHead {
    pub(crate) fn read(call: &Call<'_, '_>) -> Outcome<Self> {
        if call.head.headers.contains_key("transfer-encoding") {
            return Err(bad_request("chunked transfer encoding is not supported"));
        }
        let announced = call.head.header("content-length");
        let announced = announced.ok_or_else(|| bad_request("Content-Length is missing"))?;
        let announced: u64 = announced
            .parse()
            .map_err(|_| bad_request(format!("invalid Content-Length: {announced}")))?;
        let checksum = checksum(call)?;
        let trailer = checksum.trailer_len() as u64;
        let len = announced
            .checked_sub(trailer)
            .ok_or_else(|| bad_request("the body is too short for hex_digits_at_end"))?;
        if len > LARGEST_BODY {
            return Err(bad_request(format!("the body is larger than {LARGEST_BODY} bytes")));
        }
        Ok(Self { len, checksum })
    }
}

impl Checksum {
    pub(crate) const fn trailer_len(&self) -> usize {
        if matches!(self, Self::AtEnd) { TRAILER_LEN } else { 0 }
    }
}

fn checksum(call: &Call<'_, '_>) -> Outcome<Checksum> {
    match call.head.header("x-bz-content-sha1") {
        None => Err(bad_request("X-Bz-Content-Sha1 is missing")),
        Some("hex_digits_at_end") => Ok(Checksum::AtEnd),
        Some("do_not_verify") => Ok(Checksum::Unverified),
        Some(digits) if digits.len() != TRAILER_LEN => Err(bad_request("sha1 is wrong length")),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(Checksum::Given(digits.to_ascii_lowercase()))
        }
        Some(_) => Err(bad_request("sha1 is not hex")),
    }
}

/// These would describe the stored file, which only file info may do.
const FORBIDDEN: [&str; 6] = [
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "expires",
];

impl FileHead {
    pub(crate) fn read(call: &Call<'_, '_>, bucket_has_lock: bool) -> Outcome<Self> {
        let headers = &call.head.headers;
        if let Some(forbidden) = FORBIDDEN.iter().find(|name| headers.contains_key(**name)) {
            return Err(bad_request(format!("header not allowed: {forbidden}")));
        }
        let name = headers.get("x-bz-file-name");
        let name = name.ok_or_else(|| bad_request("X-Bz-File-Name is missing"))?;
        let name =
            percent::decode(name.as_bytes()).map_err(|error| bad_request(error.to_string()))?;
        name::check_file_name(&name, call.settings.strict_names)?;
        let requested = call.head.header("content-type").map(str::trim);
        let requested = requested.filter(|requested| !requested.is_empty());
        let requested = requested.ok_or_else(|| bad_request("Content-Type is missing"))?;
        let encryption = encryption::from_upload_headers(call.head)?;
        let locks = Locks::from_headers(call)?;
        let is_tight = encryption.is_some() || bucket_has_lock || locks != Locks::default();
        Ok(Self {
            content_type: content_type::resolve(requested, &name)?,
            info: file_info::check(file_info::from_headers(headers)?, &name, is_tight)?,
            uploaded_at: custom_timestamp(call.head.header("x-bz-custom-upload-timestamp"), call)?,
            name,
            encryption,
            locks,
        })
    }
}

/// A moment the client says the file was uploaded; not in the future.
pub(crate) fn custom_timestamp(text: Option<&str>, call: &Call<'_, '_>) -> Outcome<Option<u64>> {
    let Some(text) = text else { return Ok(None) };
    match text.trim().parse() {
        Ok(at) if at <= call.now => Ok(Some(at)),
        Ok(_) => Err(bad_request("the custom upload timestamp is in the future")),
        Err(_) => Err(refuse(400, "bad_request", "invalid custom upload timestamp")),
    }
}
