//! What the tests need again and again.

use b2_crypto::{
    Aead, Header, Limits, NewFile, NoRandomness, OpenError, OpenFile, Password, PasswordKdf,
    RawKey, Recipient, SealOptions, Unlock,
};

pub(crate) const FRAME: u64 = 1024;

/// Randomness that is the same in every run: a counter that a multiplication scrambles.
pub(crate) fn random(seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), NoRandomness> {
    let mut state = seed;
    move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            *byte = (state >> 56) as u8;
        }
        Ok(())
    }
}

pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    random(seed)(&mut bytes).unwrap();
    bytes
}

pub(crate) fn key(number: u8) -> RawKey {
    RawKey::new([number; 32])
}

pub(crate) fn options(aead: Aead) -> SealOptions {
    SealOptions::default().with_aead(aead).with_frame_size(FRAME)
}

/// A derivation that costs nothing.
pub(crate) const CHEAP: PasswordKdf = PasswordKdf::Argon2id { memory_kib: 8, passes: 1, lanes: 1 };

pub(crate) fn new_file(options: &SealOptions, len: Option<u64>, seed: u64) -> NewFile {
    let recipients = [
        Recipient::raw_key(key(1)).with_label("backup"),
        Recipient::password(Password::from("secret")).with_kdf(CHEAP),
    ];
    NewFile::new(&recipients, options, len, &mut random(seed)).unwrap()
}

/// A whole file.
pub(crate) fn seal(options: &SealOptions, content: &[u8], seed: u64) -> Vec<u8> {
    let mut encryptor = new_file(options, Some(content.len() as u64), seed).encryptor();
    let mut sealed = encryptor.header().to_vec();
    encryptor.update(content, &mut sealed).unwrap();
    encryptor.finish(&mut sealed).unwrap();
    sealed
}

pub(crate) fn unlock(sealed: &[u8]) -> Result<(OpenFile, usize), OpenError> {
    let header = Header::parse(sealed)?;
    let file = header.unlock(&Unlock::RawKey(key(1)), &Limits::default())?;
    Ok((file, header.len()))
}

/// Opens a whole file in pieces of this size. Gives what was delivered, and how it ended.
pub(crate) fn open(sealed: &[u8], piece: usize) -> (Vec<u8>, Result<(), OpenError>) {
    let mut content = Vec::new();
    let ended = (|| {
        let (file, header_len) = unlock(sealed)?;
        let mut decryptor = file.decryptor();
        for piece in sealed[header_len..].chunks(piece) {
            decryptor.update(piece, &mut content)?;
        }
        decryptor.finish(&mut content)
    })();
    (content, ended)
}

/// Opens a whole file through random access. All of it or an error.
pub(crate) fn open_at(sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    use b2_crypto::{DecryptedError, ReadAt as _};
    let (file, _) = unlock(sealed)?;
    let read = || {
        let content = file.decrypt(sealed)?;
        let mut bytes = vec![0; usize::try_from(content.len()?).unwrap()];
        let read = content.read_at(0, &mut bytes)?;
        assert_eq!(read, bytes.len());
        Ok(bytes)
    };
    read().map_err(|error: DecryptedError<std::convert::Infallible>| match error {
        DecryptedError::Open(error) => error,
        other => panic!("{other:?}"),
    })
}

/// Where bytes of the content begin, and those bytes.
pub(crate) type Delivered = (usize, Vec<u8>);

/// Opens a whole file frame by frame, the last first. Gives what each frame delivered, and how it
/// ended.
pub(crate) fn open_frames(sealed: &[u8]) -> (Vec<Delivered>, Result<(), OpenError>) {
    let mut delivered = Vec::new();
    let ended = (|| {
        let (file, _) = unlock(sealed)?;
        let layout = file.layout(sealed.len() as u64)?;
        let mut decryptor = file.frame_decryptor(&layout);
        for frame in (0..layout.frames()).rev() {
            let (mut content, range) = (Vec::new(), layout.ciphertext_range(frame)?);
            decryptor.open(frame, within(sealed, &range), &mut content)?;
            delivered.push((layout.content_range(frame)?.start as usize, content));
        }
        Ok(())
    })();
    (delivered, ended)
}

/// Opens a range of the content as one fetches it, in pieces of this size. Gives what was
/// delivered, and how it ended.
pub(crate) fn open_range(
    sealed: &[u8],
    content: std::ops::Range<u64>,
    piece: usize,
) -> (Vec<u8>, Result<(), OpenError>) {
    let mut delivered = Vec::new();
    let ended = (|| {
        let (file, _) = unlock(sealed)?;
        let layout = file.layout(sealed.len() as u64)?;
        let mut decryptor = file.range_decryptor(&layout, content)?;
        let fetched = within(sealed, &decryptor.plan().ciphertext);
        for piece in fetched.chunks(piece) {
            decryptor.update(piece, &mut delivered)?;
        }
        decryptor.finish()
    })();
    (delivered, ended)
}

fn within<'a>(sealed: &'a [u8], range: &std::ops::Range<u64>) -> &'a [u8] {
    &sealed[range.start as usize..range.end as usize]
}
