//! A small reader of JSON (RFC 8259) for collected test data: one value, trusted input.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file reads some of the values"
)]

use std::iter::Peekable;
use std::str::Chars;

/// A JSON value; a number is kept as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Reads one value that takes up the whole text.
    ///
    /// # Panics
    /// On anything else.
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader(text.chars().peekable());
        let value = reader.value();
        reader.skip_space();
        assert_eq!(reader.0.next(), None, "text after the value");
        value
    }

    /// The member of an object, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter().find(|(member, _)| member == name)?;
        Some(value).filter(|value| **value != Self::Null)
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<usize> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(values) => values,
            _ => &[],
        }
    }
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    fn skip_space(&mut self) {
        while self.0.next_if(char::is_ascii_whitespace).is_some() {}
    }

    fn value(&mut self) -> Json {
        self.skip_space();
        match *self.0.peek().expect("a value") {
            '{' => Json::Object(self.sequence('}', |reader| {
                reader.skip_space();
                let name = reader.string();
                reader.skip_space();
                reader.expect(":");
                (name, reader.value())
            })),
            '[' => Json::List(self.sequence(']', Self::value)),
            '"' => Json::Text(self.string()),
            't' => self.literal("true", Json::Bool(true)),
            'f' => self.literal("false", Json::Bool(false)),
            'n' => self.literal("null", Json::Null),
            _ => self.number(),
        }
    }

    fn expect(&mut self, text: &str) {
        for wanted in text.chars() {
            assert_eq!(self.0.next(), Some(wanted));
        }
    }

    fn literal(&mut self, text: &str, value: Json) -> Json {
        self.expect(text);
        value
    }

    fn number(&mut self) -> Json {
        let mut digits = String::new();
        while let Some(digit) = self.0.next_if(|c| "+-.eE0123456789".contains(*c)) {
            digits.push(digit);
        }
        assert!(!digits.is_empty(), "a value");
        Json::Number(digits)
    }

    /// The items between an opening character and `end`, with commas between.
    fn sequence<T>(&mut self, end: char, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        self.0.next();
        let mut items = Vec::new();
        self.skip_space();
        if self.0.next_if_eq(&end).is_some() {
            return items;
        }
        loop {
            items.push(item(self));
            self.skip_space();
            match self.0.next() {
                Some(',') => {}
                other => {
                    assert_eq!(other, Some(end));
                    return items;
                }
            }
        }
    }

    fn string(&mut self) -> String {
        self.expect("\"");
        let mut units: Vec<u16> = Vec::new();
        loop {
            match self.0.next().expect("the end of the string") {
                '"' => return String::from_utf16(&units).expect("pairs of surrogates"),
                '\\' => units.push(self.escape()),
                plain => units.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> u16 {
        match self.0.next().expect("an escape") {
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => {
                let digits: String = self.0.by_ref().take(4).collect();
                u16::from_str_radix(&digits, 16).expect("four hexadecimal digits")
            }
            plain => {
                assert!("\"\\/".contains(plain), "unknown escape");
                plain as u16
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_kinds_are_read() {
        let value =
            Json::parse(r#" {"a": [1, -2.5e3, true, false, null], "b": {}, "c": [], "d": "x"} "#);
        assert_eq!(value.get("d").and_then(Json::text), Some("x"));
        let list = value.get("a").unwrap().list();
        assert_eq!((list.len(), list[0].number()), (5, Some(1)));
        assert_eq!((list[1].number(), list[2].bool()), (None, Some(true)));
        assert_eq!(value.get("b"), Some(&Json::Object(Vec::new())));
        assert_eq!(value.get("e"), None);
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        let value = Json::parse(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#);
        assert_eq!(value.text(), Some("\"\\/\u{8}\u{c}\n\r\té😀é"));
    }

    #[test]
    #[should_panic(expected = "text after the value")]
    fn there_is_one_value() {
        Json::parse("1 2");
    }
}
