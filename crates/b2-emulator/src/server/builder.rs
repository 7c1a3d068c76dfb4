//! Choosing how an emulator runs, and starting it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::certificate::{self, Identity as TlsIdentity};
use super::listener::{self, Serving};
use super::{Emulator, Stop};
use crate::engine::{Engine, OpenError};
use crate::model::{Credentials, Identity, Settings};

/// Whether and how connections are encrypted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Tls {
    /// Plain HTTP.
    #[default]
    Off,
    /// HTTPS with a certificate of our own making, kept in the data folder.
    SelfSigned,
    /// HTTPS with the certificate chain and the key in these PEM files.
    Pem {
        /// The certificate chain, the server's own first.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data folder could not be opened.
    #[error("the data folder cannot be opened")]
    Open(#[from] OpenError),
    /// The address is one that other machines can reach.
    #[error("{0} is not a loopback address")]
    NotLoopback(IpAddr),
    /// The wished-for account id is not one.
    #[error("an account id is 12 lower-case hex digits")]
    BadAccountId,
    /// The port is taken, or threads or sockets have run out.
    #[error("the server cannot listen on {address}")]
    Listen {
        /// Where it tried.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("the certificate cannot be used")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The system would not give random bytes to make keys from.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The server's thread ended before it was ready.
    #[error("the server ended before it was ready")]
    Died,
}

/// Settings of an emulator that is yet to start.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    pub(super) data_dir: Option<PathBuf>,
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) settings: Settings,
    identity: Identity,
    patience: Duration,
    most_connections: usize,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            data_dir: None,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            tls: Tls::Off,
            settings: Settings::default(),
            identity: Identity::default(),
            patience: Duration::from_secs(60),
            most_connections: 1024,
        }
    }
}

impl Builder {
    /// Keeps everything in this folder, made if absent. Without it everything
    /// is in memory and ends with the emulator.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Listens on this loopback address instead of 127.0.0.1.
    pub const fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// Listens on this port; 0, the default, takes a free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Whether and how connections are encrypted; not at all by default.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Limits and defaults other than those of B2.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The account id of a new account, 12 lower-case hex digits. An account
    /// that is already in the data folder keeps its own.
    pub fn account_id(mut self, id: impl Into<String>) -> Self {
        self.identity.account_id = Some(id.into());
        self
    }

    /// The master application key, instead of one made up at the first start.
    pub fn application_key(mut self, id: impl Into<String>, key: impl Into<String>) -> Self {
        self.identity = self.identity.with_key(id.into(), key.into());
        self
    }

    /// How long a connection may make no progress before it is cut; 60 s.
    ///
    /// Shorter frees resources sooner, longer is kinder to slow clients.
    pub const fn inactivity_limit(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// How many connections are served at once; 1024. Others wait.
    pub const fn connection_limit(mut self, connections: usize) -> Self {
        self.most_connections = connections;
        self
    }

    /// Starts the emulator. It is ready when this returns.
    ///
    /// # Errors
    ///
    /// Fix what the error names and start again; nothing keeps running.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops whatever has been started.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let (tell, ready) = oneshot::channel();
        let pending = self.spawn(move |ready| tell.send(ready).is_ok())?;
        let ready = ready.await.map_err(|_| StartError::Died)??;
        Ok(pending.into_emulator(ready))
    }

    /// As [`Builder::start`], for callers that do not await.
    ///
    /// # Errors
    ///
    /// Fix what the error names and start again; nothing keeps running.
    pub fn start_blocking(self) -> Result<Emulator, StartError> {
        let (tell, ready) = mpsc::sync_channel(1);
        let pending = self.spawn(move |ready| tell.send(ready).is_ok())?;
        let ready = ready.recv().map_err(|_| StartError::Died)??;
        Ok(pending.into_emulator(ready))
    }

    fn check(&self) -> Result<(), StartError> {
        if !self.host.is_loopback() {
            return Err(StartError::NotLoopback(self.host));
        }
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let account = self.identity.account_id.as_deref();
        if account.is_some_and(|id| id.len() != 12 || !id.bytes().all(is_hex)) {
            return Err(StartError::BadAccountId);
        }
        Ok(())
    }

