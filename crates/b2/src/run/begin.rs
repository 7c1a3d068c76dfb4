//! What comes before an operation can begin.

use std::sync::Arc;

use b2_core::download::Downloaded;
use b2_core::error::Error;
use b2_core::op::Stop;

use crate::control::Control;
use crate::drive::{Context, Ends, drive};
use crate::observer::Scope;

/// What has to be done on this side before an operation can begin, if that
/// takes a while. It is done on a thread where it may block, and looks at the
/// control of the ends whether it is still wanted.
pub(crate) type Prepare<O> = Box<dyn FnOnce(&Ends) -> Result<(O, Ends), Error> + Send>;

/// Something that is fetched into memory before an operation can begin.
pub(crate) trait Fetch<O>: Send {
    /// What to fetch, and where it goes.
    fn fetch(&mut self) -> (Result<b2_core::Download, Error>, Ends);
    /// Looks at it, on a thread where it may block. The control tells whether it is still wanted.
    fn take(
        self: Box<Self>,
        fetched: Result<Downloaded, Error>,
        control: &Control,
    ) -> Result<Next<O>, Error>;
}

/// What comes after something was fetched.
#[cfg_attr(not(feature = "encryption"), expect(dead_code, reason = "nothing is fetched first"))]
pub(crate) enum Next<O> {
    Fetch(Box<dyn Fetch<O>>),
    Ready(Box<(O, Ends)>),
}

#[cfg_attr(not(feature = "encryption"), expect(dead_code, reason = "nothing comes first"))]
pub(super) enum Begin<O> {
    Now(Result<O, Error>),
    Prepared(Prepare<O>),
    Fetched(Box<dyn Fetch<O>>),
}

impl<O> Begin<O> {
    /// The operation, without any runtime.
    pub(super) fn blocking(
        self,
        ends: &Ends,
        mut perform: impl FnMut(b2_core::Download, &Ends) -> Result<Downloaded, Error>,
    ) -> Result<(O, Ends), Error> {
        let mut fetch = match self {
            Self::Now(operation) => return Ok((operation?, ends.clone())),
            Self::Prepared(prepare) => return prepare(ends).map(|ready| ends.adopt(ready)),
            Self::Fetched(fetch) => fetch,
        };
        loop {
            let (download, mut into) = fetch.fetch();
            into.control = Arc::clone(&ends.control);
            let fetched = download.and_then(|download| perform(download, &into));
            fetch = match fetch.take(fetched, &ends.control)? {
                Next::Fetch(fetch) => fetch,
                Next::Ready(ready) => return Ok(ends.adopt(*ready)),
            };
        }
    }
}

impl<O: Send + 'static> Begin<O> {
    pub(super) async fn awaited(
        self,
        context: &Arc<Context>,
        scope: Scope,
        ends: Ends,
    ) -> Result<(O, Ends), Error> {
        let mut unwanted = Unwanted(Some(Arc::clone(&ends.control)));
        let mut fetch = match self {
            Self::Now(operation) => {
                unwanted.0 = None;
                return Ok((operation?, ends));
            }
            Self::Prepared(prepare) => {
                let told = ends.clone();
                let ready = blocking::unblock(move || prepare(&told)).await;
                unwanted.0 = None;
                return ready.map(|ready| ends.adopt(ready));
            }
            Self::Fetched(fetch) => fetch,
        };
        loop {
            let (download, mut into) = fetch.fetch();
            into.control = Arc::clone(&ends.control);
            let fetched = match download {
                Ok(download) => drive(Arc::clone(context), scope, download, into).await,
                Err(error) => Err(error),
            };
            let control = Arc::clone(&ends.control);
            fetch = match blocking::unblock(move || fetch.take(fetched, &control)).await? {
                Next::Fetch(fetch) => fetch,
                Next::Ready(ready) => {
                    unwanted.0 = None;
                    return Ok(ends.adopt(*ready));
                }
            };
        }
    }
}

/// Tells a preparation that nobody waits for it any more.
struct Unwanted(Option<Arc<Control>>);

impl Drop for Unwanted {
    fn drop(&mut self) {
        if let Some(control) = self.0.take() {
            control.stop(Stop::Keep);
        }
    }
}
