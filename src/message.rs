//! `HTTPMessage`: the header fields of a message, in one block of storage.
//!
//! An ordered multimap with case-insensitive names that keeps spelling, order and duplicates
//! (RFC 9110 section 5, RFC 9112 section 5). Fields are stretches of the block, so a parsed head
//! is copied once and filling a message again allocates nothing. `params` reads parameters.

mod folds;
mod items;
mod params;
mod span;

pub use items::Items;
pub use params::ParamValue;
pub(crate) use span::{Field, Span};

use std::borrow::Cow;
use std::fmt;

use folds::collapse_folds;
use span::trim;

/// Fields whose values neither `Debug` nor the wire log nor an error shows.
const SECRET: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];

/// Whether the values of a field are not to be shown; white space around its name does not count.
pub(crate) fn is_secret(name: &[u8]) -> bool {
    SECRET
        .iter()
        .any(|secret| name.trim_ascii().eq_ignore_ascii_case(secret.as_bytes()))
}

/// The header fields of a message: counterpart of `http.client.HTTPMessage`.
///
/// Names are compared without regard to ASCII case. A look-up goes through the fields one by one
/// and allocates nothing.
///
/// Text is Latin-1, as in `http.client`: every byte is the character of the same number, so
/// nothing is lost, but a value sent as UTF-8 does not read as such. The methods that end in
/// `bytes` give the bytes themselves.
///
/// `Debug` shows the credentials in `Authorization`, `Proxy-Authorization`, `Cookie` and
/// `Set-Cookie` as `***`. `Display` shows everything.
///
/// Two messages are equal if they have the same fields in the same order: names without regard to
/// case, values byte for byte.
///
/// ```
/// use stdhttp::HTTPMessage;
///
/// let mut message = HTTPMessage::new();
/// message.append("Content-Type", "text/html; charset=UTF-8");
/// message.append("Via", "1.1 a");
/// message.append("via", "1.1 b");
///
/// assert_eq!(message.get("VIA").as_deref(), Some("1.1 a"));
/// assert_eq!(message.getheader("Via").as_deref(), Some("1.1 a, 1.1 b"));
/// assert_eq!(message.get_content_type(), "text/html");
/// assert_eq!(message.get_content_charset().as_deref(), Some("utf-8"));
/// assert_eq!(message.keys().collect::<Vec<_>>(), ["Content-Type", "Via", "via"]);
/// ```
#[derive(Clone, Default)]
pub struct HTTPMessage {
    block: Vec<u8>,
    fields: Vec<Field>,
}

/// Building by hand.
impl HTTPMessage {
    /// Makes a message without fields. Allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            block: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Adds a field after all others, even if there is one of that name: `message[name] = value`
    /// of `http.client`.
    ///
    /// Name and value are stored as given. Nothing is checked, trimmed or converted; text is
    /// stored as its UTF-8 bytes. A message has room for 4 GiB; a field beyond that is left out.
    pub fn append(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let name = self.store(name.as_ref());
        let value = self.store(value.as_ref());
        if let (Some(name), Some(value)) = (name, value) {
            self.fields.push(Field { name, value });
        }
    }

    /// Adds a field with parameters: `value; name="text"; flag`, the last for a parameter of `None`.
    ///
    /// `"` and `\\` in the text are escaped (RFC 9110 section 5.6.4); nothing else is checked or
    /// encoded. An empty value is left out.
    pub fn add_header(&mut self, name: &str, value: &str, params: &[(&str, Option<&str>)]) {
        let mut text = value.to_owned();
        for (param, param_value) in params {
            let separator = if text.is_empty() { "" } else { "; " };
            text.push_str(separator);
            text.push_str(param);
            if let Some(content) = param_value {
                let escaped = content.replace('\\', r"\\").replace('"', r#"\""#);
                text.push_str("=\"");
                text.push_str(&escaped);
                text.push('"');
            }
        }
        self.append(name, text);
    }

    /// Replaces the value of the first field of that name, which keeps its place and spelling.
    ///
    /// Returns false, and changes nothing, if there is no such field, where `http.client` raises
    /// `KeyError`.
    pub fn replace_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> bool {
        let Some(place) = self.position(name) else {
            return false;
        };
        if let Some(span) = self.store(value.as_ref()) {
            if let Some(field) = self.fields.get_mut(place) {
                field.value = span;
            }
        }
        self.compact();
        true
    }

    /// Removes every field of that name: `del message[name]` of `http.client`.
    ///
    /// Returns whether there was any.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.fields.len();
        let block = &self.block;
        self.fields
            .retain(|field| !same_name(field.name.of(block), name));
        let removed = self.fields.len() < before;
        if removed {
            self.compact();
        }
        removed
    }

