//! What the command line can choose.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::control::{FaultRule, SeededFaults};
use crate::model::{Caps, Settings};
use crate::server::{Builder, Emulator, Tls};

/// What the command line can choose. `Options::default` chooses nothing.
#[derive(Clone, Default)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
#[non_exhaustive]
pub struct Options {
    /// Keep everything in this folder, which is made if absent
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIR"))]
    pub data: Option<PathBuf>,

    /// Keep nothing (the default)
    #[cfg_attr(feature = "cli", arg(long, conflicts_with = "data"))]
    pub in_memory: bool,

    /// Listen on this port; 0 takes a free one
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", default_value_t = 0))]
    pub port: u16,

    /// Listen on this address instead of 127.0.0.1 and ::1
    #[cfg_attr(feature = "cli", arg(long, value_name = "ADDRESS"))]
    pub listen: Option<IpAddr>,

    /// Let --listen be an address that other machines can reach
    #[cfg_attr(feature = "cli", arg(long, requires = "listen"))]
    pub allow_remote: bool,

    /// Serve HTTPS with a certificate of its own making
    #[cfg_attr(feature = "cli", arg(long))]
    pub https: bool,

    /// Serve HTTPS with this certificate chain, in PEM
    #[cfg_attr(feature = "cli", arg(long, value_name = "FILE", requires = "certificate_key"))]
    pub certificate: Option<PathBuf>,

    /// The private key of --certificate, in PEM
    #[cfg_attr(feature = "cli", arg(long, value_name = "FILE", requires = "certificate"))]
    pub certificate_key: Option<PathBuf>,

    /// Trust this certificate of HTTPS webhooks, in PEM
    #[cfg_attr(feature = "cli", arg(long, value_name = "FILE"))]
    pub webhook_ca: Option<PathBuf>,

    /// Most connections at a time; more wait
    #[cfg_attr(feature = "cli", arg(long, value_name = "N", default_value_t = 4096))]
    pub max_connections: usize,

    /// Cut a peer that makes no progress for so long
    #[cfg_attr(feature = "cli", arg(long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400)))]
    pub inactivity_limit: u64,

    /// The account id, 12 hex digits, of a new account
    #[cfg_attr(feature = "cli", arg(long, value_name = "ID"))]
    pub account_id: Option<String>,

    /// The id of the master application key
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "ID", requires = "key", env = "B2_EMULATOR_KEY_ID")
    )]
    pub key_id: Option<String>,

    /// The master application key; other users of the machine see it in the
    /// list of processes, but not in the environment
    #[cfg_attr(
        feature = "cli",
        arg(
            long,
            value_name = "KEY",
            requires = "key_id",
            env = "B2_EMULATOR_KEY",
            hide_env_values = true
        )
    )]
    pub key: Option<String>,

    /// Begin with the files of this folder; its folders become buckets
    #[cfg_attr(feature = "cli", arg(long, value_name = "DIR"))]
    pub preload: Option<PathBuf>,

    /// Refuse what the documentation forbids and B2 may let pass: unknown
    /// fields, requests without User-Agent, long or backslashed names
    #[cfg_attr(feature = "cli", arg(long))]
    pub strict: bool,

    /// Let unknown fields pass (the default)
    #[cfg_attr(feature = "cli", arg(long, conflicts_with = "strict"))]
    pub lenient: bool,

    /// New buckets do not encrypt by default, as in earlier years
    #[cfg_attr(feature = "cli", arg(long))]
    pub unencrypted_buckets: bool,

    /// Do not compute MD5; contentMd5 is null. For measuring clients
    #[cfg_attr(feature = "cli", arg(long))]
    pub no_md5: bool,

    /// Smallest part of a large file, in bytes, but for the last
    #[cfg_attr(feature = "cli", arg(long, value_name = "BYTES", default_value_t = 5_000_000))]
    pub minimum_part_size: u64,

    /// Part size recommended to clients, in bytes
    #[cfg_attr(feature = "cli", arg(long, value_name = "BYTES", default_value_t = 100_000_000))]
    pub recommended_part_size: u64,

    /// How long account tokens live
    #[cfg_attr(feature = "cli", arg(long, value_name = "SECONDS", default_value_t = 86_400))]
    pub token_lifetime: u64,

    /// How long a file waits for its replica
    #[cfg_attr(feature = "cli", arg(long, value_name = "SECONDS", default_value_t = 600))]
    pub replication_delay: u64,

    /// Be ahead of the system's clock; negative for behind
    #[cfg_attr(
        feature = "cli",
        arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)
    )]
    pub clock_offset: i64,

    /// Let something go wrong, such as b2_upload_file:skip=1,count=2,status=503;
    /// instead of a status: delay-ms=N, cut-after=BYTES, corrupt, lose-reply,
    /// lose-request, expire-token. Can be given several times
    #[cfg_attr(feature = "cli", arg(long = "fault", value_name = "RULE"))]
    pub faults: Vec<FaultRule>,

    /// Let things go wrong at random, the same for the same seed
    #[cfg_attr(feature = "cli", arg(long, value_name = "N"))]
    pub fault_seed: Option<u64>,

    /// The share of requests that --fault-seed befalls, 0 to 1
    #[cfg_attr(feature = "cli", arg(long, value_name = "SHARE", default_value_t = 0.05,
        value_parser = share))]
    pub fault_rate: f64,

    /// Most bytes stored
    #[cfg_attr(feature = "cli", arg(long, value_name = "BYTES"))]
    pub storage_cap: Option<u64>,

    /// Most bytes downloaded in a day
    #[cfg_attr(feature = "cli", arg(long, value_name = "BYTES"))]
    pub download_cap: Option<u64>,

    /// Most transactions of class B (downloads) in a day
    #[cfg_attr(feature = "cli", arg(long, value_name = "N"))]
    pub class_b_cap: Option<u64>,

    /// Most transactions of class C (listings and the like) in a day
    #[cfg_attr(feature = "cli", arg(long, value_name = "N"))]
    pub class_c_cap: Option<u64>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out of it.
        f.debug_struct("Options")
            .field("data", &self.data)
            .field("port", &self.port)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "cli")]
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("a share is 0 to 1".to_owned()) }
}

