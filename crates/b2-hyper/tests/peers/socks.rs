//! Dante, microsocks and OpenSSH.

use std::path::Path;
use std::process::{Command, Stdio};

use b2_core::error::TransportErrorKind as Kind;
use b2_hyper::proxy::{Proxy, ProxyError};

use crate::journey::{Places, round, travel};
use crate::program::{Program, free_port, open_folder, path_text};

/// Dante, with its log.
struct Dante {
    _program: Program,
    port: u16,
    folder: tempfile::TempDir,
}

impl Dante {
    fn start() -> Self {
        let (folder, port) = (open_folder(), free_port());
        let (file, log) = (folder.path().join("danted.conf"), folder.path().join("log"));
        let rules = format!(
            "logoutput: {}\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\n\
             socksmethod: none\nclientmethod: none\n\
             client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 log: connect }}\n\
             socks pass {{ from: 0.0.0.0/0 to: 127.0.0.0/8 log: connect }}\n",
            log.display()
        );
        std::fs::write(&file, rules).unwrap();
        let mut command = Command::new("/usr/sbin/danted");
        command.args(["-N", "1", "-f", path_text(&file)]);
        let program = Program::start(&mut command, "dante-server", port);
        Self { _program: program, port, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

#[tokio::test]
async fn dante_connects_for_socks_4_and_5() {
    let (dante, places) = (Dante::start(), Places::new());
    let user = Proxy::socks4("127.0.0.1", dante.port).with_credentials("ada", "");
    for proxy in [user, Proxy::socks5("127.0.0.1", dante.port)] {
        let before = dante.log().len();
        let transport = places.through(proxy, "");
        let named = places.https.replace("127.0.0.1", "localhost");
        travel(&transport, &[&places.http, &places.https, &named]).await;
        let log = dante.log().split_off(before);
        assert!(log.contains("pass(1): tcp/connect"), "{log}");
    }
}

#[tokio::test]
async fn what_dante_does_not_allow_is_an_error_of_the_connection() {
    let (dante, places) = (Dante::start(), Places::new());
    for proxy in [Proxy::socks4("127.0.0.1", dante.port), Proxy::socks5("127.0.0.1", dante.port)] {
        let transport = places.through(proxy, "");
        let error = round(&transport, "http://192.0.2.1/").await.unwrap_err();
        assert_eq!(error.kind, Kind::Connect, "{error:?}");
        let cause = error.source.as_deref().unwrap().downcast_ref::<ProxyError>();
        assert!(matches!(cause, Some(ProxyError::Socks(_))), "{error:?}");
    }
}

#[tokio::test]
async fn microsocks_wants_the_right_password() {
    let (port, places) = (free_port(), Places::new());
    let mut command = Command::new("microsocks");
    let port_text = port.to_string();
    command.args(["-i", "127.0.0.1", "-p", &port_text, "-u", "ada", "-P", "secret"]);
    let _program = Program::start(&mut command, "microsocks", port);
    let proxy = Proxy::socks5("127.0.0.1", port);
    let right = places.through(proxy.clone().with_credentials("ada", "secret"), "");
    travel(&right, &[&places.http, &places.https]).await;
    for wrong in [proxy.clone().with_credentials("ada", "wrong"), proxy] {
        let error = round(&places.through(wrong, ""), &places.http).await.unwrap_err();
        let cause = error.source.as_deref().unwrap().downcast_ref::<ProxyError>();
        assert!(matches!(cause, Some(ProxyError::Credentials { .. })), "{error:?}");
    }
}

/// OpenSSH looks up names for SOCKS 4A, which dante does not know.
#[tokio::test]
async fn openssh_connects_for_socks_4a_and_5() {
    let (folder, places) = (open_folder(), Places::new());
    let (_server, client, port) = ssh(folder.path());
    let named = places.https.replace("127.0.0.1", "localhost");
    for proxy in [Proxy::socks4a("127.0.0.1", port), Proxy::socks5("127.0.0.1", port)] {
        travel(&places.through(proxy, ""), &[&places.http, &places.https, &named]).await;
    }
    drop(client);
}

/// A server of OpenSSH on loopback, a client that lets others connect through
/// it, and the port of that.
fn ssh(folder: &Path) -> (Program, Program, u16) {
    let key = |name: &str| {
        let file = folder.join(name);
        let mut make = Command::new("ssh-keygen");
        make.args(["-q", "-t", "ed25519", "-N", "", "-f", path_text(&file)]).stdin(Stdio::null());
        let made = make.status().expect("ssh-keygen; apt-get install openssh-client");
        assert!(made.success());
        path_text(&file).to_owned()
    };
    let (host_key, user_key) = (key("host"), key("user"));
    let (server_port, port) = (free_port(), free_port());
    let rules = format!(
        "ListenAddress 127.0.0.1:{server_port}\nHostKey {host_key}\nStrictModes no\nUsePAM no\n\
         AuthorizedKeysFile {user_key}.pub\nPermitRootLogin yes\nPidFile none\n"
    );
    let file = folder.join("sshd_config");
    std::fs::write(&file, rules).unwrap();
    // The folder that it separates its privileges in.
    let _ = std::fs::create_dir_all("/run/sshd");
    let mut server = Command::new("/usr/sbin/sshd");
    server.args(["-D", "-q", "-f", path_text(&file)]);
    let server = Program::start(&mut server, "openssh-server", server_port);
    let mut client = Command::new("ssh");
    let (server_text, port_text) = (server_port.to_string(), format!("127.0.0.1:{port}"));
    client.args(["-N", "-q", "-F", "none", "-i", &user_key, "-p", &server_text, "-D", &port_text]);
    client.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
    let client = Program::start(client.arg("127.0.0.1"), "openssh-client", port);
    (server, client, port)
}
