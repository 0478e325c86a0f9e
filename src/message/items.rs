//! The fields of a message one after the other, as text.

use std::borrow::Cow;
use std::slice;

use crate::message::{Field, HTTPMessage, latin1};

/// Goes through the fields of an [`HTTPMessage`]: names and values as Latin-1 text.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    pub(super) message: &'a HTTPMessage,
    pub(super) fields: slice::Iter<'a, Field>,
}

impl<'a> Items<'a> {
    fn text(&self, field: &Field) -> (Cow<'a, str>, Cow<'a, str>) {
        let (name, value) = field.of(self.message.block());
        (latin1(name), latin1(value))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.fields.next()?;
        Some(self.text(field))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.fields.size_hint()
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let field = self.fields.next_back()?;
        Some(self.text(field))
    }
}

impl ExactSizeIterator for Items<'_> {}
