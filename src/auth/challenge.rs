//! Challenges: what `WWW-Authenticate` and `Proxy-Authenticate` ask for (RFC 9110 section 11.6.1).
//!
//! A comma stands between challenges as well as between the parameters of one, and a challenge may
//! be continued on the next line of the field. The reader goes over the octets once. A challenge
//! that breaks the grammar, or names a parameter twice, is left out; the others stay.

use std::borrow::Cow;
use std::fmt;

use crate::message::{HTTPMessage, latin1};
use crate::proto::{scan, steps};

/// The most challenges of one message, and the most parameters of one challenge. Servers send a
/// handful; what is beyond is left out.
const MOST: usize = 32;

/// One challenge: a scheme, and parameters or a token68.
///
/// ```
/// use stdhttp::auth::Challenge;
///
/// let found = Challenge::parse(br#"Negotiate, Basic realm="a \"b\"", charset=UTF-8"#);
/// assert_eq!((found.len(), found[0].scheme()), (2, "Negotiate"));
/// assert!(found[1].is("basic"));
/// assert_eq!(found[1].realm().unwrap(), "a \"b\"");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    token68: Option<String>,
    params: Vec<(String, Vec<u8>)>,
}

impl Challenge {
    /// The challenges of one field value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Vec<Self> {
        Self::parse_lines([value])
    }

    /// The challenges of all fields of this name: `WWW-Authenticate` or `Proxy-Authenticate`.
    #[must_use]
    pub fn parse_all(message: &HTTPMessage, name: &str) -> Vec<Self> {
        Self::parse_lines(message.get_all_bytes(name))
    }

    /// The parameters of a field that has no scheme, such as `Authentication-Info`, as if they were
    /// a challenge. `None` if one breaks the grammar or comes twice.
    pub(super) fn params_alone(value: &[u8]) -> Option<Self> {
        let mut list = List {
            open: Some(Self::new(b"", None)),
            ..List::default()
        };
        list.read_line(value);
        list.open.filter(|found| found.scheme.is_empty())
    }

    fn parse_lines<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Vec<Self> {
        let mut list = List::default();
        for line in lines {
            list.read_line(line);
        }
        list.finish()
    }

    /// The scheme as written.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether it is of this scheme, in any case.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// What schemes such as `Negotiate` have in place of parameters.
    #[must_use]
    pub fn token68(&self) -> Option<&str> {
        self.token68.as_deref()
    }

    /// The value of a parameter without quotes; its name counts in any case. As in all fields that
    /// are received, each octet is one character.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(name).map(latin1)
    }

    /// The octets of a parameter's value, without quotes.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        let mut params = self.params.iter();
        let found = params.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    /// The protection space (RFC 9110 section 11.5).
    #[must_use]
    pub fn realm(&self) -> Option<Cow<'_, str>> {
        self.get("realm")
    }

    /// The parameters in their order, names as written.
    pub fn params(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        let params = self.params.iter();
        params.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    fn new(scheme: &[u8], token68: Option<&[u8]>) -> Self {
        Self {
            scheme: latin1(scheme).into_owned(),
            token68: token68.map(|text| latin1(text).into_owned()),
            params: Vec::new(),
        }
    }

    /// Adds a parameter; `None` if it can't have this one.
    fn add(&mut self, name: &[u8], value: Vec<u8>) -> Option<()> {
        let name = latin1(name).into_owned();
        let fits = self.token68.is_none() && self.params.len() < MOST;
        (fits && self.get_bytes(&name).is_none()).then(|| self.params.push((name, value)))
    }
}

/// Leaves the values out: a nonce is no secret, but a token68 may be one.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.params.iter().map(|(name, _)| name);
        write!(f, "{} ", self.scheme)?;
        f.debug_list().entries(names).finish()
    }
}

/// What has been read so far.
#[derive(Default)]
struct List {
    challenges: Vec<Challenge>,
    /// The one that parameters belong to; `None` at the start and behind a broken one.
    open: Option<Challenge>,
}

