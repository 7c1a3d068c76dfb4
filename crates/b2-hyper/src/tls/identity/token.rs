//! Certificates in security tokens (PKCS#11), whose keys stay there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use rustls::pki_types::CertificateDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::super::certificate::Certificate;
use super::super::der::{integer, null, octet_string, oid, sequence};
use super::own::{Found, Identity, IdentityError, SigningFailure, pick};
use super::patience::Worker;
use crate::settings::SettingError;

/// How long a module and its tokens are waited for unless told.
const PATIENCE: Duration = Duration::from_secs(20);
/// And at the most: a thread waits that others may need.
const LONGEST: Duration = Duration::from_secs(60);

/// Modules that were begun. Each is begun once in a process and never ended:
/// another user of it in the same process would be ended too.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// Opens the tokens of a PKCS#11 module and picks the certificate of
/// `subject`: `*` or nothing is the first with a key, otherwise the whole
/// subject or a part of it, whatever the case. `pin` is that of the user; an
/// empty one is not shown to the token.
///
/// The token signs during handshakes, and their thread waits for it, but no
/// longer than
/// [`with_signing_timeout`](Identity::with_signing_timeout) says. A token that
/// waits for somebody to touch it holds up what else runs on that thread: on a
/// runtime of one thread that is everything.
///
/// # Errors
///
/// [`IdentityError::Token`] if the module cannot be used, or does not answer
/// within 20 seconds;
/// [`IdentityError::Password`] if the token refuses the PIN, which most do
/// three times only; [`IdentityError::NoCertificate`] and
/// [`IdentityError::NoKey`] if there is nothing that fits.
///
/// ```no_run
/// use b2_hyper::tls::{TlsSettings, open_token};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let identity = open_token("/usr/lib/softhsm/libsofthsm2.so", "1234", "CN=ada")?;
/// let settings = TlsSettings::new().with_identity(identity);
/// # Ok(()) }
/// ```
pub fn open_token(
    module: impl AsRef<Path>,
    pin: &str,
    subject: &str,
) -> Result<Identity, IdentityError> {
    let (module, subject) = (module.as_ref().to_owned(), subject.to_owned());
    let pin = Zeroizing::new(pin.to_owned());
    let opened = Worker::default().run(PATIENCE, move || open_here(&module, &pin, &subject));
    opened.unwrap_or_else(|| Err(silent(PATIENCE)))
}

fn silent(patience: Duration) -> IdentityError {
    IdentityError::Token(format!("it does not answer within {patience:?}"))
}

fn open_here(module: &Path, pin: &str, subject: &str) -> Result<Identity, IdentityError> {
    let module = begin(module)?;
    let mut nearly = IdentityError::NoCertificate;
    for slot in module.get_slots_with_initialized_token().map_err(failed)? {
        let session = module.open_ro_session(slot).map_err(failed)?;
        let certificates = find(&session, ObjectClass::CERTIFICATE, None)?;
        let certificates: Vec<_> =
            certificates.into_iter().filter_map(|handle| read(&session, handle)).collect();
        let found: Vec<_> =
            certificates.iter().map(|(_, der)| Found::new(vec![der.clone()], None)).collect();
        let Some(chosen) = pick(&found, subject) else { continue };
        let entry = certificates.iter().find(|(_, der)| chosen.chain.first() == Some(der));
        let Some((id, der)) = entry else { continue };
        log_in(&session, pin)?;
        let keys = find(&session, ObjectClass::PRIVATE_KEY, Some(id))?;
        let Some(key) = keys.first() else {
            nearly = IdentityError::NoKey;
            continue;
        };
        let schemes = schemes(der)?;
        let (session, worker) = (Arc::new(Mutex::new(session)), Arc::default());
        let key = TokenKey { session, handle: *key, schemes, worker, patience: None };
        return Identity::with_token(vec![der.clone()], key);
    }
    Err(nearly)
}

fn begin(path: &Path) -> Result<Pkcs11, IdentityError> {
    let modules = || MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules().get(path) {
        return Ok(module.clone());
    }
    // Not locked: a module that never comes back must not stop the others.
    let module = Pkcs11::new(path).map_err(failed)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(modules().entry(path.to_path_buf()).or_insert(module).clone())
}

fn failed(error: Error) -> IdentityError {
    match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            IdentityError::Password
        }
        other => IdentityError::Token(other.to_string()),
    }
}

