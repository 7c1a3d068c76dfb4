//! Duties that an implementor admits not to keep.

use std::collections::BTreeMap;

/// Cases that are known not to hold, each with the reason.
///
/// An exception is not silent: the report shows it, and the documentation of
/// the transport has to say what it means for users.
#[derive(Clone, Debug, Default)]
pub struct Exceptions(BTreeMap<String, String>);

impl Exceptions {
    /// No exceptions.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Admits that the case `name` does not hold because of `reason`.
    #[must_use]
    pub fn with(mut self, name: &str, reason: &str) -> Self {
        self.0.insert(name.to_owned(), reason.to_owned());
        self
    }

    pub(crate) fn reason(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
