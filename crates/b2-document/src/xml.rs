//! XML to elements. No document type definition, hence no entity to expand.

use crate::error::DocumentError;
use crate::tree::{Content, Document, MAX_DEPTH, MAX_ELEMENTS};

/// Text, comments and attributes count too when the text is read.
const MAX_NODES: u32 = 4 * MAX_ELEMENTS as u32;

impl Document {
    /// Reads XML. Names are local: a prefix of a namespace is left out.
    ///
    /// # Errors
    ///
    /// If the text is not XML, has a document type definition, or is more or
    /// deeper than the limits allow.
    pub fn from_xml(text: &str) -> Result<Self, DocumentError> {
        shallow(text)?;
        let options = roxmltree::ParsingOptions { nodes_limit: MAX_NODES, ..Default::default() };
        let parsed = roxmltree::Document::parse_with_options(text, options).map_err(refusal)?;
        let mut document = Self::empty(text);
        // The elements from the outermost to the one before the next.
        let mut line: Vec<(roxmltree::NodeId, usize)> = vec![(parsed.root().id(), 0)];
        for node in parsed.descendants().filter(roxmltree::Node::is_element) {
            let above = node.parent().map(|parent| parent.id());
            while line.last().is_some_and(|(id, _)| Some(*id) != above) {
                line.pop();
            }
            let parent = line.last().map_or(0, |(_, index)| *index);
            if line.len() > MAX_DEPTH {
                return Err(DocumentError::TooDeep);
            }
            let index = document.add(parent, node.tag_name().name(), content(node))?;
            line.push((node.id(), index));
        }
        Ok(document)
    }
}

fn content(node: roxmltree::Node<'_, '_>) -> Content {
    let attributes =
        node.attributes().map(|each| (each.name().into(), each.value().into())).collect();
    let text: String =
        node.children().filter(roxmltree::Node::is_text).filter_map(|text| text.text()).collect();
    Content::Xml { attributes, text: text.into(), range: node.range() }
}

/// Refuses what nests too deeply before the parser, which recurses, sees it.
/// It may count a tag inside a comment, which errs on the safe side.
fn shallow(text: &str) -> Result<(), DocumentError> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        match byte {
            b'<' if next == b'/' => depth = depth.saturating_sub(1),
            b'<' if next != b'!' && next != b'?' => depth += 1,
            b'/' if next == b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(DocumentError::TooDeep);
        }
    }
    Ok(())
}

fn refusal(error: roxmltree::Error) -> DocumentError {
    if matches!(error, roxmltree::Error::NodesLimitReached) {
        return DocumentError::TooLarge;
    }
    let at = error.pos();
    DocumentError::Xml { line: at.row, column: at.col }
}
