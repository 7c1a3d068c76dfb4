//! The way in.

use std::sync::Arc;

use b2_core::account::{Account, Config, Credentials, Session};
use b2_core::call::Call;
use b2_core::endpoint::{self, Endpoint};
use b2_core::error::{Error, RequestError};
use b2_core::port::{DynTransport, Spawn, Timer, Transport};
use b2_core::reconcile::Reconciled;
use b2_core::session::Authorize;
use b2_core::{FindBucket, ListAllowedBuckets, Pager};
use b2_proto::{
    AccountId, ApplicationKeyId, Bucket as BucketInfo, BucketName, BucketType, Capability,
    CreateBucketRequest, CreateKeyRequest, CreateKeyResponse, DeleteBucketRequest,
    DeleteBucketResponse, DeleteKeyRequest, DeleteKeyResponse, ListKeysRequest,
};

use crate::bucket::Bucket;
use crate::buffer::BufferPool;
use crate::drive::Context;
use crate::list::Listing;
use crate::observer::{Nobody, Observer};
use crate::report::ProgressStep;
use crate::run::Run;

/// An account of Backblaze B2.
///
/// Cheap to clone; all clones share one authorization, one pool of upload
/// URLs and one pool of buffers. Nothing is sent before the first call.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) context: Arc<Context>,
}

impl Client {
    /// A client on hyper and rustls, with the roots of the system, for the
    /// application key given.
    ///
    /// # Errors
    ///
    /// If the system gives no randomness for the seed. Certificates of the
    /// system are read at the first `https` connection.
    ///
    /// ```
    /// use b2::{Client, Credentials};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let emulator = b2_emulator::Emulator::start().await?;
    /// let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// let session = client.authorize().await?;
    /// assert!(session.can(&b2::Capability::WriteFiles));
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "hyper")]
    pub fn new(credentials: Credentials) -> Result<Self, BuildError> {
        Self::builder(credentials).build()
    }

    /// A client to be configured.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    /// Checks the application key and gives what B2 says about the account.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if the key is wrong, deleted or expired: check it.
    pub fn authorize(&self) -> Run<Authorize, Arc<Session>> {
        Run::new(&self.context, Ok(Authorize::new()))
    }

    /// Finds a bucket by its name. Needs no list call with a key that is
    /// restricted to buckets; other keys need `listBuckets`.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoSuchBucket`] if the account has none of this name or
    /// the key may not see it.
    pub fn bucket(&self, name: &str) -> Run<FindBucket, Bucket> {
        let parsed = bucket_name(endpoint::ListBuckets::NAME, name);
        let context = Arc::clone(&self.context);
        let kept = parsed.clone();
        Run::new(&self.context, parsed.map(FindBucket::new))
            .then(move |id, _| Ok(Bucket::new(context, id, kept?)))
    }

    /// Makes a bucket. The capability is `writeBuckets`.
    ///
    /// If the answer is lost, the bucket is looked for before anything is
    /// repeated.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with `duplicate_bucket_name` if anyone has a bucket of
    /// this name: choose another.
    pub fn create_bucket(
        &self,
        name: &str,
        bucket_type: BucketType,
    ) -> Run<Reconciled<endpoint::CreateBucket>, Bucket> {
        let parsed = bucket_name(endpoint::CreateBucket::NAME, name);
        let kept = parsed.clone();
        let context = Arc::clone(&self.context);
        let operation = parsed.map(|name| {
            Reconciled::new(CreateBucketRequest::new(
                unknown_account(),
                name.to_string(),
                bucket_type,
            ))
        });
        Run::<Reconciled<endpoint::CreateBucket>>::new(&self.context, operation)
            .then(move |info, _| Ok(Bucket::new(context, info.bucket_id, kept?)))
    }

    /// Deletes a bucket that has no file version, hide marker or unfinished
    /// large file left. The capability is `deleteBuckets`.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with `cannot_delete_non_empty_bucket`.
    pub fn delete_bucket(
        &self,
        bucket: &Bucket,
    ) -> Run<Call<endpoint::DeleteBucket>, DeleteBucketResponse> {
        self.call(DeleteBucketRequest::new(unknown_account(), bucket.id().clone()))
    }

    /// Lists the buckets that the key may see, sorted by name, all at once.
    /// The capability is `listBuckets`. For a key that is restricted to buckets
    /// it takes a call for each of them.
    pub fn buckets(&self) -> Run<ListAllowedBuckets, Vec<BucketInfo>> {
        Run::new(&self.context, Ok(ListAllowedBuckets::new()))
    }

    /// Makes an application key; its secret is shown only in this answer. The
    /// capability is `writeKeys`.
    ///
    /// # Errors
    ///
    /// [`Error::Unconfirmed`] if the answer is lost: look with
    /// [`keys`](Self::keys) whether there is a key of this name, delete it
    /// and make another, as its secret is lost.
    pub fn create_key(
        &self,
        name: &str,
        capabilities: Vec<Capability>,
    ) -> Run<Call<endpoint::CreateKey>, CreateKeyResponse> {
        self.call(CreateKeyRequest::new(unknown_account(), capabilities, name.to_owned()))
    }

    /// Deletes an application key. The capability is `deleteKeys`.
    pub fn delete_key(
        &self,
        id: ApplicationKeyId,
    ) -> Run<Call<endpoint::DeleteKey>, DeleteKeyResponse> {
        self.call(DeleteKeyRequest::new(id))
    }

    /// Lists application keys by id. The capability is `listKeys`.
    pub fn keys(&self) -> Listing<endpoint::ListKeys> {
        let request = ListKeysRequest::new(unknown_account()).with_max_key_count(1000);
        Listing::new(&self.context, Ok(Pager::new(request)))
    }

    /// Makes any call of [`b2_core::endpoint`] with a request of your own. An
    /// empty account id is filled in.
    pub fn call<E: Endpoint>(&self, request: E::Request) -> Run<Call<E>> {
        Run::new(&self.context, Ok(Call::new(request)))
    }

    /// Forgets the authorization and all upload URLs.
    pub fn forget(&self) {
        self.context.with_account(Account::forget);
    }
}

