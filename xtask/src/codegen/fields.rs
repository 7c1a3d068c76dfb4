//! What the samples of one structure say about each of its fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{CodegenError, Place};
use super::hint::{Integer, Type};
use super::meta::{Accepts, FieldMeta};

/// The headers of file info, and the one note they share.
const INFO_PREFIX: &str = "X-Bz-Info-";
const INFO_NOTE: &str = "X-Bz-Info-*";

/// Whether a member must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// In every sample, and never null.
    Required,
    /// Missing or null somewhere.
    Optional,
    /// Always on the wire, null for none.
    Nullable,
    /// A missing member means an empty collection.
    Empty,
}

/// What was seen of one field.
#[derive(Debug, Default)]
struct Seen {
    values: usize,
    nulls: usize,
    /// The type of the first value, where the notes give none.
    guess: Option<(Type, String)>,
}

/// The books on one structure's samples.
#[derive(Debug)]
pub(crate) struct FieldBooks<'a> {
    notes: &'a BTreeMap<String, FieldMeta>,
    hints: BTreeMap<&'a str, Type>,
    /// Where the notes are.
    pub(crate) place: Place<'a>,
    seen: BTreeMap<&'a str, Seen>,
    samples: usize,
}

impl<'a> FieldBooks<'a> {
    /// Opens the books; fails on a hint that cannot be parsed.
    pub(crate) fn open(
        notes: &'a BTreeMap<String, FieldMeta>,
        place: Place<'a>,
    ) -> Result<Self, CodegenError> {
        let mut hints = BTreeMap::new();
        for (name, note) in notes {
            if let Some(hint) = &note.hint {
                let at = place.child(name).child("type");
                let hint =
                    Type::parse(hint).map_err(|message| CodegenError::fixture(&at, message))?;
                hints.insert(name.as_str(), hint);
            }
        }
        let seen = notes.keys().map(|name| (name.as_str(), Seen::default())).collect();
        Ok(Self { notes, hints, place, seen, samples: 0 })
    }

    /// The type to hold a member against; none where the notes give none, or where the value is
    /// null or in a second form that the notes allow.
    pub(crate) fn hint_for(&self, member: &str, value: &Value, lenient: bool) -> Option<&Type> {
        let (name, note) = self.note_for(member, lenient)?;
        let second_form = note.accepts == Some(Accepts::DecimalString)
            && lenient
            && value.as_str().is_some_and(|text| text.parse::<i64>().is_ok());
        let plain = !value.is_null() && !second_form;
        self.hints.get(name).filter(|_| plain)
    }

    /// The field a member belongs to. Lenient samples may use another name for it, and headers of
    /// file info share one note.
    fn note_for(&self, member: &str, lenient: bool) -> Option<(&'a str, &'a FieldMeta)> {
        let own = |(name, note): (&'a String, &'a FieldMeta)| (name.as_str(), note);
        if let Some(found) = self.notes.get_key_value(member) {
            return Some(own(found));
        }
        if member.starts_with(INFO_PREFIX) {
            return self.notes.get_key_value(INFO_NOTE).map(own);
        }
        let aliased = |note: &FieldMeta| lenient && note.aliases.iter().any(|name| name == member);
        self.notes.iter().find(|(_, note)| aliased(note)).map(own)
    }

    /// Enters one sample. `lenient` samples may use forms that are never sent.
    pub(crate) fn enter(
        &mut self,
        sample: &serde_json::Map<String, Value>,
        place: &Place<'_>,
        lenient: bool,
    ) -> Result<(), CodegenError> {
        for (member, value) in sample {
            let at = place.child(member);
            let Some((name, note)) = self.note_for(member, lenient) else {
                return Err(CodegenError::fixture(&at, "the notes do not mention this field"));
            };
            self.enter_value(name, note, value, &at, lenient)?;
        }
        self.check_missing(sample, place, lenient)?;
        self.samples += 1;
        Ok(())
    }

