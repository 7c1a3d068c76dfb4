//! The least work that the API forces on a transfer, to measure others by.
//!
//! ```text
//! floor upload    BASE_URL KEY_ID KEY BUCKET FILE NAME
//! floor upload-large … FILE NAME    in parts, with large_file_sha1
//! floor download  … NAME FILE
//! floor download-synced … NAME FILE and wait until it is on the disk
//! floor upload-many … FOLDER        every file of a folder, under its name
//! floor download-many … LIST FOLDER every name of a list, one a line
//! floor list      …                 every name, to standard output
//! floor fill      … COUNT           empty files, to be listed
//! ```
//!
//! One thread, blocking calls, plain HTTP, one connection: read, SHA-1, send;
//! or receive, SHA-1, write. No retry, no pool, no check of anything that the
//! transfer does not need. It is a yardstick, not a client. (`fill` is none; it
//! is quick.)

mod fill;
mod list;
mod many;
mod one;
mod session;

use session::{Failure, Session};

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [command, base, key_id, key, bucket, rest @ ..] = &words[..] else {
        return Err("usage: floor COMMAND BASE_URL KEY_ID KEY BUCKET …".into());
    };
    let mut session = Session::open(base, key_id, key)?;
    match (*command, rest) {
        ("upload", [file, name]) => one::upload(&mut session, bucket, file, name),
        ("upload-large", [file, name]) => one::upload_large(&mut session, bucket, file, name),
        ("download", [name, file]) => one::download(&mut session, bucket, name, file, false),
        ("download-synced", [name, file]) => one::download(&mut session, bucket, name, file, true),
        ("upload-many", [folder]) => many::upload(&mut session, bucket, folder),
        ("download-many", [list, folder]) => many::download(&mut session, bucket, list, folder),
        ("list", []) => list::list(&mut session, bucket),
        ("fill", [count]) => fill::fill(&mut session, base, bucket, count.parse()?),
        _ => Err("usage: floor COMMAND BASE_URL KEY_ID KEY BUCKET …".into()),
    }
}
