//! JSON to elements, in the order of the text, names that repeat included.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::error::DocumentError;
use crate::tree::{Content, Document};

impl Document {
    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// If the bytes are not one JSON value, or are more or deeper than the
    /// limits allow.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut document = Self::empty("");
        document.start = 1;
        let mut input = serde_json::Deserializer::from_slice(bytes);
        let mut too_large = false;
        let place =
            Place { document: &mut document, parent: 0, name: "json", too_large: &mut too_large };
        let read = place.deserialize(&mut input).and_then(|()| input.end());
        match read {
            Ok(()) => Ok(document),
            Err(_) if too_large => Err(DocumentError::TooLarge),
            Err(error) => Err(DocumentError::Json { line: error.line(), column: error.column() }),
        }
    }
}

/// Where the next value goes.
struct Place<'a> {
    document: &'a mut Document,
    parent: usize,
    name: &'a str,
    too_large: &'a mut bool,
}

impl Place<'_> {
    fn add<E: serde::de::Error>(&mut self, content: Content) -> Result<usize, E> {
        self.document.add(self.parent, self.name, content).map_err(|error| {
            *self.too_large = true;
            E::custom(error)
        })
    }

    fn scalar<E: serde::de::Error>(mut self, value: Value) -> Result<(), E> {
        self.add(Content::Scalar(value)).map(|_| ())
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(value.into())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let parent = self.add::<A::Error>(Content::Array)?;
        loop {
            let too_large = &mut *self.too_large;
            let place = Place { document: &mut *self.document, parent, name: "", too_large };
            if items.next_element_seed(place)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let parent = self.add::<A::Error>(Content::Object)?;
        while let Some(name) = fields.next_key::<String>()? {
            let too_large = &mut *self.too_large;
            let place = Place { document: &mut *self.document, parent, name: &name, too_large };
            fields.next_value_seed(place)?;
        }
        Ok(())
    }
}
