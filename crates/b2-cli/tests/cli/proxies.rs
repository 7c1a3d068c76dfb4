//! Settings of the connection, and proxies of the environment.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::emulator::Server;
use crate::ran::Ran;
use crate::scene::{Scene, run, run_reading};

/// `ada` with `canary-password`, in Base64.
const KNOWN: &str = "Basic YWRhOmNhbmFyeS1wYXNzd29yZA==";

/// A small real proxy: it carries requests to `http` URLs and opens tunnels,
/// and wants to know who is asking if it is `strict`.
struct Proxy {
    port: u16,
    /// The first lines of requests.
    lines: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(strict: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // What it could not finish, the program sees.
                std::thread::spawn(move || drop(carry(client, strict, &kept)));
            }
        });
        Self { port, lines }
    }

    /// What it was asked for since the last time.
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    fn url(&self) -> String {
        format!("http://ada:canary-password@127.0.0.1:{}", self.port)
    }
}

/// Carries one connection, which is to one server as long as it lasts.
fn carry(mut client: TcpStream, strict: bool, lines: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let line = head.lines().next().unwrap_or_default().to_owned();
    lines.lock().unwrap().push(line.clone());
    if strict && !head.contains(KNOWN) {
        let ask = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n";
        return client.write_all(format!("{ask}Content-Length: 0\r\n\r\n").as_bytes());
    }
    let target = line.split(' ').nth(1).unwrap_or_default();
    let mut server;
    if line.starts_with("CONNECT ") {
        server = TcpStream::connect(target)?;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    } else {
        let place = target.trim_start_matches("http://").split('/').next().unwrap_or_default();
        server = TcpStream::connect(place)?;
        server.write_all(head.as_bytes())?;
    }
    let (mut up, mut down) = (server.try_clone()?, server);
    // With what was read behind the head.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut up));
    std::io::copy(&mut down, &mut client).map(drop)
}

fn buckets(scene: &Scene, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = scene.command();
    command.envs(variables.iter().copied());
    run(command, [&["--patience", "0", "ls"], arguments].concat())
}

#[test]
fn the_proxy_of_the_environment_is_used() {
    let scene = Scene::with_bucket("the-bucket");
    let (proxy, url) = (Proxy::start(true), scene.emulator.base_url().to_owned());
    let named = proxy.url();
    for variable in ["http_proxy", "all_proxy", "ALL_PROXY"] {
        let ran = buckets(&scene, &[(variable, &named)], &["-vv"]).ok();
        assert!(ran.text().contains("the-bucket"), "{ran:?}");
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
        let seen = proxy.seen();
        assert!(seen[0].starts_with(&format!("GET {url}/b2api/")), "{seen:?}");
    }
    // Content goes there too, and comes back as it was. Each request has a
    // connection of its own, so that the proxy sees its first line.
    let through = |arguments: &[&str], input: &str| {
        let mut command = scene.command();
        command.env("http_proxy", &named).args(["--config", "KeepAlive=False"]);
        run_reading(command, input, arguments).ok()
    };
    through(&["file", "upload", "the-bucket", "-", "x"], "content");
    assert_eq!(through(&["file", "cat", "b2://the-bucket/x"], "").text(), "content");
    let seen = proxy.seen();
    for call in ["b2_upload_file", "/file/the-bucket/x"] {
        assert!(seen.iter().any(|line| line.contains(call)), "{call}: {seen:?}");
    }
}

#[test]
fn to_https_goes_a_tunnel() {
    let scene = Scene::new();
    let server = Server::start(scene.bare_command(), &["--https"]);
    scene.write("ca.pem", server.text("certificatePem"));
    let proxy = Proxy::start(true);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let mut client = server.client(&scene);
        client.env("B2_CA_CERT", scene.work().join("ca.pem")).env(variable, proxy.url());
        run(client, ["account", "get"]).ok();
        let place = server.text("baseUrl").trim_start_matches("https://");
        assert_eq!(proxy.seen(), [format!("CONNECT {place} HTTP/1.1")], "{variable}");
    }
}

