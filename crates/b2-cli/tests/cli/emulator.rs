//! `b2 emulator`

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::scene::{Scene, run, run_reading};

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    pub(crate) fn start(mut command: Command, arguments: &[&str]) -> Self {
        command.arg("emulator").args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.ready[member].as_str().unwrap()
    }

    /// The program with the key that the server told.
    pub(crate) fn client(&self, scene: &Scene) -> Command {
        let mut command = scene.bare_command();
        command
            .env("B2_ENVIRONMENT", self.text("baseUrl"))
            .env("B2_APPLICATION_KEY_ID", self.text("applicationKeyId"))
            .env("B2_APPLICATION_KEY", self.text("applicationKey"));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn it_serves_from_memory() {
    let scene = Scene::new();
    let server = Server::start(scene.bare_command(), &["--in-memory", "--port", "0"]);
    assert_eq!(server.ready["pid"], server.child.id());
    run(server.client(&scene), ["bucket", "create", "in-memory", "allPrivate"]).ok();
}

#[cfg(unix)]
#[test]
fn it_keeps_what_it_was_given() {
    let scene = Scene::new();
    let server = Server::start(scene.bare_command(), &["--data", "data"]);
    run(server.client(&scene), ["bucket", "create", "kept-safe", "allPrivate"]).ok();
    let upload = ["file", "upload", "kept-safe", "-", "x"];
    run_reading(server.client(&scene), "kept", upload).ok();
    assert_eq!(stop(server), Some(0));

    let server = Server::start(scene.bare_command(), &["--data", "data"]);
    let cat = run(server.client(&scene), ["file", "cat", "b2://kept-safe/x"]).ok();
    assert_eq!(cat.text(), "kept");
    assert_eq!(stop(server), Some(0));
}

#[cfg(unix)]
fn stop(mut server: Server) -> Option<i32> {
    crate::signals::send(&server.child, rustix::process::Signal::INT);
    server.child.wait().unwrap().code()
}

#[test]
fn https_needs_the_certificate() {
    let scene = Scene::new();
    let server = Server::start(scene.bare_command(), &["--https"]);
    assert!(server.text("baseUrl").starts_with("https://"));
    let refused = run(server.client(&scene), ["--patience", "0", "account", "get"]).exits(5);
    assert!(refused.stderr.contains("the TLS handshake failed"), "{}", refused.stderr);

    scene.write("ca.pem", server.text("certificatePem"));
    let mut client = server.client(&scene);
    client.env("B2_CA_CERT", scene.work().join("ca.pem"));
    run(client, ["account", "get"]).ok();

    let mut client = server.client(&scene);
    client.env("B2_CA_CERT", scene.work().join("none.pem"));
    run(client, ["account", "get"]).exits(10);
}

#[test]
fn a_folder_is_not_kept_in_memory() {
    let scene = Scene::new();
    run(scene.bare_command(), ["emulator", "--data", "x", "--in-memory"]).exits(2);
    assert_eq!(scene.files(), [""; 0]);
}