    /// Starts the server's thread. `tell` gets the outcome and says whether
    /// anyone still wants to know.
    fn spawn(
        self,
        tell: impl FnOnce(Result<Ready, StartError>) -> bool + Send + 'static,
    ) -> Result<Pending, StartError> {
        self.check()?;
        let (stop, stopping) = watch::channel(Stop::No);
        let (ending, ended) = watch::channel(false);
        let address = SocketAddr::new(self.host, self.port);
        let thread = std::thread::Builder::new()
            .name("b2-emulator".to_owned())
            .spawn(move || {
                self.run(stopping, tell);
                ending.send_replace(true);
            })
            .map_err(|source| StartError::Listen { address, source })?;
        Ok(Pending { stop: Some(stop), thread: Some(thread), ended })
    }

    /// The life of the server's thread.
    fn run(
        self,
        stopping: watch::Receiver<Stop>,
        tell: impl FnOnce(Result<Ready, StartError>) -> bool,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("b2-emulator-io")
            .enable_all()
            .build();
        let address = SocketAddr::new(self.host, self.port);
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(source) => {
                tell(Err(StartError::Listen { address, source }));
                return;
            }
        };
        match runtime.block_on(self.prepare()) {
            Err(error) => {
                tell(Err(error));
            }
            Ok((ready, serving)) => {
                if tell(Ok(ready)) {
                    runtime.block_on(listener::serve(serving, stopping));
                }
            }
        }
        // Dropping the runtime waits for what runs on blocking threads, so
        // nothing is half written and the data folder is free afterwards.
        drop(runtime);
    }

    async fn prepare(self) -> Result<(Ready, Serving), StartError> {
        let address = SocketAddr::new(self.host, self.port);
        let engine = self.engine()?;
        let tls = self.tls_identity()?;
        let failed = |source| StartError::Listen { address, source };
        let socket = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let ready = Ready {
            address,
            base_url: format!("{scheme}://{address}"),
            credentials: engine.credentials().clone(),
            certificate_pem: tls.as_ref().map(|tls| tls.certificate_pem.clone()),
        };
        let serving = Serving {
            engine: Arc::new(engine),
            socket,
            tls: tls.map(|tls| tls.acceptor),
            patience: self.patience,
            most_connections: self.most_connections,
        };
        Ok((ready, serving))
    }

    fn engine(&self) -> Result<Engine, StartError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| StartError::NoRandomness)?;
        match &self.data_dir {
            Some(path) => Ok(Engine::open(path, self.settings.clone(), &self.identity, seed)?),
            None => Engine::in_memory(self.settings.clone(), &self.identity, seed)
                .map_err(|error| StartError::Open(error.into())),
        }
    }

    fn tls_identity(&self) -> Result<Option<TlsIdentity>, StartError> {
        let identity = match (&self.tls, &self.data_dir) {
            (Tls::Off, _) => return Ok(None),
            (Tls::SelfSigned, None) => certificate::self_signed(),
            (Tls::SelfSigned, Some(data)) => certificate::kept_in(&data.join("tls")),
            (Tls::Pem { certificate, key }, _) => certificate::from_files(certificate, key),
        };
        identity.map(Some).map_err(StartError::Certificate)
    }
}

/// What is known once the server listens.
struct Ready {
    address: SocketAddr,
    base_url: String,
    credentials: Credentials,
    certificate_pem: Option<String>,
}

/// A server's thread whose owner is not decided yet. Dropping it ends it.
struct Pending {
    stop: Option<watch::Sender<Stop>>,
    thread: Option<std::thread::JoinHandle<()>>,
    ended: watch::Receiver<bool>,
}

impl Pending {
    fn into_emulator(mut self, ready: Ready) -> Emulator {
        let (unused, _) = watch::channel(Stop::No);
        Emulator {
            address: ready.address,
            base_url: ready.base_url,
            credentials: ready.credentials,
            certificate_pem: ready.certificate_pem,
            stop: self.stop.take().unwrap_or(unused),
            thread: self.thread.take(),
            ended: self.ended.clone(),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send_replace(Stop::Now);
        }
    }
}
