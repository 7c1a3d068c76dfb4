//! Many files at once: a folder into a bucket, or names out of one.
//!
//! ```text
//! cargo run --release -p b2 --example many_files -- upload BUCKET FOLDER
//! cargo run --release -p b2 --example many_files -- download BUCKET LIST FOLDER
//! ```
//!
//! `LIST` is a file with one name a line. The key comes from the variables
//! `B2_APPLICATION_KEY_ID` and `B2_APPLICATION_KEY`; `B2_ENVIRONMENT` may name
//! another place to authorize, such as that of an emulator.
//!
//! One thread does all of it, with several files under way: clones of a client
//! share an authorization, upload URLs and connections. The first failure ends
//! the program. What was downloaded is left to the system to bring to the disk,
//! as most programs do; `Durability::Synced`, the default, waits for that.

use std::env;
use std::fs;
use std::future::Future;
use std::path::Path;

use b2::{Bucket, Client, Credentials, Durability, Source};
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Files under way at the same time.
const AT_ONCE: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["upload", bucket, folder] => upload(client()?.bucket(bucket).await?, folder).await,
        ["download", bucket, list, folder] => {
            download(client()?.bucket(bucket).await?, list, folder).await
        }
        _ => Err("usage: many_files upload BUCKET FOLDER | download BUCKET LIST FOLDER".into()),
    }
}

fn client() -> Result<Client, Failure> {
    let credentials =
        Credentials::new(env::var("B2_APPLICATION_KEY_ID")?, env::var("B2_APPLICATION_KEY")?);
    let builder = Client::builder(credentials);
    Ok(match env::var("B2_ENVIRONMENT") {
        Ok(realm) => builder.with_realm(&realm).build()?,
        Err(_) => builder.build()?,
    })
}

async fn upload(bucket: Bucket, folder: &str) -> Result<(), Failure> {
    let mut running = Running::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "a name is not UTF-8")?;
        let upload = bucket.upload(&name, Source::file(entry.path())?);
        running.add(async move { upload.await.map(drop) }).await?;
    }
    running.finish().await
}

async fn download(bucket: Bucket, list: &str, folder: &str) -> Result<(), Failure> {
    let mut running = Running::default();
    for name in fs::read_to_string(list)?.lines() {
        let download = bucket.download(name).with_durability(Durability::Unsynced);
        let download = download.to_file(Path::new(folder).join(name));
        running.add(async move { download.await.map(drop) }).await?;
    }
    running.finish().await
}

/// What is under way, and how much of it there was.
#[derive(Default)]
struct Running {
    tasks: JoinSet<Result<(), b2::Error>>,
    done: u64,
}

impl Running {
    /// Begins one more, as soon as there are not too many.
    async fn add(
        &mut self,
        work: impl Future<Output = Result<(), b2::Error>> + Send + 'static,
    ) -> Result<(), Failure> {
        if self.tasks.len() >= AT_ONCE {
            self.one().await?;
        }
        self.tasks.spawn(work);
        Ok(())
    }

    async fn one(&mut self) -> Result<(), Failure> {
        if let Some(ended) = self.tasks.join_next().await {
            ended??;
            self.done += 1;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(), Failure> {
        while !self.tasks.is_empty() {
            self.one().await?;
        }
        println!("{} files", self.done);
        Ok(())
    }
}
