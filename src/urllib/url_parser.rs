//! How the text of a URL is read: strictly, or with what people type and servers send made good
//! (RFC 3986 sections 2 and 4.2), and the place of IDNA.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::octets::{check, find_control, quote_illegal};
use super::reference::Reference;
use super::url::{Url, check_length};
use crate::parse_error::{Fault, ParseError, Part};
use crate::percent::is_unreserved;
use crate::proto::scan;

/// Translates a host that is not ASCII into one that is; nothing if it is no name.
type Idna = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How URLs are read: strictly, or with what people type and servers send made good.
///
/// ```
/// use stdhttp::urllib::UrlParser;
///
/// let parser = UrlParser::quoting();
/// let url = parser.parse("http://h/über uns?[x]")?;
/// assert_eq!(url.as_str(), "http://h/%C3%BCber%20uns?%5Bx%5D");
/// let url = parser.join(&url, "/a b")?;
/// assert_eq!(url.request_target(), "/a%20b");
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
#[derive(Clone, Default)]
pub struct UrlParser {
    quotes: bool,
    idna: Option<Idna>,
}

impl UrlParser {
    /// Takes what the grammar has, and nothing else.
    #[must_use]
    pub fn strict() -> Self {
        Self::default()
    }

    /// Percent-encodes what can't stand in a URL: blanks, non-ASCII characters (as UTF-8) and
    /// ``"<>[\]^`{|}``. Legal octets stay as they are (`requests.utils.requote_uri` rewrites some).
    /// Still refused: control characters, a blank at either end, a lone `%`, `\` before the path,
    /// anything illegal in host and port.
    #[must_use]
    pub fn quoting() -> Self {
        Self {
            quotes: true,
            ..Self::default()
        }
    }

    /// Takes hosts with non-ASCII characters, through this function, which gives their ASCII form
    /// (IDNA, UTS 46) or nothing. Without one they are refused: `std` has no IDNA.
    #[must_use]
    pub fn idna(
        mut self,
        to_ascii: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.idna = Some(Arc::new(to_ascii));
        self
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// As [`Url::parse`]. The offset of a bad host is that in the quoted text.
    pub fn parse(&self, text: &str) -> Result<Url, ParseError> {
        Url::from_checked(&self.read(text)?.reference())
    }

    /// Resolves a reference against a URL, as [`Url::join`].
    ///
    /// # Errors
    /// As [`Url::parse`], of the reference. The offset of a bad host is that in the URL that
    /// comes out.
    pub fn join(&self, base: &Url, reference: &str) -> Result<Url, ParseError> {
        let base = Reference::split(base.as_str());
        let resolved = self.read(reference)?.reference().resolve(&base);
        Url::from_checked(&Reference::split(&resolved))
    }

    fn read<'a>(&self, text: &'a str) -> Result<ReadParts<'a>, ParseError> {
        check_length(text)?;
        check_ends(text)?;
        let parts = Reference::split(text);
        check_first_segment(&parts)?;
        let places = parts.places();
        let netloc = parts.authority.map(|text| self.read_netloc(text));
        let netloc = netloc.transpose();
        let netloc = netloc.map_err(|error| error.moved(places.authority))?;
        Ok(ReadParts {
            scheme: parts.scheme,
            netloc,
            path: self.read_part(Part::Path, Some(parts.path), places.path)?,
            query: self.read_part(Part::Query, parts.query, places.query)?,
            fragment: self.read_part(Part::Fragment, parts.fragment, places.fragment)?,
        })
    }

    fn read_part<'a>(
        &self,
        part: Part,
        text: Option<&'a str>,
        place: usize,
    ) -> Result<Option<Cow<'a, str>>, ParseError> {
        let Some(text) = text else { return Ok(None) };
        let read = match self.quotes {
            true => quote_illegal(part, text),
            false => check(part, text).map(|()| Cow::Borrowed(text)),
        };
        read.map(Some).map_err(|error| error.moved(place))
    }

    /// Userinfo, host and port; the form of the latter two is checked later.
    fn read_netloc<'a>(&self, netloc: &'a str) -> Result<Cow<'a, str>, ParseError> {
        if let Some(place) = scan::find(netloc.as_bytes(), b'\\') {
            return Err(ParseError::new(Part::Host, Fault::Octet(b'\\'), place));
        }
        let Some((userinfo, host)) = scan::split_once(netloc, b'@') else {
            return self.read_host(netloc);
        };
        let start = userinfo.len().saturating_add(1);
        if let Some(place) = host.find('@') {
            let error = ParseError::new(Part::Host, Fault::Octet(b'@'), place);
            return Err(error.moved(start));
        }
        let userinfo = self.read_part(Part::Userinfo, Some(userinfo), 0)?;
        let host = self.read_host(host).map_err(|error| error.moved(start))?;
        Ok(Cow::Owned(format!(
            "{}@{host}",
            userinfo.unwrap_or_default()
        )))
    }

    /// Host and port, in ASCII.
    fn read_host<'a>(&self, host: &'a str) -> Result<Cow<'a, str>, ParseError> {
        let mut octets = host.bytes().enumerate();
        let Some((place, octet)) = octets.find(|(_, octet)| !octet.is_ascii()) else {
            return Ok(Cow::Borrowed(host));
        };
        let refused = ParseError::new(Part::Host, Fault::Octet(octet), place);
        let to_ascii = self.idna.as_ref().ok_or(refused)?;
        let name = host.split(':').next().unwrap_or_default();
        let port = host.strip_prefix(name).unwrap_or_default();
        let name = to_ascii(name).ok_or(refused)?;
        // What comes back must be a name, and bring neither port nor user name with it.
        match name.bytes().all(is_unreserved) {
            true => Ok(Cow::Owned(format!("{name}{port}"))),
            false => Err(refused),
        }
    }
}

