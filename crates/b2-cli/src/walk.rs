//! The files that a path stands for.

use b2::endpoint::{ListFileNames, ListFileVersions};
use b2::{Bucket, Error, FileVersion, Listing};

/// Which rows a walk visits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// Every version, and not only the newest visible one.
    pub(crate) versions: bool,
    /// What is in folders, and not only the folders.
    pub(crate) recursive: bool,
}

/// A walk over the file of a name, then over the folder of that name.
///
/// A path that ends in `/`, or is empty, can only be a folder.
#[derive(Debug)]
pub(crate) struct Walk {
    file: Option<(String, Rows)>,
    folder: Option<Rows>,
}

#[derive(Debug)]
enum Rows {
    Names(Listing<ListFileNames>),
    Versions(Listing<ListFileVersions>),
}

impl Walk {
    /// Visits a file and a folder.
    pub(crate) fn path(bucket: &Bucket, path: &str, scope: Scope) -> Self {
        if path.is_empty() || path.ends_with('/') {
            let folder = Some(Rows::folder(bucket, path, scope));
            return Self { file: None, folder };
        }
        let folder = Some(Rows::folder(bucket, &format!("{path}/"), scope));
        Self { folder, ..Self::file(bucket, path, scope.versions) }
    }

    /// Visits one file.
    pub(crate) fn file(bucket: &Bucket, name: &str, versions: bool) -> Self {
        let rows = match versions {
            false => Rows::Names(bucket.files().with_prefix(name).with_page(1).stream()),
            true => Rows::Versions(bucket.versions().with_prefix(name).stream()),
        };
        Self { file: Some((name.to_owned(), rows)), folder: None }
    }

    /// The next row; `None` after the last, and after an error.
    pub(crate) async fn next(&mut self) -> Option<Result<FileVersion, Error>> {
        if let Some((name, rows)) = &mut self.file {
            match rows.next().await {
                Some(Ok(row)) if row.file_name == *name => return Some(Ok(row)),
                Some(Err(error)) => {
                    *self = Self { file: None, folder: None };
                    return Some(Err(error));
                }
                // Names are sorted: the file's own rows come first.
                Some(Ok(_)) | None => self.file = None,
            }
        }
        self.folder.as_mut()?.next().await
    }

    /// The next row, if it is at hand. Handing over each of a million rows as
    /// what may be waited for takes longer than printing it.
    pub(crate) fn next_fetched(&mut self) -> Option<FileVersion> {
        match (&self.file, &mut self.folder) {
            (None, Some(folder)) => folder.next_fetched(),
            _ => None,
        }
    }
}

impl Rows {
    fn next_fetched(&mut self) -> Option<FileVersion> {
        match self {
            Self::Names(rows) => rows.next_fetched(),
            Self::Versions(rows) => rows.next_fetched(),
        }
    }

    fn folder(bucket: &Bucket, prefix: &str, scope: Scope) -> Self {
        let delimiter = (!scope.recursive).then_some("/");
        if scope.versions {
            let list = bucket.versions().with_prefix(prefix);
            let list = delimiter.into_iter().fold(list, |list, mark| list.with_delimiter(mark));
            return Self::Versions(list.stream());
        }
        let list = bucket.files().with_prefix(prefix);
        let list = delimiter.into_iter().fold(list, |list, mark| list.with_delimiter(mark));
        Self::Names(list.stream())
    }

    async fn next(&mut self) -> Option<Result<FileVersion, Error>> {
        match self {
            Self::Names(rows) => rows.next().await,
            Self::Versions(rows) => rows.next().await,
        }
    }
}
