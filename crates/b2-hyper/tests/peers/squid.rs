//! Squid: Basic, Digest, NTLM, and TLS to the proxy.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use b2_hyper::proxy::{AuthScheme, Proxy, ProxyError};
use rcgen::{CertificateParams, KeyPair};

use crate::authority::Authority;
use crate::journey::{Places, round, travel};
use crate::program::{Program, free_port, open_folder, path_text};

const HELPERS: &str = "/usr/lib/squid";

struct Squid {
    _program: Program,
    port: u16,
    folder: tempfile::TempDir,
}

impl Squid {
    /// A squid that listens as `listen` says and lets in whom `auth` lets in.
    fn start(listen: impl Fn(&Path, u16) -> String, auth: impl Fn(&Path) -> String) -> Self {
        let (folder, port) = (open_folder(), free_port());
        let file = folder.path().join("squid.conf");
        let (auth, listen) = (auth(folder.path()), listen(folder.path(), port));
        let allow = if auth.is_empty() { "all" } else { "known" };
        let known = if auth.is_empty() { "" } else { "acl known proxy_auth REQUIRED\n" };
        let folder_text = path_text(folder.path());
        let rules = format!(
            "{listen}\n{auth}\n{known}http_access allow {allow}\nhttp_access deny all\n\
             cache deny all\npid_filename none\nshutdown_lifetime 0 seconds\n\
             access_log stdio:{folder_text}/access.log\ncache_log {folder_text}/cache.log\n\
             netdb_filename none\nvisible_hostname squid.test\n"
        );
        std::fs::write(&file, rules).unwrap();
        let mut command = Command::new("/usr/sbin/squid");
        command.args(["-N", "-f", path_text(&file)]);
        let program = Program::start(&mut command, "squid", port);
        Self { _program: program, port, folder }
    }

    fn plain(auth: impl Fn(&Path) -> String) -> Self {
        Self::start(|_, port| format!("http_port 127.0.0.1:{port}"), auth)
    }

    fn proxy(&self) -> Proxy {
        Proxy::http("127.0.0.1", self.port)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}

fn helper(name: &str) -> String {
    let path = format!("{HELPERS}/{name}");
    assert!(Path::new(&path).exists(), "{path} is missing; apt-get install squid");
    path
}

/// Credentials that the proxy accepts work; others are refused as such.
async fn right_and_wrong(squid: &Squid, scheme: AuthScheme, user: &str) {
    let places = Places::new();
    let proxy = squid.proxy().with_scheme(scheme);
    let right = places.through(proxy.clone().with_credentials(user, "open sesame"), "");
    travel(&right, &[&places.http, &places.https]).await;
    let wrong = [proxy.clone().with_credentials(user, "wrong"), proxy];
    for wrong in wrong {
        for url in [&places.http, &places.https] {
            let error = round(&places.through(wrong.clone(), ""), url).await.unwrap_err();
            let cause = error.source.as_deref().unwrap().downcast_ref::<ProxyError>();
            assert!(matches!(cause, Some(ProxyError::Credentials { .. })), "{error:?}");
        }
    }
}

#[tokio::test]
async fn squid_without_authentication() {
    let (squid, places) = (Squid::plain(|_| String::new()), Places::new());
    travel(&places.through(squid.proxy(), ""), &[&places.http, &places.https]).await;
    let tunnels = places.through(squid.proxy().with_tunnel(true), "");
    travel(&tunnels, &[&places.http]).await;
    let log = squid.log();
    assert!(log.contains("POST http://127.0.0.1") && log.contains("CONNECT 127.0.0.1"), "{log}");
}

#[tokio::test]
async fn squid_with_basic() {
    let squid = Squid::plain(|folder| {
        let file = folder.join("users");
        let hash = Command::new("openssl").args(["passwd", "-apr1", "open sesame"]).output();
        let hash = String::from_utf8(hash.unwrap().stdout).unwrap();
        std::fs::write(&file, format!("ada:{hash}")).unwrap();
        format!(
            "auth_param basic program {} {}\nauth_param basic realm test",
            helper("basic_ncsa_auth"),
            file.display()
        )
    });
    right_and_wrong(&squid, AuthScheme::Basic, "ada").await;
}

/// A squid that digests, as strict as it is by default but for the number of
/// requests with one nonce.
fn digesting() -> Squid {
    Squid::plain(|folder| {
        let file = folder.join("users");
        std::fs::write(&file, "ada:open sesame\n").unwrap();
        format!(
            "auth_param digest program {} {}\nauth_param digest realm test\n\
             auth_param digest nonce_max_count 1000",
            helper("digest_file_auth"),
            file.display()
        )
    })
}

#[tokio::test]
async fn squid_with_digest() {
    right_and_wrong(&digesting(), AuthScheme::Digest, "ada").await;
}

#[tokio::test]
async fn squid_with_digest_and_many_connections() {
    let (squid, places) = (digesting(), Places::new());
    let proxy = squid.proxy().with_scheme(AuthScheme::Digest);
    let transport = places.through(proxy.with_credentials("ada", "open sesame"), "");
    for _ in 0..3 {
        let round = || round(&transport, &places.http);
        let all = tokio::try_join!(round(), round(), round(), round());
        let (one, two, ..) = all.unwrap();
        assert_ne!(one.local_address, two.local_address);
    }
}

/// The other side of NTLM is pyspnego, which computes everything itself.
#[tokio::test]
async fn squid_with_ntlm() {
    let python = std::env::var("B2_PEERS_PYTHON")
        .expect("B2_PEERS_PYTHON names a Python with pyspnego; run this with `cargo xtask peers`");
    let squid = Squid::plain(|folder| {
        let users = folder.join("users");
        std::fs::write(&users, "DOM:ada:open sesame\n").unwrap();
        // Squid gives programs another name, by which Python does not find its
        // modules, so the script itself says what runs it.
        let script = format!("#!{python}\n{}", include_str!("ntlm_helper.py"));
        let file = folder.join("ntlm_helper");
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        format!(
            "auth_param ntlm program {} {}\nauth_param ntlm children 4",
            file.display(),
            users.display()
        )
    });
    right_and_wrong(&squid, AuthScheme::Ntlm, "DOM\\ada").await;
}

#[tokio::test]
async fn squid_over_tls() {
    let authority = Authority::new();
    let squid = Squid::start(
        |folder, port| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
            let leaf = params.signed_by(&key, &authority.issuer).unwrap();
            let (cert_file, key_file) = (folder.join("cert.pem"), folder.join("key.pem"));
            std::fs::write(&cert_file, leaf.pem()).unwrap();
            std::fs::write(&key_file, key.serialize_pem()).unwrap();
            format!(
                "https_port 127.0.0.1:{port} tls-cert={} tls-key={}",
                cert_file.display(),
                key_file.display()
            )
        },
        |_| String::new(),
    );
    let places = Places::new();
    let trusting = places.through(squid.proxy().with_tls(true), &authority.pem);
    travel(&trusting, &[&places.http, &places.https]).await;
    let strange = places.through(squid.proxy().with_tls(true), "");
    let error = round(&strange, &places.http).await.unwrap_err();
    assert_eq!(error.kind, b2_core::error::TransportErrorKind::Tls, "{error:?}");
}
