//! The parts of a Markdown file that can be wrong: links, headings and commands.

/// A link or a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) line: usize,
    pub(crate) target: String,
}

/// A line of a code block, or code within a line of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeLine {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// What a file links to, offers to link to, and tells its reader to type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    pub(crate) links: Vec<Link>,
    /// Headings, as they appear behind `#` in a link.
    pub(crate) anchors: Vec<String>,
    pub(crate) code: Vec<CodeLine>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if fenced {
                document.code.push(CodeLine { line: line_number, text: line.trim().to_owned() });
            } else {
                document.read_prose(line_number, line);
            }
        }
        document
    }

    fn read_prose(&mut self, line_number: usize, line: &str) {
        if let Some(heading) = line.strip_prefix('#') {
            self.anchors.push(anchor(heading.trim_start_matches('#')));
        }
        let (prose, code) = apart(line);
        self.code.extend(code.into_iter().map(|text| CodeLine { line: line_number, text }));
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let definition =
            prose.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        for target in inline.chain(definition.map(|(_, target)| target)) {
            // A title may follow the target, behind a space.
            let target = target.split_whitespace().next().unwrap_or_default();
            self.links.push(Link { line: line_number, target: target.to_owned() });
        }
    }
}

/// A line without what stands between backticks, and that.
fn apart(line: &str) -> (String, Vec<String>) {
    let (mut prose, mut code) = (String::new(), Vec::new());
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 0 { prose.push_str(part) } else { code.push(part.to_owned()) }
    }
    (prose, code)
}

/// What a heading is called in a link: lower case, words joined by `-`, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "See [a](a.md) and ![b](b.png \"title\").\n`[c](c.md)`\n```\n[d](d.md)\n```\n[e]: e.md\n";
        let links = Document::parse(text).links;
        let told: Vec<_> = links.iter().map(|link| (link.line, link.target.as_str())).collect();
        assert_eq!(told, [(1, "a.md"), (1, "b.png"), (6, "e.md")]);
    }

    #[test]
    fn headings_become_anchors() {
        let text = "# Fixtures\n## What is inferred, and what is `noted`\n```\n# no heading\n```\n";
        let anchors = Document::parse(text).anchors;
        assert_eq!(anchors, ["fixtures", "what-is-inferred-and-what-is-noted"]);
    }

    #[test]
    fn code_lines_keep_their_numbers() {
        let code = Document::parse("say `cargo fmt`\n```sh\n  cargo test\n```\n").code;
        let told: Vec<_> = code.iter().map(|code| (code.line, code.text.as_str())).collect();
        assert_eq!(told, [(1, "cargo fmt"), (3, "cargo test")]);
    }
}
