//! JSON objects without ambiguity: no name twice in any object (RFC 8725, 2.4), bounded depth.
//!
//! In: bytes, whose number the caller has bounded. Out: the members.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{
    error::{Code, Error},
    limits::TOKEN_JSON_DEPTH_MAX,
};

/// Reads one JSON object that fills `bytes`; `part` names them in the error.
///
/// # Errors
/// [`Code::BadJson`] if it is malformed, no object, or has a name twice; [`Code::LimitReached`] if
/// it is nested deeper than [`TOKEN_JSON_DEPTH_MAX`].
pub(super) fn object(bytes: &[u8], part: &'static str) -> Result<Map<String, Value>, Error> {
    let too_deep = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { depth_left: TOKEN_JSON_DEPTH_MAX, too_deep: &too_deep };
    let value = strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Err(_) if too_deep.get() => Err(Error::limit("TOKEN_JSON_DEPTH_MAX")),
        Ok(_) | Err(_) => Err(Error::new(Code::BadJson).field(part)),
    }
}

/// Builds a [`Value`], refusing what `serde_json` would let pass. Recursion ends with `depth_left`.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    too_deep: &'a Cell<bool>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let Some(depth_left) = self.depth_left.checked_sub(1) else {
            self.too_deep.set(true);
            return Err(E::custom("nested too deep"));
        };
        Ok(Self { depth_left, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without a name twice")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(deeper)?;
            // Names are compared after unescaping: "a" and "\u0061" are the same name.
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name twice in one object"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
        super::object(bytes, "header")
    }

    #[test]
    fn a_name_twice_is_refused_at_any_depth() {
        assert_eq!(object(br#"{"a":1,"b":{"a":2}}"#).unwrap().len(), 2);
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            r#"{"a":1} x"#,
            r#"{"a":1}{"#,
            r#"{"a":01}"#,
            r#"{"a":NaN}"#,
            "[1]",
            "1",
            "",
        ] {
            assert_eq!(object(bad.as_bytes()).unwrap_err().code(), Code::BadJson, "{bad}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}").unwrap_err().code(), Code::BadJson);
    }

    #[test]
    fn depth_at_the_limit_and_one_past_it() {
        // The object itself is one level, each list inside it another.
        let nested = |lists: usize| format!("{{\"a\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
        assert!(object(nested(TOKEN_JSON_DEPTH_MAX - 1).as_bytes()).is_ok());
        for past in [TOKEN_JSON_DEPTH_MAX, 100_000] {
            let error = object(nested(past).as_bytes()).unwrap_err();
            assert_eq!(error.field_name(), Some("TOKEN_JSON_DEPTH_MAX"), "{past}");
        }
    }
}
