//! `b2 inspect`

use std::fs::File;
use std::path::PathBuf;

use b2_crypto::{Aead, PasswordKdf, RecipientKind, Stanza};
use serde::Serialize;

use crate::command::encryption::beginning::Beginning;
use crate::command::encryption::failure::EncryptionFailure;
use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent.

Says what the header says, without a password. Nobody knows whether it is
genuine before the file is decrypted.

Example:
  b2 inspect report.pdf.b2e";

/// Show how a file is encrypted and who can open it
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Inspect {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    version: u8,
    algorithm: &'static str,
    frame_size: u64,
    header_length: u64,
    encrypted_length: u64,
    /// Absent if it is hidden.
    content_length: Option<u64>,
    recipients: Vec<RecipientRow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecipientRow {
    kind: &'static str,
    derivation: Option<String>,
    label: String,
}

impl Inspect {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let what = format!("cannot inspect {}", self.file.display());
        self.inspect(context).map_err(|failure| failure.during(what))
    }

    fn inspect(&self, context: &Context) -> Result<(), Failure> {
        let unreadable =
            |source| Failure::local(format!("cannot read {}", self.file.display()), source);
        let mut file = File::open(&self.file).map_err(unreadable)?;
        let encrypted_length = file.metadata().map_err(unreadable)?.len();
        let beginning = Beginning::read(&mut file, &self.file)?;
        // Nobody can tell without a secret whether it counts.
        beginning.told().iter().for_each(|told| context.output.say(told));
        let header = beginning.header()?;
        let content = header.visible_content_len(encrypted_length);
        let row = Row {
            version: header.version(),
            algorithm: match header.aead() {
                Aead::XChaCha20Poly1305 => "xchacha20-poly1305",
                _ => "aes-256-gcm",
            },
            frame_size: header.frame_size(),
            header_length: header.len() as u64,
            encrypted_length,
            content_length: content.map_err(EncryptionFailure::from)?,
            recipients: header.keyring().stanzas().iter().map(recipient).collect(),
        };
        context.output.record(&row, || row.lines())
    }
}

impl Row {
    fn lines(&self) -> Vec<String> {
        let content = match self.content_length {
            Some(len) => format!("{len} bytes"),
            None => "hidden".to_owned(),
        };
        let mut lines = vec![
            format!("format      version {}", self.version),
            format!("algorithm   {}", self.algorithm),
            format!("frames      {} bytes", self.frame_size),
            format!("header      {} bytes", self.header_length),
            format!("file        {} bytes", self.encrypted_length),
            format!("content     {content}"),
        ];
        lines.extend(self.recipients.iter().map(|recipient| {
            let derivation = recipient.derivation.iter().map(|words| format!(" ({words})"));
            let derivation: String = derivation.collect();
            format!("recipient   {}{derivation} {}", recipient.kind, recipient.label)
                .trim_end()
                .to_owned()
        }));
        lines
    }
}

fn recipient(stanza: &Stanza) -> RecipientRow {
    let label = stanza.label().to_owned();
    let (kind, derivation) = match stanza.kind() {
        RecipientKind::Password(kdf) => ("password", Some(derivation(kdf))),
        _ => ("key", None),
    };
    RecipientRow { kind, derivation, label }
}

fn derivation(kdf: PasswordKdf) -> String {
    match kdf {
        PasswordKdf::Argon2id { memory_kib, passes, lanes } => {
            format!("Argon2id, {memory_kib} KiB, {passes} passes, {lanes} lanes")
        }
        PasswordKdf::Pbkdf2Sha256 { iterations } => {
            format!("PBKDF2 with SHA-256, {iterations} iterations")
        }
        other => format!("{other:?}"),
    }
}
