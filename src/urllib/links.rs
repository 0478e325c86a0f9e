//! `Link` fields (RFC 8288 section 3): targets with parameters, in which commas and semicolons may
//! stand between quotes.
//!
//! Counterpart of `requests.utils.parse_header_links`, which cuts at each comma.

use crate::parse_error::{Fault, ParseError, Part};
use crate::proto::{scan, steps};

/// A link: where to, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// The URI reference between `<` and `>`, as written; [`Url::join`](super::Url::join) resolves
    /// it.
    pub target: String,
    /// Names in lower case, and values without quotes, in their order. A name without `=` has an
    /// empty value.
    pub params: Vec<(String, String)>,
}

impl Link {
    /// The first parameter of this name, which is to be given in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        let (_, value) = params.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Whether the first `rel` has this relation, such as `next`, in any case.
    #[must_use]
    pub fn has_rel(&self, relation: &str) -> bool {
        let mut relations = self.get("rel").unwrap_or_default().split(' ');
        relations.any(|known| known.eq_ignore_ascii_case(relation))
    }
}

/// Reads the value of a `Link` field.
///
/// # Errors
/// [`ParseError`], [`Part::Link`]: what is no link, and where.
///
/// ```
/// use stdhttp::urllib::parse_links;
///
/// let links = parse_links("<p2>; rel=\"next last\"; title=\"a, b; c\", </>; rel=start")?;
/// assert_eq!(links[0].target, "p2");
/// assert!(links[0].has_rel("next") && links[1].has_rel("start"));
/// assert_eq!(links[0].get("title"), Some("a, b; c"));
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
pub fn parse_links(value: &str) -> Result<Vec<Link>, ParseError> {
    let mut reader = Reader { rest: value };
    let mut links = Vec::new();
    while reader.skip_to_link() {
        match reader.link() {
            Some(link) => links.push(link),
            None => return Err(reader.error(value)),
        }
    }
    Ok(links)
}

/// What is still to be read. It stops where something is wrong.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Skips blanks and empty elements of the list (RFC 9110 section 5.6.1); whether there is more.
    fn skip_to_link(&mut self) -> bool {
        self.skip(&[' ', '\t', ',']);
        !self.rest.is_empty()
    }

    fn skip(&mut self, characters: &[char]) {
        let rest = self.rest.trim_start_matches(characters);
        steps::count(self.rest.len().saturating_sub(rest.len()).saturating_add(1));
        self.rest = rest;
    }

    fn take(&mut self, mark: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    fn link(&mut self) -> Option<Link> {
        self.take('<')?;
        let (target, rest) = self.rest.split_once('>')?;
        steps::count(target.len());
        self.rest = rest;
        let mut params = Vec::new();
        loop {
            self.skip(&[' ', '\t']);
            match self.rest.chars().next() {
                None | Some(',') => break,
                _ => self.take(';')?,
            }
            self.skip(&[' ', '\t']);
            params.extend(self.param()?);
        }
        Some(Link {
            target: target.trim().to_owned(),
            params,
        })
    }

    /// A parameter; the inner nothing is an empty one.
    fn param(&mut self) -> Option<Option<(String, String)>> {
        let name = self.token();
        if name.is_empty() {
            let ends = self.rest.is_empty() || self.rest.starts_with([';', ',']);
            return ends.then_some(None);
        }
        self.skip(&[' ', '\t']);
        let value = match self.take('=') {
            None => String::new(),
            Some(()) => {
                self.skip(&[' ', '\t']);
                self.value()?
            }
        };
        Some(Some((name.to_ascii_lowercase(), value)))
    }

    fn token(&mut self) -> &'a str {
        let length = scan::token_length(self.rest.as_bytes());
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        token
    }

    /// A quoted-string, or what stands before the next delimiter: some senders write URLs there.
    fn value(&mut self) -> Option<String> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let end = self.rest.find([' ', '\t', ';', ',', '"']);
        let (value, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        steps::count(value.len());
        self.rest = rest;
        // Others write single quotes, which are none to the grammar.
        let inner = value.strip_prefix('\'');
        let inner = inner.and_then(|value| value.strip_suffix('\''));
        Some(inner.unwrap_or(value).to_owned())
    }

    /// RFC 9110 section 5.6.4.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.rest.strip_prefix('"')?.chars();
        loop {
            steps::count(1);
            match characters.next()? {
                '"' => break,
                '\\' => value.push(characters.next()?),
                character => value.push(character),
            }
        }
        self.rest = characters.as_str();
        Some(value)
    }

    fn error(&self, value: &str) -> ParseError {
        let offset = value.len().saturating_sub(self.rest.len());
        let fault = match self.rest.bytes().next() {
            Some(octet) => Fault::Octet(octet),
            None => Fault::Missing,
        };
        ParseError::new(Part::Link, fault, offset)
    }
}
