//! Names that something on the way likes to change.

use crate::scene::Scene;

/// As long as a name may be: 1024 bytes, in segments of at most 250.
fn longest() -> String {
    let segment = "x".repeat(249);
    format!("{segment}/{segment}/{segment}/{segment}/{}", "y".repeat(24))
}

fn awkward() -> Vec<String> {
    let deep = (0..100).map(|level| format!("d{level}/")).collect::<String>() + "leaf";
    let mut names: Vec<String> = [
        "plain",
        "with space",
        " leading and trailing ",
        "plus+plus",
        "per%cent",
        "%41 is no A",
        "%2F is no slash",
        "hash#hash",
        "what?a=b&c=d",
        "semi;colon:comma,at@dollar$",
        "quote'double\"back`tick",
        "back\\slash",
        "tilde~caret^pipe|star*",
        "angle<brackets>[square]{curly}",
        "-dash",
        "--json",
        "ümläut/日本語/🦀 crab",
        "combining e\u{301}",
        "dot/./dot/../dot",
        "..",
    ]
    .map(str::to_owned)
    .into();
    names.extend([deep, longest()]);
    names
}

#[test]
fn awkward_names_go_there_and_back() {
    assert_eq!(longest().len(), 1024);
    let scene = Scene::with_bucket("awkward-names");
    for name in awkward() {
        // `--` because a name may look like an option.
        let upload = ["file", "upload", "--quiet", "--", "awkward-names", "-", &name];
        scene.b2_reading(&name, upload).ok();
        let uri = format!("b2://awkward-names/{name}");
        let back = scene.b2(["file", "cat", &uri]).ok();
        assert_eq!(back.stdout, name.as_bytes(), "{name}");
        let info = scene.b2(["file", "info", "--json", &uri]).ok().json();
        assert_eq!(info["fileName"], name);
    }
    let mut sorted = awkward();
    sorted.sort();
    let listed = scene.b2(["ls", "-r", "b2://awkward-names"]).ok();
    assert_eq!(listed.lines(), sorted);
    for name in awkward() {
        let removed = scene.b2(["rm", &format!("b2://awkward-names/{name}")]).ok();
        assert_eq!(removed.line(), name);
    }
    assert_eq!(scene.b2(["ls", "-r", "b2://awkward-names"]).ok().text(), "");
}

#[test]
fn names_that_break_a_rule_are_refused_before_anything_is_sent() {
    let scene = Scene::with_bucket("strict-names");
    for name in ["", "a\nb", "a\u{7f}b", &"x".repeat(1025)] {
        scene.b2_reading("", ["file", "upload", "strict-names", "-", name]).exits(2);
    }
}
