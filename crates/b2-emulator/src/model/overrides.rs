//! Response headers a download asks to be different from what is stored.

use http::HeaderName;
use http::header::CONTENT_TYPE;

use super::file_info;
use super::refusal::{Outcome, bad_request};

/// Every override by the name of its parameter.
pub(crate) const NAMES: [&str; 6] = [
    "b2CacheControl",
    "b2ContentDisposition",
    "b2ContentEncoding",
    "b2ContentLanguage",
    "b2ContentType",
    "b2Expires",
];

/// The header an override sets.
pub(crate) fn header(name: &str) -> Option<HeaderName> {
    if name == "b2ContentType" {
        return Some(CONTENT_TYPE);
    }
    let standard = file_info::STANDARD.iter().find(|(_, parameter, _)| *parameter == name);
    standard.map(|(.., header)| header.clone())
}

/// Whether the value may become that header.
pub(crate) fn check(name: &str, value: &str) -> Outcome<()> {
    match file_info::STANDARD.iter().find(|(_, parameter, _)| *parameter == name) {
        Some((info, ..)) => file_info::check_standard(info, value),
        None if value.bytes().all(|byte| (32..127).contains(&byte)) => Ok(()),
        None => Err(bad_request(format!("invalid {name}"))),
    }
}
