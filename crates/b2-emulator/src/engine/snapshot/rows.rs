//! All rows in one file.
//!
//! ```text
//! "b2-emulator rows 1\n"
//! for each row: length of key, length of value (u32, big-endian), key, value
//! end: 0xffff_ffff, then the number of rows (u64, big-endian)
//! ```

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::super::folder::private_file;
use crate::store::{Row, RowScan};

const MAGIC: &[u8] = b"b2-emulator rows 1\n";
const END: u32 = u32::MAX;

/// Writes and flushes the file.
pub(super) fn write(path: &Path, rows: RowScan<'_>) -> io::Result<()> {
    // It holds keys and tokens.
    let mut file = BufWriter::new(private_file(path)?);
    file.write_all(MAGIC)?;
    let mut count: u64 = 0;
    for row in rows {
        let (key, value) = row.map_err(io::Error::other)?;
        for part in [&key, &value] {
            let len = u32::try_from(part.len()).map_err(io::Error::other)?;
            file.write_all(&len.to_be_bytes())?;
        }
        file.write_all(&key)?;
        file.write_all(&value)?;
        count += 1;
    }
    file.write_all(&END.to_be_bytes())?;
    file.write_all(&count.to_be_bytes())?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Reads the rows one by one. A file that was cut off ends with an error.
pub(super) fn read(path: &Path) -> io::Result<Reading> {
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(damaged("it does not begin as it should"));
    }
    Ok(Reading { file, count: 0, is_over: false })
}

/// The rows of a file.
pub(super) struct Reading {
    file: BufReader<File>,
    count: u64,
    is_over: bool,
}

impl Reading {
    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn bytes(&mut self, len: u32) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = (&mut self.file).take(u64::from(len)).read_to_end(&mut bytes)?;
        if read == len as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn row(&mut self) -> io::Result<Option<Row>> {
        let key = self.number()?;
        if key == END {
            let mut count = [0; 8];
            self.file.read_exact(&mut count)?;
            let is_whole = u64::from_be_bytes(count) == self.count;
            return if is_whole { Ok(None) } else { Err(damaged("rows are missing")) };
        }
        let value = self.number()?;
        let row = (self.bytes(key)?, self.bytes(value)?);
        self.count += 1;
        Ok(Some(row))
    }
}

impl Iterator for Reading {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let row = self.row();
        self.is_over = !matches!(row, Ok(Some(_)));
        row.transpose()
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_a_file_cut_short_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let rows = vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), Vec::new())];
        write(&path, Box::new(rows.clone().into_iter().map(Ok))).unwrap();
        let back: Vec<_> = read(&path).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(back, rows);
        let whole = std::fs::read(&path).unwrap();
        let cut = folder.path().join("cut");
        for len in MAGIC.len()..whole.len() {
            std::fs::write(&cut, &whole[..len]).unwrap();
            assert!(read(&cut).unwrap().any(|row| row.is_err()), "cut at {len}");
        }
    }
}
