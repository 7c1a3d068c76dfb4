//! From settings to a running server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Builder, StartError, Tls};
use crate::control::Control;
use crate::engine::Engine;
use crate::model::Credentials;
use crate::server::certificate::{self, Identity as TlsIdentity};
use crate::server::listener::{self, Serving};
use crate::server::webhook::Trust;
use crate::server::{Emulator, Stop, preload};

impl Builder {
    fn check(&self) -> Result<(), StartError> {
        if let Some(host) = self.host
            && !host.is_loopback()
            && !self.allow_remote
        {
            return Err(StartError::NotLoopback(host));
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
    pub(super) fn spawn(
        self,
        tell: impl FnOnce(Result<Ready, StartError>) -> bool + Send + 'static,
    ) -> Result<Pending, StartError> {
        self.check()?;
        let (stop, stopping) = watch::channel(Stop::No);
        let (ending, ended) = watch::channel(false);
        let address = self.address();
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
        let address = self.address();
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

    /// Where it listens, or first of all.
    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), self.port)
    }

    /// The sockets; the first is the one that everybody is told of.
    async fn listen(&self) -> Result<Vec<TcpListener>, StartError> {
        let address = self.address();
        let failed = |source| StartError::Listen { address, source };
        let first = TcpListener::bind(address).await.map_err(failed)?;
        let port = first.local_addr().map_err(failed)?.port();
        let mut sockets = vec![first];
        if self.host.is_none() {
            // Not every machine has IPv6, and there the port may be somebody's.
            let other = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
            sockets.extend(TcpListener::bind(other).await.ok());
        }
        Ok(sockets)
    }

    async fn prepare(self) -> Result<(Ready, Serving), StartError> {
        let engine = self.engine()?;
        let tls = self.tls_identity()?;
        let trust =
            Trust::new(tls.as_ref().map(|tls| &*tls.certificate_pem), self.webhook_ca.as_deref())
                .map_err(StartError::Certificate)?;
        let sockets = self.listen().await?;
        let address = self.address();
        let failed = |source| StartError::Listen { address, source };
        let address = sockets.first().map_or(Ok(address), TcpListener::local_addr);
        let address = address.map_err(failed)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let ready = Ready {
            address,
            base_url: format!("{scheme}://{address}"),
            credentials: engine.credentials().clone(),
            certificate_pem: tls.as_ref().map(|tls| tls.certificate_pem.clone()),
            control: None,
        };
        let control = Arc::new(self.control(engine)?);
        if let Some(folder) = &self.preload {
            preload::load(&control, folder)?;
        }
        let ready = Ready { control: Some(Arc::clone(&control)), ..ready };
        let serving = Serving {
            control,
            sockets,
            trust,
            tls: tls.map(|tls| tls.acceptor),
            patience: self.patience,
            most_connections: self.most_connections,
        };
        Ok((ready, serving))
    }

    fn control(&self, engine: Engine) -> Result<Control, StartError> {
        let control = Control::new(Arc::new(engine));
        control.clock.set_offset(self.clock_offset_ms);
        control.set_caps(self.caps);
        for rule in &self.faults {
            control.faults.add(rule.clone())?;
        }
        if let Some(seeded) = &self.seeded {
            control.faults.set_seed(seeded.clone());
        }
        if self.caps.storage_bytes.is_some() {
            // What is stored has to be known before it can be held against a cap.
            let swept = control.engine.sweep_at_start();
            swept.map_err(|error| StartError::Open(error.into()))?;
        }
        Ok(control)
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
pub(super) struct Ready {
    address: SocketAddr,
    base_url: String,
    credentials: Credentials,
    certificate_pem: Option<String>,
    control: Option<Arc<Control>>,
}

/// A server's thread whose owner is not decided yet. Dropping it ends it.
pub(super) struct Pending {
    stop: Option<watch::Sender<Stop>>,
    thread: Option<std::thread::JoinHandle<()>>,
    ended: watch::Receiver<bool>,
}

impl Pending {
    pub(super) fn into_emulator(mut self, ready: Ready) -> Emulator {
        let (unused, _) = watch::channel(Stop::No);
        Emulator {
            address: ready.address,
            base_url: ready.base_url,
            credentials: ready.credentials,
            certificate_pem: ready.certificate_pem,
            control: ready.control,
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
