//! Parameters of a field value, such as `charset` in `Content-Type`.
//!
//! Reads `first; name=value; name="value"` (RFC 9110 sections 5.6.4 and 5.6.6), encoded values
//! `name*=charset'language'text` (RFC 8187) and numbered pieces `name*0`, `name*1*` (RFC 2231
//! section 3). Nothing is refused: what is malformed is skipped.

use super::latin1;
use super::span::trim;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// The value of a parameter: bytes, and in what charset they are, if the sender said so.
///
/// It compares with text, and `Display` writes the text.
///
/// ```
/// use stdhttp::HTTPMessage;
///
/// let mut message = HTTPMessage::new();
/// message.append("Content-Disposition", "attachment; filename*=UTF-8'en'%E2%82%AC%20rates");
///
/// let name = message.get_param("filename", "Content-Disposition").unwrap();
/// assert_eq!(name, "€ rates");
/// assert_eq!(name.charset(), Some("UTF-8"));
/// assert_eq!(name.language(), Some("en"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamValue {
    charset: Option<String>,
    language: Option<String>,
    bytes: Vec<u8>,
}

impl ParamValue {
    /// The charset as the sender spelled it. `None` unless the value came encoded (RFC 8187).
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// The language tag, if the value came encoded with one.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// The value without quotes and percent-encoding, in its charset.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The value as text.
    ///
    /// Bytes whose charset is UTF-8 are decoded, with U+FFFD for what is malformed. All others
    /// are read as Latin-1, which is right for ISO-8859-1 and US-ASCII and loses no byte of what
    /// has another charset or none.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let utf8 = |name: &str| {
            ["utf-8", "utf8"]
                .iter()
                .any(|utf8| name.eq_ignore_ascii_case(utf8))
        };
        if self.charset().is_some_and(utf8) {
            String::from_utf8_lossy(&self.bytes)
        } else {
            latin1(&self.bytes)
        }
    }

    /// A value that was not encoded.
    fn plain(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }
}

/// Writes [`ParamValue::text`].
impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl PartialEq<str> for ParamValue {
    fn eq(&self, text: &str) -> bool {
        self.text() == text
    }
}

impl PartialEq<&str> for ParamValue {
    fn eq(&self, text: &&str) -> bool {
        self.text() == *text
    }
}

/// Reads what stands before the first `;`, and the parameters, each name once.
pub(super) fn parse(value: &[u8]) -> Vec<(String, ParamValue)> {
    let mut segments = segments(value);
    let first = trim(segments.next().unwrap_or_default());
    let mut params = Params::default();
    let mut pairs = Vec::new();
    match parameter(first) {
        Some(pair) if first.contains(&b'=') => params.add(pair),
        _ => pairs.push((latin1(first).into_owned(), ParamValue::default())),
    }
    for pair in segments.filter_map(parameter) {
        params.add(pair);
    }
    pairs.extend(params.into_pairs());
    pairs
}

/// Cuts at each `;` that is not inside quotes.
fn segments(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |&byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ => {}
        }
        byte == b';' && !quoted
    })
}

/// Reads `name=value` or `name`: the name as written, the value without quotes.
fn parameter(segment: &[u8]) -> Option<(&str, Vec<u8>)> {
    let mut sides = trim(segment).splitn(2, |&byte| byte == b'=');
    let name = token(sides.next()?)?;
    match sides.next().unwrap_or_default() {
        [b' ' | b'\t', ..] => None,
        value => Some((name, unquote(value)?)),
    }
}

/// The bytes as text, if they are a token (RFC 9110 section 5.6.2).
fn token(bytes: &[u8]) -> Option<&str> {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let valid = !bytes.is_empty() && bytes.iter().all(is_tchar);
    std::str::from_utf8(bytes).ok().filter(|_| valid)
}

/// Takes the quotes off a quoted-string; `\c` is `c`. `None` if it does not end at the last byte.
fn unquote(value: &[u8]) -> Option<Vec<u8>> {
    let Some((b'"', inner)) = value.split_first() else {
        return Some(value.to_vec());
    };
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'"' => return rest.as_slice().is_empty().then_some(text),
            b'\\' => text.push(*rest.next()?),
            _ => text.push(byte),
        }
    }
    None
}

