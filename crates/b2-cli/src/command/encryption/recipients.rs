//! `b2 recipients`

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use b2_crypto::{Header, Limits, OpenError, OpenFile, Recipient, Stanza, Unlock};
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::TempPath;

use crate::command::encryption::beginning::{Beginning, Opened};
use crate::command::encryption::changes::Changes;
use crate::command::encryption::encrypt::system;
use crate::command::encryption::failure::EncryptionFailure;
use crate::command::encryption::pending;
use crate::command::encryption::rewrite::Bar;
use crate::command::encryption::secret::SecretSource;
use crate::context::Context;
use crate::destination::{folder, sync_folder};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::NoProgress;

const AFTER_HELP: &str = "\
Capability: none; nothing is sent.

The list of who can open a file stands in its header, which has room for some
more; there it is replaced, and no content is read or written. What it will be
waits in a file beside it, `.NAME.b2-header`, until it is there: if this is
killed or the power fails, b2 still opens the file, and the same command ends
what was begun. Until then, keep both together. If there is no room left, or
something else has that name, the file is copied once, and the copy takes its
place when it is complete.

Whoever could open the file once may have kept its key, or an old copy. To lock
somebody out for good, encrypt the content anew.

The password or key that opens the file now is asked for, or taken from
B2_ENCRYPTION_PASSWORD, --password-file or --key-file. `b2 inspect` lists the
recipients; `b2 file recipients` does this to files in B2.

Examples:
  b2 recipients --password-file old.txt --add-password-file new.txt --only report.pdf.b2e
  b2 recipients --key-file my.key --add-key-file her.key --label her report.pdf.b2e
  b2 recipients --key-file my.key --remove her report.pdf.b2e";

/// A header is a multiple of this many bytes, so that there is room in it.
const ROOM: usize = 1024;

/// Change who can open an encrypted file on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Recipients {
    /// The encrypted file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    changes: Changes,

    #[command(flatten)]
    no_progress: NoProgress,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    file: String,
    recipients: usize,
    /// Whether the content had to be copied, as there was no room in the header.
    copied: bool,
    /// Whether it was so already: the same command was interrupted before.
    already: bool,
}

impl Recipients {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let shown = self.file.display().to_string();
        let what = format!("cannot change who can open {shown}");
        let row =
            self.change(&context.output, shown).await.map_err(|failure| failure.during(what))?;
        context.output.record(&row, || {
            let how = match row {
                Row { already: true, .. } => "already, and nothing was changed",
                Row { copied: true, .. } => "now, and was copied once",
                _ => "now",
            };
            let others = if row.recipients == 1 { "recipient" } else { "recipients" };
            vec![format!("{} has {} {others} {how}", row.file, row.recipients)]
        })
    }

    async fn change(&self, output: &Output, shown: String) -> Result<Row, Failure> {
        let wanted = Wanted {
            added: self.changes.added()?,
            remove: self.changes.remove.clone(),
            only: self.changes.only,
        };
        let mut target = Target::open(&self.file)?;
        let beginning = Beginning::read(&mut target.file, &target.path)?;
        let unlock = Unlock::from(self.secret.get(false).await?);
        let found = wanted.found(unlock, beginning).await?;
        found.doubt.iter().for_each(|doubt| output.say(doubt));
        let (mut target, opened) = target.finished(found.opened).await?;
        if opened.pending {
            output.say("an interrupted change was finished first");
        }
        let len = target.len;
        let change = move || wanted.change(opened, len);
        // To derive keys takes a while.
        let change = aside(change).await?;
        // What lies where the header would wait is not ours to remove.
        let copied = !change.already && (change.grows() || found.taken);
        let recipients = change.to.keyring().stanzas().len();
        let row = Row { file: shown, recipients, copied, already: change.already };
        match row {
            Row { already: true, .. } => {}
            Row { copied: true, .. } => {
                self.copy(output, target, change.from.len() as u64, &change.to).await?;
            }
            _ => aside(move || target.replace(&change)).await?,
        }
        Ok(row)
    }

    /// Puts a copy in the place of the file, with this header. If this fails or is dropped, nothing
    /// is left of the copy.
    async fn copy(
        &self,
        output: &Output,
        mut target: Target,
        skipped: u64,
        header: &Header,
    ) -> Result<(), Failure> {
        let (copy, temporary) = target.temporary().map_err(|error| target.failed(error))?;
        let bar = Bar::new(output, self.no_progress, Some(target.len));
        let (moving, header) = (bar.progress(), header.to_bytes());
        let copy = move || {
            let copied = target.copy(copy, skipped, &header, &moving);
            copied.map_err(|error| target.failed(error))?;
            Ok(target)
        };
        let target = aside(copy).await?;
        let persisted = temporary.persist(&target.path).map_err(|error| error.error);
        let lasting = persisted.and_then(|()| sync_folder(folder(&target.path)));
        lasting.map_err(|error| target.failed(error))
    }
}