    /// Adds bytes to the block, unless they would begin where no span can point to.
    fn store(&mut self, bytes: &[u8]) -> Option<Span> {
        let start = u32::try_from(self.block.len()).ok()?;
        let length = u32::try_from(bytes.len()).ok()?;
        self.block.extend_from_slice(bytes);
        Some(Span { start, length })
    }

    /// Drops the bytes of the block that no field refers to.
    fn compact(&mut self) {
        *self = self.items_bytes().collect();
    }
}

/// Looking up.
impl HTTPMessage {
    /// The number of fields, duplicates counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True if there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// True if there is a field of that name: `name in message` of `http.client`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// The value of the first field of that name, as Latin-1 text. Borrowed if it is ASCII.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(name).map(latin1)
    }

    /// The value of the first field of that name.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        let field = self.fields.get(self.position(name)?)?;
        Some(field.value.of(&self.block))
    }

    /// The values of all fields of that name in order, as Latin-1 text.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        self.get_all_bytes(name).map(latin1)
    }

    /// The values of all fields of that name in order.
    pub fn get_all_bytes(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.items_bytes()
            .filter(move |(stored, _)| same_name(stored, name))
            .map(|(_, value)| value)
    }

    /// The values of all fields of that name, joined with `", "` as a list (RFC 9110 section 5.3).
    /// Borrowed if there is but one and it is ASCII.
    ///
    /// The values of `Set-Cookie` can't be joined without loss, since they contain commas: this
    /// gives the first, where `http.client` joins them. [`get_all`](Self::get_all) gives each.
    #[must_use]
    pub fn getheader(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.get_all(name);
        let mut joined = values.next()?;
        if !name.eq_ignore_ascii_case("set-cookie") {
            for value in values {
                let list = joined.to_mut();
                list.push_str(", ");
                list.push_str(&value);
            }
        }
        Some(joined)
    }

    /// The place of the first field of that name.
    fn position(&self, name: &str) -> Option<usize> {
        let mut fields = self.fields.iter();
        fields.position(|field| same_name(field.name.of(&self.block), name))
    }
}

/// Going through all fields.
impl HTTPMessage {
    /// Names and values in order, duplicates kept, as Latin-1 text.
    #[must_use]
    pub fn items(&self) -> Items<'_> {
        Items {
            message: self,
            fields: self.fields.iter(),
        }
    }

    /// Names and values in order, duplicates kept.
    pub fn items_bytes(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| field.of(&self.block))
    }

    /// The names in order, as spelled and as often as they occur.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Cow<'_, str>> {
        self.items().map(|(name, _)| name)
    }

    /// The values in order, as Latin-1 text.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Cow<'_, str>> {
        self.items().map(|(_, value)| value)
    }
}

/// Reading `Content-Type`, `Content-Disposition` and other fields with parameters.
impl HTTPMessage {
    /// The media type in `Content-Type`, in lower case and without parameters.
    ///
    /// It is `text/plain` if the field is missing or does not hold exactly one `/`.
    #[must_use]
    pub fn get_content_type(&self) -> String {
        self.leading_text("content-type")
            .filter(|text| text.matches('/').count() == 1)
            .unwrap_or_else(|| "text/plain".to_owned())
    }

    /// The part of [`get_content_type`](Self::get_content_type) before the `/`.
    #[must_use]
    pub fn get_content_maintype(&self) -> String {
        let media_type = self.get_content_type();
        let parts = media_type.split_once('/');
        parts.map_or_else(String::new, |(main, _)| main.to_owned())
    }