/// As curl has it: the variable of `http` in capitals may come from the header
/// of a request, that of `https` is for others, and this machine is an exception
/// only if it is named.
#[test]
fn exceptions_are_reached_directly() {
    let scene = Scene::with_bucket("the-bucket");
    let proxy = Proxy::start(true);
    let named = proxy.url();
    for variables in [
        &[("http_proxy", &*named), ("NO_PROXY", "127.0.0.1")][..],
        &[("ALL_PROXY", &named), ("no_proxy", "example.com, 127.0.0.0/8")],
        &[("http_proxy", &named), ("NO_PROXY", "*")],
        &[("http_proxy", &named), ("B2_CONFIG", "ProxyAutoDetect=False")],
        &[("HTTP_PROXY", &named)],
        &[("HTTPS_PROXY", &named)],
        &[("http_proxy", "")],
    ] {
        buckets(&scene, variables, &[]).ok();
        assert_eq!(proxy.seen(), [""; 0], "{variables:?}");
    }
}

#[test]
fn settings_come_from_options_and_the_variable() {
    let scene = Scene::with_bucket("the-bucket");
    let (one, two) = (Proxy::start(true), Proxy::start(true));
    let port = |proxy: &Proxy| format!("ProxyPort={}", proxy.port);
    let (first, second) = (port(&one), port(&two));
    let user = ["--config=ProxyUser=ada", "--config=proxypassword=canary-password"];
    let to_one = ["--config", "ProxyServer=127.0.0.1", "--config", &first, user[0], user[1]];
    buckets(&scene, &[], &to_one).ok();
    assert!(!one.seen().is_empty());

    // A proxy that is set goes before those of the environment, and the command
    // line before the variable, in which lines that are empty do not count.
    let lines =
        format!("ProxyServer=127.0.0.1\n\n{first}\r\n{}", user[0].trim_start_matches("--config="));
    let lines = format!("{lines}\nProxyPassword=canary-password");
    let dead = "http://127.0.0.1:1";
    buckets(&scene, &[("B2_CONFIG", &lines), ("http_proxy", dead)], &[]).ok();
    assert!(!one.seen().is_empty());
    buckets(&scene, &[("B2_CONFIG", &lines)], &["--config", &second]).ok();
    assert!(one.seen().is_empty() && !two.seen().is_empty());
}

