//! Rows in a redb file, with one writer that commits for everyone waiting.
//!
//! A commit costs one flush of the disk whatever it carries. The writer takes
//! every job that is waiting, runs each over its own [`Transaction`], writes
//! the changes of those that succeeded and commits once. No job is answered
//! before that commit.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table, TableDefinition,
    WriteTransaction,
};

use super::{Changes, RowScan, Rows, StoreError, Transaction};

/// Every row of the rules, the table's letter first in the key.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// Bytes of the file that are kept in memory, whatever its size.
const CACHE: usize = 64 * 1024 * 1024;

/// How long the file may be, in bytes, until a start after a crash may not
/// visit all of it any more: some tens of milliseconds' worth.
const LONG: u64 = 32 * 1024 * 1024;

/// Bounds the memory that one commit's changes take.
const JOBS_PER_COMMIT: usize = 128;

/// Rows in a file that outlive the process.
pub(crate) struct DurableRows {
    file: Arc<RowsFile>,
    jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
    writer: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for DurableRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DurableRows").field("path", &self.file.path).finish_non_exhaustive()
    }
}

impl DurableRows {
    /// Opens the file, creating it if it is absent.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = Arc::new(RowsFile::open(path)?);
        let (jobs, waiting) = mpsc::channel();
        let writing = Arc::clone(&file);
        let writer = std::thread::Builder::new()
            .name("b2-emulator-writer".to_owned())
            .spawn(move || write_until_closed(&writing, &waiting))
            .map_err(StoreError::database)?;
        Ok(Self { file, jobs: Mutex::new(Some(jobs)), writer: Some(writer) })
    }

    pub(crate) fn read<R>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.file.with_database(|database| {
            let snapshot = database.begin_read().map_err(StoreError::database)?;
            let table = snapshot.open_table(ROWS).map_err(StoreError::database)?;
            job(&mut Transaction::new(&Readable(&table)))
        })
    }

    pub(crate) fn write<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Transaction<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let job = Box::new(Waiting { work: Some(job), result: None, reply });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        jobs.ok_or(StoreError::Closed)?.send(job).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }
}

impl DurableRows {
    /// Whether the pages of a file agree. Those that do not are repaired.
    pub(crate) fn is_sound(path: &Path) -> Result<bool, StoreError> {
        Database::open(path)
            .map_err(StoreError::database)?
            .check_integrity()
            .map_err(StoreError::database)
    }

    /// Puts these rows in the place of all others with one commit.
    pub(crate) fn replace(
        &self,
        rows: &mut dyn Iterator<Item = Result<super::Row, StoreError>>,
    ) -> Result<(), StoreError> {
        let replaced = self.file.with_database(|database| {
            let mut transaction = database.begin_write().map_err(StoreError::database)?;
            transaction.delete_table(ROWS).map_err(StoreError::database)?;
            {
                let mut table = transaction.open_table(ROWS).map_err(StoreError::database)?;
                for row in rows {
                    let (key, value) = row?;
                    table.insert(key.as_slice(), value.as_slice()).map_err(StoreError::database)?;
                }
            }
            // How long the file gets is not known yet.
            transaction.set_quick_repair(true);
            transaction.commit().map_err(StoreError::database)
        });
        if matches!(replaced, Err(StoreError::Database(_))) {
            self.file.reopen();
        }
        replaced
    }
}

/// The open database.
///
/// redb refuses all work after an error of the disk, for it cannot know what
/// reached it. Opening the file again finds the last good commit, so that a
/// full disk is a passing trouble and not the end.
struct RowsFile {
    path: PathBuf,
    database: RwLock<Option<Database>>,
}

impl RowsFile {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let database = RwLock::new(Some(open_database(path)?));
        Ok(Self { path: path.to_owned(), database })
    }

    fn with_database<R>(
        &self,
        job: impl FnOnce(&Database) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        database.as_ref().map_or(Err(StoreError::Closed), job)
    }

    fn reopen(&self) {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // The old one must go first: it holds the lock of the file.
        *database = None;
        // If this fails too, the next write tries again.
        *database = open_database(&self.path).ok();
    }
}