    /// The part of [`get_content_type`](Self::get_content_type) after the `/`.
    #[must_use]
    pub fn get_content_subtype(&self) -> String {
        let media_type = self.get_content_type();
        let parts = media_type.split_once('/');
        parts.map_or_else(String::new, |(_, sub)| sub.to_owned())
    }

    /// The parameter `charset` of `Content-Type`, in lower case.
    ///
    /// `None` if it is missing or not ASCII; the empty string if it is empty.
    #[must_use]
    pub fn get_content_charset(&self) -> Option<String> {
        let charset = self.get_param("charset", "content-type")?;
        let text = charset.text();
        text.is_ascii().then(|| text.to_ascii_lowercase())
    }

    /// What stands before the first `;` of `Content-Disposition`, in lower case: `attachment`,
    /// `inline`, `form-data` (RFC 6266 section 4.2).
    #[must_use]
    pub fn get_content_disposition(&self) -> Option<String> {
        self.leading_text("content-disposition")
    }

    /// The file name proposed by the sender: the parameter `filename` of `Content-Disposition`,
    /// else `name` of `Content-Type`, without outer spaces and tabs.
    ///
    /// If both `filename*` and `filename` are there, `filename*` is taken (RFC 6266 section 4.3);
    /// `http.client` takes the other. The name may hold directories, `..` or any character, so
    /// it must not be used as a path before it was checked.
    #[must_use]
    pub fn get_filename(&self) -> Option<String> {
        let name = self
            .get_param("filename", "content-disposition")
            .or_else(|| self.get_param("name", "content-type"))?;
        Some(name.text().trim_matches([' ', '\t']).to_owned())
    }

    /// The parameters of the first field named `header`, or `None` if there is no such field.
    ///
    /// The first pair is what stands before the first `;`, as written, with an empty value
    /// (unless that is itself `name=value`). The others have their names in lower case and follow
    /// in the order in which each name first occurs:
    ///
    /// * A quoted value loses the quotes, and `\c` becomes `c` (RFC 9110 section 5.6.4).
    /// * A name without `=` has an empty value.
    /// * What is not a parameter is skipped: a name that is no token, white space around `=`,
    ///   quotes that are not closed (RFC 9110 section 5.6.6). Unquoted values may hold any
    ///   character, as servers send them.
    /// * `name*=charset'language'text` is decoded (RFC 8187), and `name*0`, `name*1*` are put
    ///   together up to the first missing number (RFC 2231 section 3). A name that occurs in
    ///   several forms counts once: the form `name*` wins over the numbered one, and that over
    ///   the plain one. In each form the first wins.
    #[must_use]
    pub fn get_params(&self, header: &str) -> Option<Vec<(String, ParamValue)>> {
        self.get_bytes(header).map(params::parse)
    }

    /// One parameter of the first field named `header`, read as
    /// [`get_params`](Self::get_params) does; its name is compared without regard to case.
    #[must_use]
    pub fn get_param(&self, name: &str, header: &str) -> Option<ParamValue> {
        let mut params = self.get_params(header)?.into_iter();
        let found = params.find(|(stored, _)| stored.eq_ignore_ascii_case(name))?;
        Some(found.1)
    }

    /// What stands before the first `;` of a field, trimmed and in lower case.
    fn leading_text(&self, header: &str) -> Option<String> {
        let value = self.get_bytes(header)?;
        let text = value.split(|&byte| byte == b';').next()?;
        Some(latin1(trim(text)).to_ascii_lowercase())
    }
}

/// For the head parser.
impl HTTPMessage {
    /// Removes all fields; keeps the storage.
    pub(crate) fn clear(&mut self) {
        self.block.clear();
        self.fields.clear();
    }

    /// Adds a field that refers to the block, whose bytes may be filled in later.
    pub(crate) fn push_span(&mut self, field: Field) {
        self.fields.push(field);
    }