impl Options {
    /// The emulator they describe.
    pub(super) fn builder(self) -> Builder {
        let (settings, caps, tls) = (self.settings(), self.caps(), self.tls());
        let mut builder = Emulator::builder()
            .port(self.port)
            .tls(tls)
            .settings(settings)
            .caps(caps)
            .allow_remote(self.allow_remote)
            .connection_limit(self.max_connections)
            .inactivity_limit(std::time::Duration::from_secs(self.inactivity_limit))
            .clock_offset_ms(self.clock_offset.saturating_mul(1000));
        if let Some(data) = self.data.filter(|_| !self.in_memory) {
            builder = builder.data_dir(data);
        }
        if let Some(host) = self.listen {
            builder = builder.host(host);
        }
        if let Some(path) = self.webhook_ca {
            builder = builder.webhook_ca(path);
        }
        if let Some(id) = self.account_id {
            builder = builder.account_id(id);
        }
        if let (Some(id), Some(key)) = (self.key_id, self.key) {
            builder = builder.application_key(id, key);
        }
        if let Some(folder) = self.preload {
            builder = builder.preload(folder);
        }
        if let Some(seed) = self.fault_seed {
            builder = builder.seeded_faults(SeededFaults::new(seed, self.fault_rate));
        }
        self.faults.into_iter().fold(builder, Builder::fault)
    }

    fn settings(&self) -> Settings {
        Settings::default()
            .with_encrypted_buckets(!self.unencrypted_buckets)
            .with_strictness(self.strict)
            .with_md5(!self.no_md5)
            .with_part_sizes(self.recommended_part_size, self.minimum_part_size)
            .with_token_lifetime_ms(self.token_lifetime.saturating_mul(1000))
            .with_replication_delay_ms(self.replication_delay.saturating_mul(1000))
    }

    fn caps(&self) -> Caps {
        Caps {
            storage_bytes: self.storage_cap,
            download_bytes_per_day: self.download_cap,
            class_b_per_day: self.class_b_cap,
            class_c_per_day: self.class_c_cap,
        }
    }

    fn tls(&self) -> Tls {
        match (&self.certificate, &self.certificate_key) {
            (Some(certificate), Some(key)) => {
                Tls::Pem { certificate: certificate.clone(), key: key.clone() }
            }
            _ if self.https => Tls::SelfSigned,
            _ => Tls::Off,
        }
    }
}