/// Does what takes long on a thread of its own.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::local("the change stopped", error.into()))?
}

/// A file, and what lies beside it and does not count.
struct Found {
    opened: Result<Opened, EncryptionFailure>,
    doubt: Option<String>,
    /// Whether a header cannot wait beside the file.
    taken: bool,
}

/// One header in place of another.
struct Change {
    from: Header,
    to: Header,
    open: OpenFile,
    already: bool,
}

impl Change {
    fn grows(&self) -> bool {
        self.from.len() != self.to.len()
    }
}

/// Who is to open the file from now on.
struct Wanted {
    added: Vec<Recipient>,
    remove: Vec<String>,
    only: bool,
}

impl Wanted {
    /// Opens the file, with what opens it now or, as the same command may have been interrupted,
    /// with what is to open it. Nothing is written before that.
    async fn found(&self, unlock: Unlock, beginning: Beginning) -> Result<Found, Failure> {
        let added = self.added.iter().map(Recipient::unlock);
        let unlocks: Vec<_> = std::iter::once(unlock).chain(added).collect();
        let found = move || {
            let opened = beginning.open(&unlocks);
            let (doubt, taken) = (beginning.doubt(&opened), beginning.is_taken(&opened));
            Ok(Found { opened: opened.map_err(EncryptionFailure::from), doubt, taken })
        };
        aside(found).await
    }

    /// What is to be done.
    fn change(&self, opened: Opened, file_len: u64) -> Result<Change, Failure> {
        let Opened { header: from, file, .. } = &opened;
        let already = self.is_made(&opened)?;
        let to = match already {
            true => from.clone(),
            false if opened.by > 0 => Err(EncryptionFailure::from(OpenError::WrongKey))?,
            false => self.changed(from, file, file_len)?,
        };
        Ok(Change { from: opened.header, to, open: opened.file, already })
    }

