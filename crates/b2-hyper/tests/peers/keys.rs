//! Keys made by other people's programs: Java, PuTTY, OpenSSH, OpenSSL.

use std::path::Path;
use std::process::{Command, Stdio};

use b2_hyper::tls::{
    Accepted, Certificate, IdentityError, StoreType, open, open_accepted, open_with_certificate,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::openssl::{certificate, get, openssl, serve};
use crate::program::open_folder;

fn run(folder: &Path, program: &str, package: &str, words: &[&str]) {
    let mut command = Command::new(program);
    command.current_dir(folder).args(words).stdin(Stdio::null());
    let output = command.output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program}: {error}; install it with: apt-get install {package}")
    });
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
}

/// A server that wants the certificate in the folder.
fn asking(folder: &Path) -> (crate::program::Program, u16) {
    serve(folder, "-Verify 1 -verify_return_error -CAfile cert.pem")
}

const KINDS: [&str; 5] = [
    "rsa:2048",
    "ec -pkeyopt ec_paramgen_curve:P-256",
    "ec -pkeyopt ec_paramgen_curve:P-384",
    "ec -pkeyopt ec_paramgen_curve:P-521",
    "ed25519",
];

#[tokio::test]
async fn stores_of_java() {
    let folder = open_folder();
    let settings = certificate(folder.path(), "rsa:2048");
    openssl(
        folder.path(),
        "pkcs12 -export -inkey key.pem -in cert.pem -name ada -passout pass:secret -out ada.p12",
    );
    for kind in ["jks", "pkcs12"] {
        let file = format!("ada.{kind}");
        let words = format!(
            "-importkeystore -srckeystore ada.p12 -srcstoretype pkcs12 -srcstorepass secret \
             -destkeystore {file} -deststoretype {kind} -deststorepass secret"
        );
        run(
            folder.path(),
            "keytool",
            "default-jre-headless",
            &words.split_whitespace().collect::<Vec<_>>(),
        );
        let (_server, port) = asking(folder.path());
        let store = std::fs::read(folder.path().join(file)).unwrap();
        let exact = if kind == "jks" { StoreType::Jks } else { StoreType::Pkcs12 };
        for exact in [exact, StoreType::Auto] {
            let identity = open(&store, exact, "secret", "CN=localhost").unwrap();
            get(settings.clone().with_identity(identity), port).await.unwrap();
            let error = open(&store, exact, "wrong", "*").unwrap_err();
            assert!(matches!(error, IdentityError::Password), "{error:?}");
        }
    }
    let words = "-importcert -noprompt -alias server -file cert.pem -keystore trusted.jks \
                 -storetype jks -storepass secret";
    let words: Vec<_> = words.split_whitespace().collect();
    run(folder.path(), "keytool", "default-jre-headless", &words);
    let store = std::fs::read(folder.path().join("trusted.jks")).unwrap();
    let error = open(&store, StoreType::Jks, "secret", "*").unwrap_err();
    assert!(matches!(error, IdentityError::NoKey), "{error:?}");
    let accepted = open_accepted(&store, StoreType::Auto, "secret", "*").unwrap();
    assert!(matches!(accepted, Accepted::Certificate(_)), "{accepted:?}");
}

/// Makes a key of PuTTY from `key.pem` in OpenSSH's format.
fn putty(folder: &Path, version: &str, locked: bool) -> Vec<u8> {
    std::fs::write(folder.join("new"), "secret\n").unwrap();
    let parameters = format!("version={version},memory=64,passes=2");
    let mut words = vec!["ssh", "-O", "private", "-o", "key.ppk", "--ppk-param", &parameters];
    if locked {
        words.extend(["-P", "--new-passphrase", "new"]);
    }
    run(folder, "puttygen", "putty-tools", &words);
    std::fs::read(folder.join("key.ppk")).unwrap()
}

/// Makes `ssh` of `key.pem`.
fn to_openssh(folder: &Path, cipher: Option<&str>) -> Vec<u8> {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join("ssh");
    std::fs::copy(folder.join("key.pem"), &file).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let mut words = vec!["-p", "-f", "ssh", "-P", "", "-N"];
    words.push(if cipher.is_some() { "secret" } else { "" });
    if let Some(cipher) = cipher {
        words.extend(["-Z", cipher, "-a", "4"]);
    }
    run(folder, "ssh-keygen", "openssh-client", &words);
    std::fs::read(file).unwrap()
}

