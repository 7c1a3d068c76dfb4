//! The emulator as a command: start, say so, serve until a signal.

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use crate::model::Settings;

use super::{Emulator, StartError, Tls};

/// What the command line can choose.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Where to keep everything; in memory if absent.
    pub data: Option<PathBuf>,
    /// The port of 127.0.0.1 to listen on; 0 takes a free one.
    pub port: u16,
    /// Whether to serve HTTPS, with a certificate of our own making.
    pub https: bool,
    /// Whether new buckets do not encrypt, as in earlier years.
    pub unencrypted_buckets: bool,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The server did not start.
    #[error("the emulator did not start")]
    Start(#[from] StartError),
    /// The ready line could not be written, or signals not be awaited.
    #[error("the emulator cannot talk to its surroundings")]
    Io(#[from] io::Error),
}

/// Serves until SIGINT or SIGTERM, then stops gracefully.
///
/// As soon as requests are answered one line of JSON is written to `out`:
/// `{"applicationKey","applicationKeyId","baseUrl","pid"}`, and with HTTPS
/// also `certificatePem`. Blocks the calling thread.
///
/// # Errors
///
/// When the server cannot start or the line cannot be written.
pub fn run(options: Options, out: &mut dyn Write) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the line is out, so that a signal sent by its reader counts.
        let signal = stop_signal()?;
        let emulator = start(options).await?;
        let mut line = json!({
            "applicationKey": emulator.application_key(),
            "applicationKeyId": emulator.application_key_id(),
            "baseUrl": emulator.base_url(),
            "pid": std::process::id(),
        });
        if let Some(certificate) = emulator.certificate_pem() {
            line["certificatePem"] = json!(certificate);
        }
        writeln!(out, "{line}")?;
        out.flush()?;
        signal.await;
        emulator.shutdown().await;
        Ok(())
    })
}

async fn start(options: Options) -> Result<Emulator, StartError> {
    let mut builder = Emulator::builder().port(options.port);
    if let Some(data) = options.data {
        builder = builder.data_dir(data);
    }
    if options.https {
        builder = builder.tls(Tls::SelfSigned);
    }
    let settings = Settings::default().with_encrypted_buckets(!options.unencrypted_buckets);
    builder.settings(settings).start().await
}

/// Resolves at the first SIGINT or SIGTERM after this call.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at the first Ctrl-C after the result is first polled.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
