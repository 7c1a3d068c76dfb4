//! A header that is replaced in its file, and what a crash in the middle of that leaves.
//!
//! A disk may write a part of a header and lose the rest. So the whole new one goes into a file
//! beside it first, `.NAME.b2-header`, and counts from then on: whoever opens the file takes the
//! header from there, and whoever changes it next begins by finishing.
//!
//! Others may be able to put a file there, so it proves what it is: it has the new header, the one
//! that is replaced, and a tag over both with a key of the file. Without the tag anybody could
//! destroy the file or hide it; without the header that is replaced, a genuine one from former
//! times would let those open the file who were removed since. What the file begins with has to be
//! made of these two, as a crash leaves it. Only its owner can read it, so that nobody keeps it for
//! the day when the list of recipients is the same again.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use b2_crypto::{Header, OpenFile};

use crate::destination::{folder, sync_folder};

/// Two of the longest headers there are, the tag, and some bytes more.
const LONGEST: u64 = 1 << 18;
const TAG_LEN: usize = 32;
/// What the tag is for.
const PURPOSE: &str = "header to be replaced";

/// What lies beside a file.
#[derive(Debug)]
pub(super) enum Beside {
    Nothing,
    /// It may be the rest of a change, if it [is genuine](Pending::is_by).
    Pending(Box<Pending>),
    /// Something else.
    Other(PathBuf),
    /// Nobody knows what.
    Unreadable(PathBuf, io::Error),
    /// The name of the file is so long that no file can have the one that belongs beside it.
    NoPlace,
}

/// A header that is to replace that of a file. Not yet believed.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) header: Header,
    /// The one that it replaces.
    pub(super) before: Header,
    tag: [u8; TAG_LEN],
    pub(super) place: PathBuf,
}

impl Pending {
    /// Whether somebody made it who could open the file.
    pub(super) fn is_by(&self, file: &OpenFile) -> bool {
        file.is_tagged(PURPOSE, &both(&self.header.to_bytes(), &self.before), &self.tag)
    }

    /// What lies beside a file that begins with `beginning`, in these bytes.
    fn parse(place: &Path, bytes: &[u8], beginning: &[u8]) -> Option<Self> {
        let (headers, tag) = bytes.split_last_chunk()?;
        let (header, before) = headers.split_at(headers.len() / 2);
        let there = beginning.get(..header.len())?;
        let torn = there.iter().zip(header.iter().zip(before));
        let fits = torn.into_iter().all(|(byte, (new, old))| byte == new || byte == old);
        let whole = |bytes: &[u8]| {
            let header = Header::parse(bytes).ok()?;
            (header.len() == bytes.len() && header.can_replace(beginning)).then_some(header)
        };
        let (header, before) = (whole(header)?, whole(before)?);
        fits.then(|| Self { header, before, tag: *tag, place: place.to_path_buf() })
    }
}

fn both(header: &[u8], before: &Header) -> Vec<u8> {
    [header, &before.to_bytes()].concat()
}

/// Replaces the header of `file`, which lies at `path`, by one of the same length. After a crash at
/// any moment the old or the new one counts. `open` is the file, opened.
pub(super) fn replace(
    path: &Path,
    file: &mut File,
    before: &Header,
    header: &Header,
    open: &OpenFile,
) -> io::Result<()> {
    let place = place(path).ok_or(io::ErrorKind::InvalidFilename)?;
    let around = folder(path);
    // For its owner only, as all temporary files are if nothing is said.
    let mut beside = tempfile::Builder::new().prefix(".b2-").suffix(".part").tempfile_in(around)?;
    beside.write_all(&bytes(header, before, open))?;
    beside.as_file().sync_all()?;
    beside.persist(&place).map_err(|error| error.error)?;
    sync_folder(around)?;
    finish(path, file, header)
}

fn bytes(header: &Header, before: &Header, open: &OpenFile) -> Vec<u8> {
    let both = both(&header.to_bytes(), before);
    let tag = open.tag(PURPOSE, &both);
    [&both[..], &tag].concat()
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

/// What lies beside the file at `path`, which begins with `beginning`. What is for another file
/// does not count, nor what would not fit: a longer header would be overwritten by halves.
pub(super) fn left(path: &Path, beginning: &[u8]) -> Beside {
    // A link may lead to the file, and what is left is beside the file itself.
    let Some(place) = fs::canonicalize(path).ok().and_then(|path| place(&path)) else {
        return Beside::Nothing;
    };
    let bytes = match read(&place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Beside::Nothing,
        Err(error) if error.kind() == io::ErrorKind::InvalidFilename => return Beside::NoPlace,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Beside::Other(place),
        Err(error) => return Beside::Unreadable(place, error),
    };
    match Pending::parse(&place, &bytes, beginning) {
        Some(pending) => Beside::Pending(Box::new(pending)),
        None => Beside::Other(place),
    }
}

/// All of a regular file. Of a pipe nobody knows when something comes.
fn read(place: &Path) -> io::Result<Vec<u8>> {
    if !fs::symlink_metadata(place)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file"));
    }
    let mut options = File::options();
    options.read(true);
    // It may have become one since.
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        options.custom_flags(flags.bits().cast_signed());
    }
    let mut bytes = Vec::new();
    options.open(place)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn place(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(".b2-header");
    Some(folder(path).join(name))
}

