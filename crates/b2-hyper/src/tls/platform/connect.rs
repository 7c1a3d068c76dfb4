//! The handshake of OpenSSL.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslVerifyMode};
use openssl::x509::verify::X509CheckFlags;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use super::super::certificate::Certificate;
use super::super::error::{CertificateFault, TlsError};
use super::super::event::{TlsEvent, TlsObserver};
use super::super::key_log::KeyLogFile;
use super::super::settings::TlsSettings;
use super::super::stream::TlsSession;
use super::context::Context;
use super::eof::NoEof;
use super::error::{of_handshake, unfit};
use super::facts::certificates;
use super::judge::{Judge, Look};

/// Begins sessions with OpenSSL.
pub(in super::super) struct Platform {
    context: Context,
    alpn: Vec<u8>,
    judge: Arc<Judge>,
    observer: Option<Arc<dyn TlsObserver>>,
}

impl Platform {
    pub(in super::super) fn new(
        settings: &TlsSettings,
        given: &[CertificateDer<'static>],
        key_log: Option<&Arc<KeyLogFile>>,
    ) -> Result<Self, TlsError> {
        let mut alpn = Vec::new();
        for protocol in &settings.alpn {
            // No protocol has a longer name.
            alpn.push(u8::try_from(protocol.len()).unwrap_or(u8::MAX));
            alpn.extend(protocol.iter().take(usize::from(u8::MAX)));
        }
        Ok(Self {
            context: Context::new(settings, given, key_log)?,
            alpn,
            judge: Arc::new(Judge::new(settings)),
            observer: settings.observer.clone(),
        })
    }

    /// Begins a session with `host` on `stream`.
    pub(in super::super) async fn connect<S>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsSession<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host).map_err(|_| TlsError::Name)?;
        let look = Arc::new(Look::new(&self.judge, host));
        let ssl = self.prepare(&name, Arc::clone(&look)).map_err(unfit)?;
        let mut stream = SslStream::new(ssl, NoEof(stream)).map_err(unfit)?;
        let outcome = Pin::new(&mut stream).connect().await;
        if let Some((leaf, fault)) = look.refusal() {
            self.tell(&leaf, Some(&fault));
            return Err(TlsError::Certificate(fault));
        }
        outcome.map_err(of_handshake)?;
        match certificates(stream.ssl()).first() {
            Some(leaf) => self.tell(leaf, None),
            // No suite without certificates is offered; this is for the day when one is.
            None => return Err(TlsError::Certificate(CertificateFault::Unreadable)),
        }
        Ok(TlsSession::openssl(stream))
    }

    fn prepare(&self, name: &ServerName<'_>, look: Arc<Look>) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context.context)?;
        if !self.alpn.is_empty() {
            ssl.set_alpn_protos(&self.alpn)?;
        }
        if let ServerName::DnsName(name) = name {
            ssl.set_hostname(name.as_ref().trim_end_matches('.'))?;
        }
        let rules = ssl.param_mut();
        // The subject is a description, and no name; and `f*.example` is none either.
        let never = X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT;
        rules.set_hostflags(never);
        match name {
            ServerName::IpAddress(address) => rules.set_ip(IpAddr::from(*address))?,
            name => rules.set_host(name.to_str().trim_end_matches('.'))?,
        }
        if let Some(level) = self.context.auth_level {
            rules.set_auth_level(level);
        }
        ssl.set_verify_callback(SslVerifyMode::PEER, move |good, context| look.at(good, context));
        Ok(ssl)
    }

    /// Tells what the server showed.
    fn tell(&self, leaf: &CertificateDer<'_>, fault: Option<&CertificateFault>) {
        let (Some(observer), Ok(read)) = (&self.observer, Certificate::from_der(leaf)) else {
            return;
        };
        let (subject, issuer, fault) = (read.subject, read.issuer, fault.cloned());
        observer.observe(&TlsEvent::Shown { subject, issuer, fault });
    }
}
