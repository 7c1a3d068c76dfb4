//! An emulator, a home folder, and the program to run in them.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use b2::endpoint::{CreateKey, Endpoint};
use b2::{Capability, Client, Credentials};
use b2_emulator::Emulator;

use crate::ran::Ran;

/// What the emulator is asked to make a key of.
type KeyRequest = <CreateKey as Endpoint>::Request;

/// A user with a B2 account.
pub(crate) struct Scene {
    pub(crate) emulator: Emulator,
    folder: tempfile::TempDir,
}

/// An application key for [`Scene::command_with`].
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) key: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self { emulator: Emulator::start_blocking().unwrap(), folder }
    }

    /// A scene with a private bucket.
    pub(crate) fn with_bucket(name: &str) -> Self {
        let scene = Self::new();
        scene.b2(["bucket", "create", name, "allPrivate"]).ok();
        scene
    }

    /// Where the program runs: an empty folder.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The user's folder for configuration.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Writes a file in the folder where the program runs.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.work().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.work().join(name)).unwrap()
    }

    /// The names of the files where the program runs, hidden ones too.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.work()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program without any key.
    pub(crate) fn bare_command(&self) -> Command {
        bare_command(self.folder.path(), self.emulator.base_url())
    }

    /// The program with a key in its environment.
    pub(crate) fn command_with(&self, key: &Key) -> Command {
        let mut command = self.bare_command();
        command.env("B2_APPLICATION_KEY_ID", &key.id).env("B2_APPLICATION_KEY", &key.key);
        command
    }

    /// The program with the account's master key.
    pub(crate) fn command(&self) -> Command {
        self.command_with(&self.master_key())
    }

    pub(crate) fn master_key(&self) -> Key {
        Key {
            id: self.emulator.application_key_id().to_owned(),
            key: self.emulator.application_key().to_owned(),
        }
    }

    /// Runs the program with the master key.
    pub(crate) fn b2<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        run(self.command(), arguments)
    }

    /// Runs the program with the master key and something to read.
    pub(crate) fn b2_reading<S: AsRef<OsStr>>(
        &self,
        input: impl AsRef<[u8]>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Ran {
        run_reading(self.command(), input, arguments)
    }

    /// Makes a key that may do only this.
    pub(crate) fn key(&self, capabilities: &[Capability]) -> Key {
        self.make_key(KeyRequest::new("".into(), capabilities.to_vec(), "test".to_owned()))
    }

    /// Makes a key that may do only this, and only in a bucket.
    pub(crate) fn key_of(&self, bucket: &str, capabilities: &[Capability]) -> Key {
        self.restricted_key(&[bucket], None, capabilities)
    }

    /// Makes a key that may do only this, and only below a prefix of a bucket.
    pub(crate) fn key_under(&self, bucket: &str, prefix: &str, may: &[Capability]) -> Key {
        self.restricted_key(&[bucket], Some(prefix), may)
    }

    /// Makes a key that may do only this, in these buckets (in all, if none is
    /// named), below this prefix.
    pub(crate) fn restricted_key(
        &self,
        buckets: &[&str],
        prefix: Option<&str>,
        may: &[Capability],
    ) -> Key {
        let mut request = KeyRequest::new("".into(), may.to_vec(), "test".to_owned());
        if !buckets.is_empty() {
            request.bucket_ids = Some(buckets.iter().map(|name| self.bucket_id(name)).collect());
        }
        request.name_prefix = prefix.map(str::to_owned);
        self.make_key(request)
    }

    fn bucket_id(&self, name: &str) -> b2::BucketId {
        self.library(|client| async move { client.bucket(name).await.unwrap().id().clone() })
    }

    fn make_key(&self, request: KeyRequest) -> Key {
        let made =
            self.library(|client| async move { client.call::<CreateKey>(request).await.unwrap() });
        Key {
            id: made.application_key_id.to_string(),
            key: made.application_key.expose().to_owned(),
        }
    }

    /// Uses the account through the library.
    pub(crate) fn library<F: Future>(&self, work: impl FnOnce(Client) -> F) -> F::Output {
        let key = self.master_key();
        let credentials = Credentials::new(key.id.as_str(), key.key);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let builder = Client::builder(credentials).with_realm(self.emulator.base_url());
            work(builder.build().unwrap()).await
        })
    }
}

/// The program with `home` as the home folder, `work` in it as the current
/// one, and nothing else in its environment.
pub(crate) fn bare_command(home: &Path, realm: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_b2"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("TERM", "xterm")
        .env("B2_ENVIRONMENT", realm)
        .current_dir(home.join("work"));
    command
}

/// Runs a command to its end, with nothing to read.
pub(crate) fn run<S: AsRef<OsStr>>(
    command: Command,
    arguments: impl IntoIterator<Item = S>,
) -> Ran {
    run_reading(command, "", arguments)
}

/// Runs a command to its end.
pub(crate) fn run_reading<S: AsRef<OsStr>>(
    mut command: Command,
    input: impl AsRef<[u8]>,
    arguments: impl IntoIterator<Item = S>,
) -> Ran {
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let what = format!("{:?}", command.get_args().collect::<Vec<_>>());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    let feeding = std::thread::spawn(move || {
        // A program that does not read its input is fine.
        let _unread = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    Ran::new(what, output)
}
