//! The second stage: every sample is held against the notes, and optionality is read off them.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::error::{CodegenError, Place};
use super::fields::{FieldBooks, Finding};
use super::hint::Type;
use super::load::{Folder, Sample, SampleKind};
use super::meta::{Body, EnumMeta, FieldMeta, Meta};
use super::names;

/// The structures by their Rust names.
#[derive(Debug)]
pub(crate) struct Inferred<'a> {
    pub(crate) structures: BTreeMap<String, Vec<Finding<'a>>>,
}

/// A structure seen in a sample and not looked into yet.
struct Occurrence<'a> {
    structure: String,
    value: &'a Value,
    place: Place<'a>,
    lenient: bool,
}

/// Looks at every sample.
pub(crate) fn infer(folders: &[Folder]) -> Result<Inferred<'_>, CodegenError> {
    let mut inference = Inference::open(folders)?;
    for folder in folders {
        inference.seed(folder)?;
    }
    while let Some(occurrence) = inference.queue.pop_front() {
        inference.look(&occurrence)?;
    }
    let structures = inference.books.iter().map(|(name, books)| {
        let findings = books.close()?;
        Ok((name.clone(), findings))
    });
    Ok(Inferred { structures: structures.collect::<Result<_, CodegenError>>()? })
}

struct Inference<'a> {
    books: BTreeMap<String, FieldBooks<'a>>,
    enums: BTreeMap<&'a str, &'a EnumMeta>,
    queue: VecDeque<Occurrence<'a>>,
}

impl<'a> Inference<'a> {
    fn open(folders: &'a [Folder]) -> Result<Self, CodegenError> {
        let mut inference =
            Self { books: BTreeMap::new(), enums: BTreeMap::new(), queue: VecDeque::new() };
        for folder in folders {
            inference.open_folder(folder)?;
        }
        Ok(inference)
    }

    fn open_folder(&mut self, folder: &'a Folder) -> Result<(), CodegenError> {
        let root = Place::root(&folder.meta_path);
        match &folder.meta {
            Meta::Operation(meta) => {
                for (body, part) in [(&meta.request, "request"), (&meta.response, "response")] {
                    if let Some(Body::Fields(fields)) = body {
                        let name = body_type(folder, part);
                        self.open_books(name, fields, root.child(part))?;
                    }
                }
                Ok(())
            }
            Meta::Structure(meta) if meta.hand_written => Ok(()),
            Meta::Structure(meta) => {
                self.open_books(meta.structure.clone(), &meta.fields, root.child("fields"))
            }
            Meta::Enum(meta) => {
                self.enums.insert(&meta.name, meta);
                Ok(())
            }
            Meta::Headers(meta) => {
                self.open_books(meta.headers.clone(), &meta.fields, root.child("fields"))
            }
        }
    }

    fn open_books(
        &mut self,
        name: String,
        fields: &'a BTreeMap<String, FieldMeta>,
        place: Place<'a>,
    ) -> Result<(), CodegenError> {
        self.books.insert(name, FieldBooks::open(fields, place)?);
        Ok(())
    }

    /// Queues the samples of a folder.
    fn seed(&mut self, folder: &'a Folder) -> Result<(), CodegenError> {
        for sample in &folder.samples {
            let Some(structure) = sample_type(folder, sample.kind) else {
                let message = "the meta file says nothing about this kind of sample";
                return Err(CodegenError::fixture(&Place::root(&sample.path), message));
            };
            self.seed_sample(structure, sample)?;
        }
        Ok(())
    }

    fn seed_sample(&mut self, structure: String, sample: &'a Sample) -> Result<(), CodegenError> {
        let place = Place::root(&sample.path);
        // Only hand-written types have parameters; tables of headers have names of their own kind.
        let kind = if structure.contains('<') {
            Type::parse(&structure).map_err(|message| CodegenError::fixture(&place, message))?
        } else {
            Type::Named(structure)
        };
        self.visit(&kind, &sample.value, place, sample.lenient)
    }

    /// Enters a structure into its books and queues what is inside.
    fn look(&mut self, occurrence: &Occurrence<'a>) -> Result<(), CodegenError> {
        let Occurrence { structure, value, place, lenient } = occurrence;
        let Some(object) = value.as_object() else {
            let message = format!("`{structure}` is an object");
            return Err(CodegenError::fixture(place, message));
        };
        let Some(books) = self.books.get_mut(structure) else {
            return Ok(());
        };
        books.enter(object, place, *lenient)?;
        let mut inside = Vec::new();
        for (name, value) in object {
            if let Some(hint) = books.hint_for(name, value, *lenient) {
                inside.push((hint.clone(), value, place.child(name)));
            }
        }
        for (hint, value, at) in inside {
            self.visit(&hint, value, at, *lenient)?;
        }
        Ok(())
    }

