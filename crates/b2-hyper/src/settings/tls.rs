//! The settings of TLS.

use std::io;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::build::SettingsError;
use super::error::SettingError;
use super::model::Settings;
use crate::tls::{
    Accepted, Backend, Certificate, CipherSuites, Groups, Identity, IdentityError, KeyShare,
    RevocationCheck, SecurityFlags, SignatureAlgorithms, StoreType, TlsSettings, Versions,
    is_no_store, open, open_accepted, open_with_certificate, read_file,
};

impl Settings {
    /// What can be said without files.
    pub(super) fn check_tls(&self) -> Result<(), SettingError> {
        let _ = Versions::from_bits(self.ssl_enabled_protocols)?;
        let _ = CipherSuites::parse(&self.ssl_enabled_cipher_suites)?;
        let _ = SecurityFlags::from_bits(self.ssl_security_flags)?;
        self.groups()?;
        self.key_share()?;
        self.signatures()?;
        revocation("SSLCheckCRL", self.ssl_check_crl)?;
        revocation("SSLCheckOCSP", self.ssl_check_ocsp)?;
        Backend::from_number(self.ssl_provider)?;
        let _ = self.with_cipher_list(TlsSettings::new())?;
        let own = (&self.ssl_cert_store, self.ssl_cert_store_type);
        let accepted = (&self.ssl_accept_server_cert_store, self.ssl_accept_server_cert_store_type);
        for (store, kind) in [own, accepted] {
            if !store.expose().is_empty() {
                StoreType::from_number(kind)?;
            }
        }
        Ok(())
    }

    /// A list for each version, which does not concern the other.
    fn groups(&self) -> Result<Option<Groups>, SettingError> {
        let parse = |names: &str| (!names.is_empty()).then(|| Groups::parse(names)).transpose();
        let old = parse(&self.tls12_supported_groups)?;
        let new = parse(&self.tls13_supported_groups)?;
        let any = old.is_some() || new.is_some();
        Ok(any.then(|| Groups::by_version(old, new)))
    }

    fn signatures(&self) -> Result<Option<SignatureAlgorithms>, SettingError> {
        let parse = |names: &str| {
            (!names.is_empty()).then(|| SignatureAlgorithms::parse(names)).transpose()
        };
        let old = parse(&self.tls12_signature_algorithms)?;
        let new = parse(&self.tls13_signature_algorithms)?;
        let any = old.is_some() || new.is_some();
        Ok(any.then(|| SignatureAlgorithms::by_version(old, new)))
    }

    fn key_share(&self) -> Result<Option<KeyShare>, SettingError> {
        let names = &*self.tls13_key_share_groups;
        (!names.is_empty()).then(|| KeyShare::parse(names)).transpose()
    }

    pub(super) fn tls(&self) -> Result<TlsSettings, SettingsError> {
        let mut tls = TlsSettings::new()
            .with_backend(Backend::from_number(self.ssl_provider)?)
            .with_versions(Versions::from_bits(self.ssl_enabled_protocols)?)
            .with_cipher_strength(self.ssl_cipher_strength)
            .with_session_reuse(self.reuse_ssl_session)
            .dangerous_ignore(SecurityFlags::from_bits(self.ssl_security_flags)?);
        tls = self.with_cipher_list(tls)?;
        // All are what each library has by itself.
        if self.ssl_enabled_cipher_suites.trim() != "*" {
            tls = tls.with_cipher_suites(CipherSuites::parse(&self.ssl_enabled_cipher_suites)?);
        }
        if let Some(groups) = self.groups()? {
            tls = tls.with_groups(groups);
        }
        if let Some(algorithms) = self.signatures()? {
            tls = tls.with_signature_algorithms(algorithms);
        }
        if !self.ssl_key_log_file.is_empty() {
            tls = tls.with_key_log(&self.ssl_key_log_file);
        }
        if !self.ssl_server_ca_certs.is_empty() {
            tls = tls.with_root_certificates_pem(&self.ssl_server_ca_certs);
        }
        let usual = self.ssl_ca_cert_file_paths.split(';').map(str::trim);
        let usual: Vec<_> = usual.filter(|path| !path.is_empty()).collect();
        if !usual.is_empty() {
            tls = tls.with_platform_roots(false).with_root_certificates_at_any(usual);
        }
        if !self.openssl_ca_file.is_empty() {
            tls = tls.with_root_certificates_at(&self.openssl_ca_file);
        }
        if !self.openssl_ca_dir.is_empty() {
            tls = self.with_roots_in_folder(tls);
        }
        if let Some(identity) = self.identity()? {
            tls = tls.with_identity(identity);
        }
        if let Some(check) = revocation("SSLCheckCRL", self.ssl_check_crl)? {
            tls = tls.with_fetched_revocation_lists(check);
        }
        if let Some(check) = revocation("SSLCheckOCSP", self.ssl_check_ocsp)? {
            tls = tls.with_responder_check(check);
        }
        if let Some(share) = self.key_share()? {
            tls = tls.with_key_share(share);
        }
        tls = tls.with_packet_log(self.log_ssl_packets);
        self.accepting(tls)
    }

    #[cfg(feature = "openssl")]
    fn with_cipher_list(&self, tls: TlsSettings) -> Result<TlsSettings, SettingError> {
        match &*self.openssl_cipher_list {
            "" => Ok(tls),
            list => Ok(tls.with_cipher_list(crate::tls::CipherList::parse(list)?)),
        }
    }

