//! The elements of a document, in one row, so that no depth needs a stack.

use std::ops::Range;

use serde_json::Value;

use crate::error::DocumentError;
use crate::{Element, Path, PathError};

/// Most elements of a document.
pub const MAX_ELEMENTS: usize = 1_000_000;
/// Deepest nesting of a document.
pub const MAX_DEPTH: usize = 128;

/// A JSON or XML document.
#[derive(Clone)]
pub struct Document {
    pub(crate) nodes: Vec<Node>,
    /// Where relative paths begin: the document of XML, the value of JSON.
    pub(crate) start: usize,
    /// The text that XML elements are slices of.
    pub(crate) source: Box<str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: Box<str>,
    pub(crate) parent: Option<usize>,
    pub(crate) children: Vec<usize>,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Document,
    Object,
    Array,
    Scalar(Value),
    Xml { attributes: Vec<(Box<str>, Box<str>)>, text: Box<str>, range: Range<usize> },
}

impl Document {
    pub(crate) fn empty(source: &str) -> Self {
        let node = Node {
            name: "".into(),
            parent: None,
            children: Vec::new(),
            content: Content::Document,
        };
        Self { nodes: vec![node], start: 0, source: source.into() }
    }

    pub(crate) fn add(
        &mut self,
        parent: usize,
        name: &str,
        content: Content,
    ) -> Result<usize, DocumentError> {
        let index = self.nodes.len();
        if index > MAX_ELEMENTS {
            return Err(DocumentError::TooLarge);
        }
        self.nodes.push(Node {
            name: name.into(),
            parent: Some(parent),
            children: Vec::new(),
            content,
        });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children.push(index);
        }
        Ok(index)
    }

    /// Where relative paths begin: the document itself, or the value that
    /// JSON is.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element { document: self, index: self.start }
    }

    /// The element at this path.
    ///
    /// # Errors
    ///
    /// If the path breaks the syntax or the document has no such element.
    pub fn find(&self, path: &str) -> Result<Element<'_>, PathError> {
        self.root().find(path)
    }

    /// The element at a path that was read before.
    ///
    /// # Errors
    ///
    /// If the document has no such element.
    pub fn follow(&self, path: &Path) -> Result<Element<'_>, PathError> {
        self.root().follow(path)
    }
}

impl std::fmt::Debug for Document {
    /// Without content: an answer may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("elements", &self.nodes.len()).finish_non_exhaustive()
    }
}
