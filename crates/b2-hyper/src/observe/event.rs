//! What observers hear.

use std::fmt;
use std::sync::Arc;

use ::http::{HeaderMap, Method, Version};
use b2_core::error::TransportError;

use super::mask::shown_header;
use crate::connect::ConnectionFacts;
use crate::proxy::{ProxyError, ProxyKind};

/// Something that happened while a request was sent and answered.
///
/// URLs are without their query, headers as [`Headers`] shows them. Bodies are
/// given as they are, to observers that ask for them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A connection is about to be made.
    Connecting {
        /// Name or address of the server.
        host: &'a str,
        /// Its port.
        port: u16,
        /// Whether it is to be encrypted.
        tls: bool,
    },
    /// A proxy is about to be asked for a connection.
    ProxyRequest {
        /// Whether it is the firewall.
        firewall: bool,
        /// What it speaks.
        kind: ProxyKind,
        /// Its name and port.
        proxy: &'a str,
        /// The name and port that it is asked for.
        target: &'a str,
    },
    /// It has answered.
    ProxyResponse {
        /// Whether it is the firewall.
        firewall: bool,
        /// Its name and port.
        proxy: &'a str,
        /// Whether it connected. If it did not and there is no error, it hung
        /// up to be asked again by who tells it what it wants to know.
        connected: bool,
        /// Why it did not connect, if that is how it ended.
        error: Option<&'a ProxyError>,
    },
    /// The connection stands.
    Connected {
        /// What is known of it.
        facts: &'a ConnectionFacts,
    },
    /// A connection from before is used.
    Reused {
        /// What is known of it.
        facts: &'a ConnectionFacts,
    },
    /// A request is about to be written. Once for each redirect, too, and
    /// again if the connection turns out to have been closed.
    RequestHead {
        /// The method.
        method: &'a Method,
        /// The URL.
        url: &'a str,
        /// The version of HTTP.
        version: Version,
        /// The headers.
        headers: Headers<'a>,
    },
    /// A piece of the body of the request was handed to the connection. Only
    /// for who [wants bodies](Observer::wants_bodies).
    RequestBody {
        /// The piece.
        bytes: &'a [u8],
    },
    /// The head of the answer is here.
    ResponseHead {
        /// Its first line, such as `HTTP/1.1 200 OK`.
        status_line: &'a str,
        /// The headers.
        headers: Headers<'a>,
    },
    /// The answer is a redirect that is followed.
    Redirected {
        /// Where to.
        url: &'a str,
    },
    /// A piece of the body of the answer was read. Only for who
    /// [wants bodies](Observer::wants_bodies).
    ResponseBody {
        /// The piece, as the caller gets it: decompressed, if it is
        /// [decompressed](crate::Decompression) here.
        bytes: &'a [u8],
    },
    /// There is no answer.
    Failed {
        /// Why.
        error: &'a TransportError,
    },
    /// The answer was read or dropped, or there is none. The last event of
    /// each request.
    Ended {
        /// Bytes of the body of the answer that were read, before anything was
        /// decompressed.
        received: u64,
    },
}

/// Hears events.
///
/// It is called where things happen, from whichever thread: it should return
/// quickly.
pub trait Observer: Send + Sync + 'static {
    /// Something happened. Events of one request have the same number, which
    /// no other request of the process has.
    fn on_event(&self, request: u64, event: &Event<'_>);

    /// Whether it wants to see bodies; no unless told.
    fn wants_bodies(&self) -> bool {
        false
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn on_event(&self, request: u64, event: &Event<'_>) {
        (**self).on_event(request, event);
    }

    fn wants_bodies(&self) -> bool {
        (**self).wants_bodies()
    }
}

/// Headers without their secrets.
///
/// Values that are marked as sensitive, and those of `Authorization`,
/// `Cookie`, keys and the like, are shown as `..`.
#[derive(Clone, Copy)]
pub struct Headers<'a>(pub(crate) &'a HeaderMap);

impl<'a> Headers<'a> {
    /// Names and values; bytes that are no text are replaced.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, std::borrow::Cow<'a, str>)> + use<'a> {
        self.0.iter().map(|(name, value)| (name.as_str(), shown_header(name, value)))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Headers<'_> {
    /// A line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let between = if index == 0 { "" } else { "\n" };
            write!(f, "{between}{name}: {value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