    /// Checks a value against its type and queues the structures in it.
    fn visit(
        &mut self,
        kind: &Type,
        value: &'a Value,
        place: Place<'a>,
        lenient: bool,
    ) -> Result<(), CodegenError> {
        match (kind, value) {
            (Type::Bool, Value::Bool(_)) | (Type::String, Value::String(_)) => Ok(()),
            (Type::Integer(width), Value::Number(number)) if width.holds(number) => Ok(()),
            (Type::Vec(inner), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.visit(inner, element, place.child(index), lenient)?;
                }
                Ok(())
            }
            (Type::Map(_, inner), Value::Object(members)) => {
                for (name, member) in members {
                    self.visit(inner, member, place.child(name), lenient)?;
                }
                Ok(())
            }
            (Type::Readable(inner), Value::Object(members)) => {
                self.visit_readable(inner, members, &place, lenient)
            }
            (Type::Named(name), _) => self.visit_named(name, value, place, lenient),
            _ => Err(CodegenError::fixture(&place, format!("expected {kind}"))),
        }
    }

    fn visit_readable(
        &mut self,
        inner: &Type,
        members: &'a serde_json::Map<String, Value>,
        place: &Place<'a>,
        lenient: bool,
    ) -> Result<(), CodegenError> {
        if !members.get("isClientAuthorizedToRead").is_some_and(Value::is_boolean) {
            let message = "`isClientAuthorizedToRead` is missing or no boolean";
            return Err(CodegenError::fixture(place, message));
        }
        for (name, member) in members {
            match name.as_str() {
                "isClientAuthorizedToRead" => {}
                "value" if member.is_null() => {}
                "value" => self.visit(inner, member, place.child("value"), lenient)?,
                _ => {
                    let message = "the wrapper has no such field";
                    return Err(CodegenError::fixture(&place.child(name), message));
                }
            }
        }
        if !lenient && !members.contains_key("value") {
            return Err(CodegenError::fixture(place, "`value` is missing, but is always sent"));
        }
        Ok(())
    }

    fn visit_named(
        &mut self,
        name: &str,
        value: &'a Value,
        place: Place<'a>,
        lenient: bool,
    ) -> Result<(), CodegenError> {
        if self.books.contains_key(name) {
            let structure = name.to_owned();
            self.queue.push_back(Occurrence { structure, value, place, lenient });
            return Ok(());
        }
        let Some(text) = value.as_str() else {
            return Err(CodegenError::fixture(
                &place,
                format!("`{name}` is no structure, so text is expected"),
            ));
        };
        match self.enums.get(name) {
            Some(meta) if !lenient && !meta.lists(text) => {
                let message = format!("`{text}` is not a value of `{name}`");
                Err(CodegenError::fixture(&place, message))
            }
            _ => Ok(()),
        }
    }
}

impl EnumMeta {
    fn lists(&self, text: &str) -> bool {
        self.values.iter().any(|known| known.value == text)
    }
}

/// The Rust type of a sample; none if the folder has no such body.
pub(crate) fn sample_type(folder: &Folder, kind: SampleKind) -> Option<String> {
    match (&folder.meta, kind) {
        (Meta::Operation(_), SampleKind::Error) => Some("ErrorResponse".to_owned()),
        (Meta::Operation(meta), SampleKind::Request) => {
            operation_body(folder, meta.request.as_ref(), "request")
        }
        (Meta::Operation(meta), SampleKind::Response) => {
            operation_body(folder, meta.response.as_ref(), "response")
        }
        (Meta::Structure(meta), SampleKind::Value) => Some(meta.structure.clone()),
        (Meta::Headers(meta), SampleKind::Headers) => Some(meta.headers.clone()),
        _ => None,
    }
}

fn operation_body(folder: &Folder, body: Option<&Body>, part: &str) -> Option<String> {
    Some(match body? {
        Body::Shared(name) => name.clone(),
        Body::Fields(_) => body_type(folder, part),
    })
}

/// `v3/b2_create_key` and `request` give `CreateKeyRequestV3`; the newest version has no suffix.
pub(crate) fn body_type(folder: &Folder, part: &str) -> String {
    let suffix = match folder.version.as_str() {
        NEWEST | "shared" => String::new(),
        older => older.to_ascii_uppercase(),
    };
    let part = names::variant(part);
    format!("{}{part}{suffix}", names::operation_type(&folder.name))
}

/// The version whose types carry no suffix.
pub(crate) const NEWEST: &str = "v4";
