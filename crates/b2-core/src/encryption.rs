//! Server-side encryption as headers of uploads and downloads.
//!
//! In JSON the same choice is an [`EncryptionRequest`]. The headers of a
//! customer key are sensitive: no `Debug` of a request prints them.

use b2_proto::{CustomerKey, EncryptionMode, EncryptionRequest, header};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::error::RequestError;

const AES256: HeaderValue = HeaderValue::from_static("AES256");

/// Adds the headers with which an upload asks for this encryption.
///
/// A part of a large file needs them only under SSE-C, with the key that the
/// file was started with.
///
/// # Errors
///
/// [`RequestError::Contradiction`] if the request asks for SSE-C without a
/// key, or for no known mode; nothing is added then.
///
/// ```
/// use b2_core::encryption;
/// use b2_proto::{CustomerKey, EncryptionRequest};
///
/// let mut headers = http::HeaderMap::new();
/// let request = EncryptionRequest::sse_c(CustomerKey::new([7; 32]));
/// encryption::upload_headers(&request, &mut headers)?;
/// assert_eq!(headers["x-bz-server-side-encryption-customer-algorithm"], "AES256");
/// # Ok::<(), b2_core::error::RequestError>(())
/// ```
pub fn upload_headers(
    request: &EncryptionRequest,
    headers: &mut HeaderMap,
) -> Result<(), RequestError> {
    match (&request.mode, &request.customer_key) {
        (Some(EncryptionMode::SseB2), None) => {
            headers.insert(HeaderName::from_static(header::SERVER_SIDE_ENCRYPTION), AES256);
            Ok(())
        }
        (Some(EncryptionMode::SseC), Some(key)) => download_headers(key, headers),
        (Some(EncryptionMode::SseC), None) => {
            Err(RequestError::Contradiction("SSE-C needs a customer key"))
        }
        (Some(EncryptionMode::Unencrypted) | None, None) => Ok(()),
        (_, Some(_)) => Err(RequestError::Contradiction("a customer key needs the mode SSE-C")),
        (Some(_), None) => Err(RequestError::Contradiction("this mode of encryption is unknown")),
    }
}

/// Adds the headers with which a download shows the key of a file under
/// SSE-C.
///
/// # Errors
///
/// None that a valid key brings about.
pub fn download_headers(key: &CustomerKey, headers: &mut HeaderMap) -> Result<(), RequestError> {
    let secret = sensitive(header::CUSTOMER_KEY, &key.expose_base64())?;
    let digest = sensitive(header::CUSTOMER_KEY_MD5, &key.md5_base64())?;
    headers.insert(HeaderName::from_static(header::CUSTOMER_ALGORITHM), AES256);
    headers.insert(HeaderName::from_static(header::CUSTOMER_KEY), secret);
    headers.insert(HeaderName::from_static(header::CUSTOMER_KEY_MD5), digest);
    Ok(())
}

fn sensitive(name: &'static str, value: &str) -> Result<HeaderValue, RequestError> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| RequestError::Header { name: name.into() })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use b2_proto::EncryptionAlgorithm;

    use super::*;

    fn headers(request: &EncryptionRequest) -> Result<HeaderMap, RequestError> {
        let mut headers = HeaderMap::new();
        upload_headers(request, &mut headers).map(|()| headers)
    }

    #[test]
    fn each_mode_has_its_headers() {
        let managed = headers(&EncryptionRequest::sse_b2()).unwrap();
        assert_eq!(managed.len(), 1);
        assert_eq!(managed[header::SERVER_SIDE_ENCRYPTION], "AES256");
        let own = headers(&EncryptionRequest::sse_c(CustomerKey::new([0; 32]))).unwrap();
        assert_eq!(own.len(), 3);
        assert_eq!(own[header::CUSTOMER_KEY], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(own[header::CUSTOMER_KEY_MD5], "cLyPS3KoaSFGi/joRB3OUQ==");
        assert!(headers(&EncryptionRequest::new()).unwrap().is_empty());
    }

    #[test]
    fn no_debug_prints_the_key() {
        let own = headers(&EncryptionRequest::sse_c(CustomerKey::new([0; 32]))).unwrap();
        assert!(!format!("{own:?}").contains("AAAA"), "{own:?}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let keyless = EncryptionRequest::new()
            .with_mode(EncryptionMode::SseC)
            .with_algorithm(EncryptionAlgorithm::Aes256);
        let two = EncryptionRequest::sse_b2().with_customer_key(CustomerKey::new([0; 32]));
        for request in [keyless, two] {
            let refusal = headers(&request);
            assert!(matches!(refusal, Err(RequestError::Contradiction(_))), "{refusal:?}");
        }
    }
}