pub(crate) fn bucket_name(operation: &'static str, name: &str) -> Result<BucketName, Error> {
    BucketName::new(name).map_err(|invalid| Error::Request {
        operation,
        source: Box::new(RequestError::BucketName(invalid)),
    })
}

/// The account id is filled in by the endpoint once it is known.
fn unknown_account() -> AccountId {
    AccountId::from("")
}

/// Configures a [`Client`].
#[must_use]
pub struct ClientBuilder {
    credentials: Credentials,
    config: Config,
    /// Kept apart: it holds whatever configuration is given before or after.
    realm: Option<String>,
    transport: Option<Arc<dyn DynTransport>>,
    timer: Option<Arc<dyn Timer>>,
    spawn: Option<Arc<dyn Spawn>>,
    observer: Arc<dyn Observer>,
    seed: Option<u64>,
    buffers: BufferPool,
    progress_step: ProgressStep,
    #[cfg(feature = "hyper")]
    connections: connections::Connections,
}

impl ClientBuilder {
    fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            config: Config::default(),
            realm: None,
            transport: None,
            timer: None,
            spawn: None,
            observer: Arc::new(Nobody),
            seed: None,
            buffers: BufferPool::default(),
            progress_step: ProgressStep::default(),
            #[cfg(feature = "hyper")]
            connections: connections::Connections::default(),
        }
    }

    /// Where to authorize, such as a local emulator; default: that of the
    /// configuration, which is production. It holds whether it is given
    /// before or after [`with_config`](Self::with_config).
    pub fn with_realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.to_owned());
        self
    }

    /// Everything else about the account: timeouts, retries, user agent.
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Your own HTTP stack instead of hyper. It needs a timer too, see
    /// [`with_timer`](Self::with_timer).
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Your own timer instead of tokio's.
    pub fn with_timer(mut self, timer: impl Timer) -> Self {
        self.timer = Some(Arc::new(timer));
        self
    }

    /// Where [`Run::start`] puts work; default: tokio with the feature
    /// `hyper`, otherwise the work is done while its handle is joined.
    pub fn with_spawn(mut self, spawn: impl Spawn) -> Self {
        self.spawn = Some(Arc::new(spawn));
        self
    }

    /// Who watches.
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// How often the observer hears how far a transfer is; default: at each
    /// percent.
    pub fn with_progress_step(mut self, step: ProgressStep) -> Self {
        self.progress_step = step;
        self
    }

    /// Determines the jitter of pauses, for tests that must repeat; default:
    /// random.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Bytes of buffers that all transfers of this client may hold at a time,
    /// whatever their number and size; at least 1 MiB is granted. Default:
    /// all clients of the process share 16 MiB. What a transport buffers by
    /// itself, some 400 KiB for each connection, comes on top.
    pub fn with_memory_budget(mut self, bytes: usize) -> Self {
        self.buffers = BufferPool::with_budget(bytes);
        self
    }

    /// A client for [`run_blocking`](Run::run_blocking) only: it has no
    /// asynchronous transport, and what is awaited fails.
    ///
    /// # Errors
    ///
    /// If the system gives no randomness for the seed;
    /// [`BuildError::UnusedSettings`] if settings of the connection were made.
    pub fn build_blocking(self) -> Result<Client, BuildError> {
        #[cfg(feature = "hyper")]
        self.no_settings()?;
        let timer = self.timer.clone().unwrap_or_else(|| Arc::new(Clock));
        self.assemble(None, timer, None)
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`BuildError::Tls`] if the certificates given are none;
    /// [`BuildError::NoTimer`] if a transport was given without a timer: ours
    /// works on tokio only, where yours may not run;
    /// [`BuildError::UnusedSettings`] if settings of the connection were made
    /// beside it.
    pub fn build(self) -> Result<Client, BuildError> {
        let transport = self.transport()?;
        let default_timer = || if self.transport.is_none() { default_timer() } else { None };
        let timer = self.timer.clone().or_else(default_timer).ok_or(BuildError::NoTimer)?;
        let spawn = self.spawn.clone().or_else(default_spawn);
        self.assemble(Some(transport), timer, spawn)
    }

    fn assemble(
        self,
        transport: Option<Arc<dyn DynTransport>>,
        timer: Arc<dyn Timer>,
        spawn: Option<Arc<dyn Spawn>>,
    ) -> Result<Client, BuildError> {
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(|_| BuildError::NoRandomness)?,
        };
        let config = match &self.realm {
            Some(realm) => self.config.with_realm(realm),
            None => self.config,
        };
        #[cfg(feature = "hyper")]
        let config = self.connections.patient(config);
        let account = Account::new(config, self.credentials, seed);
        let context = Context::new(account, transport, timer, spawn, self.observer, self.buffers)
            .with_progress_step(self.progress_step);
        Ok(Client { context: Arc::new(context) })
    }

    #[cfg(feature = "hyper")]
    fn transport(&self) -> Result<Arc<dyn DynTransport>, BuildError> {
        if let Some(own) = &self.transport {
            self.no_settings()?;
            return Ok(Arc::clone(own));
        }
        let realm = self.realm.as_deref().unwrap_or_else(|| self.config.realm());
        Ok(Arc::new(self.connections.build(realm)?))
    }

    /// A proxy or a check of certificates that nobody follows is no small loss.
    #[cfg(feature = "hyper")]
    fn no_settings(&self) -> Result<(), BuildError> {
        if self.connections.needs_ours() { Err(BuildError::UnusedSettings) } else { Ok(()) }
    }

    #[cfg(not(feature = "hyper"))]
    fn transport(&self) -> Result<Arc<dyn DynTransport>, BuildError> {
        self.transport.clone().ok_or(BuildError::NoTransport)
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(feature = "hyper")]
fn default_timer() -> Option<Arc<dyn Timer>> {
    Some(Arc::new(b2_hyper::TokioTimer::default()))
}

