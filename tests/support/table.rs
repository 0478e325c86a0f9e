//! Reader of the case tables under `tests/vectors`.
//! One case a line, columns separated by ` | `, comments begin with `#`. Escapes: `\r \n \t \0
//! \\ \| \" \xHH` stand for one octet, `\{300*text}` for a text (with escapes) many times over.

#![allow(dead_code, unreachable_pub, reason = "several test files share it")]

use std::collections::{HashMap, HashSet};

/// One case: its columns as written, with the line number for messages.
#[derive(Debug, Clone)]
pub struct Row {
    pub line: usize,
    columns: Vec<String>,
}

/// Reads a table in which every case has `width` columns and an id of its own in the first.
///
/// # Panics
/// On a table that is malformed: these are the project's own files.
pub fn rows(table: &str, width: usize) -> Vec<Row> {
    let mut ids = HashSet::new();
    let mut rows = Vec::new();
    for (index, text) in table.lines().enumerate() {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let columns: Vec<String> = text.split(" | ").map(str::to_owned).collect();
        let line = index + 1;
        assert_eq!(columns.len(), width, "line {line}: number of columns");
        assert!(ids.insert(columns[0].clone()), "line {line}: id used twice");
        rows.push(Row { line, columns });
    }
    rows
}

impl Row {
    pub fn id(&self) -> &str {
        self.text(0)
    }

    /// The IDs of the requirements this case belongs to.
    pub fn requirements(&self) -> impl Iterator<Item = &str> {
        self.text(1).split(',').filter(|id| *id != "-")
    }

    /// A column as written, escapes and all.
    pub fn text(&self, column: usize) -> &str {
        &self.columns[column]
    }

    /// A column as the octets it stands for.
    pub fn bytes(&self, column: usize) -> Vec<u8> {
        unescape(self.text(column))
    }
}

/// Replaces the escapes of a text by the octets they stand for.
///
/// # Panics
/// On an unknown or unfinished escape.
pub fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some(position) = rest.find('\\') {
        octets.extend_from_slice(&rest.as_bytes()[..position]);
        rest = escape(&rest[position + 1..], &mut octets);
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

/// Reads one escape after its backslash and returns what follows it.
fn escape<'a>(text: &'a str, octets: &mut Vec<u8>) -> &'a str {
    let kind = text.chars().next().expect("something after the backslash");
    let rest = &text[kind.len_utf8()..];
    match kind {
        'r' => octets.push(b'\r'),
        'n' => octets.push(b'\n'),
        't' => octets.push(b'\t'),
        '0' => octets.push(0),
        '\\' | '|' | '"' => octets.push(kind as u8),
        'x' => {
            octets.push(u8::from_str_radix(&rest[..2], 16).expect("two hexadecimal digits"));
            return &rest[2..];
        }
        '{' => {
            let (repetition, rest) = rest.split_once('}').expect("the end of a repetition");
            let (count, unit) = repetition.split_once('*').expect("count * text");
            octets.extend(unescape(unit).repeat(count.parse().expect("a count")));
            return rest;
        }
        _ => panic!("unknown escape \\{kind}"),
    }
    rest
}

/// What an expectation says: bare words, and facts of the form `name=value` or `name="value"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    pub words: Vec<String>,
    pub facts: HashMap<String, Vec<u8>>,
}

impl Expected {
    /// Reads an expectation: items with single spaces between, values with escapes.
    pub fn new(text: &str) -> Self {
        let mut expected = Self::default();
        for item in items(text) {
            match item.split_once('=') {
                Some((name, value)) => {
                    let value = value.strip_prefix('"').unwrap_or(value);
                    let value = unescape(value.strip_suffix('"').unwrap_or(value));
                    expected.facts.insert(name.to_owned(), value);
                }
                None => expected.words.push(item.to_owned()),
            }
        }
        expected
    }

    pub fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// The value of a fact, if it is stated.
    pub fn fact(&self, name: &str) -> Option<&[u8]> {
        self.facts.get(name).map(Vec::as_slice)
    }
}

/// Splits at spaces outside quotes.
fn items(text: &str) -> Vec<&str> {
    let (mut items, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b' ' if !quoted => {
                items.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    items.push(&text[start..]);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_octets() {
        assert_eq!(unescape(r#"a\r\n\t\0\\\|\"\xfFb"#), b"a\r\n\t\0\\|\"\xffb");
        assert_eq!(unescape("é"), "é".as_bytes());
        assert_eq!(unescape(""), b"");
    }

    #[test]
    fn a_repetition_repeats_its_unescaped_text() {
        assert_eq!(unescape(r"<\{3*a\r\n}>"), b"<a\r\na\r\na\r\n>");
        assert_eq!(unescape(r"\{0*a}\{2*\x2a}"), b"**");
    }

    #[test]
    #[should_panic(expected = "unknown escape")]
    fn an_unknown_escape_is_an_error() {
        unescape(r"\q");
    }

    #[test]
    fn rows_skip_comments_and_keep_inner_spaces() {
        let rows = rows("# title\n\na | M-1,M-2 |  x\nb | - | \n", 3);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].line, rows[0].id(), rows[0].text(2)),
            (3, "a", " x")
        );
        assert_eq!(rows[0].requirements().collect::<Vec<_>>(), ["M-1", "M-2"]);
        assert_eq!(
            (rows[1].requirements().count(), rows[1].bytes(2).len()),
            (0, 0)
        );
    }

    #[test]
    #[should_panic(expected = "id used twice")]
    fn an_id_stands_once() {
        rows("a | -\na | -\n", 2);
    }

    #[test]
    #[should_panic(expected = "number of columns")]
    fn a_row_has_all_columns() {
        rows("a | -\n", 3);
    }

    #[test]
    fn an_expectation_has_words_and_facts() {
        let expected = Expected::new(r#"ok 200 body="a b\"=\r\n" left=3"#);
        assert_eq!((expected.word(0), expected.word(1)), ("ok", "200"));
        assert_eq!(expected.word(2), "");
        assert_eq!(expected.fact("body"), Some(&b"a b\"=\r\n"[..]));
        assert_eq!(expected.fact("left"), Some(&b"3"[..]));
        assert_eq!(expected.fact("reuse"), None);
    }
}
