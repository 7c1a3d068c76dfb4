//! Paging: from one call to the next until the marker is gone.
//!
//! A [`Pager`] makes the [`Call`] for the next page and takes its answer. A
//! page may be short or even empty while more follow; only a missing marker
//! ends the list. A marker that does not advance would go round for ever and
//! is an error instead.

use b2_proto as proto;

use crate::call::Call;
use crate::endpoint::{
    Endpoint, ListFileNames, ListFileVersions, ListKeys, ListParts, ListUnfinishedLargeFiles,
};
use crate::error::{Error, ProtocolError};

/// An endpoint that answers in pages.
///
/// Sealed: the markers belong to B2.
pub trait Paged: Endpoint<Request: Clone> + sealed::Sealed {
    /// One row of a page.
    type Row;
    /// Where the next page starts.
    type Marker: Clone + PartialEq + std::fmt::Debug;

    /// Splits an answer.
    fn split(response: Self::Response) -> (Vec<Self::Row>, Option<Self::Marker>);
    /// Whether `new` lies after `old`; a list that turns back never ends.
    fn advances(old: &Self::Marker, new: &Self::Marker) -> bool;
    /// The request for the page at `marker`, all else unchanged.
    fn at(request: &Self::Request, marker: &Self::Marker) -> Self::Request;
}

mod sealed {
    #[expect(unnameable_types, reason = "sealed: nobody else may implement it")]
    pub trait Sealed {}
    impl Sealed for super::ListFileNames {}
    impl Sealed for super::ListFileVersions {}
    impl Sealed for super::ListKeys {}
    impl Sealed for super::ListParts {}
    impl Sealed for super::ListUnfinishedLargeFiles {}
}

/// Walks the pages of a list.
///
/// Memory: one page. B2 counts one transaction for each started 1,000 rows of
/// a page, so large pages are not dearer than small ones.
#[derive(Debug)]
pub struct Pager<E: Paged> {
    request: E::Request,
    marker: Option<E::Marker>,
    over: bool,
}

impl<E: Paged> Pager<E> {
    /// Begins where `request` says.
    #[must_use]
    pub fn new(request: E::Request) -> Self {
        Self { request, marker: None, over: false }
    }

    /// Begins at a marker that another pager of the same request has come to.
    #[must_use]
    pub fn with_marker(mut self, marker: E::Marker) -> Self {
        self.marker = Some(marker);
        self
    }

    /// The call for the next page; `None` after the last.
    #[must_use]
    pub fn next_call(&self) -> Option<Call<E>> {
        if self.over {
            return None;
        }
        Some(Call::new(match &self.marker {
            Some(marker) => E::at(&self.request, marker),
            None => self.request.clone(),
        }))
    }

    /// Takes the answer of that call and gives its rows.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Contradiction`] if the server would go round for
    /// ever.
    pub fn accept(&mut self, response: E::Response) -> Result<Vec<E::Row>, Error> {
        let (rows, marker) = E::split(response);
        self.over = marker.is_none();
        if let (Some(old), Some(new)) = (&self.marker, &marker)
            && !E::advances(old, new)
        {
            self.over = true;
            let source = Box::new(ProtocolError::Contradiction(
                "the next page does not come after this one",
            ));
            return Err(Error::Protocol { operation: E::NAME, source });
        }
        self.marker = marker;
        Ok(rows)
    }

    /// Where the next page starts; feed it to a later listing to go on.
    #[must_use]
    pub fn marker(&self) -> Option<&E::Marker> {
        self.marker.as_ref()
    }
}

impl Paged for ListFileNames {
    type Row = proto::FileVersion;
    type Marker = String;

    fn split(response: Self::Response) -> (Vec<Self::Row>, Option<String>) {
        (response.files, response.next_file_name)
    }

    fn advances(old: &String, new: &String) -> bool {
        new > old
    }

    fn at(request: &Self::Request, marker: &String) -> Self::Request {
        request.clone().with_start_file_name(marker.clone())
    }
}

impl Paged for ListFileVersions {
    type Row = proto::FileVersion;
    type Marker = (String, Option<proto::FileId>);

    fn split(response: Self::Response) -> (Vec<Self::Row>, Option<Self::Marker>) {
        let id = response.next_file_id;
        (response.files, response.next_file_name.map(|name| (name, id)))
    }

    /// The order of the versions of one name is not that of their ids.
    fn advances(old: &Self::Marker, new: &Self::Marker) -> bool {
        new.0 > old.0 || (new.0 == old.0 && new.1 != old.1)
    }

    fn at(request: &Self::Request, (name, id): &Self::Marker) -> Self::Request {
        let mut request = request.clone().with_start_file_name(name.clone());
        // Absent when the next page begins with a folder.
        request.start_file_id.clone_from(id);
        request
    }
}

impl Paged for ListKeys {
    type Row = proto::ApplicationKeyInfo;
    type Marker = proto::ApplicationKeyId;

    fn split(response: Self::Response) -> (Vec<Self::Row>, Option<Self::Marker>) {
        (response.keys, response.next_application_key_id)
    }

    fn advances(old: &Self::Marker, new: &Self::Marker) -> bool {
        new > old
    }

    fn at(request: &Self::Request, marker: &Self::Marker) -> Self::Request {
        request.clone().with_start_application_key_id(marker.clone())
    }
}

impl Paged for ListParts {
    type Row = proto::Part;
    type Marker = u32;

    fn split(response: Self::Response) -> (Vec<Self::Row>, Option<Self::Marker>) {
        (response.parts, response.next_part_number)
    }

    fn advances(old: &u32, new: &u32) -> bool {
        new > old
    }

    fn at(request: &Self::Request, marker: &u32) -> Self::Request {
        request.clone().with_start_part_number(*marker)
    }
}

impl Paged for ListUnfinishedLargeFiles {
    type Row = proto::FileVersion;
    type Marker = proto::LargeFileId;

    fn split(response: Self::Response) -> (Vec<Self::Row>, Option<Self::Marker>) {
        (response.files, response.next_file_id)
    }

    /// They are listed by id.
    fn advances(old: &Self::Marker, new: &Self::Marker) -> bool {
        new > old
    }

    fn at(request: &Self::Request, marker: &Self::Marker) -> Self::Request {
        request.clone().with_start_file_id(marker.clone())
    }
}