#[cfg(test)]
mod tests {
    use b2_crypto::{Limits, NewFile, NoRandomness, RawKey, Recipient, SealOptions};

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

    /// What counts of what lies beside the file.
    fn counts(path: &Path, beginning: &[u8], open: &OpenFile) -> Option<Header> {
        match left(path, beginning) {
            Beside::Pending(pending) if pending.is_by(open) => Some(pending.header),
            _ => None,
        }
    }

    #[test]
    fn a_header_that_is_torn_anywhere_counts_as_the_new_one() {
        let (content, header, open) = file(9);
        let new = changed(&header, &open);
        let wanted = [&new.to_bytes(), &content[header.len()..]].concat();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for cut in 0..=header.len() {
            let torn = [&new.to_bytes()[..cut], &content[cut..]].concat();
            fs::write(&path, &torn).unwrap();
            fs::write(place(&path).unwrap(), bytes(&new, &header, &open)).unwrap();
            let left = counts(&path, &torn, &open).unwrap();
            assert!(left == new, "torn after {cut} bytes");
            let mut file = File::options().write(true).open(&path).unwrap();
            finish(&path, &mut file, &left).unwrap();
            assert!(fs::read(&path).unwrap() == wanted, "torn after {cut} bytes");
        }
        assert!(matches!(left(&path, &wanted), Beside::Nothing));
    }

    #[test]
    fn what_is_left_of_another_file_does_not_count() {
        let (content, header, open) = file(9);
        let new = changed(&header, &open);
        let beside = bytes(&new, &header, &open);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, &content).unwrap();
        let (other, ..) = file(10);
        // The same file has got a longer list of recipients since.
        let mut grown = content.clone();
        grown[84..88].copy_from_slice(&2048_u32.to_be_bytes());
        for (beside, beginning) in [
            (&beside[..], &other[..]),
            (&beside, &content[..50]),
            (&beside[..beside.len() - 1], &content),
            (&[&beside[..], b"x"].concat(), &content),
            (&beside, &grown),
            (&new.to_bytes(), &content),
            (b"", &content),
        ] {
            fs::write(place(&path).unwrap(), beside).unwrap();
            assert!(matches!(left(&path, beginning), Beside::Other(_)));
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let (content, header, open) = file(9);
        let new = changed(&header, &open);
        let beside = bytes(&new, &header, &open);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, &content).unwrap();
        for at in 0..beside.len() {
            let mut flipped = beside.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(place(&path).unwrap(), flipped).unwrap();
            assert!(counts(&path, &content, &open).is_none(), "byte {at}");
        }
    }

    #[test]
    fn a_change_of_former_times_does_not_come_back() {
        let (content, header, open) = file(9);
        let (new, later) = (changed(&header, &open), {
            let kept = header.keyring().stanzas().to_vec();
            let both = [&kept[..], &kept[..]].concat();
            header.clone().with_keyring(open.keyring(both, header.len()).unwrap())
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, &content).unwrap();
        fs::write(place(&path).unwrap(), bytes(&new, &header, &open)).unwrap();
        assert!(counts(&path, &content, &open).is_some());
        assert!(counts(&path, &later.to_bytes(), &open).is_none());
    }

    #[test]
    fn a_header_is_replaced_and_nothing_else() {
        let (content, header, open) = file(9);
        let new = changed(&header, &open);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, &content).unwrap();
        let mut file = File::options().read(true).write(true).open(&path).unwrap();
        replace(&path, &mut file, &header, &new, &open).unwrap();
        let wanted = [&new.to_bytes(), &content[header.len()..]].concat();
        assert!(fs::read(&path).unwrap() == wanted);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let (content, ..) = file(9);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, &content).unwrap();
        let place = place(&fs::canonicalize(&path).unwrap()).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &place, pipe, mode, 0).unwrap();
        assert!(matches!(left(&path, &content), Beside::Other(_)));
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        assert!(matches!(left(&path, &content), Beside::Other(_)));
    }

    #[test]
    fn a_name_that_leaves_no_room_beside_it_has_nothing_beside_it() {
        let (content, ..) = file(9);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x".repeat(250));
        fs::write(&path, &content).unwrap();
        assert!(matches!(left(&path, &content), Beside::NoPlace));
    }
}
