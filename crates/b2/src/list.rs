//! Listings as streams, a page in memory at a time.

use std::collections::VecDeque;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Cx, Poll, ready};

use b2_core::Pager;
use b2_core::call::Call;
use b2_core::endpoint::{ListFileNames, ListFileVersions};
use b2_core::error::Error;
use b2_core::list::Paged;
use b2_core::port::{BlockingTransport, BoxFuture};
use b2_proto::{BucketId, ListFileNamesRequest, ListFileVersionsRequest};

use crate::drive::Context;
use crate::run::Run;

/// Rows asked for at once. B2 bills a listing by started thousands of rows,
/// so this is as cheap as any size and its pages stay small in memory.
const PAGE: u32 = 1000;

/// A listing under way: a stream of rows.
///
/// Memory: one page. The next page is fetched when the last row of this one
/// was taken; files that come and go meanwhile may or may not be seen.
///
/// # Errors
///
/// The first error ends the listing; the rows before it were good.
///
/// - [`Error::Request`]: a number is out of its range; nothing was sent.
/// - [`Error::Api`] with status 401: the key lacks the capability, or is
///   restricted to other buckets or names; [`Error::advice`] says which.
/// - [`Error::Exhausted`], [`Error::Transport`]: list again, from the last
///   name that was seen ([`FileList::with_start`]).
/// - [`Error::Protocol`]: the server would list for ever.
///
/// ```
/// # use b2::{BucketType, Client, Credentials};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let emulator = b2_emulator::Emulator::start().await?;
/// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
/// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
/// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
/// bucket.upload("photos/2026/cat.jpg", "meow").await?;
/// bucket.upload("photos/index.html", "<p>").await?;
/// let mut folder = bucket.files().with_prefix("photos/").with_delimiter("/").stream();
/// while let Some(row) = folder.next().await {
///     println!("{}", row?.file_name); // photos/2026/, photos/index.html
/// }
/// # Ok(()) }
/// ```
#[must_use = "a listing is fetched row by row"]
pub struct Listing<E: Paged> {
    context: Arc<Context>,
    pager: Result<Pager<E>, Error>,
    rows: VecDeque<E::Row>,
    /// An error was told.
    over: bool,
    page: Option<BoxFuture<'static, Result<E::Response, Error>>>,
}

impl<E: Paged> Listing<E> {
    pub(crate) fn new(context: &Arc<Context>, pager: Result<Pager<E>, Error>) -> Self {
        Self { context: Arc::clone(context), pager, rows: VecDeque::new(), over: false, page: None }
    }

    /// Goes on at a [marker](Self::marker) that an earlier listing of the same
    /// kind has come to, in this process or another.
    pub fn with_marker(mut self, marker: E::Marker) -> Self {
        self.pager = self.pager.map(|pager| pager.with_marker(marker));
        self
    }

    /// Where the page begins that is fetched next: keep it to go on later.
    /// Rows that are [fetched already](Self::next_fetched) come before it.
    /// `None` before the first page and after the last. After an error it is
    /// where the page begins that could not be fetched.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// # for name in ["a", "b", "c"] { bucket.upload(name, "x").await?; }
    /// let mut first = bucket.files().with_page(2).stream();
    /// first.next().await;
    /// let marker = first.marker().cloned().expect("there are more pages");
    /// let mut rest = bucket.files().stream().with_marker(marker);
    /// assert_eq!(rest.next().await.expect("a row")?.file_name, "c");
    /// # Ok(()) }
    /// ```
    pub fn marker(&self) -> Option<&E::Marker> {
        self.pager.as_ref().ok()?.marker()
    }

