//! The third stage: findings become items with Rust names and known types.

use std::collections::BTreeSet;

use super::error::{CodegenError, Place};
use super::fields::{Finding, Presence};
use super::infer::{self, Inferred};
use super::item::{
    Alias, Enum, Field, HeaderRow, HeaderTable, Item, Operation, Program, Shape, Struct, Variant,
};
use super::load::{Folder, SampleKind};
use super::meta::{Body, EnumMeta, HeadersMeta, Meta, OperationMeta, Provenance, StructureMeta};
use super::{hint::Type, names};

/// Newtypes over strings that `b2-proto` writes by hand.
const HAND_WRITTEN: &[&str] = &[
    "AccountId",
    "ApplicationKeyId",
    "BTreeMap",
    "BucketId",
    "ByteRange",
    "ContentSha1",
    "FileId",
    "LargeFileId",
    "Readable",
];

/// Newtypes that are neither printed nor serialized by themselves.
const SECRETS: &[&str] =
    &["ApplicationKey", "AuthToken", "CustomerKey", "UploadUrl", "WebhookSecret"];

/// Turns every folder into items.
pub(crate) fn lower(folders: &[Folder], inferred: &Inferred<'_>) -> Result<Program, CodegenError> {
    let mut lowering =
        Lowering { known: known_types(folders, inferred), inferred, program: Program::default() };
    for folder in folders {
        lowering.folder(folder)?;
    }
    Ok(lowering.program)
}

fn known_types(folders: &[Folder], inferred: &Inferred<'_>) -> BTreeSet<String> {
    let hand_written = HAND_WRITTEN.iter().chain(SECRETS).map(|name| (*name).to_owned());
    let mut known: BTreeSet<String> = hand_written.collect();
    known.extend(inferred.structures.keys().cloned());
    for folder in folders {
        if let Meta::Enum(meta) = &folder.meta {
            known.insert(meta.name.clone());
        }
    }
    known
}

struct Lowering<'a> {
    known: BTreeSet<String>,
    inferred: &'a Inferred<'a>,
    program: Program,
}