/// A token tells a process, not its sessions, who is logged in.
fn log_in(session: &Session, pin: &str) -> Result<(), IdentityError> {
    if pin.is_empty() {
        return Ok(());
    }
    match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn find(
    session: &Session,
    class: ObjectClass,
    id: Option<&Vec<u8>>,
) -> Result<Vec<ObjectHandle>, IdentityError> {
    let mut wanted = vec![Attribute::Class(class)];
    wanted.extend(id.map(|id| Attribute::Id(id.clone())));
    session.find_objects(&wanted).map_err(failed)
}

/// The identifier and the content of a certificate.
fn read(session: &Session, handle: ObjectHandle) -> Option<(Vec<u8>, CertificateDer<'static>)> {
    let wanted = [AttributeType::Id, AttributeType::Value];
    let (mut id, mut value) = (None, None);
    for attribute in session.get_attributes(handle, &wanted).ok()? {
        match attribute {
            Attribute::Id(bytes) => id = Some(bytes),
            Attribute::Value(bytes) => value = Some(bytes),
            _ => {}
        }
    }
    Some((id?, CertificateDer::from(value?)))
}

/// What the key of a certificate can sign, the dearest first.
fn schemes(certificate: &CertificateDer<'_>) -> Result<&'static [SignatureScheme], IdentityError> {
    use SignatureScheme as S;
    let read = Certificate::from_der(certificate);
    let read = read.map_err(|_| IdentityError::Format("certificate"))?;
    match (&*read.public_key_algorithm, read.public_key_length) {
        ("RSA", _) => Ok(&[
            S::RSA_PSS_SHA256,
            S::RSA_PSS_SHA384,
            S::RSA_PSS_SHA512,
            S::RSA_PKCS1_SHA256,
            S::RSA_PKCS1_SHA384,
            S::RSA_PKCS1_SHA512,
        ]),
        ("EC", 256) => Ok(&[S::ECDSA_NISTP256_SHA256]),
        ("EC", 384) => Ok(&[S::ECDSA_NISTP384_SHA384]),
        ("EC", 521) => Ok(&[S::ECDSA_NISTP521_SHA512]),
        _ => {
            let because = "tokens sign here with RSA, P-256, P-384 and P-521; use one of these";
            let name = "this kind of key in a token";
            Err(IdentityError::Unsupported(SettingError::unsupported(name, because)))
        }
    }
}

/// A key that never leaves its token.
#[derive(Clone)]
pub(super) struct TokenKey {
    /// A session may be used by one thread at a time.
    session: Arc<Mutex<Session>>,
    handle: ObjectHandle,
    schemes: &'static [SignatureScheme],
    worker: Arc<Worker>,
    /// The longest time to sign.
    pub(super) patience: Option<Duration>,
}

impl TokenKey {
    /// Digests here: not every token has the mechanisms that do it as well.
    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, IdentityError> {
        use SignatureScheme as S;
        let digest = match scheme {
            S::RSA_PSS_SHA256 | S::RSA_PKCS1_SHA256 | S::ECDSA_NISTP256_SHA256 => {
                Sha256::digest(message).to_vec()
            }
            S::RSA_PSS_SHA384 | S::RSA_PKCS1_SHA384 | S::ECDSA_NISTP384_SHA384 => {
                Sha384::digest(message).to_vec()
            }
            _ => Sha512::digest(message).to_vec(),
        };
        let (mechanism, input) = match scheme {
            S::RSA_PSS_SHA256 | S::RSA_PSS_SHA384 | S::RSA_PSS_SHA512 => {
                (Mechanism::RsaPkcsPss(padding(digest.len())?), digest)
            }
            S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512 => {
                (Mechanism::RsaPkcs, named(&digest))
            }
            _ => (Mechanism::Ecdsa, digest),
        };
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let signature = session.sign(&mechanism, self.handle, &input).map_err(failed)?;
        if !matches!(mechanism, Mechanism::Ecdsa) {
            return Ok(signature);
        }
        // Tokens write two numbers of the same length.
        let (r, s) = signature.split_at(signature.len() / 2);
        Ok(sequence(&[&integer(r), &integer(s)]))
    }
}

impl SigningKey for TokenKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.schemes.iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(TokenSigner { key: self.clone(), scheme }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.schemes {
            [SignatureScheme::RSA_PSS_SHA256, ..] => SignatureAlgorithm::RSA,
            _ => SignatureAlgorithm::ECDSA,
        }
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey").finish_non_exhaustive()
    }
}

struct TokenSigner {
    key: TokenKey,
    scheme: SignatureScheme,
}

impl Signer for TokenSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let (key, scheme, message) = (self.key.clone(), self.scheme, message.to_vec());
        let patience = key.patience.unwrap_or(PATIENCE).min(LONGEST);
        let signed = self.key.worker.run(patience, move || key.sign(scheme, &message));
        signed.unwrap_or_else(|| Err(silent(patience))).map_err(SigningFailure::told)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSigner").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// The padding of PSS with a salt as long as the digest, as TLS has it.
fn padding(len: usize) -> Result<PkcsPssParams, IdentityError> {
    let (hash_alg, mgf) = match len {
        32 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        48 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        _ => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
    };
    let s_len = len.try_into().map_err(|_| IdentityError::Token("a long salt".to_owned()))?;
    Ok(PkcsPssParams { hash_alg, mgf, s_len })
}

/// A digest with the name of its algorithm before it (`DigestInfo`).
fn named(digest: &[u8]) -> Vec<u8> {
    let last = match digest.len() {
        32 => 1,
        48 => 2,
        _ => 3,
    };
    let algorithm = oid(&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last]);
    sequence(&[&sequence(&[&algorithm, &null()]), &octet_string(digest)])
}
