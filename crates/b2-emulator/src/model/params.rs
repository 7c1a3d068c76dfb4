//! The parameters of a call, from a JSON body or from the query.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value};

use super::head::Head;
use super::refusal::{Failure, Outcome, bad_request, refuse};

/// Named parameters. A JSON `null` counts as not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    values: Map<String, Value>,
    from_query: bool,
}

impl Params {
    /// Reads the query of a GET or HEAD, or the JSON object of a POST.
    pub(crate) fn read(head: &Head, body: &[u8]) -> Outcome<Self> {
        if matches!(head.method, Method::GET | Method::HEAD) {
            // To pass over what cannot be read would mean something else.
            let values = head.checked_query_pairs().map(|pair| {
                pair.map(|(key, value)| (key, Value::String(value)))
                    .map_err(|error| bad_request(error.to_string()))
            });
            return Ok(Self { values: values.collect::<Outcome<_>>()?, from_query: true });
        }
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(mut values)) => {
                values.retain(|_, value| !value.is_null());
                Ok(Self { values, from_query: false })
            }
            Ok(_) => Err(bad_json("the request body is not a JSON object")),
            Err(error) => Err(bad_json(format!("the request body is not JSON: {error}"))),
        }
    }

    /// The names of all fields that are given.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    pub(super) const fn is_query(&self) -> bool {
        self.from_query
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A string that must be there.
    pub(crate) fn text(&self, name: &str) -> Outcome<String> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Outcome<Option<String>> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(bad_json(format!("{name} must be a string"))),
        }
    }

    /// A whole number; a decimal string is taken for one.
    pub(crate) fn optional_integer(&self, name: &str) -> Outcome<Option<i64>> {
        let number = match self.values.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_i64(),
        };
        number.map(Some).ok_or_else(|| bad_json(format!("{name} must be an integer")))
    }

    pub(crate) fn integer(&self, name: &str) -> Outcome<i64> {
        self.optional_integer(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Outcome<Option<bool>> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if self.from_query => {
                text.parse().map(Some).map_err(|_| bad_json(format!("{name} must be a boolean")))
            }
            Some(_) => Err(bad_json(format!("{name} must be a boolean"))),
        }
    }

    /// An array of strings; in a query they are separated by commas.
    pub(crate) fn optional_texts(&self, name: &str) -> Outcome<Option<Vec<String>>> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if self.from_query => {
                Ok(Some(text.split(',').map(str::to_owned).collect()))
            }
            Some(value) => texts(value)
                .map(Some)
                .ok_or_else(|| bad_json(format!("{name} must be an array of strings"))),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Outcome<Vec<String>> {
        self.optional_texts(name)?.ok_or_else(|| missing(name))
    }

    /// An object whose values are all strings.
    pub(crate) fn optional_map(&self, name: &str) -> Outcome<Option<BTreeMap<String, String>>> {
        let Some(object) = self.optional_object(name)? else {
            return Ok(None);
        };
        let pairs = object.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
        pairs
            .collect::<Option<_>>()
            .map(Some)
            .ok_or_else(|| bad_json(format!("the values of {name} must be strings")))
    }

    /// An object; in a query it is written as JSON.
    pub(crate) fn optional_object(&self, name: &str) -> Outcome<Option<Map<String, Value>>> {
        match self.structured(name)? {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(bad_json(format!("{name} must be an object"))),
        }
    }

    /// An array of any values; in a query it is written as JSON.
    pub(crate) fn optional_array(&self, name: &str) -> Outcome<Option<Vec<Value>>> {
        match self.structured(name)? {
            None => Ok(None),
            Some(Value::Array(array)) => Ok(Some(array)),
            Some(_) => Err(bad_json(format!("{name} must be an array"))),
        }
    }

    fn structured(&self, name: &str) -> Outcome<Option<Value>> {
        match self.values.get(name) {
            Some(Value::String(text)) if self.from_query => serde_json::from_str(text)
                .map(Some)
                .map_err(|error| bad_json(format!("{name} is not JSON: {error}"))),
            other => Ok(other.cloned()),
        }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The `mode` of a setting, which must be said; `None` for null.
pub(crate) fn mode(object: &Map<String, Value>) -> Outcome<Option<&str>> {
    match object.get("mode") {
        None => Err(missing("mode")),
        Some(Value::Null) => Ok(None),
        Some(Value::String(mode)) => Ok(Some(mode)),
        Some(_) => Err(bad_json("mode must be a string")),
    }
}

fn missing(name: &str) -> Failure {
    bad_request(format!("required field {name} is missing"))
}

pub(crate) fn bad_json(message: impl Into<String>) -> Failure {
    refuse(400, "bad_json", message)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn params(method: Method, target: &str, body: &str) -> Outcome<Params> {
        let uri = target.parse().unwrap();
        let head = Head { method, uri, headers: HeaderMap::new(), base: String::new() };
        Params::read(&head, body.as_bytes())
    }

    #[test]
    fn a_query_and_a_body_say_the_same() {
        let query = "/x?bucketId=ab&maxFileCount=7&bucketTypes=allPublic,allPrivate&bucketInfo=%7B%22a%22:%22b%22%7D&on=true";
        let body = r#"{"bucketId":"ab","maxFileCount":7,"bucketTypes":["allPublic","allPrivate"],
            "bucketInfo":{"a":"b"},"on":true,"prefix":null}"#;
        for params in [params(Method::GET, query, ""), params(Method::POST, "/x", body)] {
            let params = params.unwrap();
            assert_eq!(params.text("bucketId").unwrap(), "ab");
            assert_eq!(params.integer("maxFileCount").unwrap(), 7);
            assert_eq!(params.texts("bucketTypes").unwrap(), ["allPublic", "allPrivate"]);
            assert_eq!(params.optional_map("bucketInfo").unwrap().unwrap()["a"], "b");
            assert_eq!(params.flag("on").unwrap(), Some(true));
            assert_eq!(params.optional_text("prefix").unwrap(), None);
            assert!(params.text("prefix").is_err());
        }
    }

    #[test]
    fn a_query_that_cannot_be_decoded_is_no_other_query() {
        for query in ["/x?bucketId=ab&prefix=a%zz", "/x?%zz=a", "/x?prefix=%ff"] {
            assert!(params(Method::GET, query, "").is_err(), "{query}");
        }
    }

    #[test]
    fn unreadable_bodies_and_wrong_types_are_bad_json() {
        for body in ["{", "[]", "7"] {
            assert!(params(Method::POST, "/x", body).is_err(), "{body}");
        }
        let wrong = params(Method::POST, "/x", r#"{"bucketId":7,"maxFileCount":"x"}"#).unwrap();
        assert!(wrong.text("bucketId").is_err());
        assert!(wrong.integer("maxFileCount").is_err());
        assert!(params(Method::POST, "/x", "  ").unwrap().text("bucketId").is_err());
    }
}
