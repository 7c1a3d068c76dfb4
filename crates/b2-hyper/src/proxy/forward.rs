//! Requests that an HTTP proxy reads itself.

use std::sync::{Mutex, PoisonError};

use ::http::uri::{Authority, Scheme};
use ::http::{HeaderMap, Request, Uri, header};

use super::auth::Authenticator;
use super::error::ProxyError;

/// What a request has to look like for the proxy on this connection.
pub(crate) struct Forward {
    authority: Authority,
    authenticator: Mutex<Authenticator>,
}

impl Forward {
    pub(super) fn new(authority: Authority, authenticator: Authenticator) -> Self {
        Self { authority, authenticator: Mutex::new(authenticator) }
    }

    /// Gives the request the whole URL and says who is asking.
    pub(crate) fn dress<B>(&self, request: &mut Request<B>) -> Result<(), ProxyError> {
        let path = request.uri().path_and_query().cloned();
        let mut parts = ::http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = path;
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|_| ProxyError::Unsuitable("the URL of the request"))?;
        let mut authenticator = self.authenticator.lock().unwrap_or_else(PoisonError::into_inner);
        let uri = request.uri().to_string();
        let value = authenticator.header(request.method().as_str(), &uri)?;
        if let Some(value) = value {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        Ok(())
    }

    /// The proxy does not know us, or no longer: the next connection asks
    /// anew.
    pub(crate) fn refused(&self, headers: &HeaderMap) -> ProxyError {
        let mut authenticator = self.authenticator.lock().unwrap_or_else(PoisonError::into_inner);
        match authenticator.challenge(headers) {
            Ok(()) => ProxyError::Status(407),
            Err(error) => error,
        }
    }
}
