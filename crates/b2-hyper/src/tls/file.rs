//! Files that are read whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The longest file of certificates, keys or lists of revoked ones.
const LONGEST: usize = 16 << 20;

/// Reads a file of up to 16 MiB: a device has no end.
pub(crate) fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX) + 1;
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > LONGEST {
        let text = "it is longer than 16 MiB, which no certificates and no keys are";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, vec![7; LONGEST]).unwrap();
        assert_eq!(read(&file).unwrap().len(), LONGEST);
        std::fs::write(&file, vec![7; LONGEST + 1]).unwrap();
        assert_eq!(read(&file).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        #[cfg(unix)]
        assert_eq!(read("/dev/zero").unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
