//! `b2 file url` and `b2 bucket get-download-auth`.

use std::io::{Read as _, Write as _};

use b2::Capability;
use serde_json::json;

use crate::scene::{Scene, run};

/// Fetches a URL as a browser would, and gives the whole answer.
fn fetch(url: &str, headers: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request =
        format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn scene(kind: &str) -> Scene {
    let scene = Scene::new();
    scene.b2(["bucket", "create", "the-bucket", kind]).ok();
    for name in ["in/ä b&c.txt", "out/x"] {
        scene.b2_reading("hello", ["file", "upload", "-q", "the-bucket", "-", name]).ok();
    }
    scene
}

#[test]
fn a_public_file_has_a_url() {
    let scene = scene("allPublic");
    let url = scene.b2(["file", "url", "b2://the-bucket/in/ä b&c.txt"]).ok().line();
    assert!(url.ends_with("/file/the-bucket/in/%C3%A4%20b%26c.txt"), "{url}");
    assert!(fetch(&url, "").ends_with("\r\n\r\nhello"), "{}", fetch(&url, ""));
    let row = scene.b2(["file", "url", "--json", "b2://the-bucket/in/ä b&c.txt"]).ok().json();
    assert_eq!(row, json!({ "url": url }));
}

#[test]
fn a_link_opens_a_private_file_as_it_was_told() {
    let scene = scene("allPrivate");
    let uri = "b2://the-bucket/in/ä b&c.txt";
    let plain = scene.b2(["file", "url", uri]).ok().line();
    assert!(fetch(&plain, "").starts_with("HTTP/1.1 401"), "{}", fetch(&plain, ""));
    let disposition = "attachment; filename=\"a & b.txt\"";
    let options = ["--with-auth", "--duration", "60", "--content-disposition", disposition];
    let link = scene.b2(["file", "url", uri].iter().chain(&options)).ok().line();
    let answer = fetch(&link, "");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    let header = format!("content-disposition: {disposition}");
    assert!(answer.to_ascii_lowercase().contains(&header), "{answer}");
    // It is for that file only.
    let other = link.replace("/in/%C3%A4%20b%26c.txt", "/out/x");
    assert!(fetch(&other, "").starts_with("HTTP/1.1 401"), "{}", fetch(&other, ""));
}

#[test]
fn a_token_opens_what_is_below_its_prefix() {
    let scene = scene("allPrivate");
    let made = ["bucket", "get-download-auth", "the-bucket", "--prefix", "in/"];
    let token = scene.b2(made).ok().line();
    let header = format!("Authorization: {token}\r\n");
    for (uri, status) in [("in/ä b&c.txt", "200"), ("out/x", "401")] {
        let url = scene.b2(["file", "url", &format!("b2://the-bucket/{uri}")]).ok().line();
        let answer = fetch(&url, &header);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{uri}: {answer}");
    }
    let row = scene.b2(made.iter().chain(&["--json"])).ok().json();
    assert_eq!(row["fileNamePrefix"], "in/");
}

#[test]
fn a_key_for_a_prefix_shares_all_that_it_may_read() {
    let scene = scene("allPrivate");
    let capabilities = [Capability::ShareFiles, Capability::ReadFiles];
    let key = scene.key_under("the-bucket", "in/", &capabilities);
    let made = ["bucket", "get-download-auth", "the-bucket", "--json"];
    let row = run(scene.command_with(&key), made).ok().json();
    assert_eq!(row["fileNamePrefix"], "in/");
    let wide = made.iter().copied().chain(["--prefix", ""]);
    let refused = run(scene.command_with(&key), wide).exits(7).error();
    assert!(refused["advice"].as_str().unwrap().contains("names that begin with"), "{refused}");
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let scene = scene("allPrivate");
    for (arguments, code) in [
        (vec!["file", "url", "b2://the-bucket"], 2),
        (vec!["file", "url", "b2://x/y"], 2),
        (vec!["file", "url", "--duration", "60", "b2://the-bucket/x"], 2),
        (vec!["file", "url", "--with-auth", "--duration", "0", "b2://the-bucket/x"], 2),
        (vec!["file", "url", "--with-auth", "--duration", "604801", "b2://the-bucket/x"], 2),
        (vec!["file", "url", "--with-auth", "b2://no-such-bucket/x"], 3),
        (vec!["bucket", "get-download-auth", "no-such-bucket"], 3),
        (vec!["bucket", "get-download-auth", "the-bucket", "--duration", "0"], 2),
    ] {
        scene.b2(arguments).exits(code);
    }
}
