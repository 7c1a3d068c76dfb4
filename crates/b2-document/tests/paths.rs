//! Every form of a path, in both formats, and hostile documents and paths.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use b2_document::{Document, DocumentError, MAX_DEPTH, Path, PathError};
use proptest::prelude::*;

const XML: &str = r#"<firstlevel><one>value</one><two kind="a/b"><item>first</item><item n='2'>second</item></two><three>value three</three></firstlevel>"#;
const JSON: &[u8] =
    br#"{"firstlevel":{"one":"value","two":["first","second"],"three":"value three","n":null}}"#;

fn xml() -> Document {
    Document::from_xml(XML).unwrap()
}

fn json() -> Document {
    Document::from_json(JSON).unwrap()
}

#[test]
fn each_accessor_selects_in_xml() {
    let rows = [
        ("/firstlevel/one", "value"),
        ("/firstlevel/two/item[2]", "second"),
        ("/firstlevel/[3]", "value three"),
        ("/*/two/[last()]", "second"),
        ("/firstlevel/two/[last()-1]", "first"),
        ("/firstlevel/two/item[@n=\"2\"]", "second"),
        ("/firstlevel/two[@kind='a/b']/item", "first"),
        ("firstlevel/./two/../three", "value three"),
    ];
    for (path, text) in rows {
        assert_eq!(xml().find(path).map(|found| found.text()), Ok(text.to_owned()), "{path}");
    }
}

#[test]
fn each_accessor_selects_in_json() {
    let rows = [
        ("/json/firstlevel/one", "value"),
        ("/json/firstlevel/two/[2]", "second"),
        ("firstlevel/two/[last()]", "second"),
        ("firstlevel/two/[last()-1]", "first"),
        ("firstlevel/*", "value"),
        ("firstlevel/[3]", "value three"),
        ("firstlevel/two/../three/.", "value three"),
        ("firstlevel/n", ""),
    ];
    for (path, text) in rows {
        assert_eq!(json().find(path).map(|found| found.text()), Ok(text.to_owned()), "{path}");
    }
}

#[test]
fn an_element_knows_its_surroundings() {
    let (document, xml) = (json(), xml());
    let two = document.find("/json/firstlevel/two").unwrap();
    assert_eq!((two.name(), two.child_count()), ("two", 2));
    assert_eq!(two.parent().unwrap().name(), "firstlevel");
    assert_eq!(two.subtree(), r#"["first","second"]"#);
    assert_eq!(two.child(2).unwrap().text(), "second");
    assert!(two.child(0).is_none() && two.child(3).is_none());
    assert_eq!(two.find("../one").unwrap().text(), "value");
    assert_eq!(document.find("/").unwrap().child(1).unwrap().name(), "json");
    let item = xml.find("/firstlevel/two/item[2]").unwrap();
    assert_eq!(item.subtree(), "<item n='2'>second</item>");
    assert_eq!(xml.find("/").unwrap().subtree(), XML);
}

#[test]
fn what_is_not_there_is_an_error_with_its_step() {
    for (path, number) in [("/json/x", 2), ("firstlevel/two/[3]", 3), ("../../..", 2)] {
        assert_eq!(json().find(path).unwrap_err(), PathError::NotFound { number }, "{path}");
    }
    assert!(json().find("firstlevel/two/[last()-2]").is_err());
    assert!(json().find("firstlevel/two[@a='b']").is_err());
}

#[test]
fn what_is_no_path_is_refused() {
    assert_eq!("a/[0]".parse::<Path>(), Err(PathError::ZeroIndex));
    let bad = [
        "",
        "a//b",
        "a/",
        "a[",
        "a]",
        "[]",
        "a[+1]",
        "[-1]",
        "[last(]",
        "[last()+1]",
        "[last()-]",
        "a[@]",
        "a[@b]",
        "a[@b=c]",
        "a[@b='c]",
        "a[1][2]",
        "[99999999999999999999999]",
    ];
    for path in bad {
        assert!(matches!(path.parse::<Path>(), Err(PathError::Syntax { .. })), "{path}");
    }
}

#[test]
fn hostile_documents_are_refused_without_harm() {
    let deep = "[".repeat(1_000_000);
    assert!(matches!(Document::from_json(deep.as_bytes()), Err(DocumentError::Json { .. })));
    let deep = "<a>".repeat(MAX_DEPTH + 1);
    assert_eq!(Document::from_xml(&deep).unwrap_err(), DocumentError::TooDeep);
    let wide = format!("[{}0]", "0,".repeat(1_100_000));
    assert_eq!(Document::from_json(wide.as_bytes()).unwrap_err(), DocumentError::TooLarge);
    let entity = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
    assert!(matches!(Document::from_xml(entity), Err(DocumentError::Xml { .. })));
    for bad in [&b""[..], b"{", b"{} x", b"\xff"] {
        assert!(Document::from_json(bad).is_err());
    }
}

#[test]
fn order_and_repeated_names_are_those_of_the_text() {
    let document = Document::from_json(br#"{"b":1,"a":2,"b":3}"#).unwrap();
    assert_eq!(document.find("[1]").unwrap().text(), "1");
    assert_eq!(document.find("b[2]").unwrap().text(), "3");
}

#[test]
fn nothing_prints_content() {
    let document = Document::from_json(br#"{"key":"K005secret"}"#).unwrap();
    let shown = format!("{document:?} {:?}", document.find("key").unwrap());
    assert!(!shown.contains("K005secret"), "{shown}");
}

proptest! {
    #[test]
    fn no_path_panics(path in "[a-z*./\\[\\]@='\"()0-9-]{0,24}", any in ".{0,24}") {
        for path in [path, any] {
            for document in [xml(), json()] {
                let _outcome = document.find(&path).map(|found| found.subtree());
            }
        }
    }

    #[test]
    fn no_document_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[<>a/='\" &;!?-]{0,48}") {
        let _json = Document::from_json(&bytes);
        let _xml = Document::from_xml(&text);
    }
}