    /// The next row; `None` after the last, and after an error.
    ///
    /// # Errors
    ///
    /// Those of the call that fetches a page.
    pub fn next_blocking(
        &mut self,
        transport: &dyn BlockingTransport,
    ) -> Option<Result<E::Row, Error>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Some(Ok(row));
            }
            let call = self.next_call()?;
            let call = match call {
                Ok(call) => call,
                Err(error) => return Some(Err(error)),
            };
            let page = Run::new(&self.context, Ok(call)).run_blocking(transport);
            if let Err(error) = self.take(page) {
                return Some(Err(error));
            }
        }
    }

    /// The next row, if it has been fetched already; the others of a page have
    /// been once [`next`](Self::next) has given its first. `None` does not
    /// mean that the listing is over.
    pub fn next_fetched(&mut self) -> Option<E::Row> {
        self.rows.pop_front()
    }

    fn take(&mut self, page: Result<E::Response, Error>) -> Result<(), Error> {
        let rows = match (page, &mut self.pager) {
            (Ok(page), Ok(pager)) => pager.accept(page),
            (Err(error), _) => Err(error),
            (Ok(_), Err(error)) => Err(error.clone()),
        };
        match rows {
            Ok(rows) => {
                self.rows = rows.into();
                Ok(())
            }
            Err(error) => {
                self.over = true;
                Err(error)
            }
        }
    }

    /// The call for the next page. An error is told once; after it the
    /// listing is over.
    fn next_call(&mut self) -> Option<Result<Call<E>, Error>> {
        if self.over {
            return None;
        }
        match &self.pager {
            Ok(pager) => pager.next_call().map(Ok),
            Err(error) => {
                self.over = true;
                Some(Err(error.clone()))
            }
        }
    }
}

impl<E> Listing<E>
where
    E: Paged + Unpin + Send + 'static,
    E::Request: Send,
    E::Response: Send,
    E::Row: Unpin,
    E::Marker: Unpin,
{
    /// The next row; `None` after the last, and after an error.
    ///
    /// # Errors
    ///
    /// Those of the call that fetches a page.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no row.
    pub async fn next(&mut self) -> Option<Result<E::Row, Error>> {
        poll_fn(|cx| self.poll_row(cx)).await
    }

    fn poll_row(&mut self, cx: &mut Cx<'_>) -> Poll<Option<Result<E::Row, Error>>> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Poll::Ready(Some(Ok(row)));
            }
            if let Some(page) = &mut self.page {
                let page = ready!(page.as_mut().poll(cx));
                self.page = None;
                if let Err(error) = self.take(page) {
                    return Poll::Ready(Some(Err(error)));
                }
                continue;
            }
            match self.next_call() {
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(call)) => self.page = Some(Run::new(&self.context, Ok(call)).into_future()),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<E> futures_core::Stream for Listing<E>
where
    E: Paged + Unpin + Send + 'static,
    E::Request: Send + Unpin,
    E::Response: Send,
    E::Row: Unpin,
    E::Marker: Unpin,
{
    type Item = Result<E::Row, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<Option<Self::Item>> {
        self.poll_row(cx)
    }
}

impl<E: Paged> fmt::Debug for Listing<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

macro_rules! file_listing {
    ($(#[$doc:meta])* $name:ident, $endpoint:ident, $request:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "call `stream` to fetch it"]
        pub struct $name {
            context: Arc<Context>,
            request: $request,
        }

        impl $name {
            pub(crate) fn new(context: &Arc<Context>, bucket: BucketId) -> Self {
                let request = $request::new(bucket).with_max_file_count(PAGE);
                Self { context: Arc::clone(context), request }
            }

            /// Only names that begin so. A key that is restricted to a
            /// narrower prefix narrows it by itself.
            pub fn with_prefix(mut self, prefix: &str) -> Self {
                self.request.prefix = Some(prefix.to_owned());
                self
            }

            /// Folds names that go on past this text, usually `/`, into one
            /// row with the action `folder`.
            pub fn with_delimiter(mut self, delimiter: &str) -> Self {
                self.request.delimiter = Some(delimiter.to_owned());
                self
            }

            /// Begins at this name, or the first one after it.
            pub fn with_start(mut self, name: &str) -> Self {
                self.request.start_file_name = Some(name.to_owned());
                self
            }

            /// Rows to fetch at once, 1 to 10,000; default 1,000. With any
            /// other number the listing fails with
            /// [`RequestError::OutOfRange`](crate::RequestError::OutOfRange),
            /// and nothing is sent.
            ///
            /// More than 1,000 is as dear, by row, and needs more memory;
            /// fewer make the first row come sooner and each row dearer.
            pub fn with_page(mut self, rows: u32) -> Self {
                self.request.max_file_count = Some(rows);
                self
            }

            /// Begins to list.
            pub fn stream(self) -> Listing<$endpoint> {
                Listing::new(&self.context, Ok(Pager::new(self.request)))
            }
        }
    };
}

file_listing! {
    /// A listing of the visible files of a bucket, by name.
    FileList, ListFileNames, ListFileNamesRequest
}

file_listing! {
    /// A listing of all versions in a bucket, by name, the newest first.
    VersionList, ListFileVersions, ListFileVersionsRequest
}
