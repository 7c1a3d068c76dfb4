//! Who can open a file that is stored already.

use std::sync::{Arc, Mutex};

use b2_core::FileCopy;
use b2_core::download::{DownloadAccess, Object};
use b2_core::error::{Error, RequestError};
use b2_core::upload::StoredFile;
use b2_crypto::{Limits, Recipient, Stanza, Unlock};
use b2_proto::{CustomerKey, EncryptionRequest, FileRetention, LegalHold};

use crate::bucket::{Bucket, file_name};
use crate::control::Control;
use crate::drive::Ends;
use crate::encryption::opening::{Opened, Opening};
use crate::encryption::upload::system;
use crate::encryption::{CLIENT_KEYRING, deriving, failure, info};
use crate::run::Run;
use crate::sink::{Shared, Sink};

impl Bucket {
    /// Changes who can open a stored file, without reading or writing its
    /// content: it is copied inside B2, with other file information. `unlock`
    /// is what opens it now. The capabilities are `readFiles` and
    /// `writeFiles`.
    ///
    /// ```
    /// # use b2::{BucketType, Client, Credentials};
    /// use b2::crypto::{RawKey, Recipient, Unlock};
    /// use b2::encryption::{ClientDecryption, ClientEncryption};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let emulator = b2_emulator::Emulator::start().await?;
    /// # let credentials = Credentials::new(emulator.application_key_id(), emulator.application_key());
    /// # let client = Client::builder(credentials).with_realm(&emulator.base_url()).build()?;
    /// # let bucket = client.create_bucket("example-bucket", BucketType::AllPrivate).await?;
    /// let (mine, hers) = (RawKey::new([7; 32]), RawKey::new([8; 32]));
    /// let encryption = ClientEncryption::key(mine.clone());
    /// bucket.upload("x", "hello").with_client_encryption(encryption).await?;
    ///
    /// let change = bucket.change_recipients("x", Unlock::RawKey(mine));
    /// change.with_added(Recipient::raw_key(hers.clone()).with_label("her")).run().await?;
    /// let download = bucket.download("x").with_client_decryption(ClientDecryption::key(hers));
    /// assert_eq!(download.to_bytes().await?.content, "hello");
    /// # Ok(()) }
    /// ```
    pub fn change_recipients(&self, name: &str, unlock: Unlock) -> ChangeRecipients {
        ChangeRecipients {
            bucket: self.clone(),
            name: name.into(),
            unlock,
            limits: Limits::default(),
            keeps: Keeps::Others(Vec::new()),
            added: Vec::new(),
            source: None,
            encryption: None,
            retention: None,
            legal_hold: None,
        }
    }
}

/// A change of who can open a stored file; [`run`](Self::run) makes it.
///
/// The new list stands in the file information of a new version. **The old
/// version keeps the old list until it is deleted**, and its header stays part
/// of the content: whoever could open the file once may have kept its key, and
/// can open the new version too if he can get at it. To lock somebody out for
/// good, encrypt the file anew.
///
/// A file that is under SSE-C besides needs [its
/// key](Self::with_customer_key), and stays under it unless [told
/// otherwise](Self::with_encryption).
///
/// Content type and all other file information stay what they are. Retention
/// and legal hold stay with the old version; the new one is kept as its bucket
/// says, or as [told here](Self::with_retention).
#[derive(Clone, Debug)]
#[must_use = "call `run` to make the change"]
pub struct ChangeRecipients {
    bucket: Bucket,
    name: Box<str>,
    unlock: Unlock,
    limits: Limits,
    keeps: Keeps,
    added: Vec<Recipient>,
    /// The key of SSE-C that the file is under.
    source: Option<CustomerKey>,
    encryption: Option<EncryptionRequest>,
    retention: Option<FileRetention>,
    legal_hold: Option<LegalHold>,
}

#[derive(Clone, Debug)]
enum Keeps {
    Nobody,
    /// All but those with these labels.
    Others(Vec<String>),
}

impl Keeps {
    fn of(&self, present: &[Stanza]) -> Result<Vec<Stanza>, Error> {
        let Self::Others(gone) = self else {
            return Ok(Vec::new());
        };
        let labels = |label: &String| present.iter().any(|stanza| stanza.label() == label);
        if !gone.iter().all(labels) {
            let text = "a label that is to be removed is that of no recipient";
            let source = Box::new(RequestError::Contradiction(text));
            return Err(Error::Request { operation: "b2_copy_file", source });
        }
        let stays = |stanza: &&Stanza| !gone.iter().any(|label| label == stanza.label());
        Ok(present.iter().filter(stays).cloned().collect())
    }
}

