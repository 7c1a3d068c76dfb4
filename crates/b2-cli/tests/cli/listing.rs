//! `b2 ls`

use crate::scene::Scene;

/// A bucket with folders, versions and a hidden file.
fn tree() -> Scene {
    let scene = Scene::with_bucket("tree-of-files");
    for name in ["a", "a", "a/1", "a/b/2", "a-b/3", "z", "hidden"] {
        scene.b2_reading(name, ["file", "upload", "-q", "tree-of-files", "-", name]).ok();
    }
    scene.b2(["file", "hide", "-q", "b2://tree-of-files/hidden"]).ok();
    scene
}

#[test]
fn folders_are_listed_one_at_a_time() {
    let scene = tree();
    for (arguments, expected) in [
        (vec!["b2://tree-of-files"], "a\na-b/\na/\nz\n"),
        (vec!["b2://tree-of-files/"], "a\na-b/\na/\nz\n"),
        // A path is the file of that name and the folder of that name.
        (vec!["b2://tree-of-files/a"], "a\na/1\na/b/\n"),
        (vec!["b2://tree-of-files/a/"], "a/1\na/b/\n"),
        (vec!["b2://tree-of-files/a/b"], "a/b/2\n"),
        (vec!["b2://tree-of-files/z"], "z\n"),
        (vec!["b2://tree-of-files/nothing"], ""),
        (vec!["-r", "b2://tree-of-files"], "a\na-b/3\na/1\na/b/2\nz\n"),
        (vec!["--recursive", "b2://tree-of-files/a"], "a\na/1\na/b/2\n"),
        (vec!["--versions", "b2://tree-of-files"], "a\na\na-b/\na/\nhidden\nhidden\nz\n"),
        (vec!["--versions", "-r", "b2://tree-of-files/a"], "a\na\na/1\na/b/2\n"),
        (vec!["--versions", "b2://tree-of-files/hidden"], "hidden\nhidden\n"),
    ] {
        let ran = scene.b2(std::iter::once("ls").chain(arguments.iter().copied())).ok();
        assert_eq!((ran.text().as_str(), &*ran.stderr), (expected, ""), "{arguments:?}");
    }
}

#[test]
fn the_long_form_has_columns() {
    let scene = tree();
    let rows = scene.b2(["ls", "--json", "b2://tree-of-files"]).ok().json_lines();
    let lines = scene.b2(["ls", "--long", "b2://tree-of-files"]).ok().lines();
    let (id, ms) = (&rows[0]["fileId"], rows[0]["uploadTimestamp"].as_i64().unwrap());
    let time = jiff::Timestamp::from_second(ms / 1000).unwrap();
    let file = format!("upload  {time}              1  {}  a", id.as_str().unwrap());
    assert_eq!(lines[0], file);
    assert_eq!(lines[1], "folder  -                                 -  -  a-b/");
    assert_eq!(lines.len(), rows.len());
}

#[test]
fn programs_get_a_row_for_each_version() {
    let scene = tree();
    let rows = scene.b2(["ls", "-r", "--versions", "--json", "b2://tree-of-files"]).ok();
    let rows = rows.json_lines();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["fileName"].as_str().unwrap(), row["action"].as_str().unwrap()))
        .collect();
    let expected = [
        ("a", "upload"),
        ("a", "upload"),
        ("a-b/3", "upload"),
        ("a/1", "upload"),
        ("a/b/2", "upload"),
        ("hidden", "hide"),
        ("hidden", "upload"),
        ("z", "upload"),
    ];
    assert_eq!(told, expected);
    // The newest version comes first.
    assert!(rows[0]["uploadTimestamp"].as_i64() >= rows[1]["uploadTimestamp"].as_i64());
}

#[test]
fn an_unknown_bucket_is_not_an_empty_one() {
    let scene = Scene::new();
    scene.b2(["ls", "b2://no-such-bucket"]).exits(3);
    scene.b2(["ls", "b2id://4_z"]).exits(2);
    scene.b2(["ls", "no-such-bucket"]).exits(2);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let scene = Scene::with_bucket("tree-of-files");
    for number in 0..20 {
        let name = format!("{number}-{}", "x".repeat(200));
        scene.b2_reading("", ["file", "upload", "-q", "tree-of-files", "-", &name]).ok();
    }
    let mut command = scene.command();
    command.args(["ls", "-r", "--json", "b2://tree-of-files"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
