//! Paths through JSON and XML documents.
//!
//! The answer to a request that no typed call covers is a document; a path
//! picks one element out of it, in the syntax that file-transfer components
//! use for both formats:
//!
//! | accessor | selects |
//! |---|---|
//! | `name`, `*` | the first child of that name, the first child |
//! | `[i]`, `name[i]` | the i-th child, the i-th of that name, from 1 |
//! | `[last()]`, `[last()-i]` | the last child, the one `i` before it |
//! | `name[@attr="value"]` | the first child of that name with that attribute (XML) |
//! | `.`, `..` | the element itself, its parent |
//!
//! A path that begins with `/` starts at the document, any other at the
//! element it is given to. The value of a JSON document is named `json`.
//!
//! ```
//! use b2_document::Document;
//!
//! let document = Document::from_json(br#"{"files":[{"name":"a"},{"name":"b"}]}"#)?;
//! assert_eq!(document.find("/json/files/[last()]/name")?.text(), "b");
//! let files = document.find("files")?;
//! assert_eq!(files.child_count(), 2);
//! assert_eq!(files.find("[1]/name")?.text(), "a");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! A document has at most [`MAX_ELEMENTS`] elements, nested at most
//! [`MAX_DEPTH`] deep, so a hostile answer costs bounded memory and no stack.

mod element;
mod error;
mod json;
mod path;
mod tree;
mod xml;

pub use element::Element;
pub use error::{DocumentError, PathError};
pub use path::Path;
pub use tree::{Document, MAX_DEPTH, MAX_ELEMENTS};