    /// Whether it is so already, as the same command was interrupted and all of its work is done.
    ///
    /// The key of then may have been removed by it; whoever was added opens the file too. Labels
    /// that nobody has are those of removed recipients only if a change was just finished.
    fn is_made(&self, opened: &Opened) -> Result<bool, Failure> {
        let Opened { header, file: open, pending: finished, .. } = opened;
        let limits = Limits::default();
        let stanzas = header.keyring().stanzas();
        let alone = self.only && stanzas.len() == self.added.len();
        if !(alone || (*finished && !self.only)) {
            return Ok(false);
        }
        let has = |among: &[Stanza], recipient| {
            open.has_recipient(among, recipient, &limits).map_err(EncryptionFailure::from)
        };
        for recipient in &self.added {
            if !has(stanzas, recipient)? {
                return Ok(false);
            }
        }
        for gone in stanzas.iter().filter(|stanza| self.removes(stanza)) {
            let mut added = self.added.iter().map(|one| has(std::slice::from_ref(gone), one));
            if !added.try_fold(false, |any, one| one.map(|one| any || one))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn removes(&self, stanza: &Stanza) -> bool {
        self.remove.iter().any(|label| label == stanza.label())
    }

    /// All that stay.
    fn kept(&self, present: &[Stanza]) -> Result<Vec<Stanza>, Failure> {
        if self.only {
            return Ok(Vec::new());
        }
        let has = |label: &&String| present.iter().any(|stanza| stanza.label() == **label);
        if let Some(nobody) = self.remove.iter().find(|label| !has(label)) {
            let usage = format!("no recipient is labelled {nobody}; see `b2 inspect`");
            return Err(Failure::Usage(usage));
        }
        Ok(present.iter().filter(|stanza| !self.removes(stanza)).cloned().collect())
    }

    /// The header with those that stay and are added, as long as the one before if they fit.
    fn changed(&self, header: &Header, open: &OpenFile, file_len: u64) -> Result<Header, Failure> {
        let limits = Limits::default();
        open.layout(file_len).map_err(EncryptionFailure::from)?;
        let mut stanzas = self.kept(header.keyring().stanzas())?;
        for recipient in &self.added {
            let there = open.has_recipient(&stanzas, recipient, &limits);
            if !there.map_err(EncryptionFailure::from)? {
                stanzas.push(open.wrap(recipient, &mut system).map_err(EncryptionFailure::from)?);
            }
        }
        if !self.added.is_empty() {
            // Else nobody with a password could open it any more, not even to undo this.
            limits.allow(&stanzas).map_err(EncryptionFailure::from)?;
        }
        Ok(fitting(header, open, stanzas)?)
    }
}

fn fitting(
    header: &Header,
    open: &OpenFile,
    stanzas: Vec<Stanza>,
) -> Result<Header, EncryptionFailure> {
    let prefix = header.len() - header.keyring().as_bytes().len();
    let mut keyring = open.keyring(stanzas.clone(), header.len())?;
    if prefix + keyring.as_bytes().len() > header.len() {
        let room = (prefix + keyring.as_bytes().len()).next_multiple_of(ROOM);
        // The longest header is no multiple; it has what it needs then.
        keyring = open.keyring(stanzas, room).unwrap_or(keyring);
    }
    Ok(header.clone().with_keyring(keyring))
}

/// The file whose header is replaced, under a lock.
struct Target {
    path: PathBuf,
    file: File,
    len: u64,
    shown: PathBuf,
}

impl Target {
    fn open(shown: &Path) -> Result<Self, Failure> {
        let failed = |source| Failure::local(format!("cannot write {}", shown.display()), source);
        // What stands beside it has to stand beside the file itself.
        let path = fs::canonicalize(shown).map_err(failed)?;
        if !fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let file = File::options().read(true).write(true).open(&path).map_err(failed)?;
        let busy = || {
            failed(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another program is changing it; try again when that has ended",
            ))
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(busy()),
            // Some file systems of other machines have no locks.
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                return Err(failed(error));
            }
            _ => {}
        }
        if !still_there(&file, &path).map_err(failed)? {
            return Err(busy());
        }
        let len = file.metadata().map_err(failed)?.len();
        Ok(Self { path, file, len, shown: shown.to_path_buf() })
    }

    fn failed(&self, source: io::Error) -> Failure {
        Failure::local(format!("cannot write {}", self.shown.display()), source)
    }

    /// Finishes what an earlier change has left.
    async fn finished(
        mut self,
        opened: Result<Opened, EncryptionFailure>,
    ) -> Result<(Self, Opened), Failure> {
        let opened = opened?;
        let finish = move || {
            if opened.pending {
                let finished = pending::finish(&self.path, &mut self.file, &opened.header);
                finished.map_err(|error| self.failed(error))?;
            }
            Ok((self, opened))
        };
        aside(finish).await
    }

    fn replace(&mut self, change: &Change) -> Result<(), Failure> {
        let Change { from, to, open, .. } = change;
        let replaced = pending::replace(&self.path, &mut self.file, from, to, open);
        replaced.map_err(|error| self.failed(error))
    }

    /// What becomes the file when it is complete.
    fn temporary(&self) -> io::Result<(File, TempPath)> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".b2-").suffix(".part");
        let file = builder.tempfile_in(folder(&self.path))?;
        Ok(file.into_parts())
    }

    /// Writes the header, and behind it what the file has behind its own.
    fn copy(
        &mut self,
        mut copy: File,
        skipped: u64,
        header: &[u8],
        bar: &ProgressBar,
    ) -> io::Result<()> {
        copy.write_all(header)?;
        self.file.seek(SeekFrom::Start(skipped))?;
        let copied = io::copy(&mut bar.wrap_read(&self.file), &mut copy)?;
        if copied != self.len - skipped {
            return Err(io::Error::other("it changed meanwhile"));
        }
        copy.set_permissions(self.file.metadata()?.permissions())?;
        copy.sync_all()
    }
}

/// Whether `path` still leads to the file: another copy may have taken its place before the lock.
#[cfg(unix)]
fn still_there(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (ours, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn still_there(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}