#[test]
fn what_cannot_be_set_is_told_without_its_value() {
    let scene = Scene::new();
    for (variables, arguments, expected) in [
        (&[][..], &["--config", "ProxyServr=canary"][..], "there is no setting called ProxyServr"),
        (&[], &["--config", "ProxyPort=canary"], "a number from 0 to 65535"),
        (&[], &["--config", "canary"], "NAME=VALUE"),
        (&[], &["--config", "HTTPVersion=3.0"], "use 2.0"),
        (&[], &["--config", "FirewallType=1"], "FirewallHost"),
        (&[], &["--config", "TransferredRequest=canary"], "LogLevel=3"),
        (&[("B2_CONFIG", "transferreddatalimit=canary")], &[], "LogLevel=3"),
        (&[("B2_CONFIG", "LogLevel=1\nNoSuch=canary")], &[], "B2_CONFIG"),
        (&[("HTTPS_PROXY", "ftp://ada:canary@p")], &[], "HTTPS_PROXY"),
    ] {
        let ran = buckets(&scene, variables, arguments).exits(2);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
        let json = buckets(&scene, variables, &[arguments, &["--json"]].concat()).exits(2);
        assert!(!json.error().to_string().contains("canary"));
    }
    let ran = buckets(&scene, &[], &["--config", "NoSuch=1"]).exits(2);
    assert!(ran.stderr.contains("ProxyServer, ProxyPort, "), "the names: {}", ran.stderr);
    let mut command: Command = scene.command();
    command.args(["--config", "LogLevel=1", "ls", "--config", "ProxyPort=canary"]);
    let ran = run(command, [""; 0]).exits(2);
    assert!(ran.stderr.contains("both sides") && !ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn a_proxy_that_is_not_there_or_refuses_is_named() {
    let scene = Scene::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let named = format!("http://ada:canary-password@{nobody}");
    let ran = buckets(&scene, &[("http_proxy", &named)], &["-vv"]).exits(5);
    assert!(
        ran.stderr.contains(&format!("the proxy {nobody} cannot be reached")),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    let proxy = Proxy::start(true);
    let wrong = format!("http://ada:canary-wrong@127.0.0.1:{}", proxy.port);
    let ran = buckets(&scene, &[("http_proxy", &wrong)], &["-vv"]).exits(5);
    assert!(ran.stderr.contains("the proxy does not accept the credentials"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
}

#[test]
fn a_log_level_shows_the_connection_without_secrets() {
    let scene = Scene::with_bucket("the-bucket");
    let key = scene.master_key();
    let silent = buckets(&scene, &[], &[]).ok();
    assert_eq!(silent.stderr, "");
    let told = buckets(&scene, &[], &["--config", "LogLevel=3"]).ok();
    assert!(told.stderr.contains("b2_authorize_account HTTP/1.1"), "{}", told.stderr);
    assert!(told.stderr.contains("authorization: .."), "{}", told.stderr);
    assert!(!told.stderr.contains(&key.key), "{}", told.stderr);
    assert_eq!(told.text(), silent.text());
}

#[test]
fn records_of_tls_are_told_if_told() {
    let scene = Scene::new();
    let server = Server::start(scene.bare_command(), &["--https"]);
    scene.write("ca.pem", server.text("certificatePem"));
    for (value, told) in [("True", true), ("False", false)] {
        let mut client = server.client(&scene);
        client.env("B2_CA_CERT", scene.work().join("ca.pem"));
        let ran = run(client, ["account", "get", "--config", &format!("LogSSLPackets={value}")]);
        let ran = ran.ok();
        assert_eq!(ran.stderr.contains("TLS: sent a record of"), told, "{}", ran.stderr);
        assert_eq!(ran.stderr.contains("TLS: begin a handshake with"), told, "{}", ran.stderr);
    }
}

/// Where scripts cannot be run, what is found without being asked for is left
/// out, and what was asked for is not.
#[cfg(not(feature = "pac"))]
#[test]
fn a_script_of_the_environment_is_left_out_with_a_warning() {
    let scene = Scene::with_bucket("the-bucket");
    let script = ("auto_proxy", "http://127.0.0.1:1/proxy.pac");
    let proxy = Proxy::start(true);
    let ran = buckets(&scene, &[script, ("http_proxy", &proxy.url())], &[]).ok();
    assert_eq!(ran.stderr.matches("warning: auto_proxy names a script").count(), 1, "{ran:?}");
    assert!(!proxy.seen().is_empty(), "the other proxies of the environment are used");
    let port = format!("ProxyPort={}", proxy.port);
    let named = ["--config=ProxyServer=127.0.0.1", "--config", &port, "--config=ProxyUser=ada"];
    let login = ("B2_CONFIG", "ProxyPassword=canary-password");
    assert_eq!(buckets(&scene, &[script, login], &named).ok().stderr, "");
    let off = ["--config", "ProxyAutoDetect=False"];
    assert_eq!(buckets(&scene, &[script], &off).ok().stderr, "");
    for asked in ["ProxyAutoDetect=True", "UseProxyAutoConfigURL=True"] {
        let ran = buckets(&scene, &[script], &["--config", asked]).exits(2);
        assert!(ran.stderr.contains("without the feature `pac`"), "{asked}: {}", ran.stderr);
    }
}
