//! Other people's proxies. `cargo xtask peers` runs these, when it has found
//! the programs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use b2::hyper::HttpVersion;
use b2::hyper::proxy::{AuthScheme, Proxy, ProxyRules};

use crate::front::Identity;
use crate::program::{Program, free_port, open_folder, path_text};
use crate::{Content, Place, travel};

/// Everything through this proxy, to `http` and to `https`.
async fn through(proxies: &[Proxy]) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let (content, identity) = (Content::new(), Identity::new());
    for tls in [false, true] {
        for version in [HttpVersion::Http11, HttpVersion::Http2Only] {
            if version == HttpVersion::Http2Only && !tls {
                continue;
            }
            let (place, _front) = Place::new(&identity, version, tls).await;
            for proxy in proxies {
                let client = place.client(&ProxyRules::all(proxy.clone()), version);
                let name = format!("bucket-{}", NUMBER.fetch_add(1, Ordering::SeqCst));
                travel(&place, &client, &content, &name).await;
            }
            place.emulator.shutdown().await;
        }
    }
}

/// A program, its port, and its folder.
type Started = (Program, u16, tempfile::TempDir);

/// Starts the program that `words` name with the rules given.
fn start(words: &[&str], package: &str, rules: impl Fn(&Path, u16) -> String) -> Started {
    let (folder, port) = (open_folder(), free_port());
    let file = folder.path().join("rules");
    std::fs::write(&file, rules(folder.path(), port)).unwrap();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["-f", path_text(&file)]);
    let program = Program::start(&mut command, package, port);
    (program, port, folder)
}

/// A squid that lets in whom `auth` lets in.
fn squid(auth: impl Fn(&Path) -> String) -> Started {
    start(&["/usr/sbin/squid", "-N"], "squid", |folder, port| {
        let auth = auth(folder);
        let known = if auth.is_empty() {
            "http_access allow all\n"
        } else {
            "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n"
        };
        let folder = folder.display();
        format!(
            "http_port 127.0.0.1:{port}\n{auth}{known}cache deny all\n\
             pid_filename none\nshutdown_lifetime 0 seconds\nnetdb_filename none\n\
             access_log stdio:{folder}/access.log\ncache_log {folder}/cache.log\n\
             visible_hostname squid.test\n"
        )
    })
}

/// Everything by a proxy that knows who is asking, read by it and in tunnels.
async fn carried_by((_squid, port, folder): Started, known: impl Fn(Proxy) -> Proxy) {
    let proxy = known(Proxy::http("127.0.0.1", port));
    through(&[proxy.clone(), proxy.with_tunnel(true)]).await;
    let log = std::fs::read_to_string(folder.path().join("access.log")).unwrap();
    assert!(log.contains("POST http://") && log.contains("CONNECT "), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs squid: cargo xtask peers"]
async fn squid_carries_everything() {
    carried_by(squid(|_| String::new()), |proxy| proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs squid: cargo xtask peers"]
async fn squid_with_digest_carries_everything() {
    let digesting = squid(|folder| {
        let users = folder.join("users");
        std::fs::write(&users, "ada:open sesame\n").unwrap();
        let users = users.display();
        format!(
            "auth_param digest program /usr/lib/squid/digest_file_auth {users}\nauth_param digest realm test\n"
        )
    });
    let ada = |proxy: Proxy| proxy.with_credentials("ada", "open sesame");
    carried_by(digesting, |proxy| ada(proxy).with_scheme(AuthScheme::Digest)).await;
}

/// The other side of NTLM is pyspnego, which computes everything itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs squid and pyspnego: cargo xtask peers"]
async fn squid_with_ntlm_carries_everything() {
    let python = std::env::var("B2_PEERS_PYTHON").unwrap();
    let asking = squid(|folder| {
        let (users, helper) = (folder.join("users"), folder.join("ntlm_helper"));
        std::fs::write(&users, "DOM:ada:open sesame\n").unwrap();
        // Squid gives programs another name, by which Python does not find its
        // modules, so the script itself says what runs it.
        let script = include_str!("../../../b2-hyper/tests/peers/ntlm_helper.py");
        std::fs::write(&helper, format!("#!{python}\n{script}")).unwrap();
        std::fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
        let (users, helper) = (users.display(), helper.display());
        format!("auth_param ntlm program {helper} {users}\nauth_param ntlm children 8\n")
    });
    let ada = |proxy: Proxy| proxy.with_credentials("DOM\\ada", "open sesame");
    carried_by(asking, |proxy| ada(proxy).with_scheme(AuthScheme::Ntlm)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs dante: cargo xtask peers"]
async fn dante_carries_everything() {
    let (_dante, port, folder) =
        start(&["/usr/sbin/danted", "-N", "1"], "dante-server", |folder, port| {
            format!(
                "logoutput: {}\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\n\
             socksmethod: none\nclientmethod: none\n\
             client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n\
             socks pass {{ from: 0.0.0.0/0 to: 127.0.0.0/8 log: connect }}\n",
                folder.join("log").display()
            )
        });
    let four = Proxy::socks4("127.0.0.1", port).with_credentials("ada", "");
    through(&[four, Proxy::socks5("127.0.0.1", port)]).await;
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("pass(1): tcp/connect"), "{log}");
}