impl ChangeRecipients {
    /// Adds somebody. Whoever is there already, with the same label and the
    /// same password or key, is not added again.
    pub fn with_added(mut self, recipient: Recipient) -> Self {
        self.added.push(recipient);
        self
    }

    /// Removes those with this label.
    pub fn without(mut self, label: &str) -> Self {
        if let Keeps::Others(labels) = &mut self.keeps {
            labels.push(label.to_owned());
        }
        self
    }

    /// Removes everybody who is not added here.
    pub fn without_others(self) -> Self {
        Self { keeps: Keeps::Nobody, ..self }
    }

    /// The key of a file that is under SSE-C, with which B2 opens it and
    /// encrypts the new version.
    pub fn with_customer_key(self, key: CustomerKey) -> Self {
        Self { source: Some(key), ..self }
    }

    /// How B2 encrypts the new version; default: with the [key of the
    /// file](Self::with_customer_key), or as the bucket says if there is none.
    pub fn with_encryption(self, encryption: EncryptionRequest) -> Self {
        Self { encryption: Some(encryption), ..self }
    }

    /// How long the new version must be kept; default: as the bucket says. The
    /// capability is `writeFileRetentions`.
    pub fn with_retention(self, retention: FileRetention) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// Whether the new version is held until the hold is lifted. The
    /// capability is `writeFileLegalHolds`.
    pub fn with_legal_hold(self, hold: LegalHold) -> Self {
        Self { legal_hold: Some(hold), ..self }
    }

    /// How much the present header may make this machine compute.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Makes the change: fetches the header, and copies.
    ///
    /// # Errors
    ///
    /// - [`Error::ClientEncryption`] with `WrongKey` if the file does not open;
    ///   with `CannotEncrypt` if nobody would be left, or too many are. Nothing
    ///   was changed.
    /// - [`Error::Request`] if nobody has a label that is to be removed.
    /// - Those of [`Bucket::copy`]; B2 takes some 30 recipients in the file
    ///   information, and 7 if it encrypts the file as well.
    pub fn run(self) -> Run<FileCopy, StoredFile> {
        let context = Arc::clone(self.bucket.context());
        let name = match file_name("b2_copy_file", &self.name) {
            Ok(name) => name,
            Err(error) => return Run::new(&context, Err(error)),
        };
        let object = Object::Name { bucket: self.bucket.name().clone(), file: name };
        let key = (self.unlock.clone(), self.limits);
        let access = match &self.source {
            Some(key) => DownloadAccess::default().with_customer_key(key.clone()),
            None => DownloadAccess::default(),
        };
        let then = move |opened: Opened, control: &Control| {
            let derives = deriving::any_password(&self.added);
            let copied = deriving::alone(control, derives, || self.copy(opened));
            let copy = copied.unwrap_or(Err(Error::Cancelled))?;
            Ok((copy, Ends::default()))
        };
        let opening = Opening::new(object, access, key, Box::new(then));
        let sink = Some(Arc::new(Mutex::new(Sink::memory(Shared::default()))));
        Run::fetched(&context, Ends { sink, ..Ends::default() }, Box::new(opening))
    }

    fn copy(self, opened: Opened) -> Result<FileCopy, Error> {
        let Opened { file, headers, header, .. } = opened;
        let stored = info::keyring(headers.file_info.as_map()).map_err(failure::open)?;
        let keyring = stored.as_ref().unwrap_or_else(|| header.keyring());
        let mut stanzas = self.keeps.of(keyring.stanzas())?;
        for recipient in &self.added {
            let there = file.has_recipient(&stanzas, recipient, &self.limits);
            if there.map_err(failure::open)? {
                continue;
            }
            stanzas.push(file.wrap(recipient, &mut system).map_err(failure::seal)?);
        }
        if !self.added.is_empty() {
            // Else nobody with a password could open it any more.
            self.limits.allow(&stanzas).map_err(failure::open)?;
        }
        let keyring = file.keyring(stanzas, 0).map_err(failure::seal)?;
        let keyring = info::encode(keyring.as_bytes());
        // The headers of a download do not have all of the file information.
        let copy = self.bucket.copy(headers.file_id, &self.name);
        let mut copy = copy.with_changed_info(CLIENT_KEYRING, &keyring);
        if let Some(key) = self.source.clone() {
            copy = copy.with_source_encryption(EncryptionRequest::sse_c(key));
        }
        let same = self.source.map(EncryptionRequest::sse_c);
        if let Some(encryption) = self.encryption.or(same) {
            copy = copy.with_encryption(encryption);
        }
        if let Some(retention) = self.retention {
            copy = copy.with_retention(retention);
        }
        if let Some(hold) = self.legal_hold {
            copy = copy.with_legal_hold(hold);
        }
        copy.run().into_operation()
    }
}
