//! What the fuzz targets share: how an input is taken apart, the drivers, and the judges.
//!
//! An input begins with a few octets that choose (method, cuts, faults); the rest is what a peer
//! sends or a caller gives. Parts of a caller's input are parted by the octet FF, which occurs in
//! no UTF-8 text.

#[path = "../../tests/support/naive.rs"]
pub mod naive;
#[path = "../../tests/support/outcome.rs"]
pub mod outcome;
#[path = "../../tests/support/readings.rs"]
pub mod readings;
#[path = "../../tests/support/reference.rs"]
pub mod reference;
#[path = "../../tests/support/requests.rs"]
pub mod requests;

pub mod answer;
pub mod calls;
pub mod challenges;
pub mod cookies;
pub mod decoding;
pub mod host;
pub mod multipart;
pub mod parameters;
pub mod paths;
pub mod peer;
pub mod request;
pub mod response;
pub mod serving;
pub mod url;

/// What separates the parts of a caller's input.
pub const SEPARATOR: u8 = 0xff;

/// An input that is taken apart from its start. At its end all choices are 0.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    pub fn octet(&mut self) -> u8 {
        match self.rest {
            [first, rest @ ..] => {
                self.rest = rest;
                *first
            }
            [] => 0,
        }
    }

    pub fn yes(&mut self) -> bool {
        self.octet() & 1 == 1
    }

    pub fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::from(self.octet()) % items.len()]
    }

    /// What was not taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The rest, taken apart at the separators.
    pub fn parts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.rest.split(|&octet| octet == SEPARATOR)
    }
}

/// A place inside `length` octets, from an octet.
pub fn place(octet: u8, length: usize) -> usize {
    usize::from(octet) * length / 256
}

/// Octets without SP and HTAB at both ends.
pub fn trim(octets: &[u8]) -> &[u8] {
    let is_kept = |octet: &u8| !b" \t".contains(octet);
    let first = octets.iter().position(is_kept).unwrap_or(octets.len());
    let last = octets.iter().rposition(is_kept);
    &octets[first..last.map_or(first, |last| last + 1)]
}
