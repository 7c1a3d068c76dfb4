//! One client at work: whatever a client can do, in random order.

use std::io;
use std::sync::Mutex;

use serde_json::json;

use super::books::{Books, Knowledge, content};
use super::wire::{Client, Dice, Program, Reply, UploadUrl, sha1};

/// Above this many files, more are deleted than stored.
const CROWD: usize = 400;

/// Works until an error comes.
pub(crate) fn work(
    program: &Program,
    bucket: &str,
    books: &Mutex<Books>,
    label: &str,
    dice: &mut Dice,
) -> io::Result<()> {
    let mut worker = Worker { client: program.client()?, bucket, books, dice };
    let mut url = worker.client.upload_url(bucket)?;
    for n in 0.. {
        let name = format!("{label}/{n}");
        let is_crowded = books.lock().unwrap().stored() > CROWD;
        match worker.dice.roll(12) {
            0..6 if is_crowded => worker.delete()?,
            0 | 1 => worker.delete()?,
            2 => worker.copy(&name)?,
            3 => worker.store_large(&format!("large/{name}"))?,
            4 => worker.download()?,
            5 => worker.list()?,
            6 => url = worker.client.upload_url(bucket)?,
            _ => worker.store(&url, &name)?,
        }
    }
    Ok(())
}

struct Worker<'w> {
    client: Client,
    bucket: &'w str,
    books: &'w Mutex<Books>,
    dice: &'w mut Dice,
}

/// The file id in an answer that must be good.
#[track_caller]
fn id_of(reply: Reply) -> String {
    reply.ok()["fileId"].as_str().unwrap().to_owned()
}

impl Worker<'_> {
    fn store(&mut self, url: &UploadUrl, name: &str) -> io::Result<()> {
        let body = content(name);
        self.books.lock().unwrap().attempt(name);
        let reply = if self.dice.roll(3) == 0 {
            self.upload_digest_last(url, name, &body)?
        } else {
            self.client.upload(url, name, &body)?
        };
        let id = id_of(reply);
        let mut books = self.books.lock().unwrap();
        books.keep(name, &id);
        books.tally.uploads += 1;
        Ok(())
    }

    fn upload_digest_last(
        &mut self,
        url: &UploadUrl,
        name: &str,
        body: &[u8],
    ) -> io::Result<Reply> {
        let headers = [
            ("Authorization", url.token.as_str()),
            ("X-Bz-File-Name", name),
            ("Content-Type", "b2/x-auto"),
            ("X-Bz-Content-Sha1", "hex_digits_at_end"),
        ];
        let body = [body, sha1(body).as_bytes()].concat();
        self.client.wire.request("POST", &url.target, &headers, &body)
    }

    /// In two parts, the first of at least the least size.
    fn store_large(&mut self, name: &str) -> io::Result<()> {
        let body = content(name);
        if body.len() < 2_000 {
            return Ok(());
        }
        let start = json!({"bucketId": self.bucket, "fileName": name, "contentType": "x/y"});
        let id = id_of(self.client.call("b2_start_large_file", &start)?);
        let url = self.client.call("b2_get_upload_part_url", &json!({ "fileId": id }))?.ok();
        let url = UploadUrl::new(&url);
        let parts = body.split_at(body.len() / 2);
        let digests = [sha1(parts.0), sha1(parts.1)];
        for (number, part, digest) in [("1", parts.0, &digests[0]), ("2", parts.1, &digests[1])] {
            let headers = [
                ("Authorization", url.token.as_str()),
                ("X-Bz-Part-Number", number),
                ("X-Bz-Content-Sha1", digest.as_str()),
            ];
            self.client.wire.request("POST", &url.target, &headers, part)?.ok();
        }
        self.books.lock().unwrap().attempt(name);
        let finish = json!({"fileId": id, "partSha1Array": digests});
        id_of(self.client.call("b2_finish_large_file", &finish)?);
        let mut books = self.books.lock().unwrap();
        books.keep(name, &id);
        books.tally.large += 1;
        Ok(())
    }

    fn copy(&mut self, name: &str) -> io::Result<()> {
        let Some((source, id)) = self.books.lock().unwrap().pick(self.dice) else {
            return Ok(());
        };
        {
            let mut books = self.books.lock().unwrap();
            let first = books.sources.get(&source).unwrap_or(&source).clone();
            books.sources.insert(name.to_owned(), first);
            books.attempt(name);
        }
        let body = json!({"sourceFileId": id, "fileName": name});
        let reply = self.client.call("b2_copy_file", &body)?;
        let mut books = self.books.lock().unwrap();
        if reply.status == 200 {
            books.keep(name, &id_of(reply));
            books.tally.copies += 1;
        } else {
            // Somebody else has deleted the source.
            assert!(matches!(reply.status, 400 | 404 | 503), "{reply:?}");
            books.files.insert(name.to_owned(), Knowledge::Deleted);
        }
        Ok(())
    }

    fn delete(&mut self) -> io::Result<()> {
        let (name, id) = {
            let mut books = self.books.lock().unwrap();
            let Some((name, id)) = books.pick(self.dice) else { return Ok(()) };
            books.files.insert(name.clone(), Knowledge::Doomed);
            (name, id)
        };
        let body = json!({"fileName": name, "fileId": id});
        self.client.call("b2_delete_file_version", &body)?.ok();
        let mut books = self.books.lock().unwrap();
        books.files.insert(name, Knowledge::Deleted);
        books.tally.deletes += 1;
        Ok(())
    }

    fn download(&mut self) -> io::Result<()> {
        let Some((name, id)) = self.books.lock().unwrap().pick(self.dice) else {
            return Ok(());
        };
        let reply = self.client.download(&id)?;
        let mut books = self.books.lock().unwrap();
        if reply.status == 200 {
            assert!(reply.body == books.content(&name), "{name} has other bytes");
            books.tally.downloads += 1;
        } else {
            // Somebody else has deleted it.
            assert_eq!(reply.status, 404, "{reply:?}");
        }
        Ok(())
    }

    fn list(&mut self) -> io::Result<()> {
        let body = json!({"bucketId": self.bucket, "maxFileCount": 100});
        self.client.call("b2_list_file_names", &body)?.ok();
        Ok(())
    }
}
