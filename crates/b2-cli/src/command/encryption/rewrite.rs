//! One file read and another one written, which appears when it is complete.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempPath;

use crate::command::file::cat;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::NoProgress;

/// Large enough that neither disk nor cipher waits for the other.
const PIECE: usize = 1 << 20;

/// The files, and what may be done with them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Files {
    /// The file to read; `-` is standard input
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    /// The file to write; it appears when it is complete. `-` is standard output
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Replace the file that is there
    #[arg(long)]
    overwrite: bool,

    #[command(flatten)]
    no_progress: NoProgress,
}

/// What happens to the bytes on their way.
pub(crate) trait Step: Send + 'static {
    /// Takes a piece, and appends what is ready.
    fn update(&mut self, piece: &[u8], output: &mut Vec<u8>) -> Result<(), Failure>;
    /// Appends the rest.
    fn finish(self: Box<Self>, output: &mut Vec<u8>) -> Result<(), Failure>;
}

/// What is read.
pub(crate) struct Input {
    pub(crate) reader: Box<dyn io::Read + Send>,
    /// Its length in bytes, if it is a file.
    pub(crate) len: Option<u64>,
    /// Bytes that were read and are gone.
    before: u64,
}

impl Input {
    /// These bytes come once more; so many before them were used.
    pub(crate) fn give_back(&mut self, bytes: Vec<u8>, used: usize) {
        let reader = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(io::Cursor::new(bytes).chain(reader));
        self.before += used as u64;
    }
}

impl Files {
    /// Opens the input.
    pub(crate) fn open(&self) -> Result<Input, Failure> {
        if self.input.as_os_str() == "-" {
            return Ok(Input { reader: Box::new(io::stdin()), len: None, before: 0 });
        }
        let unreadable = |source| Failure::local(self.reading(), source);
        let file = File::open(&self.input).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        if !about.is_file() {
            return Err(unreadable(io::Error::other("it is not a regular file")));
        }
        Ok(Input { reader: Box::new(file), len: Some(about.len()), before: 0 })
    }

    fn reading(&self) -> String {
        format!("cannot read {}", self.input.display())
    }

    fn writing(&self) -> String {
        format!("cannot write {}", self.output.display())
    }

    /// Refuses a destination that would be lost. Done first, so that nobody waits for nothing.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.to_stdout() {
            return Ok(());
        }
        let refused =
            |kind, text: &str| Err(Failure::local(self.writing(), io::Error::new(kind, text)));
        match fs::symlink_metadata(&self.output) {
            Ok(about) if about.is_dir() => refused(io::ErrorKind::IsADirectory, "it is a folder"),
            Ok(_) if !self.overwrite => refused(
                io::ErrorKind::AlreadyExists,
                "it exists already; say --overwrite to replace it",
            ),
            _ => Ok(()),
        }
    }

    fn to_stdout(&self) -> bool {
        self.output.as_os_str() == "-"
    }

    /// Tells the end of it, where it does not mix with content.
    pub(crate) fn tell(
        &self,
        context: &Context,
        row: &impl serde::Serialize,
        words: &str,
    ) -> Result<(), Failure> {
        let output = &context.output;
        match (output.json(), self.to_stdout()) {
            (true, false) => return output.record(row, Vec::new),
            (true, true) => output.json_aside(row),
            (false, _) => output.say(words),
        }
        Ok(())
    }

    /// Sends the rest of `input` through `step` into a new file. Gives the length of both.
    ///
    /// The file has another name until it is complete, and is removed if it never is: when this
    /// fails, and when its future is dropped.
    pub(crate) async fn rewrite(
        &self,
        context: &Context,
        input: Input,
        beginning: Vec<u8>,
        step: Box<dyn Step>,
    ) -> Result<(u64, u64), Failure> {
        let unwritable = |source| Failure::local(self.writing(), source);
        let (target, temporary) = match self.to_stdout() {
            true => (cat::stdout().map_err(Failure::stdout)?, None),
            false => {
                let (file, path) = self.temporary().map_err(unwritable)?;
                (file, Some(path))
            }
        };
        let bar = Bar::new(&context.output, self.no_progress, input.len);
        let work = Work { input, target, bar: bar.progress(), files: self.clone() };
        let done = tokio::task::spawn_blocking(move || work.run(beginning, step));
        let written = done.await.map_err(|error| unwritable(error.into()))??;
        drop(bar);
        let Some(temporary) = temporary else {
            return Ok(written);
        };
        let kept = match self.overwrite {
            true => temporary.persist(&self.output),
            false => temporary.persist_noclobber(&self.output),
        };
        kept.map_err(|error| unwritable(error.error))?;
        Ok(written)
    }

    fn temporary(&self) -> io::Result<(File, TempPath)> {
        let folder = match self.output.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".b2-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = match fs::metadata(&self.output) {
                Ok(about) => about.permissions(),
                // What the umask leaves of it.
                Err(_) => fs::Permissions::from_mode(0o666),
            };
            builder.permissions(mode);
        }
        let file = builder.tempfile_in(folder)?;
        Ok(file.into_parts())
    }
}

/// What a thread of its own does.
struct Work {
    input: Input,
    target: File,
    bar: ProgressBar,
    files: Files,
}

impl Work {
    fn run(mut self, beginning: Vec<u8>, mut step: Box<dyn Step>) -> Result<(u64, u64), Failure> {
        let unwritable = |source: io::Error| match self.files.to_stdout() {
            true => Failure::stdout(source),
            false => Failure::local(self.files.writing(), source),
        };
        let mut output = beginning;
        let mut piece = vec![0; PIECE];
        let (mut taken, mut written) = (self.input.before, 0);
        loop {
            let read = self.input.reader.read(&mut piece);
            let read = match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|source| Failure::local(self.files.reading(), source))?,
            };
            if read == 0 {
                break;
            }
            step.update(&piece[..read], &mut output)?;
            self.target.write_all(&output).map_err(unwritable)?;
            taken += read as u64;
            written += output.len() as u64;
            output.clear();
            self.bar.inc(read as u64);
        }
        step.finish(&mut output)?;
        self.target.write_all(&output).map_err(unwritable)?;
        if !self.files.to_stdout() {
            self.target.sync_all().map_err(unwritable)?;
        }
        Ok((taken, written + output.len() as u64))
    }
}

/// A bar on a terminal, cleared when it is dropped.
pub(super) struct Bar<'a> {
    output: &'a Output,
    bar: ProgressBar,
}

impl<'a> Bar<'a> {
    pub(super) fn new(output: &'a Output, no: NoProgress, len: Option<u64>) -> Self {
        let Some(len) = len.filter(|_| !no.no_progress && output.wants_bar()) else {
            return Self { output, bar: ProgressBar::hidden() };
        };
        let style = ProgressStyle::with_template(crate::progress::KNOWN);
        // A test reads the template.
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(len).with_style(style);
        output.set_bar(bar.clone());
        Self { output, bar }
    }

    /// What a thread moves on.
    pub(super) fn progress(&self) -> ProgressBar {
        self.bar.clone()
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.output.clear_bar();
    }
}
