//! Keys in a software token of SoftHSM.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use b2_core::error::TransportErrorKind as Kind;
use b2_hyper::HyperTransport;
use b2_hyper::settings::Settings;
use b2_hyper::tls::{IdentityError, TlsError, open_token};

use crate::openssl::{certificate, get, openssl, round, serve};
use crate::program::{open_folder, path_text};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

fn run(program: &str, package: &str, words: &[&str]) {
    let output = Command::new(program).args(words).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program}: {error}; install it with: apt-get install {package}")
    });
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
}

/// Puts `key.pem` and `cert.pem` of a folder into a token of this name.
fn fill(folder: &Path, token: &str, pin: &str, id: &str) {
    openssl(folder, "x509 -in cert.pem -outform DER -out cert.der");
    openssl(folder, "pkcs8 -topk8 -nocrypt -in key.pem -out key.p8");
    let file = |name: &str| folder.join(name);
    let words =
        ["--init-token", "--free", "--label", token, "--pin", pin, "--so-pin", "administrator"];
    run("softhsm2-util", "softhsm2", &words);
    let (key, certificate) = (file("key.p8"), file("cert.der"));
    let words = ["--import", path_text(&key), "--token", token, "--label", "own", "--id", id];
    run("softhsm2-util", "softhsm2", &[&words[..], &["--pin", pin]].concat());
    let words = ["--module", MODULE, "--token-label", token, "--login", "--pin", pin];
    let object = ["--write-object", path_text(&certificate), "--type", "cert", "--id", id];
    run("pkcs11-tool", "opensc", &[&words[..], &object].concat());
}

/// One test, because a token tells the process, not its threads, who is
/// logged in.
#[tokio::test]
async fn a_key_in_a_token_signs_without_leaving_it() {
    assert!(
        std::env::var_os("SOFTHSM2_CONF").is_some(),
        "SOFTHSM2_CONF names no folder for tokens; run this with `cargo xtask peers`"
    );
    assert!(Path::new(MODULE).exists(), "{MODULE} is missing; apt-get install softhsm2");
    let (pin, mark) = ("1234", std::process::id());
    let keys = [
        "rsa:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
        "ec -pkeyopt ec_paramgen_curve:P-521",
    ];
    // All of them first: a module that runs does not see new tokens.
    let clients: Vec<_> = keys
        .into_iter()
        .enumerate()
        .map(|(number, key)| {
            let (folder, name) = (open_folder(), format!("client-{number}-{mark}"));
            let _ = certificate(folder.path(), key);
            // A certificate of its own name, so that it can be chosen.
            let words = "req -x509 -key key.pem -out cert.pem -days 2 -addext \
                         basicConstraints=critical,CA:FALSE -subj";
            openssl(folder.path(), &format!("{words} /CN={name}"));
            fill(folder.path(), &name, pin, "01");
            (folder, format!("CN={name}"))
        })
        .collect();
    for ((folder, subject), key) in clients.iter().zip(keys) {
        let server = open_folder();
        let settings = certificate(server.path(), "rsa:2048");
        std::fs::copy(folder.path().join("cert.pem"), server.path().join("client.pem")).unwrap();
        // In TLS 1.2 the groups that are offered are the curves of certificates too.
        let skip = if key.ends_with("P-521") { "-tls1_2" } else { "" };
        for version in ["-tls1_2", "-tls1_3"].into_iter().filter(|version| *version != skip) {
            let words = format!("{version} -Verify 1 -verify_return_error -CAfile client.pem");
            let (_server, port) = serve(server.path(), &words);
            let identity = open_token(MODULE, pin, subject).unwrap();
            get(settings.clone().with_identity(identity), port).await.unwrap();
            get(settings.clone(), port).await.unwrap_err();
            let mut by_name = Settings::default();
            let roots = std::fs::read_to_string(server.path().join("cert.pem")).unwrap();
            for text in [
                format!("SSLCertStore={MODULE}"),
                "SSLCertStoreType=23".to_owned(),
                format!("SSLCertStorePassword={pin}"),
                format!("SSLCertSubject={subject}"),
                format!("SSLServerCACerts={roots}"),
            ] {
                by_name.apply(&text).unwrap();
            }
            round(&by_name.builder().unwrap().build().unwrap(), port).await.unwrap();
        }
    }
    let error = open_token(MODULE, pin, "CN=nobody").unwrap_err();
    assert!(matches!(error, IdentityError::NoCertificate), "{error:?}");
    let error = open_token("/no/such/module.so", pin, "*").unwrap_err();
    assert!(matches!(error, IdentityError::Token(_)), "{error:?}");
    mute_token_is_given_up(clients[0].0.path(), pin, &clients[0].1).await;
}

/// A token that waits for somebody who is not there.
async fn mute_token_is_given_up(folder: &Path, pin: &str, subject: &str) {
    let module = folder.join("mute.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/mute.c");
    let softhsm = format!("-DSOFTHSM=\"{MODULE}\"");
    run("cc", "gcc", &["-shared", "-fPIC", &softhsm, "-o", path_text(&module), source, "-ldl"]);
    let server = open_folder();
    let settings = certificate(server.path(), "rsa:2048");
    std::fs::copy(folder.join("cert.pem"), server.path().join("client.pem")).unwrap();
    let words = "-Verify 1 -verify_return_error -CAfile client.pem";
    let (_server, port) = serve(server.path(), words);
    let settings = settings.with_identity(open_token(&module, pin, subject).unwrap());
    let builder = HyperTransport::builder().with_tls(settings);
    let transport = builder.with_connect_timeout(Duration::from_secs(2)).build().unwrap();
    for (least, most) in [(1, 4), (0, 1)] {
        let begun = Instant::now();
        let error = round(&transport, port).await.unwrap_err();
        assert_eq!(error.kind, Kind::Tls, "{error:?}");
        let cause = error.source.as_deref().unwrap().downcast_ref::<TlsError>();
        let Some(TlsError::Identity(own)) = cause else { panic!("{error:?}") };
        assert!(matches!(&**own, IdentityError::Token(text) if text.contains("does not answer")));
        // The second time nobody waits for it.
        let taken = begun.elapsed();
        assert!(
            Duration::from_secs(least) <= taken && taken < Duration::from_secs(most),
            "{taken:?}"
        );
    }
}
