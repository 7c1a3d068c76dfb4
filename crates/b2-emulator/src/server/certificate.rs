//! The server's TLS identity.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::blob::flush_folder;
use crate::engine::create_private_file;

type Failure = Box<dyn Error + Send + Sync>;

/// A certificate ready to serve with.
pub(super) struct Identity {
    pub(super) acceptor: TlsAcceptor,
    pub(super) certificate_pem: String,
}

/// A fresh certificate for this machine's loopback names.
pub(super) fn self_signed() -> Result<Identity, Failure> {
    let (certificate, key) = make()?;
    identity(certificate, &key)
}

/// The certificate in a folder, made on first use. Clients that were told to
/// trust it go on trusting it after a restart.
pub(super) fn kept_in(folder: &Path) -> Result<Identity, Failure> {
    let (certificate_path, key_path) = (folder.join("certificate.pem"), folder.join("key.pem"));
    // The certificate is written last, so where there is one there is its key.
    if !certificate_path.exists() {
        let (certificate, key) = make()?;
        std::fs::create_dir_all(folder)?;
        let new = folder.join("certificate.pem.new");
        for leftover in [&key_path, &new] {
            let _ = std::fs::remove_file(leftover);
        }
        create_private_file(&key_path, key.as_bytes())?;
        // Under its name it is whole, also after a crash.
        create_private_file(&new, certificate.as_bytes())?;
        flush_folder(folder)?;
        std::fs::rename(new, &certificate_path)?;
        flush_folder(folder)?;
    }
    from_files(&certificate_path, &key_path)
}

/// A certificate and key made elsewhere.
pub(super) fn from_files(certificate: &Path, key: &Path) -> Result<Identity, Failure> {
    identity(std::fs::read_to_string(certificate)?, &std::fs::read_to_string(key)?)
}

fn make() -> Result<(String, String), Failure> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names)?;
    Ok((made.cert.pem(), made.signing_key.serialize_pem()))
}

fn identity(certificate_pem: String, key_pem: &str) -> Result<Identity, Failure> {
    let chain = CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), certificate_pem })
}