    #[cfg(not(feature = "openssl"))]
    fn with_cipher_list(&self, tls: TlsSettings) -> Result<TlsSettings, SettingError> {
        let because = "it was built without the feature openssl; build it with that, or use \
                       SSLEnabledCipherSuites";
        match &*self.openssl_cipher_list {
            "" => Ok(tls),
            _ => Err(SettingError::unsupported("OpenSSLCipherList", because)),
        }
    }

    /// As each library does it.
    #[cfg(feature = "openssl")]
    fn with_roots_in_folder(&self, tls: TlsSettings) -> TlsSettings {
        if tls.is_openssl() {
            tls.with_hashed_roots_at(&self.openssl_ca_dir)
        } else {
            tls.with_root_certificates_at(&self.openssl_ca_dir)
        }
    }

    #[cfg(not(feature = "openssl"))]
    fn with_roots_in_folder(&self, tls: TlsSettings) -> TlsSettings {
        tls.with_root_certificates_at(&self.openssl_ca_dir)
    }

    /// Accepts what was named of the server.
    fn accepting(&self, mut tls: TlsSettings) -> Result<TlsSettings, SettingsError> {
        if !self.ssl_accept_server_cert_encoded.is_empty() {
            let text = self.ssl_accept_server_cert_encoded.as_bytes();
            let der = CertificateDer::from_pem_slice(text).ok();
            let read = der.and_then(|der| Certificate::from_der(&der).ok());
            let expected = "a certificate in PEM";
            let wrong = SettingError::Value { name: "SSLAcceptServerCert", expected };
            tls = tls.dangerous_accept_certificate(read.ok_or(wrong)?);
        }
        let store = self.ssl_accept_server_cert_store.expose();
        if store.is_empty() {
            return Ok(tls);
        }
        let content = Content::of(store, self.ssl_accept_server_cert_store_type)?;
        let password = self.ssl_accept_server_cert_store_password.expose();
        let subject = &self.ssl_accept_server_cert_subject;
        let accepted = open_accepted(&content.bytes, content.kind, password, subject);
        Ok(match accepted.map_err(|error| content.explain(error))? {
            Accepted::Certificate(certificate) => tls.dangerous_accept_certificate(*certificate),
            Accepted::PublicKey(key) => tls.dangerous_accept_public_key(key),
        })
    }

    fn identity(&self) -> Result<Option<Identity>, SettingsError> {
        let store = self.ssl_cert_store.expose();
        if store.is_empty() {
            return Ok(None);
        }
        let password = self.ssl_cert_store_password.expose();
        #[cfg(feature = "pkcs11")]
        if self.ssl_cert_store_type == 23 {
            let identity = crate::tls::open_token(store, password, &self.ssl_cert_subject)?;
            return Ok(Some(self.with_authorities(identity)?));
        }
        let content = Content::of(store, self.ssl_cert_store_type)?;
        let (bytes, kind) = (&content.bytes, content.kind);
        let identity = if self.ssl_cert_encoded.is_empty() {
            open(bytes, kind, password, &self.ssl_cert_subject)
        } else {
            let chain = certificates("SSLCertEncoded", &self.ssl_cert_encoded)?;
            open_with_certificate(bytes, kind, password, chain)
        };
        let identity = identity.map_err(|error| content.explain(error))?;
        Ok(Some(self.with_authorities(identity)?))
    }

    fn with_authorities(&self, identity: Identity) -> Result<Identity, SettingError> {
        Ok(identity.with_chain(certificates("SSLCACerts", &self.ssl_ca_certs)?))
    }
}

fn certificates(
    name: &'static str,
    text: &str,
) -> Result<Vec<CertificateDer<'static>>, SettingError> {
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    read.map_err(|_| SettingError::Value { name, expected: "certificates in PEM" })
}

/// The content of a store that is named by its file, or given itself.
struct Content {
    kind: StoreType,
    bytes: Vec<u8>,
    /// That no file has this name, if it may be one.
    missing: Option<io::Error>,
}

impl Content {
    fn of(store: &str, number: u32) -> Result<Self, SettingsError> {
        let (kind, is_file) = StoreType::from_number(number)?;
        let itself = |missing| Self { kind, bytes: store.as_bytes().to_vec(), missing };
        if !is_file {
            return Ok(itself(None));
        }
        match read_file(store) {
            Ok(bytes) => Ok(Self { kind, bytes, missing: None }),
            // What is the name of no file may be the content itself.
            Err(error) if kind == StoreType::Auto && !is_there(store) => {
                let missing = error.kind() == io::ErrorKind::NotFound;
                Ok(itself(missing.then_some(error)))
            }
            Err(error) => Err(IdentityError::File(error).into()),
        }
    }

    /// What is neither a store nor a file was most likely to be a file.
    fn explain(self, error: IdentityError) -> IdentityError {
        match self.missing {
            Some(missing) if is_no_store(&error) => IdentityError::File(missing),
            _ => error,
        }
    }
}

/// Whether this is the name of a file: one that is there, or that nobody may look for.
fn is_there(path: &str) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

fn revocation(name: &'static str, number: u32) -> Result<Option<RevocationCheck>, SettingError> {
    match number {
        0 => Ok(None),
        1 => Ok(Some(RevocationCheck::Soft)),
        2 => Ok(Some(RevocationCheck::Hard)),
        _ => {
            let expected = "0 not asked, 1 asked where the certificate names somebody, 2 demanded";
            Err(SettingError::Value { name, expected })
        }
    }
}
