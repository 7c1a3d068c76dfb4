//! From settings to what OpenSSL makes sessions of.

use std::path::Path;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    SslContext, SslContextBuilder, SslFiletype, SslMethod, SslMode, SslOptions,
    SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::{X509Lookup, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use rustls::pki_types::CertificateDer;

use super::super::error::TlsError;
use super::super::identity::Identity;
use super::super::key_log::KeyLogFile;
use super::super::settings::TlsSettings;
use super::super::versions::Versions;
use super::error::unfit;

/// At which certificates are judged at least: RSA keys of 2048 bits, and no
/// SHA-1, as everywhere else here.
const LEAST_LEVEL: u32 = 2;

/// A context, and the level at which certificates are judged if it is not
/// that of the context.
pub(super) struct Context {
    pub(super) context: SslContext,
    pub(super) auth_level: Option<i32>,
}

impl Context {
    pub(super) fn new(
        settings: &TlsSettings,
        given: &[CertificateDer<'static>],
        key_log: Option<&Arc<KeyLogFile>>,
    ) -> Result<Self, TlsError> {
        if !trusts_somebody(settings, given) {
            return Err(TlsError::NoRoots);
        }
        build(settings, given, key_log).map_err(unfit)
    }
}

fn trusts_somebody(settings: &TlsSettings, given: &[CertificateDer<'static>]) -> bool {
    !given.is_empty()
        || (settings.platform_roots && cfg!(feature = "platform-roots"))
        || !settings.hashed_roots.is_empty()
        || settings.accepts_others()
}

fn build(
    settings: &TlsSettings,
    given: &[CertificateDer<'static>],
    key_log: Option<&Arc<KeyLogFile>>,
) -> Result<Context, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls_client())?;
    builder.set_mode(
        SslMode::AUTO_RETRY
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::RELEASE_BUFFERS,
    );
    builder.set_options(SslOptions::NO_RENEGOTIATION | SslOptions::NO_COMPRESSION);
    // To resume a session the library wants a promise that safe code cannot give.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET);
    builder.set_verify(SslVerifyMode::PEER);
    speak(&mut builder, settings.versions)?;
    let auth_level = offer(&mut builder, settings)?;
    trust(&mut builder, settings, given)?;
    if let Some(own) = &settings.identity {
        show(&mut builder, own)?;
    }
    if let Some(log) = key_log {
        let log = Arc::clone(log);
        builder.set_keylog_callback(move |_, line| log.line(line));
    }
    Ok(Context { context: builder.build(), auth_level })
}

/// Speaks these versions, which `check` has found to follow each other.
fn speak(builder: &mut SslContextBuilder, versions: Versions) -> Result<(), ErrorStack> {
    let all = [
        (versions.tls_1_0, SslVersion::TLS1),
        (versions.tls_1_1, SslVersion::TLS1_1),
        (versions.tls_1_2, SslVersion::TLS1_2),
        (versions.tls_1_3, SslVersion::TLS1_3),
    ];
    let spoken: Vec<_> = all.into_iter().filter(|(spoken, _)| *spoken).collect();
    // The system's rules may have switched off what was asked for by name.
    builder.clear_options(
        SslOptions::NO_TLSV1
            | SslOptions::NO_TLSV1_1
            | SslOptions::NO_TLSV1_2
            | SslOptions::NO_TLSV1_3,
    );
    builder.set_min_proto_version(spoken.first().map(|(_, version)| *version))?;
    builder.set_max_proto_version(spoken.last().map(|(_, version)| *version))
}

/// Suites and groups, and how strong they have to be. Gives the level at which
/// certificates are judged, if that is not the context's own.
fn offer(
    builder: &mut SslContextBuilder,
    settings: &TlsSettings,
) -> Result<Option<i32>, ErrorStack> {
    let own = SslContextBuilder::new(SslMethod::tls_client())?.build().security_level();
    if settings.versions.has_old() {
        // Before TLS 1.2 keys are agreed on with MD5 and SHA-1, which no other
        // level allows.
        builder.set_security_level(0);
    }
    if let Some(suites) = &settings.suites {
        let (old, new) = suites.openssl_lists();
        // A version none of whose suites is offered is not offered either.
        match &*old {
            "" => builder.set_min_proto_version(Some(SslVersion::TLS1_3))?,
            old => builder.set_cipher_list(old)?,
        }
        match &*new {
            "" => builder.set_options(SslOptions::NO_TLSV1_3),
            new => builder.set_ciphersuites(new).map(|()| SslOptions::empty())?,
        };
    }
    if let Some(list) = &settings.cipher_list {
        builder.set_cipher_list(list.text())?;
    }
    let groups = settings.groups.as_ref();
    if let Some(list) = groups.and_then(|groups| groups.openssl_list(settings.versions)) {
        builder.set_groups_list(&list)?;
    }
    if settings.cipher_list.as_ref().is_some_and(super::CipherList::sets_level) {
        return Ok(None);
    }
    Ok(i32::try_from(own.max(LEAST_LEVEL)).ok())
}

fn trust(
    builder: &mut SslContextBuilder,
    settings: &TlsSettings,
    given: &[CertificateDer<'static>],
) -> Result<(), ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    // Who is given is trusted, and need not be a root.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN | X509VerifyFlags::TRUSTED_FIRST)?;
    for der in given {
        store.add_cert(X509::from_der(der)?)?;
    }
    if settings.platform_roots && cfg!(feature = "platform-roots") {
        store.set_default_paths()?;
    }
    for folder in &settings.hashed_roots {
        let lookup = store.add_lookup(X509Lookup::hash_dir())?;
        lookup.add_dir(&text(folder), SslFiletype::PEM)?;
    }
    builder.set_cert_store(store.build());
    Ok(())
}

/// The library takes texts only, and `check` lets nothing else through.
fn text(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

/// Shows the own certificate to servers that ask for one.
fn show(builder: &mut SslContextBuilder, own: &Identity) -> Result<(), ErrorStack> {
    // Identities without a key at hand were refused before.
    let Some((chain, key)) = own.plain_key() else { return Ok(()) };
    let mut chain = chain.iter();
    if let Some(first) = chain.next() {
        builder.set_certificate(&*X509::from_der(first)?)?;
    }
    for more in chain {
        builder.add_extra_chain_cert(X509::from_der(more)?)?;
    }
    builder.set_private_key(&*PKey::private_key_from_der(key.secret_der())?)?;
    builder.check_private_key()
}