/// What was found so far, by name without the marks of encoding and numbering.
#[derive(Default)]
struct Params {
    found: HashMap<String, Forms>,
}

/// The forms in which one parameter occurs.
#[derive(Default)]
struct Forms {
    /// How many other names came before.
    place: usize,
    plain: Option<Vec<u8>>,
    encoded: Option<ParamValue>,
    pieces: Vec<Piece>,
}

/// The value of `name*0` or, encoded, of `name*0*`.
struct Piece {
    number: u32,
    encoded: bool,
    bytes: Vec<u8>,
}

/// What the marks after a name say.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    Encoded,
    Piece { number: u32, encoded: bool },
}

impl Params {
    fn add(&mut self, (name, value): (&str, Vec<u8>)) {
        let (base, form) = split_name(name);
        let place = self.found.len();
        let forms = self.found.entry(base.to_ascii_lowercase());
        let forms = forms.or_insert_with(|| Forms {
            place,
            ..Forms::default()
        });
        forms.add(form, value);
    }

    fn into_pairs(self) -> impl Iterator<Item = (String, ParamValue)> {
        let mut found: Vec<_> = self.found.into_iter().collect();
        found.sort_unstable_by_key(|(_, forms)| forms.place);
        found
            .into_iter()
            .filter_map(|(name, forms)| Some((name, forms.into_value()?)))
    }
}

impl Forms {
    /// Keeps the first value of each form.
    fn add(&mut self, form: Form, bytes: Vec<u8>) {
        match form {
            Form::Plain => self.plain = self.plain.take().or(Some(bytes)),
            Form::Encoded => self.encoded = self.encoded.take().or_else(|| decode(&bytes)),
            Form::Piece { number, encoded } => self.pieces.push(Piece {
                number,
                encoded,
                bytes,
            }),
        }
    }

    fn into_value(self) -> Option<ParamValue> {
        self.encoded
            .or_else(|| join(self.pieces))
            .or_else(|| self.plain.map(ParamValue::plain))
    }
}

/// Splits a name from its marks: `a*` is `a`, encoded; `a*2*` is `a`, third piece, encoded.
///
/// Other names with an asterisk are plain ones, since it may occur in a token.
fn split_name(name: &str) -> (&str, Form) {
    let stem = name.strip_suffix('*');
    let encoded = stem.is_some();
    match stem.unwrap_or(name).split_once('*') {
        None if encoded && name != "*" => (stem.unwrap_or(name), Form::Encoded),
        Some((base, digits)) if !base.is_empty() => match piece_number(digits) {
            Some(number) => (base, Form::Piece { number, encoded }),
            None => (name, Form::Plain),
        },
        _ => (name, Form::Plain),
    }
}

/// Reads decimal digits without leading zeros.
fn piece_number(digits: &str) -> Option<u32> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    let number = digits.parse().ok()?;
    (only_digits && !leading_zero).then_some(number)
}

/// Puts the pieces together from number 0 to the first that is missing.
fn join(mut pieces: Vec<Piece>) -> Option<ParamValue> {
    pieces.sort_by_key(|piece| piece.number);
    pieces.dedup_by_key(|piece| piece.number);
    let numbered = (0..).zip(pieces);
    let mut pieces = numbered
        .take_while(|(number, piece)| *number == piece.number)
        .map(|(_, piece)| piece);
    let first = pieces.next()?;
    let mut value = if first.encoded {
        decode(&first.bytes)?
    } else {
        ParamValue::plain(first.bytes)
    };
    for piece in pieces {
        let bytes = if piece.encoded {
            percent_decode(&piece.bytes)
        } else {
            piece.bytes
        };
        value.bytes.extend(bytes);
    }
    Some(value)
}

