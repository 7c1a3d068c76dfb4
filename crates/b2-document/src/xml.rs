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
/// Text that is not XML may stop the count; the parser stops there too.
fn shallow(text: &str) -> Result<(), DocumentError> {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..];
        let end = if let Some(comment) = tag.strip_prefix("<!--") {
            comment.find("-->").map(|end| end + 7)
        } else if let Some(data) = tag.strip_prefix("<![CDATA[") {
            data.find("]]>").map(|end| end + 12)
        } else if tag.starts_with("<?") {
            tag.find("?>").map(|end| end + 2)
        } else if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
            tag.find('>').map(|end| end + 1)
        } else {
            // An empty element is as deep as any while it lasts.
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(DocumentError::TooDeep);
            }
            let end = tag_end(tag);
            depth -= usize::from(end.is_some_and(|end| tag[..end].ends_with("/>")));
            end
        };
        match end {
            Some(end) => rest = &tag[end..],
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Where a start tag ends: at the first `>` outside the quotes of its
/// attributes.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn refusal(error: roxmltree::Error) -> DocumentError {
    if matches!(error, roxmltree::Error::NodesLimitReached) {
        return DocumentError::TooLarge;
    }
    let at = error.pos();
    DocumentError::Xml { line: at.row, column: at.col }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many elements in one another, each beginning with this text.
    fn nested(levels: usize, text: &str) -> String {
        let open = format!("<a>{text}");
        format!("{}{}", open.repeat(levels), "</a>".repeat(levels))
    }

    #[test]
    fn no_text_hides_how_deep_a_document_is() {
        let disguises =
            ["", "/>", "<!-- </a> -->", "<![CDATA[</a>]]>", "<?p </a> ?>", "<b c='</a>/>'/>"];
        for text in disguises {
            for levels in [MAX_DEPTH + 1, 100_000] {
                let refused = Document::from_xml(&nested(levels, text));
                assert_eq!(refused.unwrap_err(), DocumentError::TooDeep, "{text}");
            }
        }
    }

    #[test]
    fn what_only_looks_deep_is_read() {
        let tags = "<a>".repeat(1_000);
        for text in [
            format!("<r><!-- {tags} --></r>"),
            format!("<r><![CDATA[{tags}]]></r>"),
            format!("<r b=\"{}\"/>", "&lt;a>".repeat(1_000)),
            format!("<r>{}</r>", "<a b='>'/>".repeat(1_000)),
        ] {
            Document::from_xml(&text).unwrap();
        }
    }
}
