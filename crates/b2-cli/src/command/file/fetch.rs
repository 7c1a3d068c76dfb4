//! A download that may be decrypted on its way.

use std::future::IntoFuture as _;
use std::io::Write;
use std::path::Path;

use b2::encryption::{ClientDecryption, DecryptedDownload};
use b2::port::BoxFuture;
use b2::{Download, Downloaded, Error, Monitor};

pub(super) enum Fetch {
    Plain(Box<Download>),
    Decrypted(Box<DecryptedDownload>),
}

/// A download under way, and how far it is.
pub(super) type Work = (Monitor, BoxFuture<'static, Result<Downloaded, Error>>);

macro_rules! work {
    ($fetch:expr, $to:ident($place:expr)) => {
        match $fetch {
            Fetch::Plain(download) => {
                let run = download.$to($place);
                (run.monitor(), run.into_future())
            }
            Fetch::Decrypted(download) => {
                let run = download.$to($place);
                (run.monitor(), run.into_future())
            }
        }
    };
}

impl Fetch {
    pub(super) fn new(download: Download, decryption: Option<ClientDecryption>) -> Self {
        match decryption {
            None => Self::Plain(Box::new(download)),
            Some(decryption) => {
                Self::Decrypted(Box::new(download.with_client_decryption(decryption)))
            }
        }
    }

    pub(super) fn into_writer(self, writer: impl Write + Send + 'static) -> Work {
        work!(self, to_writer(writer))
    }

    pub(super) fn into_file(self, path: &Path, overwrite: bool) -> Work {
        match overwrite {
            true => work!(self, to_file_replacing(path)),
            false => work!(self, to_file(path)),
        }
    }
}