/// Decodes `charset'language'text`. The quotes must be there; charset and language may be empty.
fn decode(value: &[u8]) -> Option<ParamValue> {
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let mut name = || Some(latin1(parts.next()?).into_owned());
    let (charset, language) = (name()?, name()?);
    Some(ParamValue {
        charset: Some(charset).filter(|name| !name.is_empty()),
        language: Some(language).filter(|name| !name.is_empty()),
        bytes: percent_decode(parts.next()?),
    })
}

/// Replaces `%` and two hexadecimal digits by the byte they stand for; other `%` stay.
fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after_first @ ..] = rest {
        let (byte, after) = percent_encoded(rest).unwrap_or((*first, after_first));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

/// The byte encoded at the start, and what follows it.
fn percent_encoded(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = digit(high)? << 4 | digit(low)?;
    Some((u8::try_from(byte).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, &'static [(&'static str, &'static str)]);

    /// Parses text as Latin-1 bytes; gives names and text.
    fn pairs(value: &str) -> Vec<(String, String)> {
        let bytes: Vec<u8> = value.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let params = parse(&bytes).into_iter();
        params
            .map(|(name, value)| (name, value.to_string()))
            .collect()
    }

    /// Checks each row: the pairs after a first one that is the text `t`.
    fn check(rows: &[Row]) {
        for &(params, expected) in rows {
            let mut all = vec![("t".to_owned(), String::new())];
            all.extend(
                expected
                    .iter()
                    .map(|&(name, value)| (name.into(), value.into())),
            );
            assert_eq!(pairs(&format!("t;{params}")), all, "{params:?}");
        }
    }

    #[test]
    fn the_first_pair_is_as_written() {
        let rows = [
            ("", "", ""),
            ("text/HTML", "text/HTML", ""),
            ("\t Text ;", "Text", ""),
            ("\u{e9}=1", "\u{e9}=1", ""),
            ("\"a;b\"", "\"a;b\"", ""),
            ("a = 1", "a = 1", ""),
            ("Max-Age=3", "max-age", "3"),
            ("a=\"x;y\"; b", "a", "x;y"),
        ];
        for (value, name, text) in rows {
            assert_eq!(
                pairs(value)[0],
                (name.to_owned(), text.to_owned()),
                "{value:?}"
            );
        }
    }

    #[test]
    fn plain_rows() {
        check(&[
            ("", &[]),
            (";; ; \t;", &[]),
            ("a=1", &[("a", "1")]),
            (" \ta=1\t ", &[("a", "1")]),
            ("a=1;b=2", &[("a", "1"), ("b", "2")]),
            ("a=1 ; b=2 ;", &[("a", "1"), ("b", "2")]),
            ("b=1;a=2", &[("b", "1"), ("a", "2")]),
            ("NAME=Value", &[("name", "Value")]),
            ("a=1;A=2", &[("a", "1")]),
            ("flag", &[("flag", "")]),
            ("Flag; a=1", &[("flag", ""), ("a", "1")]),
            ("a=", &[("a", "")]),
            ("a= ", &[("a", "")]),
            ("=1", &[]),
            ("=", &[]),
            ("a=1=2", &[("a", "1=2")]),
            ("a==", &[("a", "=")]),
            ("a=b c", &[("a", "b c")]),
            ("a=\u{e9}/(x)", &[("a", "\u{e9}/(x)")]),
            ("a=b\"c\"", &[("a", "b\"c\"")]),
            ("a=<x>", &[("a", "<x>")]),
            ("!#$%&'+-.^_`|~=1", &[("!#$%&'+-.^_`|~", "1")]),
        ]);
    }

    #[test]
    fn malformed_parameters_are_skipped() {
        check(&[
            ("a = 1; b=2", &[("b", "2")]),
            ("a =1; b=2", &[("b", "2")]),
            ("a= 1; b=2", &[("b", "2")]),
            ("a=\t1", &[]),
            ("a b=1; c=2", &[("c", "2")]),
            ("a/b; c", &[("c", "")]),
            ("\u{e9}=1; c=2", &[("c", "2")]),
            ("a(=1", &[]),
            ("a=\"x", &[]),
            ("a=\"", &[]),
            ("a=\"x\\\"", &[]),
            ("a=\"x\\", &[]),
            ("a=\"x\"y; b=2", &[("b", "2")]),
            ("a=\"x\" y; b=2", &[("b", "2")]),
            ("a=\"x; b=2", &[]),
            ("a = \"x; b=1\"; c=2", &[("c", "2")]),
            ("a=\"x; a=y", &[]),
            ("a= 1; a=2", &[("a", "2")]),
        ]);
    }

    #[test]
    fn quoted_rows() {
        check(&[
            ("a=\"1\"", &[("a", "1")]),
            ("a=\"1\" ; b", &[("a", "1"), ("b", "")]),
            ("a=\"\"", &[("a", "")]),
            ("a=\" \t1 \"", &[("a", " \t1 ")]),
            ("a=\"x;y\";b=2", &[("a", "x;y"), ("b", "2")]),
            ("a=\"x; b=2\"", &[("a", "x; b=2")]),
            (r#"a="ut\f-8""#, &[("a", "utf-8")]),
            (r#"a="\"\\""#, &[("a", r#""\"#)]),
            (r#"a="x\";y";b=2"#, &[("a", "x\";y"), ("b", "2")]),
            (r#"a="\;";b"#, &[("a", ";"), ("b", "")]),
            (r#"a="\\";b=2"#, &[("a", "\\"), ("b", "2")]),
            (r"a=\;b=2", &[("a", "\\"), ("b", "2")]),
            (r#"a=\";b=2"#, &[("a", "\\\";b=2")]),
            ("a=\"\u{e9}\"", &[("a", "\u{e9}")]),
        ]);
    }

    #[test]
    fn encoded_rows() {
        check(&[
            ("a*=UTF-8''%c2%a3%20x", &[("a", "\u{a3} x")]),
            ("a*=utf-8'en'%E2%82%AC", &[("a", "\u{20ac}")]),
            ("a*=utf8''%C3%A9", &[("a", "\u{e9}")]),
            ("a*=iso-8859-1'en'%A3%20rates", &[("a", "\u{a3} rates")]),
            ("a*=us-ascii'en-us'This%20is", &[("a", "This is")]),
            ("a*=koi8-r''%C3", &[("a", "\u{c3}")]),
            ("a*=''%C3", &[("a", "\u{c3}")]),
            ("a*=utf-8''", &[("a", "")]),
            ("a*=utf-8''it's", &[("a", "it's")]),
            ("a*=utf-8''%FFx", &[("a", "\u{fffd}x")]),
            ("a*=utf-8''%zz%4%", &[("a", "%zz%4%")]),
            ("a*=utf-8''%2541", &[("a", "%41")]),
            ("a*=\"utf-8''%41\"", &[("a", "A")]),
            ("a*=utf-8; b", &[("b", "")]),
            ("a*=utf-8'x; b", &[("b", "")]),
            ("a*; b", &[("b", "")]),
            ("a*=utf-8; a*=utf-8''x", &[("a", "x")]),
            ("A*=utf-8''x; a*=utf-8''y", &[("a", "x")]),
            ("a=p; b=1; a*=utf-8''x", &[("a", "x"), ("b", "1")]),
            ("a*=utf-8''x; a=p", &[("a", "x")]),
            ("a*=bad; a=p", &[("a", "p")]),
            ("a=utf-8''%41", &[("a", "utf-8''%41")]),
        ]);
    }

    #[test]
    fn numbered_rows() {
        check(&[
            ("a*0=x; a*1=y", &[("a", "xy")]),
            ("a*1=y; A*0=x", &[("a", "xy")]),
            ("a*0=\"x;\"; b=1; a*1=\" y\"", &[("a", "x; y"), ("b", "1")]),
            ("a*0*=utf-8''%C3; a*1*=%A9; a*2=%41", &[("a", "\u{e9}%41")]),
            ("a*0=%41; a*1*=%41", &[("a", "%41A")]),
            ("a*0*=iso-8859-1'en'x; a*1=\"y\"", &[("a", "xy")]),
            ("a*0=x; a*2=z", &[("a", "x")]),
            ("a*1=y", &[]),
            ("a*1=y; a=p", &[("a", "p")]),
            ("a*0*=bad; a=p", &[("a", "p")]),
            ("a*0=x; a*0=z; a*1=y", &[("a", "xy")]),
            ("a*0=x; a=p", &[("a", "x")]),
            ("a*0=x; a*=utf-8''e", &[("a", "e")]),
            ("a*00=x", &[("a*00", "x")]),
            ("a*01*=x", &[("a*01*", "x")]),
            ("a*x=1", &[("a*x", "1")]),
            ("a*+0=1", &[("a*+0", "1")]),
            ("a**=1", &[("a**", "1")]),
            ("*=1; *0=2; **=3", &[("*", "1"), ("*0", "2"), ("**", "3")]),
            ("a*99999999999=x", &[("a*99999999999", "x")]),
            ("a*0*0=x", &[("a*0*0", "x")]),
            (
                "a*0=0;a*1=1;a*2=2;a*3=3;a*4=4;a*5=5;a*6=6;a*7=7;a*8=8;a*9=9;a*10=A",
                &[("a", "0123456789A")],
            ),
        ]);
    }

    #[test]
    fn charset_language_and_bytes_are_kept() {
        let rows: [(&[u8], &str, &str, &[u8]); 6] = [
            (b"a=\xe9", "", "", b"\xe9"),
            (b"a*=UTF-8'de'%C3%A9", "UTF-8", "de", b"\xc3\xa9"),
            (b"a*=utf-8''%FF", "utf-8", "", b"\xff"),
            (b"a*=''x", "", "", b"x"),
            (b"a*='fr'x", "", "fr", b"x"),
            (b"a*0*=big5'zh'%A4; a*1*=%A4", "big5", "zh", b"\xa4\xa4"),
        ];
        let some = |name: &'static str| Some(name).filter(|name| !name.is_empty());
        for (value, charset, language, bytes) in rows {
            let (_, param) = parse(value).pop().unwrap();
            assert_eq!(param.charset(), some(charset));
            assert_eq!(param.language(), some(language));
            assert_eq!(param.as_bytes(), bytes);
        }
    }

    #[test]
    fn a_value_compares_with_text() {
        let value = ParamValue::plain(b"a\xe9".to_vec());
        assert_eq!(value, "a\u{e9}");
        assert_eq!(value, *"a\u{e9}");
        assert_ne!(value, "a");
        assert_ne!(value, *"a");
        assert_eq!(format!("{value:>4}|"), "  a\u{e9}|");
    }

    #[test]
    fn any_bytes_parse_and_names_occur_once() {
        let alphabet = b"a0*=;'\"\\ %\xe9";
        let count = alphabet.len();
        for index in 0..count.pow(5) {
            let digits = (0..5).map(|place| index / count.pow(place) % count);
            let value: Vec<u8> = digits.map(|digit| alphabet[digit]).collect();
            let params = parse(&[b"t;", &value[..]].concat());
            let mut names: Vec<_> = params.iter().map(|(name, _)| name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), params.len(), "{value:?}");
            assert!(
                params
                    .iter()
                    .map(|(_, v)| v.as_bytes().len())
                    .sum::<usize>()
                    <= 5
            );
        }
    }

    #[test]
    fn long_values_parse_in_linear_time() {
        let many: String = (0..200_000)
            .map(|number| format!(";a*{number}=x"))
            .collect();
        assert_eq!(parse(many.as_bytes())[1].1.as_bytes().len(), 200_000);
        let names: String = (0..200_000).map(|number| format!(";a{number}")).collect();
        assert_eq!(parse(names.as_bytes()).len(), 200_001);
        let escapes = format!("t;a=\"{}\"", "\\\"".repeat(1_000_000));
        assert_eq!(parse(escapes.as_bytes())[1].1.as_bytes().len(), 1_000_000);
        assert_eq!(parse(&b"\";".repeat(1_000_001)).len(), 1);
    }
}
