//! Why there is no document or no element.

/// Why bytes are no document. None of the content is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The bytes are not JSON, or nested too deeply: check what was asked for.
    #[error("the document is not JSON (line {line}, column {column})")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 0.
        column: usize,
    },
    /// The bytes are not XML, or have a document type definition.
    #[error("the document is not XML without a DTD (line {line}, column {column})")]
    Xml {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
    },
    /// More elements than [`MAX_ELEMENTS`](crate::MAX_ELEMENTS): ask for less
    /// at once.
    #[error("the document has more than {} elements", crate::MAX_ELEMENTS)]
    TooLarge,
    /// Nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("the document is nested more than {} deep", crate::MAX_DEPTH)]
    TooDeep,
}

/// Why a path selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The path breaks the syntax: see the [crate documentation](crate).
    #[error("{step:?} is no step of a path")]
    Syntax {
        /// The step that cannot be read.
        step: Box<str>,
    },
    /// Indices count from 1.
    #[error("an index counts from 1")]
    ZeroIndex,
    /// The document has no such element: look at its parent's children.
    #[error("nothing is at step {number} of the path")]
    NotFound {
        /// The step that found nothing, from 1.
        number: usize,
    },
}
