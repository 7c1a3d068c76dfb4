//! Making a request ready for the wire.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use b2_core::error::{Sent, TransportError, TransportErrorKind};
use b2_core::port::RequestBody;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body::Body;

use crate::error::Refusal;
use crate::http::body::{Progress, SentBody};
use crate::http::redirect::strip_secrets;
use crate::http::{Decompression, HeaderOverrides};
use crate::observe::{Observers, Witness, shown_url};
use crate::target::Target;
use crate::watch::Watch;

/// A request that can be written as it is.
pub(crate) struct Outgoing {
    pub(crate) request: Request<SentBody>,
    pub(crate) target: Target,
    pub(crate) progress: Arc<Progress>,
    /// For people.
    pub(crate) url: String,
    /// Whether a compressed answer was asked for.
    pub(crate) decode: bool,
    pub(crate) witness: Option<Witness>,
}

/// What is the same for all requests.
pub(crate) struct Manner {
    pub(crate) headers: HeaderOverrides,
    pub(crate) decompression: Option<Decompression>,
    pub(crate) observers: Observers,
}

impl Outgoing {
    /// `foreign`: a redirect of another server has led here.
    pub(crate) async fn new(
        request: Request<RequestBody>,
        manner: &Manner,
        foreign: bool,
        witness: Option<Witness>,
        watch: &mut Watch,
    ) -> Result<Self, TransportError> {
        let (mut head, body) = request.into_parts();
        let target = Target::of(&head.uri)?;
        manner.headers.apply(&head.method, &mut head.headers);
        if foreign {
            strip_secrets(&mut head.headers);
        }
        let decode = match &manner.decompression {
            Some(decompression) => {
                decompression.ask(&head.method, &head.extensions, &mut head.headers)
            }
            None => false,
        };
        let url = if witness.is_some() { shown_url(&head.uri) } else { String::new() };
        set_length(&mut head.headers, &head.method, body.remaining())?;
        // The rest is the connection's: `Link::dress`.
        head.uri = origin_form(&head.uri);
        let progress = Arc::new(Progress::default());
        let body = if body.remaining() == 0 {
            confirm_empty(body, watch).await?;
            SentBody::empty(Arc::clone(&progress))
        } else {
            SentBody::new(body, Arc::clone(&progress), witness.clone())
        };
        let request = Request::from_parts(head, body);
        Ok(Self { request, target, progress, url, decode, witness })
    }
}

/// Makes sure that `Content-Length` is there and exact. A request without a
/// body has none unless its method expects one (RFC 9110, 8.6).
fn set_length(headers: &mut HeaderMap, method: &Method, len: u64) -> Result<(), Refusal> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::Chunked);
    }
    let mut given = headers.get_all(CONTENT_LENGTH).iter();
    match (given.next(), given.next()) {
        (None, _) => {
            if len > 0 || [Method::POST, Method::PUT, Method::PATCH].contains(method) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
            }
            Ok(())
        }
        (Some(value), None) if value.as_bytes() == len.to_string().as_bytes() => Ok(()),
        _ => Err(Refusal::Length),
    }
}

/// Without the authority: that is what the `Host` header is for.
fn origin_form(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

/// hyper does not look into a body without bytes; one that has some after all
/// is an error of the caller.
async fn confirm_empty(mut body: RequestBody, watch: &mut Watch) -> Result<(), TransportError> {
    let end = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
        Poll::Pending => watch.poll_deadline(cx).map(Err),
        Poll::Ready(frame) => Poll::Ready(Ok(frame)),
    })
    .await;
    match end {
        Ok(None) => Ok(()),
        Ok(Some(Ok(_))) => Err(Refusal::Length.into()),
        Ok(Some(Err(error))) => {
            Err(TransportError::new(TransportErrorKind::Other, Sent::Nothing).with_source(error))
        }
        Err(late) => Err(late.into_error(Sent::Nothing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(headers: &[(&str, &str)], method: Method, len: u64) -> Result<HeaderMap, Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        set_length(&mut map, &method, len).map(|()| map)
    }

    #[test]
    fn a_missing_length_is_added_where_one_is_expected() {
        assert_eq!(length(&[], Method::POST, 0).unwrap()[CONTENT_LENGTH], "0");
        assert_eq!(length(&[], Method::GET, 3).unwrap()[CONTENT_LENGTH], "3");
        assert!(length(&[], Method::GET, 0).unwrap().is_empty());
        assert!(length(&[], Method::HEAD, 0).unwrap().is_empty());
    }

    #[test]
    fn a_length_that_is_given_has_to_be_right() {
        assert!(length(&[("content-length", "7")], Method::POST, 7).is_ok());
        assert!(length(&[("content-length", "0")], Method::GET, 0).is_ok());
        for wrong in ["8", "+7", "7, 7", ""] {
            let given = [("content-length", wrong)];
            assert!(matches!(length(&given, Method::POST, 7), Err(Refusal::Length)), "{wrong}");
        }
        let twice = [("content-length", "7"), ("content-length", "7")];
        assert!(matches!(length(&twice, Method::POST, 7), Err(Refusal::Length)));
    }

    #[test]
    fn chunked_bodies_are_refused() {
        let given = [("transfer-encoding", "chunked")];
        assert!(matches!(length(&given, Method::POST, 7), Err(Refusal::Chunked)));
    }

    #[test]
    fn the_wire_gets_path_and_query_as_they_are() {
        for (uri, wire) in [
            ("http://a/file/b%C3%A4r/a+b?x=%20&y", "/file/b%C3%A4r/a+b?x=%20&y"),
            ("http://a", "/"),
            ("http://a?x=1", "/?x=1"),
        ] {
            assert_eq!(origin_form(&uri.parse().unwrap()).to_string(), wire, "{uri}");
        }
    }
}