#[tokio::test]
async fn keys_of_openssh_and_putty() {
    for key in KINDS {
        let folder = open_folder();
        let settings = certificate(folder.path(), key);
        let chain = || {
            let pem = std::fs::read(folder.path().join("cert.pem")).unwrap();
            vec![CertificateDer::from_pem_slice(&pem).unwrap()]
        };
        let (_server, port) = asking(folder.path());
        let mut stores = Vec::new();
        // ssh-keygen reads no Ed25519 keys of OpenSSL, and puttygen makes its own.
        if key != "ed25519" {
            for cipher in [None, Some("aes256-ctr"), Some("aes128-cbc")] {
                stores.push((to_openssh(folder.path(), cipher), StoreType::Pem, cipher.is_some()));
            }
            to_openssh(folder.path(), None);
            for version in ["2", "3"] {
                for locked in [false, true] {
                    let store = putty(folder.path(), version, locked);
                    stores.push((store, StoreType::Ppk, locked));
                }
            }
        }
        for (store, kind, locked) in stores {
            for kind in [kind, StoreType::Auto] {
                let identity = open_with_certificate(&store, kind, "secret", chain()).unwrap();
                get(settings.clone().with_identity(identity), port).await.unwrap();
                let error = open(&store, kind, "secret", "*").unwrap_err();
                assert!(matches!(error, IdentityError::KeyAlone), "{key}: {error:?}");
                let wrong = open_with_certificate(&store, kind, "wrong", chain());
                let refused = matches!(wrong, Err(IdentityError::Password));
                assert_eq!(refused, locked, "{key}: {wrong:?}");
            }
        }
    }
}

/// A key that ssh-keygen makes, and the line that it writes beside it.
#[tokio::test]
async fn a_public_key_of_ssh_is_accepted_of_its_server() {
    for (kind, bits) in [("rsa", "2048"), ("ecdsa", "384"), ("ed25519", "256")] {
        let folder = open_folder();
        let words = ["-q", "-t", kind, "-b", bits, "-N", "", "-m", "PEM", "-f", "own"];
        run(folder.path(), "ssh-keygen", "openssh-client", &words);
        let line = std::fs::read(folder.path().join("own.pub")).unwrap();
        let export = Command::new("ssh-keygen")
            .current_dir(folder.path())
            .args(["-e", "-m", "RFC4716", "-f", "own.pub"])
            .output()
            .unwrap();
        let private = std::fs::read(folder.path().join("own")).unwrap();
        // The private key says the same of itself, whatever its format.
        let of = |store: &[u8], kind| match open_accepted(store, kind, "", "*").unwrap() {
            Accepted::PublicKey(key) => key,
            other => panic!("{other:?}"),
        };
        let key = of(&line, StoreType::SshPublicKey);
        assert_eq!(of(&line, StoreType::Auto), key);
        assert_eq!(of(&export.stdout, StoreType::SshPublicKey), key);
        assert_eq!(of(&private, StoreType::Auto), key);
        let error = open(&line, StoreType::Auto, "", "*").unwrap_err();
        assert!(matches!(error, IdentityError::NoKey), "{error:?}");
        if kind == "ed25519" {
            continue;
        }
        std::fs::rename(folder.path().join("own"), folder.path().join("key.pem")).unwrap();
        openssl(folder.path(), "req -x509 -key key.pem -out cert.pem -days 2 -subj /CN=elsewhere");
        let (_server, port) = serve(folder.path(), "-tls1_3");
        let settings = b2_hyper::tls::TlsSettings::new().with_platform_roots(false);
        let accepting = settings.dangerous_accept_public_key(key);
        get(accepting.clone(), port).await.unwrap();
        let _ = certificate(folder.path(), "rsa:2048");
        let (_server, port) = serve(folder.path(), "-tls1_3");
        get(accepting, port).await.unwrap_err();
        let pem = std::fs::read(folder.path().join("cert.pem")).unwrap();
        let der = CertificateDer::from_pem_slice(&pem).unwrap();
        assert_eq!(Certificate::from_der(&der).unwrap().subject, "CN=localhost");
    }
}