    /// Adds the field of the line that begins at `start`, before [`Span::END`], and has two octets
    /// between the name and the value.
    #[inline(always)]
    pub(crate) fn push_line(&mut self, start: usize, name: usize, value: usize) {
        let [start, name, value] = [start, name, value].map(Span::low);
        self.fields.push(Field {
            name: Span {
                start,
                length: name,
            },
            value: Span {
                start: start.wrapping_add(name).wrapping_add(2),
                length: value,
            },
        });
    }

    /// The fields, as places in the block.
    #[cfg(feature = "server")]
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields, to be changed in place.
    pub(crate) fn fields_mut(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }

    /// Replaces the bytes that the fields refer to; keeps the storage.
    pub(crate) fn fill_block(&mut self, bytes: &[u8]) {
        self.block.clear();
        self.block.extend_from_slice(bytes);
    }

    /// The bytes that the fields refer to.
    pub(crate) fn block(&self) -> &[u8] {
        &self.block
    }

    /// Makes one SP of every obs-fold in the values and of the white space around it, and trims
    /// the values (RFC 9112 section 5.2). Works in place: values only shrink.
    pub(crate) fn unfold(&mut self) {
        for field in &mut self.fields {
            if let Some(value) = self.block.get_mut(field.value.range()) {
                let kept = collapse_folds(value);
                field.value = field.value.trimmed(value.get(..kept).unwrap_or_default());
            }
        }
    }
}

/// Whether a stored name is the wanted one. Compares the lengths first.
fn same_name(stored: &[u8], wanted: &str) -> bool {
    stored.eq_ignore_ascii_case(wanted.as_bytes())
}

/// Reads bytes as Latin-1: each byte is the character of the same number.
pub(crate) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

impl<'a> IntoIterator for &'a HTTPMessage {
    type Item = (Cow<'a, str>, Cow<'a, str>);
    type IntoIter = Items<'a>;

    fn into_iter(self) -> Items<'a> {
        self.items()
    }
}

/// Appends each pair, as [`HTTPMessage::append`] does.
impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Extend<(N, V)> for HTTPMessage {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, pairs: I) {
        for (name, value) in pairs {
            self.append(name, value);
        }
    }
}

/// Appends each pair to an empty message, as [`HTTPMessage::append`] does.
impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for HTTPMessage {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut message = Self::new();
        message.extend(pairs);
        message
    }
}

impl PartialEq for HTTPMessage {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.items_bytes().zip(other.items_bytes());
        self.len() == other.len()
            && pairs.all(|(one, two)| one.0.eq_ignore_ascii_case(two.0) && one.1 == two.1)
    }
}

impl Eq for HTTPMessage {}

/// Shows names and values; credentials as `***`.
impl fmt::Debug for HTTPMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.items().map(|(name, value)| {
            let secret = is_secret(name.as_bytes());
            (name, if secret { Cow::Borrowed("***") } else { value })
        });
        f.debug_map().entries(masked).finish()
    }
}

