//! Faults that no sample can show: names given twice, and values that nothing defines.

use std::collections::BTreeMap;

use super::error::{CodegenError, Place};
use super::infer;
use super::load::Folder;
use super::meta::{EnumMeta, Meta};

/// Checks the meta files against each other.
pub(crate) fn check(folders: &[Folder]) -> Result<(), CodegenError> {
    names_are_given_once(folders)?;
    for folder in folders {
        let place = Place::root(&folder.meta_path);
        match &folder.meta {
            Meta::Enum(meta) => values_are_given_once(meta, &place.child("values"))?,
            Meta::Operation(meta) => {
                if let Some(capability) = &meta.capability {
                    capability_is_listed(folders, capability, &place.child("capability"))?;
                }
            }
            Meta::Structure(_) | Meta::Headers(_) => {}
        }
    }
    Ok(())
}

/// Generated types share one namespace, whatever their family.
fn names_are_given_once(folders: &[Folder]) -> Result<(), CodegenError> {
    let mut first = BTreeMap::new();
    for folder in folders {
        for (name, pointer) in defined(folder) {
            let place = Place::root(&folder.meta_path).child(pointer);
            if let Some(earlier) = first.insert(name.clone(), &folder.meta_path) {
                let message = format!("`{name}` is also defined in {}", earlier.display());
                return Err(CodegenError::fixture(&place, message));
            }
        }
    }
    Ok(())
}

/// The names a folder defines, and where its meta file does so.
fn defined(folder: &Folder) -> Vec<(String, &'static str)> {
    match &folder.meta {
        Meta::Operation(meta) => {
            let request = meta.request.as_ref().map(|_| "request");
            let response = meta.response.as_ref().map(|_| "response");
            let parts = request.into_iter().chain(response);
            parts.map(|part| (infer::body_type(folder, part), part)).collect()
        }
        Meta::Structure(meta) if meta.hand_written => Vec::new(),
        Meta::Structure(meta) => vec![(meta.structure.clone(), "structure")],
        Meta::Enum(meta) => vec![(meta.name.clone(), "enum")],
        Meta::Headers(meta) => vec![(meta.headers.clone(), "headers")],
    }
}

fn values_are_given_once(meta: &EnumMeta, place: &Place<'_>) -> Result<(), CodegenError> {
    for (index, value) in meta.values.iter().enumerate() {
        if meta.values.iter().take(index).any(|earlier| earlier.value == value.value) {
            let message = format!("`{}` is listed twice", value.value);
            return Err(CodegenError::fixture(&place.child(index).child("value"), message));
        }
    }
    Ok(())
}

fn capability_is_listed(
    folders: &[Folder],
    capability: &str,
    place: &Place<'_>,
) -> Result<(), CodegenError> {
    let enums = folders.iter().filter_map(|folder| match &folder.meta {
        Meta::Enum(meta) if meta.name == "Capability" => Some(meta),
        _ => None,
    });
    let listed = enums.flat_map(|meta| &meta.values).any(|value| value.value == capability);
    if listed {
        return Ok(());
    }
    Err(CodegenError::fixture(place, format!("`{capability}` is not a value of `Capability`")))
}