fn open_database(path: &Path) -> Result<Database, StoreError> {
    let database =
        Database::builder().set_cache_size(CACHE).create(path).map_err(StoreError::database)?;
    let setup = begin_commit(&database, path)?;
    // The table must exist before the first read transaction asks for it.
    setup.open_table(ROWS).map_err(StoreError::database)?.len().map_err(StoreError::database)?;
    setup.commit().map_err(StoreError::database)?;
    Ok(database)
}

/// Begins what will be committed.
///
/// After a crash redb walks the whole file to see which pages are free, unless
/// the last commit said so. To say so costs a second flush, so it is done only
/// where the walk would be felt.
fn begin_commit(database: &Database, path: &Path) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database.begin_write().map_err(StoreError::database)?;
    let len = path.metadata().map_err(StoreError::database)?.len();
    transaction.set_quick_repair(len >= LONG);
    Ok(transaction)
}

impl Drop for DurableRows {
    fn drop(&mut self) {
        // Closing the queue lets the writer finish what it has and stop; the
        // file is unlocked only when the last handle to it is gone.
        *self.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// A request waiting for its turn and then for the commit.
trait Job: Send {
    /// The changes to write, or `None` if this job asks for nothing to be kept.
    fn run(&mut self, rows: &dyn Rows) -> Option<Changes>;
    /// Answers whoever waits: with the job's own result if `committed`.
    fn deliver(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<W, R> {
    work: Option<W>,
    result: Option<Result<R, StoreError>>,
    reply: SyncSender<Result<R, StoreError>>,
}

impl<W, R> Job for Waiting<W, R>
where
    W: FnOnce(&mut Transaction<'_>) -> Result<R, StoreError> + Send,
    R: Send,
{
    fn run(&mut self, rows: &dyn Rows) -> Option<Changes> {
        let work = self.work.take()?;
        let mut transaction = Transaction::new(rows);
        let result = work(&mut transaction);
        let changes = result.is_ok().then(|| transaction.into_changes());
        self.result = Some(result);
        changes
    }

    fn deliver(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Ok(_)), Err(error)) => Err(error),
            (Some(result), _) => result,
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Nobody waits any more if the request's task was dropped.
        let _ = self.reply.send(result);
    }
}

fn write_until_closed(file: &RowsFile, waiting: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter().take(JOBS_PER_COMMIT - 1));
        let committed =
            file.with_database(|database| commit_group(database, &file.path, &mut group));
        match committed {
            Ok(()) => group.into_iter().for_each(|job| job.deliver(Ok(()))),
            Err(error) => {
                // Before anyone is told, so that who looks sees the truth.
                file.reopen();
                fail_group(group, error);
            }
        }
    }
}

fn commit_group(
    database: &Database,
    path: &Path,
    group: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    let transaction = begin_commit(database, path)?;
    let changed = run_group(&transaction, group)?;
    if changed {
        transaction.commit().map_err(StoreError::database)
    } else {
        transaction.abort().map_err(StoreError::database)
    }
}

fn run_group(
    transaction: &WriteTransaction,
    group: &mut [Box<dyn Job>],
) -> Result<bool, StoreError> {
    let mut table = transaction.open_table(ROWS).map_err(StoreError::database)?;
    let mut changed = false;
    for job in group {
        let Some(changes) = job.run(&Readable(&table)) else {
            continue;
        };
        changed |= !changes.is_empty();
        apply(&mut table, changes)?;
    }
    Ok(changed)
}

fn apply(table: &mut Table<'_, &[u8], &[u8]>, changes: Changes) -> Result<(), StoreError> {
    for (key, value) in changes {
        let done = match value {
            Some(value) => table.insert(key.as_slice(), value.as_slice()).map(drop),
            None => table.remove(key.as_slice()).map(drop),
        };
        done.map_err(StoreError::database)?;
    }
    Ok(())
}

/// The cause goes to the first; the others learn that nothing was kept.
fn fail_group(group: Vec<Box<dyn Job>>, error: StoreError) {
    let mut error = Some(error);
    for job in group {
        job.deliver(Err(error.take().unwrap_or(StoreError::GroupFailed)));
    }
}

/// Any redb table, open for reading or for writing.
struct Readable<'a, T>(&'a T);

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Rows for Readable<'_, T> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.0.get(key).map_err(StoreError::database)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn range(&self, from: &[u8], until: &[u8]) -> Result<RowScan<'_>, StoreError> {
        let rows = self.0.range(from..until).map_err(StoreError::database)?;
        Ok(Box::new(rows.map(|row| {
            let (key, value) = row.map_err(StoreError::database)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &tempfile::TempDir) -> DurableRows {
        DurableRows::open(&folder.path().join("rows.redb")).unwrap()
    }

    #[test]
    fn what_was_written_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        open(&folder)
            .write(|tx| {
                tx.put(b"a".to_vec(), b"1".to_vec());
                Ok(())
            })
            .unwrap();
        let value = open(&folder).read(|tx| tx.get(b"a")).unwrap();
        assert_eq!(value.as_deref(), Some(&b"1"[..]));
    }

    /// Whether redb walks a file as a crash at this moment would leave it.
    fn is_walked_after_a_crash(folder: &tempfile::TempDir) -> bool {
        let copy = folder.path().join("copy.redb");
        std::fs::copy(folder.path().join("rows.redb"), &copy).unwrap();
        let walks = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = Arc::clone(&walks);
        let seen = move |_: &mut redb::RepairSession| {
            seen.store(true, std::sync::atomic::Ordering::Relaxed);
        };
        Database::builder().set_repair_callback(seen).open(copy).unwrap();
        walks.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[test]
    fn a_crash_lets_only_short_files_be_walked() {
        let folder = tempfile::tempdir().unwrap();
        let put = |rows: &DurableRows, len: usize| {
            let put = move |tx: &mut Transaction<'_>| {
                tx.put(len.to_be_bytes().to_vec(), vec![7; len]);
                Ok(())
            };
            rows.write(put).unwrap();
        };
        let rows = open(&folder);
        put(&rows, 1);
        assert!(is_walked_after_a_crash(&folder), "this test sees no walk");
        put(&rows, usize::try_from(LONG).unwrap());
        put(&rows, 1);
        assert!(!is_walked_after_a_crash(&folder), "after a commit");
        drop(rows);
        let _rows = open(&folder);
        assert!(!is_walked_after_a_crash(&folder), "after opening");
    }

    #[test]
    fn a_failed_job_keeps_nothing_and_its_neighbours_everything() {
        let folder = tempfile::tempdir().unwrap();
        let rows = open(&folder);
        std::thread::scope(|scope| {
            for n in 0..64_u8 {
                let rows = &rows;
                scope.spawn(move || {
                    let result = rows.write(move |tx| {
                        tx.put(vec![n], vec![n]);
                        if n % 2 == 0 { Ok(n) } else { Err(StoreError::Closed) }
                    });
                    assert_eq!(result.is_ok(), n % 2 == 0);
                });
            }
        });
        let kept: Vec<_> =
            rows.read(|tx| tx.range(&[0], &[255])?.map(|row| Ok(row?.0[0])).collect()).unwrap();
        assert_eq!(kept, (0..64).step_by(2).collect::<Vec<u8>>());
    }

    #[test]
    fn a_job_sees_what_the_job_before_it_in_the_same_commit_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let rows = open(&folder);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                let rows = &rows;
                scope.spawn(move || {
                    rows.write(|tx| {
                        let count = tx.get(b"n")?.map_or(0, |v| v[0]);
                        tx.put(b"n".to_vec(), vec![count + 1]);
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(rows.read(|tx| tx.get(b"n")).unwrap().unwrap(), [32]);
    }
}
