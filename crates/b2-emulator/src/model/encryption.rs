//! Server-side encryption as it shows on the wire.
//!
//! Nothing is encrypted here; the emulator keeps the promise that matters to
//! clients: a file stored with a customer's key is read with that key only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::head::Head;
use super::params::mode;
use super::record::Encryption;
use super::refusal::{Failure, Outcome, bad_request, refuse};

const ALGORITHM: &str = "AES256";

impl Encryption {
    /// The JSON object of a file, part or bucket default.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::None => json!({"algorithm": null, "mode": null}),
            Self::SseB2 => json!({"algorithm": ALGORITHM, "mode": "SSE-B2"}),
            Self::SseC(key_md5) => {
                json!({"algorithm": ALGORITHM, "customerKeyMd5": key_md5, "mode": "SSE-C"})
            }
        }
    }
}

/// What the headers of an upload ask for; `None` leaves it to the bucket.
pub(crate) fn from_upload_headers(head: &Head) -> Outcome<Option<Encryption>> {
    let customer = customer_key_from_headers(head)?;
    match head.header("x-bz-server-side-encryption") {
        None => Ok(customer.map(Encryption::SseC)),
        Some(_) if customer.is_some() => {
            Err(bad_request("SSE-B2 and SSE-C cannot be used together"))
        }
        Some(ALGORITHM) => Ok(Some(Encryption::SseB2)),
        Some(other) => Err(bad_request(format!("invalid X-Bz-Server-Side-Encryption: {other}"))),
    }
}

const CUSTOMER_HEADERS: [&str; 3] = [
    "x-bz-server-side-encryption-customer-algorithm",
    "x-bz-server-side-encryption-customer-key",
    "x-bz-server-side-encryption-customer-key-md5",
];

/// The MD5 of the customer's key that the SSE-C headers carry.
pub(crate) fn customer_key_from_headers(head: &Head) -> Outcome<Option<String>> {
    match CUSTOMER_HEADERS.map(|name| head.header(name)) {
        [None, None, None] => Ok(None),
        [Some(algorithm), Some(key), Some(key_md5)] => {
            check_customer_key(algorithm, key, key_md5).map(Some)
        }
        _ => Err(bad_request("the SSE-C headers must be given together")),
    }
}

/// What the JSON object of a call asks for; `None` leaves it to the bucket.
pub(crate) fn from_json(object: Option<&Map<String, Value>>) -> Outcome<Option<Encryption>> {
    let Some(object) = object else {
        return Ok(None);
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    if object.is_empty() {
        return Ok(None);
    }
    match mode(object)?.unwrap_or_default() {
        "SSE-B2" if text("algorithm") == ALGORITHM => Ok(Some(Encryption::SseB2)),
        "SSE-C" => {
            let (key, key_md5) = (text("customerKey"), text("customerKeyMd5"));
            check_customer_key(text("algorithm"), key, key_md5).map(Encryption::SseC).map(Some)
        }
        "" | "none" => Ok(None),
        mode => Err(bad_request(format!("invalid server-side encryption: {mode}"))),
    }
}

fn check_customer_key(algorithm: &str, key: &str, key_md5: &str) -> Outcome<String> {
    if algorithm != ALGORITHM {
        return Err(bad_request(format!("invalid SSE-C algorithm: {algorithm}")));
    }
    let key = STANDARD.decode(key).ok().filter(|key| key.len() == 32);
    let key = key.ok_or_else(|| bad_request("the SSE-C key must be 32 bytes in base64"))?;
    let computed = STANDARD.encode(Md5::digest(&key));
    if computed == key_md5 {
        Ok(computed)
    } else {
        Err(bad_request("the SSE-C key does not match its MD5"))
    }
}

/// Whether whoever gave this key (or none) may read the bytes.
pub(crate) fn check_access(stored: &Encryption, given: Option<&str>) -> Outcome<()> {
    match (stored, given) {
        (Encryption::SseC(stored), Some(given)) if stored == given => Ok(()),
        (Encryption::SseC(_), Some(_)) => Err(wrong_key()),
        (Encryption::SseC(_), None) => Err(bad_request(
            "The object was stored using a form of Server Side Encryption. \
             The correct parameters must be provided to retrieve the object.",
        )),
        (_, Some(_)) => Err(bad_request("the file is not encrypted with a customer key")),
        (_, None) => Ok(()),
    }
}

pub(crate) fn wrong_key() -> Failure {
    refuse(403, "access_denied", "the customer key is not the one the file was stored with")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::*;

    fn head(pairs: &[(&'static str, &str)]) -> Head {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_str(value).unwrap();
            headers.insert(HeaderName::from_static(name), value);
        }
        Head { method: Method::GET, uri: "/".parse().unwrap(), headers, base: String::new() }
    }

    fn key(byte: u8) -> (String, String) {
        let key = [byte; 32];
        (STANDARD.encode(key), STANDARD.encode(Md5::digest(key)))
    }

    #[test]
    fn a_customer_key_needs_all_three_headers_and_its_own_md5() {
        let ((key, md5), (_, other)) = (key(1), key(2));
        let [algorithm_name, key_name, md5_name] = CUSTOMER_HEADERS;
        let full = [(algorithm_name, "AES256"), (key_name, &key), (md5_name, &md5)];
        assert_eq!(customer_key_from_headers(&head(&full)).unwrap(), Some(md5.clone()));
        assert_eq!(customer_key_from_headers(&head(&[])).unwrap(), None);
        assert!(customer_key_from_headers(&head(&full[..2])).is_err());
        let wrong = [full[0], full[1], (md5_name, &other)];
        assert!(customer_key_from_headers(&head(&wrong)).is_err());
    }

    #[test]
    fn only_the_right_key_opens_a_customer_file() {
        let stored = Encryption::SseC("right".to_owned());
        assert!(check_access(&stored, Some("right")).is_ok());
        let Err(Failure::Refused(wrong)) = check_access(&stored, Some("wrong")) else { panic!() };
        assert_eq!((wrong.status, wrong.code), (403, "access_denied"));
        let Err(Failure::Refused(none)) = check_access(&stored, None) else { panic!() };
        assert_eq!((none.status, none.code), (400, "bad_request"));
        assert!(check_access(&Encryption::SseB2, None).is_ok());
    }

    #[test]
    fn json_modes() {
        let parse = |value: Value| from_json(value.as_object());
        assert_eq!(parse(json!({"mode": null})).unwrap(), None);
        assert_eq!(parse(json!({"mode": "none"})).unwrap(), None);
        let managed = json!({"mode": "SSE-B2", "algorithm": "AES256"});
        assert_eq!(parse(managed).unwrap(), Some(Encryption::SseB2));
        assert!(parse(json!({"mode": "SSE-B2"})).is_err());
        assert!(parse(json!({"mode": "SSE-X"})).is_err());
    }
}
