//! The responder and the lists of OpenSSL.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use b2_core::error::{TransportError, TransportErrorKind as Kind};
use b2_hyper::HyperTransport;
use b2_hyper::tls::{CertificateFault as Fault, RevocationCheck, TlsError, TlsSettings};

use crate::openssl::{openssl, round};
use crate::program::{Program, free_port, open_folder};
use crate::responder::Asked;
use crate::server;

/// An authority of `openssl ca` in a folder, with servers for what it says.
struct OpenSsl {
    folder: tempfile::TempDir,
    /// Whether its responder answers, and what it was asked.
    open: Arc<AtomicBool>,
    asked: Asked,
}

const RULES: &str = "[ca]\ndefault_ca=own\n[own]\ndir=.\ndatabase=index.txt\nserial=serial\n\
    crlnumber=crlnumber\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\n\
    default_md=sha256\ndefault_days=2\ndefault_crl_days=2\npolicy=any\nunique_subject=no\n\
    [any]\ncommonName=supplied\n\
    [delegate]\nextendedKeyUsage=OCSPSigning\nkeyUsage=digitalSignature\n";

impl OpenSsl {
    fn new() -> Self {
        let folder = open_folder();
        let path = folder.path();
        let open = Arc::new(AtomicBool::new(true));
        let (responder, asked) = responder(path, Arc::clone(&open));
        let lists = list_server(path);
        let leaf = format!(
            "[leaf]\nsubjectAltName=DNS:localhost\n\
             crlDistributionPoints=URI:http://{lists}/ca.crl\n\
             authorityInfoAccess=OCSP;URI:http://{responder}/\n"
        );
        std::fs::write(path.join("ca.cnf"), format!("{RULES}{leaf}")).unwrap();
        for (name, content) in [("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "01\n")] {
            std::fs::write(path.join(name), content).unwrap();
        }
        openssl(
            path,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
             -out ca.pem -days 2 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE \
             -addext keyUsage=critical,keyCertSign,cRLSign",
        );
        let own = Self::certificate;
        own(path, "good", "leaf");
        own(path, "revoked", "leaf");
        own(path, "delegate", "delegate");
        openssl(path, "ca -config ca.cnf -batch -revoke revoked.pem");
        openssl(path, "ca -config ca.cnf -gencrl -out ca.crl.pem");
        openssl(path, "crl -in ca.crl.pem -outform DER -out ca.crl");
        Self { folder, open, asked }
    }

    fn certificate(path: &Path, name: &str, extensions: &str) {
        openssl(
            path,
            &format!(
                "req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
            ),
        );
        let words = format!("ca -config ca.cnf -batch -in {name}.csr -out {name}.pem -extensions");
        openssl(path, &format!("{words} {extensions}"));
    }

    /// A server that shows this certificate, stapling or not.
    fn serve(&self, name: &str, words: &str) -> (Program, u16) {
        let port = free_port();
        let mut command = Command::new("openssl");
        let fixed = format!(
            "s_server -quiet -www -accept 127.0.0.1:{port} -key {name}.key -cert {name}.pem {words}"
        );
        command.current_dir(self.folder.path()).args(fixed.split_whitespace());
        (Program::start(&mut command, "openssl", port), port)
    }

    fn settings(&self) -> TlsSettings {
        let pem = std::fs::read(self.folder.path().join("ca.pem")).unwrap();
        TlsSettings::new().with_platform_roots(false).with_root_certificates_pem(pem)
    }
}

/// Puts questions to `openssl ocsp`, whose own server would listen to the whole
/// network.
fn responder(folder: &Path, open: Arc<AtomicBool>) -> (SocketAddr, Asked) {
    let folder = folder.to_owned();
    let count = AtomicUsize::new(0);
    crate::responder::answering(move |question| {
        if !open.load(Ordering::SeqCst) {
            return (503, Vec::new());
        }
        let number = count.fetch_add(1, Ordering::SeqCst);
        std::fs::write(folder.join(format!("{number}.question")), question).unwrap();
        let words = "ocsp -index index.txt -rsigner delegate.pem -rkey delegate.key -CA ca.pem \
                     -nmin 5 -noverify";
        openssl(&folder, &format!("{words} -reqin {number}.question -respout {number}.answer"));
        (200, std::fs::read(folder.join(format!("{number}.answer"))).unwrap())
    })
}

/// A server of the files in a folder.
fn list_server(folder: &Path) -> SocketAddr {
    let folder = folder.to_owned();
    server::listen(move |_, mut stream| {
        let head = server::head(&mut stream)?.unwrap_or_default();
        let name = head.split([' ', '/']).nth(2).unwrap_or_default();
        let file = std::fs::read(folder.join(name))?;
        write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: application/pkix-crl\r\n\r\n")?;
        stream.write_all(&file)
    })
}

fn fault(outcome: Result<(), TransportError>) -> Result<(), Fault> {
    let Err(error) = outcome else { return Ok(()) };
    assert_eq!(error.kind, Kind::Tls, "{error:?}");
    match error.source.as_deref().unwrap().downcast_ref::<TlsError>() {
        Some(TlsError::Certificate(fault)) => Err(fault.clone()),
        other => panic!("not about the certificate: {other:?}"),
    }
}

async fn visit(settings: TlsSettings, port: u16) -> Result<(), Fault> {
    let builder = HyperTransport::builder().with_tls(settings);
    let transport = builder.with_idle_timeout(Duration::ZERO).build().unwrap();
    for _ in 0..2 {
        fault(round(&transport, port).await)?;
    }
    Ok(())
}

#[tokio::test]
async fn openssl_says_what_is_revoked_by_list_and_by_responder() {
    let authority = OpenSsl::new();
    for (name, by_list, by_responder) in
        [("good", Ok(()), Ok(())), ("revoked", Err(Fault::Revoked), Err(Fault::RevokedByResponder))]
    {
        for version in ["-tls1_2", "-tls1_3"] {
            let (_server, port) = authority.serve(name, version);
            assert_eq!(visit(authority.settings(), port).await, Ok(()), "nobody was asked");
            for check in [RevocationCheck::Soft, RevocationCheck::Hard] {
                let lists = authority.settings().with_fetched_revocation_lists(check);
                assert_eq!(visit(lists, port).await, by_list, "{name} {version} {check:?}");
                let responders = authority.settings().with_responder_check(check);
                let found = visit(responders, port).await;
                assert_eq!(found, by_responder, "{name} {version} {check:?}");
            }
        }
    }
}

/// `s_server` asks the responder itself and sends the answer along.
#[tokio::test]
async fn openssl_staples_what_the_responder_says() {
    let authority = OpenSsl::new();
    let servers = ["good", "revoked"].map(|name| {
        let words = "-status -status_verbose -CAfile ca.pem -cert_chain ca.pem -tls1_3";
        authority.serve(name, words)
    });
    let settings = authority.settings().with_responder_check(RevocationCheck::Hard);
    let [(_good, good), (_revoked, revoked)] = &servers;
    assert_eq!(visit(settings.clone(), *good).await, Ok(()));
    assert_eq!(visit(settings.clone(), *revoked).await, Err(Fault::RevokedByResponder));
    {
        // OpenSSL speaks HTTP/1.0; nobody else had to ask.
        let asked = authority.asked.lock().unwrap();
        assert!(!asked.is_empty() && asked.iter().all(|(head, _)| head.contains(" HTTP/1.0\r\n")));
    }
    // With the responder gone there is nobody to staple for, nor to ask.
    authority.open.store(false, Ordering::SeqCst);
    assert_eq!(visit(settings, *good).await, Err(Fault::RevocationUnreachable));
}