#[cfg(not(feature = "hyper"))]
fn default_timer() -> Option<Arc<dyn Timer>> {
    None
}

#[cfg(feature = "hyper")]
fn default_spawn() -> Option<Arc<dyn Spawn>> {
    Some(Arc::new(b2_hyper::TokioSpawn::default()))
}

#[cfg(not(feature = "hyper"))]
fn default_spawn() -> Option<Arc<dyn Spawn>> {
    None
}

/// The clock of a client that never waits asynchronously.
#[derive(Debug)]
struct Clock;

impl Timer for Clock {
    fn now(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    fn sleep_until(&self, _: std::time::Instant) -> b2_core::port::BoxFuture<'static, ()> {
        // Only the asynchronous loop sleeps here, and without a transport it
        // ends before it has anything to wait for.
        Box::pin(std::future::ready(()))
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was given with [`ClientBuilder::config`] does not make connections.
    #[error("the settings of the connection cannot be used")]
    Settings(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Connections were given whole, and setting by setting too: one would
    /// undo the other.
    #[error("connections were configured twice: give either a builder or settings")]
    TwoConfigurations,
    /// Settings of the connection were made, or roots given, which a transport
    /// of your own or a client that only blocks does not follow: leave them out,
    /// and set up that transport instead. `Timeout` holds for whole calls, and
    /// with any transport.
    #[error(
        "settings of the connection are only for the transport that is built in: leave them out, \
         and set up your own transport instead"
    )]
    UnusedSettings,
    /// There is no transport: give one, or turn the feature `hyper` on.
    #[error("there is no transport: give one, or turn the feature `hyper` on")]
    NoTransport,
    /// There is no timer: a transport of one's own needs one beside it.
    #[error("there is no timer: a transport of one's own needs one beside it")]
    NoTimer,
    /// The system gave no randomness.
    #[error("the system gave no randomness; give a seed")]
    NoRandomness,
}

mod class_code;
#[cfg(feature = "hyper")]
mod connections;
#[cfg(test)]
mod tests;
