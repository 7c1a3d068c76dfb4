//! A header that is replaced in its file, and what a crash in the middle of that leaves.
//!
//! A disk may write a part of a header and lose the rest. So the whole new one goes into a file
//! beside it first, `.NAME.b2-header`, and counts from then on: whoever opens the file takes the
//! header from there, and whoever changes it next begins by finishing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use b2_crypto::Header;

use crate::destination::{folder, sync_folder};

/// The longest header there is, and some bytes more.
const LONGEST: u64 = 1 << 17;

/// Replaces the header of `file`, which lies at `path`, by one of the same length. After a crash at
/// any moment the old or the new one counts.
pub(super) fn replace(path: &Path, file: &mut File, header: &Header) -> io::Result<()> {
    let place = place(path).ok_or(io::ErrorKind::InvalidFilename)?;
    let around = folder(path);
    let mut beside = tempfile::Builder::new().prefix(".b2-").suffix(".part").tempfile_in(around)?;
    beside.write_all(&header.to_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(&place).map_err(|error| error.error)?;
    sync_folder(around)?;
    finish(path, file, header)
}

/// Does the rest of what [`replace`] has begun.
pub(super) fn finish(path: &Path, file: &mut File, header: &Header) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header.to_bytes())?;
    file.sync_all()?;
    if let Some(place) = place(path) {
        fs::remove_file(place)?;
    }
    sync_folder(folder(path))
}

/// The header that counts instead of the one in the file at `path`, which begins with
/// `beginning`. What lies there for another file is not looked at, nor what would not fit: a
/// longer header would be overwritten by halves.
pub(super) fn left(path: &Path, beginning: &[u8]) -> io::Result<Option<Header>> {
    let Some(place) = place(path) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    match File::open(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(file) => file.take(LONGEST).read_to_end(&mut bytes)?,
    };
    let header = Header::parse(&bytes).ok();
    Ok(header.filter(|header| header.len() == bytes.len() && header.can_replace(beginning)))
}

fn place(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(".b2-header");
    Some(folder(path).join(name))
}

#[cfg(test)]
mod tests {
    use b2_crypto::{Limits, NewFile, NoRandomness, OpenFile, RawKey, Recipient, SealOptions};

    use super::*;

    fn file(seed: u8) -> (Vec<u8>, Header, OpenFile) {
        let key = || Recipient::raw_key(RawKey::new([1; 32]));
        let mut random = |bytes: &mut [u8]| -> Result<(), NoRandomness> {
            bytes.fill(seed);
            Ok(())
        };
        let new = NewFile::new(&[key()], &SealOptions::default(), Some(5), &mut random).unwrap();
        let mut encryptor = new.encryptor();
        let mut bytes = encryptor.header().to_vec();
        encryptor.update(b"hello", &mut bytes).unwrap();
        encryptor.finish(&mut bytes).unwrap();
        let header = Header::parse(&bytes).unwrap();
        let open = header.unlock(&key().unlock(), &Limits::default()).unwrap();
        (bytes, header, open)
    }

    /// The same with another list of recipients.
    fn changed(header: &Header, open: &OpenFile) -> Header {
        let mut random = |bytes: &mut [u8]| -> Result<(), NoRandomness> {
            bytes.fill(77);
            Ok(())
        };
        let hers = Recipient::raw_key(RawKey::new([2; 32])).with_label("her");
        let stanza = open.wrap(&hers, &mut random).unwrap();
        header.clone().with_keyring(open.keyring(vec![stanza], header.len()).unwrap())
    }

    #[test]
    fn a_header_that_is_torn_anywhere_counts_as_the_new_one() {
        let (bytes, header, open) = file(9);
        let new = changed(&header, &open);
        let wanted = [&new.to_bytes(), &bytes[header.len()..]].concat();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for cut in 0..=header.len() {
            let torn = [&new.to_bytes()[..cut], &bytes[cut..]].concat();
            fs::write(&path, &torn).unwrap();
            fs::write(place(&path).unwrap(), new.to_bytes()).unwrap();
            let left = left(&path, &torn).unwrap().unwrap();
            assert!(left == new, "torn after {cut} bytes");
            let mut file = File::options().write(true).open(&path).unwrap();
            finish(&path, &mut file, &left).unwrap();
            assert!(fs::read(&path).unwrap() == wanted, "torn after {cut} bytes");
        }
        assert!(left(&path, &wanted).unwrap().is_none());
    }

    #[test]
    fn what_is_left_of_another_file_does_not_count() {
        let (bytes, header, open) = file(9);
        let new = changed(&header, &open).to_bytes();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let (other, ..) = file(10);
        // The same file has got a longer list of recipients since.
        let mut grown = bytes.clone();
        grown[84..88].copy_from_slice(&2048_u32.to_be_bytes());
        for (beside, beginning) in [
            (&new[..], &other[..]),
            (&new, &bytes[..50]),
            (&new[..new.len() - 1], &bytes),
            (&[&new[..], b"x"].concat(), &bytes),
            (&new, &grown),
            (b"", &bytes),
        ] {
            fs::write(place(&path).unwrap(), beside).unwrap();
            assert_eq!(left(&path, beginning).unwrap(), None);
        }
    }

    #[test]
    fn a_header_is_replaced_and_nothing_else() {
        let (bytes, header, open) = file(9);
        let new = changed(&header, &open);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, &bytes).unwrap();
        let mut file = File::options().read(true).write(true).open(&path).unwrap();
        replace(&path, &mut file, &new).unwrap();
        let wanted = [&new.to_bytes(), &bytes[header.len()..]].concat();
        assert!(fs::read(&path).unwrap() == wanted);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