impl List {
    /// Reads one line; the challenge that it ends with may go on in the next.
    fn read_line(&mut self, line: &[u8]) {
        let mut cursor = Cursor { rest: line };
        loop {
            cursor.skip(|octet| matches!(octet, b' ' | b'\t' | b','));
            if cursor.rest.is_empty() {
                return;
            }
            if self.read_element(&mut cursor).is_none() {
                self.open = None;
                cursor.skip_element();
            }
        }
    }

    /// Reads a parameter or the beginning of a challenge, up to the comma behind it.
    fn read_element(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let word = cursor.token()?;
        let blanks = cursor.skip_blank();
        if cursor.rest.first() == Some(&b'=') {
            let value = cursor.value()?;
            return self.open.as_mut()?.add(word, value);
        }
        self.close();
        if cursor.is_at_end_of_element() {
            self.open = Some(Challenge::new(word, None));
        } else if let Some(token68) = cursor.token68().filter(|_| blanks) {
            self.open = Some(Challenge::new(word, Some(token68)));
        } else {
            let mut challenge = Challenge::new(word, None);
            let name = cursor.token().filter(|_| blanks)?;
            cursor.skip_blank();
            challenge.add(name, cursor.value()?)?;
            self.open = Some(challenge);
        }
        Some(())
    }

    fn close(&mut self) {
        if self.challenges.len() < MOST {
            self.challenges.extend(self.open.take());
        }
    }

    fn finish(mut self) -> Vec<Challenge> {
        self.close();
        self.challenges
    }
}

/// A place in a line.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Goes on over octets of a kind, which it returns.
    fn skip(&mut self, is_kind: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|octet| !is_kind(*octet));
        self.advance(length.unwrap_or(self.rest.len()))
    }

    fn advance(&mut self, length: usize) -> &'a [u8] {
        steps::count(length.saturating_add(1));
        let (skipped, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        skipped
    }

    /// Whether there were blanks.
    fn skip_blank(&mut self) -> bool {
        !self.skip(|octet| matches!(octet, b' ' | b'\t')).is_empty()
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        let length = scan::token_length(self.rest);
        (length > 0).then(|| self.advance(length))
    }

    fn is_at_end_of_element(&self) -> bool {
        matches!(self.rest.first(), None | Some(b','))
    }

    /// A token68 that is all there is before the next comma; otherwise the place stays.
    fn token68(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
        let letters = self.skip(is_letter).len();
        let padding = self.skip(|octet| octet == b'=').len();
        self.skip_blank();
        if self.is_at_end_of_element() {
            return start.get(..letters.saturating_add(padding));
        }
        self.rest = start;
        None
    }

    /// `=` and a token or quoted-string, up to the comma behind it.
    fn value(&mut self) -> Option<Vec<u8>> {
        self.rest = self.rest.strip_prefix(b"=")?;
        self.skip_blank();
        let value = match self.rest.first() {
            Some(b'"') => self.quoted_string()?,
            _ => self.token()?.to_vec(),
        };
        self.skip_blank();
        self.is_at_end_of_element().then_some(value)
    }

    /// The text of a quoted-string (RFC 9110 section 5.6.4).
    fn quoted_string(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        let mut octets = self.rest.iter().skip(1);
        let mut length: usize = 1;
        loop {
            steps::count(1);
            length = length.saturating_add(1);
            let octet = match octets.next()? {
                b'"' => break,
                b'\\' => {
                    length = length.saturating_add(1);
                    octets.next()?
                }
                octet => octet,
            };
            if octet.is_ascii_control() && *octet != b'\t' {
                return None;
            }
            text.push(*octet);
        }
        self.advance(length);
        Some(text)
    }

    /// Goes on to the next comma that does not stand between quotes.
    fn skip_element(&mut self) {
        let (mut quoted, mut escaped) = (false, false);
        let is_end = |octet: &u8| {
            match octet {
                _ if escaped => escaped = false,
                b'\\' => escaped = quoted,
                b'"' => quoted = !quoted,
                _ => {}
            }
            *octet == b',' && !quoted
        };
        let length = self.rest.iter().position(is_end);
        self.advance(length.unwrap_or(self.rest.len()));
    }
}