impl Lowering<'_> {
    fn folder(&mut self, folder: &Folder) -> Result<(), CodegenError> {
        self.register_samples(folder);
        match &folder.meta {
            Meta::Operation(meta) => self.operation(folder, meta),
            Meta::Structure(meta) if meta.hand_written => Ok(()),
            Meta::Structure(meta) => self.structure(folder, meta),
            Meta::Enum(meta) => self.enumeration(folder, meta),
            Meta::Headers(meta) => {
                self.headers(meta);
                Ok(())
            }
        }
    }

    fn register_samples(&mut self, folder: &Folder) {
        let kinds = [
            (SampleKind::Request, "request"),
            (SampleKind::Response, "response"),
            (SampleKind::Error, "error"),
            (SampleKind::Value, "value"),
        ];
        for (kind, word) in kinds {
            let shown = folder.samples.iter().any(|sample| sample.kind == kind);
            if let Some(name) = infer::sample_type(folder, kind).filter(|_| shown) {
                let key = format!("{}/{}/{word}", folder.version, folder.name);
                self.program.samples.insert(key, name);
            }
        }
    }

    fn operation(&mut self, folder: &Folder, meta: &OperationMeta) -> Result<(), CodegenError> {
        for (body, part) in [(&meta.request, "request"), (&meta.response, "response")] {
            let name = infer::body_type(folder, part);
            let docs = body_docs(folder, meta, part);
            let place = Place::root(&folder.meta_path).child(part);
            match body {
                None => {}
                Some(Body::Fields(_)) => self.push_struct(&meta.family, name, docs, &place)?,
                Some(Body::Shared(target)) => {
                    if !self.known.contains(target) {
                        return Err(CodegenError::fixture(
                            &place,
                            format!("`{target}` is unknown"),
                        ));
                    }
                    let alias = Alias { docs, name: name.clone(), target: target.clone() };
                    self.push(&meta.family, name, Item::Alias(alias));
                }
            }
        }
        if folder.version == infer::NEWEST {
            self.push_operation(folder, meta)?;
        }
        Ok(())
    }

    fn push_operation(
        &mut self,
        folder: &Folder,
        meta: &OperationMeta,
    ) -> Result<(), CodegenError> {
        if meta.methods.is_empty() {
            let place = Place::root(&folder.meta_path).child("methods");
            return Err(CodegenError::fixture(&place, "an operation has a method"));
        }
        self.program.operations.push(Operation {
            name: meta.operation.clone(),
            family: meta.family.clone(),
            host: meta.host,
            methods: meta.methods.clone(),
            capability: meta.capability.as_deref().map(names::variant),
            transaction_class: meta.transaction_class,
        });
        Ok(())
    }

    fn structure(&mut self, folder: &Folder, meta: &StructureMeta) -> Result<(), CodegenError> {
        let place = Place::root(&folder.meta_path).child("fields");
        let docs = shared_docs(&meta.summary, &meta.provenance);
        self.push_struct(&meta.family, meta.structure.clone(), docs, &place)
    }

    fn push_struct(
        &mut self,
        family: &str,
        name: String,
        docs: Vec<String>,
        place: &Place<'_>,
    ) -> Result<(), CodegenError> {
        let findings = self.inferred.structures.get(&name).map(Vec::as_slice).unwrap_or_default();
        let fields = findings.iter().map(|finding| self.field(finding, place));
        let fields = fields.collect::<Result<_, _>>()?;
        self.push(family, name.clone(), Item::Struct(Struct { docs, name, fields }));
        Ok(())
    }

    fn field(&self, finding: &Finding<'_>, place: &Place<'_>) -> Result<Field, CodegenError> {
        let at = place.child(finding.name).child("type");
        for name in finding.kind.names() {
            if !self.known.contains(name) {
                return Err(CodegenError::fixture(&at, format!("`{name}` is unknown")));
            }
        }
        let secret = matches!(&finding.kind, Type::Named(name) if SECRETS.contains(&name.as_str()));
        let hidden = finding.kind.names().iter().any(|name| SECRETS.contains(name));
        if hidden && !secret {
            return Err(CodegenError::fixture(&at, "a secret cannot be inside another type"));
        }
        if secret && finding.presence == Presence::Nullable {
            return Err(CodegenError::fixture(&at, "a secret cannot be nullable"));
        }
        Ok(Field {
            doc: finding.note.note.clone(),
            wire: finding.name.to_owned(),
            name: names::snake(finding.name),
            kind: finding.kind.clone(),
            shape: shape(finding.presence),
            secret,
            accepts: finding.note.accepts,
            aliases: finding.note.aliases.clone(),
        })
    }

    fn enumeration(&mut self, folder: &Folder, meta: &EnumMeta) -> Result<(), CodegenError> {
        let place = Place::root(&folder.meta_path).child("values");
        let mut variants: Vec<Variant> = Vec::new();
        for (index, value) in meta.values.iter().enumerate() {
            let stripped = value.value.strip_prefix(&meta.strip_prefix).unwrap_or(&value.value);
            let name = value.variant.clone().unwrap_or_else(|| names::variant(stripped));
            let taken = name == "Other" || variants.iter().any(|known| known.name == name);
            if taken || !names::is_identifier(&name) {
                let message = format!("`{name}` cannot name a variant here");
                return Err(CodegenError::fixture(&place.child(index), message));
            }
            variants.push(Variant {
                doc: value.note.clone(),
                name,
                value: value.value.clone(),
                statuses: value.statuses.clone(),
            });
        }
        let item = Enum {
            docs: shared_docs(&meta.summary, &meta.provenance),
            name: meta.name.clone(),
            case_insensitive: meta.case_insensitive,
            variants,
        };
        self.push(&meta.family, meta.name.clone(), Item::Enum(item));
        Ok(())
    }

    fn headers(&mut self, meta: &HeadersMeta) {
        let findings = self.inferred.structures.get(&meta.headers);
        let rows = findings.into_iter().flatten().map(|finding| HeaderRow {
            note: finding.note.note.clone(),
            name: finding.name.to_ascii_lowercase(),
            required: finding.presence == Presence::Required,
        });
        self.program.header_tables.push(HeaderTable {
            docs: shared_docs(&meta.summary, &meta.provenance),
            name: meta.headers.clone(),
            rows: rows.collect(),
        });
    }

    fn push(&mut self, family: &str, name: String, item: Item) {
        self.program.modules.entry(family.to_owned()).or_default().insert(name, item);
    }
}

fn shape(presence: Presence) -> Shape {
    match presence {
        Presence::Required => Shape::Required,
        Presence::Optional => Shape::Optional,
        Presence::Nullable => Shape::Nullable,
        Presence::Empty => Shape::Empty,
    }
}

fn body_docs(folder: &Folder, meta: &OperationMeta, part: &str) -> Vec<String> {
    let part = if part == "request" { "The request" } else { "The answer" };
    let version = match folder.version.as_str() {
        infer::NEWEST => String::new(),
        older => format!(", API version {}", older.trim_start_matches('v')),
    };
    let mut docs = vec![format!("{part} of `{}`{version}.", meta.operation), meta.summary.clone()];
    docs.extend(unconfirmed(&meta.provenance));
    docs
}

fn shared_docs(summary: &str, provenance: &Provenance) -> Vec<String> {
    let mut docs = vec![summary.to_owned()];
    docs.extend(unconfirmed(provenance));
    docs
}

/// Whoever reads the docs should know what nobody could confirm.
fn unconfirmed(provenance: &Provenance) -> Option<String> {
    if provenance.unconfirmed.is_empty() {
        return None;
    }
    Some(format!("Unconfirmed: {}", provenance.unconfirmed.join(" ")))
}
