//! Choosing how an emulator runs, and starting it.

mod error;
mod launch;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Emulator;
use crate::control::{FaultRule, SeededFaults};
use crate::model::{Caps, Identity, Settings};

pub use error::StartError;

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

/// Settings of an emulator that is yet to start.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    data_dir: Option<PathBuf>,
    host: Option<IpAddr>,
    allow_remote: bool,
    port: u16,
    tls: Tls,
    settings: Settings,
    caps: Caps,
    identity: Identity,
    patience: Duration,
    most_connections: usize,
    webhook_ca: Option<PathBuf>,
    preload: Option<PathBuf>,
    faults: Vec<FaultRule>,
    seeded: Option<SeededFaults>,
    clock_offset_ms: i64,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            data_dir: None,
            host: None,
            allow_remote: false,
            port: 0,
            tls: Tls::Off,
            settings: Settings::default(),
            caps: Caps::default(),
            identity: Identity::default(),
            patience: Duration::from_secs(60),
            most_connections: 4096,
            webhook_ca: None,
            preload: None,
            faults: Vec::new(),
            seeded: None,
            clock_offset_ms: 0,
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

    /// Listens on this address instead of 127.0.0.1 and, if there is one, ::1.
    pub const fn host(mut self, host: IpAddr) -> Self {
        self.host = Some(host);
        self
    }

    /// Whether the address may be one that other machines can reach; `false`.
    ///
    /// Whoever reaches it and knows a key can use it; `/_emulator/` still
    /// answers this machine only.
    pub const fn allow_remote(mut self, allowed: bool) -> Self {
        self.allow_remote = allowed;
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

    /// What the account may use; as much as it likes by default.
    pub const fn caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Begins with the files of this folder: each folder in it becomes a
    /// private bucket, unless there is one of that name already.
    pub fn preload(mut self, folder: impl Into<PathBuf>) -> Self {
        self.preload = Some(folder.into());
        self
    }

    /// Trusts this certificate, in PEM, of webhooks that are HTTPS.
    pub fn webhook_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.webhook_ca = Some(path.into());
        self
    }

    /// Lets something go wrong; can be called several times.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// Lets things go wrong at random.
    pub const fn seeded_faults(mut self, seeded: SeededFaults) -> Self {
        self.seeded = Some(seeded);
        self
    }

    /// How far the emulator's clock is ahead of the system's, in milliseconds;
    /// negative for behind.
    pub const fn clock_offset_ms(mut self, offset_ms: i64) -> Self {
        self.clock_offset_ms = offset_ms;
        self
    }

    /// How many connections are served at once; 4096. Others wait.
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
}
