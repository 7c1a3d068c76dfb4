//! Other people's proxies. `cargo xtask peers` runs these, when it has found
//! the programs.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use b2::hyper::HttpVersion;
use b2::hyper::proxy::{Proxy, ProxyRules};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs squid: cargo xtask peers"]
async fn squid_carries_everything() {
    let (_squid, port, folder) = start(&["/usr/sbin/squid", "-N"], "squid", |folder, port| {
        let folder = folder.display();
        format!(
            "http_port 127.0.0.1:{port}\nhttp_access allow all\ncache deny all\n\
             pid_filename none\nshutdown_lifetime 0 seconds\nnetdb_filename none\n\
             access_log stdio:{folder}/access.log\ncache_log {folder}/cache.log\n\
             visible_hostname squid.test\n"
        )
    });
    let proxy = Proxy::http("127.0.0.1", port);
    through(&[proxy.clone(), proxy.with_tunnel(true)]).await;
    let log = std::fs::read_to_string(folder.path().join("access.log")).unwrap();
    assert!(log.contains("POST http://") && log.contains("CONNECT "), "{log}");
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