    fn enter_value(
        &mut self,
        name: &'a str,
        note: &FieldMeta,
        value: &Value,
        at: &Place<'_>,
        lenient: bool,
    ) -> Result<(), CodegenError> {
        let hinted = self.hints.contains_key(name);
        let seen = self.seen.entry(name).or_default();
        if value.is_null() {
            seen.nulls += 1;
            if !note.nullable && !lenient {
                let message = "null, but the notes do not call the field nullable";
                return Err(CodegenError::fixture(at, message));
            }
            return Ok(());
        }
        seen.values += 1;
        if hinted { Ok(()) } else { seen.guess(value, at) }
    }

    /// A member that is always on the wire may be missing only where a sample is lenient.
    fn check_missing(
        &self,
        sample: &serde_json::Map<String, Value>,
        place: &Place<'_>,
        lenient: bool,
    ) -> Result<(), CodegenError> {
        for (name, note) in self.notes {
            let always = note.nullable || note.absent.is_some();
            if always && !lenient && !sample.contains_key(name) {
                let message = format!("`{name}` is missing, but the notes say it is always sent");
                return Err(CodegenError::fixture(place, message));
            }
        }
        Ok(())
    }

    /// Closes the books: the type and presence of every field, by name.
    pub(crate) fn close(&self) -> Result<Vec<Finding<'a>>, CodegenError> {
        if self.samples == 0 {
            return Err(CodegenError::fixture(&self.place, "no sample shows this structure"));
        }
        self.seen.iter().map(|(name, seen)| self.finding(name, seen)).collect()
    }

    fn finding(&self, name: &'a str, seen: &Seen) -> Result<Finding<'a>, CodegenError> {
        let place = self.place.child(name);
        let fail = |message: &str| Err(CodegenError::fixture(&place, message));
        let Some(note) = self.notes.get(name) else {
            return fail("no note");
        };
        if note.note.trim().is_empty() {
            return fail("the note is empty");
        }
        if seen.values + seen.nulls == 0 {
            return fail("no sample shows this field");
        }
        let guess = seen.guess.as_ref().map(|(guess, _)| guess.clone());
        let Some(kind) = self.hints.get(name).cloned().or(guess) else {
            return fail("no sample tells the type, and the notes give none");
        };
        if note.absent.is_some() && !kind.is_collection() {
            return fail("only an array or a map can be empty when absent");
        }
        Ok(Finding { name, kind, presence: self.presence(note, seen), note })
    }

    fn presence(&self, note: &FieldMeta, seen: &Seen) -> Presence {
        if note.absent.is_some() {
            Presence::Empty
        } else if note.nullable {
            Presence::Nullable
        } else if seen.values == self.samples {
            Presence::Required
        } else {
            Presence::Optional
        }
    }
}

/// What the books say about a field.
#[derive(Clone, Debug)]
pub(crate) struct Finding<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: Type,
    pub(crate) presence: Presence,
    pub(crate) note: &'a FieldMeta,
}

impl Seen {
    fn guess(&mut self, value: &Value, at: &Place<'_>) -> Result<(), CodegenError> {
        let Some(kind) = guess_type(value).map_err(|message| CodegenError::fixture(at, message))?
        else {
            return Ok(());
        };
        match &self.guess {
            None => {
                self.guess = Some((kind, format!("{}#{}", at.path.display(), at.pointer)));
                Ok(())
            }
            Some((known, _)) if *known == kind => Ok(()),
            Some((known, first)) => {
                let message = format!("a {kind} here, but a {known} in {first}");
                Err(CodegenError::fixture(at, message))
            }
        }
    }
}

/// The type of a value without a hint; none where an empty array tells nothing.
fn guess_type(value: &Value) -> Result<Option<Type>, String> {
    Ok(match value {
        Value::Bool(_) => Some(Type::Bool),
        Value::String(_) => Some(Type::String),
        Value::Number(number) if number.is_f64() => return Err("a fraction needs a type".into()),
        Value::Number(_) => Some(Type::Integer(Integer::I64)),
        Value::Array(elements) => match elements.first() {
            None => None,
            Some(first) => guess_type(first)?.map(|inner| Type::Vec(Box::new(inner))),
        },
        Value::Object(_) => return Err("an object needs a type in the notes".into()),
        Value::Null => None,
    })
}
