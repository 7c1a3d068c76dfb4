//! Large files by hand: begin one, store parts from wherever they come, finish
//! it.
//!
//! [`LargeUpload`](crate::LargeUpload) and [`FileCopy`](crate::FileCopy) do all
//! of this by themselves, and resume. By hand it is done where the parts come
//! from several processes or machines, or where some are uploaded and some are
//! copied:
//!
//! 1. [`StartUpload`] begins the file;
//! 2. [`UploadPart`] stores a part, and a [`Call`](crate::Call) with a
//!    `CopyPartRequest` copies one from another file; in any order, several at
//!    a time, and a second one of the same number replaces the first;
//! 3. [`FinishUpload`] makes one file of them; or a call with a
//!    `CancelLargeFileRequest` gives it up.
//!
//! Parts are numbered from 1 to 10,000 without a gap, and there are two at the
//! least. None is longer than 5 GB, and each but the last is at least
//! [`absolute_minimum_part_size`](crate::account::Session::absolute_minimum_part_size)
//! long. Stored parts cost money until the file is finished or cancelled.

mod finish;
mod part;
mod start;

pub use finish::FinishUpload;
pub use part::UploadPart;
pub use start::{StartUpload, Started};
