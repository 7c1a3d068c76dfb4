//! Sources that are read again, and what happens when they changed in between.

use std::cell::{Cell, RefCell};
use std::io;

use b2_crypto::{
    Aead, Encrypted, EncryptedError, Header, Limits, OpenError, ReadAt, SealError, Unlock,
};

use crate::scene::{FRAME, bytes, key, new_file, open, options};

/// A file that somebody may write to, whose reads are short.
struct Changing {
    content: RefCell<Vec<u8>>,
    fails: Cell<bool>,
}

impl Changing {
    fn new(content: &[u8]) -> Self {
        Self { content: RefCell::new(content.to_vec()), fails: Cell::new(false) }
    }
}

impl ReadAt for Changing {
    type Error = io::ErrorKind;

    fn len(&self) -> Result<u64, io::ErrorKind> {
        Ok(self.content.borrow().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, io::ErrorKind> {
        if self.fails.get() {
            return Err(io::ErrorKind::PermissionDenied);
        }
        let len = buffer.len().min(300);
        let Ok(read) = self.content.borrow().as_slice().read_at(offset, &mut buffer[..len]);
        Ok(read)
    }
}

fn encrypted<S: ReadAt>(source: S, hidden: bool) -> Encrypted<S>
where
    S::Error: std::fmt::Debug,
{
    let options = options(Aead::Aes256Gcm).with_hidden_length(hidden);
    let len = source.len().unwrap();
    new_file(&options, Some(len), 6).encrypt(source).unwrap()
}

/// All of it, in reads of this size.
fn read<S: ReadAt>(source: &S, piece: usize) -> Result<Vec<u8>, S::Error> {
    let mut all = Vec::new();
    loop {
        let mut buffer = vec![0xaa; piece];
        let read = source.read_at(all.len() as u64, &mut buffer)?;
        if read == 0 {
            return Ok(all);
        }
        all.extend_from_slice(&buffer[..read]);
    }
}

#[test]
fn reads_of_every_size_give_the_same_file() {
    for hidden in [false, true] {
        let content = bytes(8, 4 * FRAME as usize + 100);
        let source = encrypted(Changing::new(&content), hidden);
        let whole = read(&source, 1 << 20).unwrap();
        assert_eq!(whole.len() as u64, source.len().unwrap());
        assert_eq!(open(&whole, 1000), (content, Ok(())));
        for piece in [1, 31, 1000, 1024, 1056, 1057, 3000] {
            assert_eq!(read(&source, piece).unwrap(), whole, "{piece}");
            for offset in [0, 5, 1023, 1024, 1025, whole.len() - 1, whole.len()] {
                let mut reader = source.reader(offset as u64);
                let mut rest = Vec::new();
                let mut buffer = vec![0; piece];
                loop {
                    let read = reader.read(&mut buffer).unwrap();
                    if read == 0 {
                        break;
                    }
                    rest.extend_from_slice(&buffer[..read]);
                }
                assert_eq!(rest, whole[offset..], "{piece} from {offset}");
            }
        }
    }
}

#[test]
fn no_nonce_meets_two_contents() {
    let content = bytes(8, 4 * FRAME as usize + 100);
    // Every frame is changed, and every one is found out, whatever else was read before.
    for frame in 0..5 {
        let source = encrypted(Changing::new(&content), false);
        let first = read(&source, 1000).unwrap();
        let at = frame * FRAME as usize + 50;
        source.source().content.borrow_mut()[at] ^= 1;
        let range = 1024 + frame * 1056..first.len().min(1024 + (frame + 1) * 1056);
        let mut again = vec![0xaa; range.len()];
        let refused = source.read_at(range.start as u64, &mut again);
        assert_eq!(refused, Err(EncryptedError::SourceChanged));
        assert!(again.iter().all(|byte| *byte == 0), "something of frame {frame} left");
        let mut reader = source.reader(range.start as u64);
        assert_eq!(reader.read(&mut again[..10]), Err(EncryptedError::SourceChanged));
        // The attempt after that reads what it read at first, and goes on.
        source.source().content.borrow_mut()[at] ^= 1;
        assert_eq!(read(&source, 1000).unwrap(), first);
    }
}

#[test]
fn a_frame_that_was_not_sealed_yet_is_sealed_as_it_is() {
    let content = bytes(8, 4 * FRAME as usize);
    let source = encrypted(Changing::new(&content), false);
    let mut half = vec![0; 2048];
    source.read_at(0, &mut half).unwrap();
    source.source().content.borrow_mut()[3 * FRAME as usize] ^= 1;
    let whole = read(&source, 5000).unwrap();
    let changed = source.source().content.borrow().clone();
    assert_eq!(open(&whole, 5000), (changed, Ok(())));
}

#[test]
fn a_source_that_grows_or_shrinks_is_found_out() {
    let content = bytes(8, 2 * FRAME as usize);
    let source = encrypted(Changing::new(&content), false);
    source.source().content.borrow_mut().push(0);
    assert_eq!(read(&source, 5000), Err(EncryptedError::SourceChanged));
    source.source().content.borrow_mut().truncate(2000);
    assert_eq!(read(&source, 5000), Err(EncryptedError::SourceChanged));
    let file = new_file(&options(Aead::Aes256Gcm), Some(2001), 6);
    let refused = file.encrypt(Changing::new(&content[..2000])).map(|_| ());
    assert_eq!(refused, Err(EncryptedError::Seal(SealError::LengthChanged)));
}

#[test]
fn a_source_that_fails_says_why_and_may_be_tried_again() {
    let content = bytes(8, 2 * FRAME as usize);
    let source = encrypted(Changing::new(&content), false);
    source.source().fails.set(true);
    let failed = Err(EncryptedError::Source(io::ErrorKind::PermissionDenied));
    assert_eq!(read(&source, 5000), failed);
    source.source().fails.set(false);
    let sealed = read(&source, 5000).unwrap();
    assert_eq!(open(&sealed, 5000), (content, Ok(())));
}

/// Each run draws a data key, so nothing of one fits into another, even of the same content.
#[test]
fn another_run_never_shares_a_key() {
    let content = bytes(8, 4 * FRAME as usize + 100);
    let first = read(&encrypted(Changing::new(&content), false), 5000).unwrap();
    let other = new_file(&options(Aead::Aes256Gcm), Some(content.len() as u64), 7);
    let second = read(&other.encrypt(Changing::new(&content)).unwrap(), 5000).unwrap();
    for (a, b) in first[1024..].chunks(1056).zip(second[1024..].chunks(1056)) {
        assert_ne!(a[..16], b[..16], "a session came twice");
        // With one key stream the difference of the texts would be that of the contents.
        let same = a[16..].iter().zip(&b[16..]).filter(|(a, b)| a == b).count();
        assert!(same < a.len() / 16, "{same} bytes of {} are equal", a.len());
    }
    let joined = [&second[..1024 + 1056], &first[1024 + 1056..]].concat();
    assert_eq!(open(&joined, 5000).1, Err(OpenError::FrameTampered { frame: 1 }));
}

#[test]
fn a_session_of_another_file_is_refused() {
    let content = bytes(1, 100);
    let one = encrypted(content.clone(), false);
    let other = new_file(&options(Aead::Aes256Gcm), Some(100), 7);
    let header = Header::parse(one.header()).unwrap();
    let file = header.unlock(&Unlock::RawKey(key(1)), &Limits::default()).unwrap();
    let other = Header::parse(other.header()).unwrap();
    assert!(file.reseal(&other, one.session(), content).is_err());
    let wrong = other.unlock(&Unlock::RawKey(key(2)), &Limits::default()).map(|_| ());
    assert_eq!(wrong, Err(OpenError::WrongKey));
}
