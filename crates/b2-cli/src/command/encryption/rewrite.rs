//! One file read and another one written, which appears when it is complete.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use crate::command::file::cat;
use crate::context::Context;
use crate::destination::{self, NewFile};
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

    /// The file to write; it appears when it is complete. `-` is standard output, and a device or
    /// pipe is written to
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
        if self.to_stdout() || destination::is_device(&self.output) {
            return Ok(());
        }
        NewFile::check(&self.output, self.overwrite)
            .map_err(|source| Failure::local(self.writing(), source))
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
        let (target, new) = self.target().await?;
        let bar = Bar::new(&context.output, self.no_progress, input.len);
        let work =
            Work { input, target, bar: bar.progress(), files: self.clone(), synced: new.is_some() };
        let done = tokio::task::spawn_blocking(move || work.run(beginning, step));
        let written = done.await.map_err(|error| unwritable(error.into()))??;
        drop(bar);
        if let Some(new) = new {
            new.keep().map_err(unwritable)?;
        }
        Ok(written)
    }

    /// Where the bytes go, and the file if it is one that is to appear.
    async fn target(&self) -> Result<(File, Option<NewFile>), Failure> {
        let unwritable = |source| Failure::local(self.writing(), source);
        if self.to_stdout() {
            return Ok((cat::stdout().map_err(Failure::stdout)?, None));
        }
        if destination::is_device(&self.output) {
            let opened = destination::open_device(self.output.clone()).await;
            return Ok((opened.map_err(unwritable)?, None));
        }
        let (file, new) = NewFile::create(&self.output, self.overwrite).map_err(unwritable)?;
        Ok((file, Some(new)))
    }
}

/// What a thread of its own does.
struct Work {
    input: Input,
    target: File,
    bar: ProgressBar,
    files: Files,
    /// Whether it has to be on the disk in the end.
    synced: bool,
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
        if self.synced {
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
