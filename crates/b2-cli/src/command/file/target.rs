//! Which version an address stands for.

use b2::{ByteRange, Client, Error, FileId, FileVersion};

use crate::command::file::absence;
use crate::failure::Failure;
use crate::uri::{FileUri, NameUri};

/// The id of the version that `uri` names. The capability is `readFiles`,
/// unless it is an id already.
pub(super) async fn id(client: &Client, uri: &FileUri) -> Result<FileId, Failure> {
    let found = match uri {
        FileUri::Id(id) => Ok(id.clone()),
        FileUri::Name(name) => newest(client, name).await,
    };
    match found {
        Ok(id) => Ok(id),
        Err(error) => Err(absence::explained(client, uri, error).await),
    }
}

/// Name and id of the version that `uri` names; the capability is `readFiles`.
pub(super) async fn name_and_id(
    client: &Client,
    uri: &FileUri,
) -> Result<(String, FileId), Failure> {
    match uri {
        FileUri::Name(name) => Ok((name.name.clone(), id(client, uri).await?)),
        FileUri::Id(id) => Ok((client.file_info(id.clone()).await?.file_name, id.clone())),
    }
}

/// What B2 says about the version that `uri` names; the capability is
/// `readFiles`.
pub(super) async fn version(client: &Client, uri: &FileUri) -> Result<FileVersion, Failure> {
    let id = id(client, uri).await?;
    Ok(client.file_info(id).await?)
}

async fn newest(client: &Client, uri: &NameUri) -> Result<FileId, Error> {
    match client.head(&uri.bucket, &uri.name).await {
        Ok(headers) => Ok(headers.file_id),
        Err(error) => Err(in_words(client, uri, error).await),
    }
}

/// An answer that is only a head says neither why nor which; the answer to a
/// real request for the first byte does.
async fn in_words(client: &Client, uri: &NameUri, error: Error) -> Error {
    let Ok(first) = ByteRange::inclusive(0, 0) else { return error };
    if error.api().is_none() {
        return error;
    }
    let download = client.download(&uri.bucket, &uri.name).with_range(first);
    download.to_bytes().await.err().unwrap_or(error)
}
