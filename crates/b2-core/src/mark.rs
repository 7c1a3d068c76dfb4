//! What a request tells its transport, beside what goes over the wire.
//!
//! These are values in the extensions of a request. A transport may look at
//! them and may ignore them.

/// The answer is a document that is read as a whole, such as JSON, and no
/// file.
///
/// Nobody compares its bytes with a digest or asks for a range of it, so a
/// transport that was told to may ask for it in compressed form, and has to
/// open that form then. Without this mark it must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document;

/// The user gave the URL, not the server.
///
/// What a transport allows servers to name does not bind its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChosenByUser;

impl Document {
    /// The mark.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl ChosenByUser {
    /// The mark.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}