/// The parts of a reference, each checked, or quoted.
struct ReadParts<'a> {
    scheme: Option<&'a str>,
    netloc: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    query: Option<Cow<'a, str>>,
    fragment: Option<Cow<'a, str>>,
}

impl ReadParts<'_> {
    fn reference(&self) -> Reference<'_> {
        Reference {
            scheme: self.scheme,
            authority: self.netloc.as_deref(),
            path: self.path.as_deref().unwrap_or_default(),
            query: self.query.as_deref(),
            fragment: self.fragment.as_deref(),
        }
    }
}

impl fmt::Debug for UrlParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlParser")
            .field("quotes", &self.quotes)
            .field("idna", &self.idna.is_some())
            .finish()
    }
}

/// Neither control characters nor a blank at either end are dropped silently.
fn check_ends(text: &str) -> Result<(), ParseError> {
    let blank = |place| ParseError::new(Part::Whole, Fault::Octet(b' '), place);
    match find_control(text) {
        Some((place, octet)) => Err(ParseError::new(Part::Whole, Fault::Octet(octet), place)),
        None if text.starts_with(' ') => Err(blank(0)),
        None if text.ends_with(' ') => Err(blank(text.len().saturating_sub(1))),
        None => Ok(()),
    }
}

/// A colon in the first segment of a relative path would be read as the end of a scheme (RFC 3986
/// section 4.2).
fn check_first_segment(parts: &Reference<'_>) -> Result<(), ParseError> {
    if parts.scheme.is_some() {
        return Ok(());
    }
    let first = parts.path.split('/').next().unwrap_or_default();
    match first.find(':') {
        Some(place) => Err(ParseError::new(Part::Scheme, Fault::Octet(b':'), place)),
        None => Ok(()),
    }
}

impl Url {
    /// Reads a URL; nothing in it is changed or made good. [`UrlParser`] is for what people type.
    ///
    /// # Errors
    /// [`ParseError`] with the first part that is wrong: no scheme, one other than http and https,
    /// an illegal octet, a lone `%`, a bad host or port, more than [`MAX_LENGTH`](Self::MAX_LENGTH).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        UrlParser::strict().parse(text)
    }

    /// Resolves a reference, such as that of a `Location` field, against this URL (RFC 3986
    /// section 5.2, strict; `urllib.parse.urljoin`). The user name and password stay if the
    /// authority does.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), of the reference.
    pub fn join(&self, reference: &str) -> Result<Self, ParseError> {
        UrlParser::strict().join(self, reference)
    }
}
