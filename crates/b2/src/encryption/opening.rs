//! Before an encrypted download: the header is fetched and opened, and
//! nothing else is touched.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use b2_core::download::{DownloadAccess, Downloaded, FileHeaders, Object};
use b2_core::error::Error;
use b2_crypto::{Header, Layout, Limits, OpenError, OpenFile, USUAL_HEADER_LEN, Unlock};
use b2_proto::ByteRange;

use crate::control::Control;
use crate::drive::Ends;
use crate::encryption::frames::Wanted;
use crate::encryption::{deriving, failure, info};
use crate::run::{Fetch, Next};
use crate::sink::{self, Shared, Sink};

/// A header that is the longest the format allows, and some bytes more.
const LONGEST: usize = 1 << 17;

/// What was found out before the content is fetched.
pub(crate) struct Opened {
    pub(crate) file: OpenFile,
    pub(crate) layout: Layout,
    pub(crate) headers: FileHeaders,
    pub(crate) header: Header,
    /// Asks for this version and no other, if the token can open ids.
    pub(crate) object: Object,
}

/// What is done with an opened file.
type Then<O> = Box<dyn FnOnce(Opened, &Control) -> Result<(O, Ends), Error> + Send>;

/// The header, as far as it is there.
pub(crate) struct Opening<O> {
    object: Object,
    access: DownloadAccess,
    unlock: Unlock,
    limits: Limits,
    needed: usize,
    bytes: Shared,
    /// What of the content is wanted, if not all.
    range: Option<ByteRange>,
    /// The file, while its last frame is fetched.
    doubted: Option<Box<Opened>>,
    then: Then<O>,
}

impl<O> Opening<O> {
    pub(crate) fn new(
        object: Object,
        access: DownloadAccess,
        (unlock, limits): (Unlock, Limits),
        then: Then<O>,
    ) -> Self {
        let (needed, bytes) = (USUAL_HEADER_LEN, Shared::default());
        let (range, doubted) = (None, None);
        Self { object, access, unlock, limits, needed, bytes, range, doubted, then }
    }

    /// What of the content will be wanted.
    pub(crate) fn with_range(self, range: Option<ByteRange>) -> Self {
        Self { range, ..self }
    }

    /// What is fetched next.
    fn next(&self) -> Result<ByteRange, OpenError> {
        let bytes = match &self.doubted {
            None => 0..self.needed as u64,
            Some(opened) => opened.layout.ciphertext_range(opened.layout.frames() - 1)?,
        };
        ByteRange::inclusive(bytes.start, bytes.end - 1).map_err(|_| OpenError::NotEncrypted)
    }
}

impl<O: 'static> Fetch<O> for Opening<O> {
    fn fetch(&mut self) -> (Result<b2_core::Download, Error>, Ends) {
        self.bytes = Shared::default();
        let sink = Sink::memory(Arc::clone(&self.bytes));
        let ends = Ends { sink: Some(Arc::new(Mutex::new(sink))), ..Ends::default() };
        let download = b2_core::Download::new(self.object.clone()).with_access(self.access.clone());
        let download = self.next().map(|range| download.with_range(range));
        (download.map_err(|error| failure::open(error).into()), ends)
    }

    fn take(
        mut self: Box<Self>,
        fetched: Result<Downloaded, Error>,
        control: &Control,
    ) -> Result<Next<O>, Error> {
        let headers = match fetched {
            Ok(downloaded) => downloaded.headers,
            // An empty file has no first byte.
            Err(error)
                if self.doubted.is_none() && error.api().is_some_and(|api| api.status == 416) =>
            {
                return Err(failure::open(OpenError::NotEncrypted).into());
            }
            Err(error) => return Err(error),
        };
        if let Some(opened) = self.doubted.take() {
            opened.check_end(&sink::lock(&self.bytes)).map_err(failure::open)?;
            return self.ready(*opened, control);
        }
        if self.access.opens_ids() {
            self.object = Object::Id(headers.file_id.clone());
        }
        let bytes = std::mem::take(&mut *sink::lock(&self.bytes));
        let header = match Header::parse(&bytes) {
            Err(OpenError::Incomplete { needed })
                if bytes.len() == self.needed && needed > self.needed && needed <= LONGEST =>
            {
                self.needed = needed;
                return Ok(Next::Fetch(self));
            }
            parsed => parsed.map_err(failure::open)?,
        };
        let file = match self.unlocked(&header, &headers, control) {
            Err(OpenError::Stopped) => return Err(Error::Cancelled),
            opened => opened.map_err(failure::open)?,
        };
        let layout = file.layout(headers.content_length).map_err(failure::open)?;
        let opened = Opened { file, layout, headers, header, object: self.object.clone() };
        if opened.is_doubtful(self.range) {
            self.doubted = Some(Box::new(opened));
            return Ok(Next::Fetch(self));
        }
        self.ready(opened, control)
    }
}

impl<O> Opening<O> {
    fn ready(self, opened: Opened, control: &Control) -> Result<Next<O>, Error> {
        Ok(Next::Ready(Box::new((self.then)(opened, control)?)))
    }

    fn unlocked(
        &self,
        header: &Header,
        headers: &FileHeaders,
        control: &Control,
    ) -> Result<OpenFile, OpenError> {
        let kept = info::keyring(headers.file_info.as_map())?;
        let keyring = kept.as_ref().unwrap_or_else(|| header.keyring());
        let mut wanted = || control.wishes().stop.is_none();
        let unlock = || header.unlock_while(keyring, &self.unlock, &self.limits, &mut wanted);
        let unlocked = deriving::alone(control, deriving::is_password(&self.unlock), unlock);
        unlocked.unwrap_or(Err(OpenError::Stopped))
    }
}

impl Opened {
    /// Whether there are no such bytes, and only because the file ends where it does: of a stream
    /// only the last frame tells that it is the last.
    fn is_doubtful(&self, range: Option<ByteRange>) -> bool {
        let outside = |range| within(range, self.layout.content_len()).is_err();
        self.file.content_len().is_none() && range.is_some_and(outside)
    }

    /// Whether the last frame of the file, in these bytes, is the last that it was made with.
    fn check_end(&self, frame: &[u8]) -> Result<(), OpenError> {
        let last = self.layout.frames() - 1;
        self.file.frame_decryptor(&self.layout).open(last, frame, &mut Vec::new())
    }

    /// What has to be fetched for these bytes of the content; `None`: all.
    pub(crate) fn wanted(&self, range: Option<ByteRange>) -> Result<Wanted, Error> {
        let Some(range) = range else {
            return Ok(Wanted::whole(&self.layout));
        };
        let content = within(range, self.layout.content_len()).map_err(failure::open)?;
        Ok(Wanted::range(&self.layout, content).map_err(failure::open)?)
    }
}

/// The bytes of a range that there are, as B2 counts them.
fn within(range: ByteRange, len: u64) -> Result<Range<u64>, OpenError> {
    let Some(first) = range.first() else {
        return Err(OpenError::Range);
    };
    let end = range.last().map_or(len, |last| last.saturating_add(1).min(len));
    if first < end { Ok(first..end) } else { Err(OpenError::Range) }
}