/// Writes a line `Name: value` for each field and an empty line, all ended by LF, as `str()` of
/// `http.client` does. Credentials are shown; this is no form to be sent.
impl fmt::Display for HTTPMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fields: &[(&str, &str)]) -> HTTPMessage {
        fields.iter().copied().collect()
    }

    /// A message with one field.
    fn with(name: &str, value: &str) -> HTTPMessage {
        message(&[(name, value)])
    }

    fn sample() -> HTTPMessage {
        message(&[
            ("Via", "a"),
            ("X-Empty", ""),
            ("vIA", "b"),
            ("Etag", "\"x\""),
        ])
    }

    #[test]
    fn fields_keep_order_spelling_and_duplicates() {
        let message = sample();
        let expected = [
            ("Via", "a"),
            ("X-Empty", ""),
            ("vIA", "b"),
            ("Etag", "\"x\""),
        ];
        let items: Vec<_> = message.items().collect();
        assert_eq!(
            items,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
        assert!(message.into_iter().eq(items.iter().cloned()));
        assert!(message.keys().eq(["Via", "X-Empty", "vIA", "Etag"]));
        assert!(message.values().eq(["a", "", "b", "\"x\""]));
        assert!(
            message
                .items_bytes()
                .eq(expected.map(|(n, v)| (n.as_bytes(), v.as_bytes())))
        );
        assert_eq!((message.len(), message.is_empty()), (4, false));
    }

    #[test]
    fn items_know_their_number_and_run_backwards() {
        let message = sample();
        assert_eq!(message.items().len(), 4);
        assert_eq!(message.keys().len(), 4);
        assert_eq!(message.values().len(), 4);
        assert_eq!(message.items_bytes().len(), 4);
        let backwards = message.items().rev().map(|(name, _)| name);
        assert!(backwards.eq(["Etag", "vIA", "X-Empty", "Via"]));
    }

    #[test]
    fn names_are_compared_without_case() {
        let message = sample();
        for name in ["via", "VIA", "Via", "vIa"] {
            assert!(message.contains(name));
            assert_eq!(message.get(name).as_deref(), Some("a"));
            assert_eq!(message.get_bytes(name), Some(&b"a"[..]));
            assert!(message.get_all(name).eq(["a", "b"]));
            assert!(message.get_all_bytes(name).eq([b"a", b"b"]));
            assert_eq!(message.getheader(name).as_deref(), Some("a, b"));
        }
    }

    #[test]
    fn only_ascii_letters_lose_their_case() {
        for (stored, wanted) in [
            ("A@", "a`"),
            ("A[", "a{"),
            ("\u{c9}", "\u{e9}"),
            ("K", "\u{212a}"),
        ] {
            assert!(!with(stored, "1").contains(wanted), "{stored} {wanted}");
        }
    }

    #[test]
    fn absent_names_give_nothing() {
        let message = sample();
        for name in ["", "Vi", "Vias", "Via ", "Via:"] {
            assert!(!message.contains(name));
            assert_eq!(message.get(name), None);
            assert_eq!(message.get_bytes(name), None);
            assert_eq!(message.getheader(name), None);
            assert_eq!(message.get_all(name).count(), 0);
            assert_eq!(message.get_params(name), None);
            assert_eq!(message.get_param("a", name), None);
        }
        assert!(HTTPMessage::new().is_empty());
    }

    #[test]
    fn every_byte_survives_as_latin1() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut message = HTTPMessage::new();
        message.append("X", &bytes);
        let text = message.get("x").unwrap();
        assert!(text.chars().map(u32::from).eq(0..=255));
        assert_eq!(message.get_bytes("x"), Some(&bytes[..]));
    }

    #[test]
    fn ascii_values_are_borrowed() {
        let message = message(&[("A", "ascii"), ("B", "\u{e9}")]);
        assert!(matches!(message.get("a"), Some(Cow::Borrowed("ascii"))));
        assert!(matches!(
            message.getheader("a"),
            Some(Cow::Borrowed("ascii"))
        ));
        assert!(matches!(message.get("b"), Some(Cow::Owned(text)) if text == "\u{c3}\u{a9}"));
    }

    #[test]
    fn set_cookie_is_never_joined() {
        let message = message(&[("Set-Cookie", "a=1"), ("SET-COOKIE", "b=2")]);
        assert_eq!(message.getheader("set-cookie").as_deref(), Some("a=1"));
        assert!(message.get_all("set-cookie").eq(["a=1", "b=2"]));
    }

    #[test]
    fn remove_takes_all_of_a_name() {
        let mut message = sample();
        assert!(message.remove("VIA"));
        assert!(!message.remove("VIA"));
        assert!(message.items().eq([
            ("X-Empty".into(), "".into()),
            ("Etag".into(), "\"x\"".into())
        ]));
        assert_eq!(message.block(), b"X-EmptyEtag\"x\"");
        assert!(message.remove("x-empty") && message.remove("etag"));
        assert!(message.is_empty() && message.block().is_empty());
    }

    #[test]
    fn replace_header_changes_the_first_in_place() {
        let mut message = sample();
        assert!(message.replace_header("VIA", "new"));
        assert!(!message.replace_header("Server", "x"));
        assert!(message.keys().eq(["Via", "X-Empty", "vIA", "Etag"]));
        assert!(message.values().eq(["new", "", "b", "\"x\""]));
        assert_eq!(message.block(), b"VianewX-EmptyvIAbEtag\"x\"");
    }

    #[test]
    fn add_header_writes_parameters_that_are_read_back() {
        let mut message = HTTPMessage::new();
        let params = [
            ("name", Some(r#"a"b\c;"#)),
            ("empty", Some("")),
            ("flag", None),
        ];
        message.add_header("X", "form-data", &params);
        message.add_header("X", "", &[("a", None), ("b", Some("1"))]);
        message.add_header("X", "plain", &[]);
        let expected = [
            r#"form-data; name="a\"b\\c;"; empty=""; flag"#,
            r#"a; b="1""#,
            "plain",
        ];
        assert!(message.values().eq(expected));
        assert_eq!(message.get_param("name", "X").unwrap(), r#"a"b\c;"#);
    }

    #[test]
    fn equality_is_by_fields_in_order() {
        let one = message(&[("A", "1"), ("B", "2")]);
        let mut parsed = HTTPMessage::new();
        parsed.fill_block(b"..a: 1 B: 2");
        parsed.push_span(field(2, 1, 5, 1));
        parsed.push_span(field(7, 1, 10, 1));
        assert_eq!(one, parsed);
        for other in [
            message(&[("B", "2"), ("A", "1")]),
            message(&[("A", "1")]),
            message(&[("A", "1"), ("B", "2"), ("B", "2")]),
            message(&[("A", "1"), ("B", "3")]),
            message(&[("A", "1"), ("C", "2")]),
            message(&[("A", "a"), ("B", "2")]),
        ] {
            assert_ne!(one, other);
        }
        assert_ne!(with("A", "x"), with("A", "X"));
    }

    #[test]
    fn debug_masks_credentials_and_display_does_not() {
        let names = [
            "Authorization",
            "PROXY-authorization",
            "cookie ",
            "Set-Cookie",
        ];
        for name in names {
            let message = message(&[(name, "hunter2"), ("Cookie-Policy", "open")]);
            let text = format!("{message:?} {:?}", message.items());
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains(name) && text.contains("***") && text.contains("open"));
            assert!(message.to_string().contains("hunter2"));
        }
        assert_eq!(format!("{:?}", with("A", "x\r\n")), r#"{"A": "x\r\n"}"#);
    }

    #[test]
    fn display_is_lines_and_an_empty_line() {
        assert_eq!(
            sample().to_string(),
            "Via: a\nX-Empty: \nvIA: b\nEtag: \"x\"\n\n"
        );
        assert_eq!(HTTPMessage::new().to_string(), "\n");
    }

    #[test]
    fn clear_and_fill_keep_the_storage() {
        let mut message = sample();
        let before = (message.block.capacity(), message.fields.capacity());
        message.clear();
        assert!(message.is_empty() && message.block().is_empty());
        message.fill_block(b"A1");
        message.fields_mut().push(field(0, 1, 1, 1));
        assert_eq!(message.get("a").as_deref(), Some("1"));
        message.fill_block(b"A2");
        assert_eq!(message.get("a").as_deref(), Some("2"));
        assert_eq!(
            (message.block.capacity(), message.fields.capacity()),
            before
        );
    }

    #[test]
    fn spans_outside_the_block_are_empty() {
        let mut message = HTTPMessage::new();
        message.fill_block(b"abc");
        message.push_span(field(0, 4, u32::MAX, u32::MAX));
        message.unfold();
        assert!(message.items_bytes().eq([(&b""[..], &b""[..])]));
    }

    #[test]
    fn content_type_rows() {
        let rows = [
            ("text/html", "text/html"),
            ("Text/HTML", "text/html"),
            (" text/html ; charset=x", "text/html"),
            ("text/html;charset=x", "text/html"),
            ("text/html; charset = x", "text/html"),
            ("application/x; a=\"b/c\"", "application/x"),
            ("", "text/plain"),
            ("text", "text/plain"),
            (";", "text/plain"),
            ("a/b/c", "text/plain"),
            ("text/", "text/"),
            ("/", "/"),
        ];
        for (value, expected) in rows {
            let message = with("CONTENT-type", value);
            assert_eq!(message.get_content_type(), expected, "{value}");
            let (main, sub) = expected.split_once('/').unwrap();
            assert_eq!(message.get_content_maintype(), main);
            assert_eq!(message.get_content_subtype(), sub);
        }
        assert_eq!(HTTPMessage::new().get_content_type(), "text/plain");
        assert_eq!(HTTPMessage::new().get_content_maintype(), "text");
        assert_eq!(HTTPMessage::new().get_content_subtype(), "plain");
    }

    #[test]
    fn content_charset_rows() {
        let rows = [
            ("text/html;charset=utf-8", Some("utf-8")),
            ("Text/HTML;Charset=\"utf-8\"", Some("utf-8")),
            ("text/html; charset=\"UTF-8\"", Some("utf-8")),
            ("text/html; charset=\"ut\\f-8\"", Some("utf-8")),
            ("text/html;charset=UTF-8", Some("utf-8")),
            ("text/html; charset*=us-ascii'en'utf%2D8", Some("utf-8")),
            ("text/html; charset=\"\"", Some("")),
            ("text/html; charset=", Some("")),
            ("text/html; charset=\u{e9}", None),
            ("text/html; charset = utf-8", None),
            ("text/html; charset= utf-8", None),
            ("text/html; charset =utf-8", None),
            ("text/html; a=\"; charset=x\"", None),
            ("text/html", None),
            ("", None),
        ];
        for (value, expected) in rows {
            let charset = with("Content-Type", value).get_content_charset();
            assert_eq!(charset.as_deref(), expected, "{value}");
        }
        assert_eq!(HTTPMessage::new().get_content_charset(), None);
    }

    #[test]
    fn content_disposition_rows() {
        let rows = [
            ("attachment", "attachment"),
            (" INLINE ; filename=x", "inline"),
            ("", ""),
        ];
        for (value, expected) in rows {
            let message = with("Content-Disposition", value);
            assert_eq!(message.get_content_disposition().as_deref(), Some(expected));
        }
        assert_eq!(HTTPMessage::new().get_content_disposition(), None);
    }

    #[test]
    fn filename_rows() {
        let rows = [
            ("attachment; filename=a.txt", Some("a.txt")),
            ("attachment; FILENAME=\"a;b.txt\"", Some("a;b.txt")),
            ("attachment; filename=\" a.txt\t\"", Some("a.txt")),
            (
                "attachment; filename*=UTF-8''%e2%82%ac.txt",
                Some("\u{20ac}.txt"),
            ),
            ("attachment; filename=b; filename*=utf-8''c", Some("c")),
            ("attachment; filename*=utf-8''c; filename=b", Some("c")),
            ("attachment; filename*=broken; filename=b", Some("b")),
            ("attachment; filename*0=a; filename*1=b", Some("ab")),
            ("attachment; filename*0=a; filename=b", Some("a")),
            ("attachment", Some("from-type")),
        ];
        for (value, expected) in rows {
            let message = message(&[
                ("Content-Disposition", value),
                ("Content-Type", "a/b; name=from-type"),
            ]);
            assert_eq!(message.get_filename().as_deref(), expected, "{value}");
        }
        assert_eq!(HTTPMessage::new().get_filename(), None);
    }

    #[test]
    fn params_are_read_from_the_first_field_of_the_name() {
        let message = message(&[("Link", "<x>; Rel=next; Rel=prev"), ("Link", "<y>; b=2")]);
        let params = message.get_params("link").unwrap();
        let text: Vec<_> = params
            .iter()
            .map(|(name, value)| (&name[..], value.text()))
            .collect();
        assert_eq!(text, [("<x>", "".into()), ("rel", "next".into())]);
        assert_eq!(message.get_param("REL", "Link").unwrap(), "next");
        assert_eq!(message.get_param("b", "Link"), None);
    }

    fn field(name: u32, name_length: u32, value: u32, value_length: u32) -> Field {
        Field {
            name: Span {
                start: name,
                length: name_length,
            },
            value: Span {
                start: value,
                length: value_length,
            },
        }
    }

    /// Unfolds a value that has other bytes before and after it in the block.
    fn unfolded(value: &[u8]) -> Vec<u8> {
        let mut message = HTTPMessage::new();
        message.fill_block(&[b" \nX", value, b" \n Y"].concat());
        message.push_span(field(2, 1, 3, u32::try_from(value.len()).unwrap()));
        message.unfold();
        assert!(message.block().starts_with(b" \nX") && message.block().ends_with(b" \n Y"));
        message.get_bytes("x").unwrap().to_vec()
    }

    /// Joins the lines of a value, each trimmed, leaving out empty ones.
    fn joined_lines(value: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(value).unwrap().replace("\r\n", "\n");
        let lines = text.split('\n').map(|line| line.trim_matches([' ', '\t']));
        let full: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        full.join(" ").into_bytes()
    }

    /// Whether each CR stands before LF and each LF before SP or HTAB.
    fn well_folded(value: &[u8]) -> bool {
        let next = value.iter().skip(1).map(Some).chain([None]);
        value.iter().zip(next).all(|pair| match pair {
            (b'\r', next) => next == Some(&b'\n'),
            (b'\n', next) => matches!(next, Some(b' ' | b'\t')),
            _ => true,
        })
    }

    /// Every string over the alphabet of up to that many bytes.
    fn strings(alphabet: &[u8], longest: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            let longer = |start: &Vec<u8>| {
                alphabet
                    .iter()
                    .map(|&byte| [start, &[byte][..]].concat())
                    .collect::<Vec<_>>()
            };
            last = last.iter().flat_map(longer).collect();
            all.extend_from_slice(&last);
        }
        all
    }

    #[test]
    fn unfold_agrees_with_joined_lines() {
        let all = strings(b"a \t\r\n", 6);
        assert_eq!(
            all.len(),
            (0..=6).map(|length| 5_usize.pow(length)).sum::<usize>()
        );
        let folded: Vec<_> = all.iter().filter(|value| well_folded(value)).collect();
        assert!(folded.len() > 1000);
        for value in folded {
            assert_eq!(unfolded(value), joined_lines(value), "{value:?}");
        }
    }

    #[test]
    fn unfold_leaves_other_line_ends_alone() {
        for value in strings(b"a \t\r\n", 6) {
            let result = unfolded(&value);
            let letters = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'a').count();
            assert_eq!(letters(&result), letters(&value));
            assert!(result.len() <= value.len());
        }
        assert_eq!(unfolded(b"a\rb\r\nc \n"), b"a\rb\r\nc \n");
    }

    #[test]
    fn unfold_rows() {
        let rows: [(&[u8], &[u8]); 8] = [
            (b"a\r\n b\r\n\tc", b"a b c"),
            (b"1\r\n 0", b"1 0"),
            (b"\r\n chunked", b"chunked"),
            (b"chun\r\n ked", b"chun ked"),
            (b"a\r\n \r\n ", b"a"),
            (b"\r\n \r\n\t", b""),
            (b"a  b \t\n \t c", b"a  b c"),
            (b"", b""),
        ];
        for (value, expected) in rows {
            assert_eq!(unfolded(value), expected);
        }
    }

    #[test]
    fn unfold_is_linear() {
        let block = [
            &b"a".repeat(500_000)[..],
            &b" \t".repeat(500_000),
            &b"\r\n ".repeat(500_000),
        ];
        assert_eq!(unfolded(&block.concat()).len(), 500_000);
        let spread = b"a\n \n ".repeat(500_000);
        assert_eq!(unfolded(&spread).len(), 999_999);
    }

    #[test]
    fn unfold_keeps_fields_apart() {
        let mut message = HTTPMessage::new();
        message.fill_block(b"A: x\n y\nB:\tz \n");
        message.push_span(field(0, 1, 2, 5));
        message.push_span(field(8, 1, 10, 3));
        message.unfold();
        assert!(message.values().eq(["x y", "z"]));
        assert!(message.keys().eq(["A", "B"]));
    }
}
