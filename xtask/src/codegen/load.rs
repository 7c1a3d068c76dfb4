//! The first stage: fixture folders as they are on disk.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{CodegenError, Place};
use super::meta::Meta;

/// One folder of `fixtures/<version>/<name>/`.
#[derive(Debug)]
pub(crate) struct Folder {
    /// `v1` to `v4`, or `shared`.
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) meta: Meta,
    pub(crate) meta_path: PathBuf,
    pub(crate) samples: Vec<Sample>,
}

/// What a sample shows; the first word of its file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SampleKind {
    Request,
    Response,
    Error,
    Value,
    Headers,
}

/// One sample.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) kind: SampleKind,
    /// A shape to accept and never to send; told by the second word of the file name.
    pub(crate) lenient: bool,
    pub(crate) path: PathBuf,
    pub(crate) value: Value,
}

/// Reads every folder, sorted by version and name.
pub(crate) fn load(fixtures: &Path) -> Result<Vec<Folder>, CodegenError> {
    let mut folders = Vec::new();
    for version in subfolders(fixtures)? {
        for folder in subfolders(&version)? {
            folders.push(load_folder(&version, &folder)?);
        }
    }
    Ok(folders)
}

fn load_folder(version: &Path, path: &Path) -> Result<Folder, CodegenError> {
    let mut meta = None;
    let mut samples = Vec::new();
    for file in entries(path)? {
        let stem = file_stem(&file);
        if let Some(found) = load_meta(&stem, &file)? {
            if meta.replace((found, file.clone())).is_some() {
                return Err(CodegenError::fixture(
                    &Place::root(&file),
                    "the folder has two meta files",
                ));
            }
        } else {
            samples.push(load_sample(&stem, &file)?);
        }
    }
    let Some((meta, meta_path)) = meta else {
        let wanted = "no operation.json, structure.json, enum.json or headers.json";
        return Err(CodegenError::fixture(&Place::root(path), wanted));
    };
    let name = file_stem(path);
    if meta.provenance().sources.is_empty() {
        let place = Place::root(&meta_path).child("provenance").child("sources");
        return Err(CodegenError::fixture(&place, "somebody must have said so"));
    }
    if let Meta::Operation(operation) = &meta
        && operation.operation != name
    {
        let place = Place::root(&meta_path).child("operation");
        return Err(CodegenError::fixture(&place, format!("differs from its folder, `{name}`")));
    }
    Ok(Folder { version: file_stem(version), name, meta, meta_path, samples })
}

fn load_meta(stem: &str, file: &Path) -> Result<Option<Meta>, CodegenError> {
    Ok(Some(match stem {
        "operation" => Meta::Operation(read(file)?),
        "structure" => Meta::Structure(read(file)?),
        "enum" => Meta::Enum(read(file)?),
        "headers" => Meta::Headers(read(file)?),
        _ => return Ok(None),
    }))
}

fn load_sample(stem: &str, file: &Path) -> Result<Sample, CodegenError> {
    let mut words = stem.split('-');
    let kind = match words.next() {
        Some("request") => SampleKind::Request,
        Some("response") => SampleKind::Response,
        Some("error") => SampleKind::Error,
        Some("value") => SampleKind::Value,
        Some("sample") => SampleKind::Headers,
        _ => {
            let wanted = "a sample's name starts with request, response, error, value or sample";
            return Err(CodegenError::fixture(&Place::root(file), wanted));
        }
    };
    let lenient = words.next() == Some("lenient");
    Ok(Sample { kind, lenient, path: file.to_path_buf(), value: read(file)? })
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, CodegenError> {
    let text = fs::read_to_string(file).map_err(|source| CodegenError::io(file, source))?;
    serde_json::from_str(&text)
        .map_err(|error| CodegenError::fixture(&Place::root(file), error.to_string()))
}

fn subfolders(path: &Path) -> Result<Vec<PathBuf>, CodegenError> {
    let mut paths = list(path)?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, CodegenError> {
    let mut paths = list(path)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    Ok(paths)
}

fn list(path: &Path) -> Result<Vec<PathBuf>, CodegenError> {
    let at = |source| CodegenError::io(path, source);
    let mut paths = Vec::new();
    for entry in fs::read_dir(path).map_err(at)? {
        paths.push(entry.map_err(at)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
