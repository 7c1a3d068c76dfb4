//! One element and what it knows.

use serde_json::{Map, Value};

use crate::error::PathError;
use crate::path::{Path, Step, Which};
use crate::tree::{Content, Document, Node};

/// One element of a [`Document`].
#[derive(Clone, Copy)]
pub struct Element<'a> {
    pub(crate) document: &'a Document,
    pub(crate) index: usize,
}

impl<'a> Element<'a> {
    fn node(&self) -> Option<&'a Node> {
        self.document.nodes.get(self.index)
    }

    fn at(&self, index: usize) -> Self {
        Self { document: self.document, index }
    }

    /// Its name; empty for an item of a JSON array and for the document.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.node().map_or("", |node| &node.name)
    }

    /// Its own text: of a JSON text without quotes, of a number or truth
    /// value as written in JSON, of `null`, objects and arrays nothing.
    #[must_use]
    pub fn text(&self) -> String {
        match self.node().map(|node| &node.content) {
            Some(Content::Scalar(Value::String(text))) => text.clone(),
            Some(Content::Scalar(Value::Null)) => String::new(),
            Some(Content::Scalar(value)) => value.to_string(),
            Some(Content::Xml { text, .. }) => text.to_string(),
            _ => String::new(),
        }
    }

    /// The element around it; `None` for the document.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.node()?.parent.map(|index| self.at(index))
    }

    /// Number of its children.
    #[must_use]
    pub fn child_count(&self) -> usize {
        self.node().map_or(0, |node| node.children.len())
    }

    /// Its children in the order of the document.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (document, children) =
            (self.document, self.node().map_or(&[][..], |node| &node.children));
        children.iter().map(move |index| Self { document, index: *index })
    }

    /// The i-th child, from 1, as in paths.
    #[must_use]
    pub fn child(&self, number: usize) -> Option<Self> {
        self.children().nth(number.checked_sub(1)?)
    }

    /// The value of an attribute (XML).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        match &self.node()?.content {
            Content::Xml { attributes, .. } => {
                attributes.iter().find(|(each, _)| **each == *name).map(|(_, value)| &**value)
            }
            _ => None,
        }
    }

    /// The whole element as a document of its own: JSON without white space,
    /// or the XML as it was written.
    #[must_use]
    pub fn subtree(&self) -> String {
        match self.node().map(|node| &node.content) {
            Some(Content::Xml { range, .. }) => {
                self.document.source.get(range.clone()).unwrap_or_default().to_owned()
            }
            Some(Content::Document) if self.document.start == 0 => self.document.source.to_string(),
            Some(Content::Document) => self.document.root().subtree(),
            _ => self.json().to_string(),
        }
    }

    /// No deeper than the limit of the reader.
    fn json(&self) -> Value {
        match self.node().map(|node| &node.content) {
            Some(Content::Scalar(value)) => value.clone(),
            Some(Content::Array) => self.children().map(|child| child.json()).collect(),
            _ => {
                let fields = self.children().map(|child| (child.name().to_owned(), child.json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The element at this path, which begins here unless it is absolute.
    ///
    /// # Errors
    ///
    /// If the path breaks the syntax or there is no such element.
    pub fn find(&self, path: &str) -> Result<Self, PathError> {
        self.follow(&path.parse()?)
    }

    /// The element at a path that was read before.
    ///
    /// # Errors
    ///
    /// If there is no such element.
    pub fn follow(&self, path: &Path) -> Result<Self, PathError> {
        let mut here = if path.absolute { self.at(0) } else { *self };
        for (at, step) in path.steps.iter().enumerate() {
            here = here.take(step).ok_or(PathError::NotFound { number: at + 1 })?;
        }
        Ok(here)
    }

    fn take(&self, step: &Step) -> Option<Self> {
        let (name, which) = match step {
            Step::Stay => return Some(*self),
            Step::Up => return self.parent(),
            Step::Down { name, which } => (name.as_deref(), which),
        };
        let mut named =
            self.children().filter(|child| name.is_none_or(|name| child.name() == name));
        match which {
            Which::FromFirst(number) => named.nth(*number),
            Which::FromLast(number) => {
                let all = named.collect::<Vec<_>>();
                all.into_iter().rev().nth(*number)
            }
            Which::With { attribute, value } => {
                named.find(|child| child.attribute(attribute) == Some(&**value))
            }
        }
    }
}

impl std::fmt::Debug for Element<'_> {
    /// Without content: an answer may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Element").field("name", &self.name()).finish_non_exhaustive()
    }
}
