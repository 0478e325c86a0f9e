//! The values of fields on their way out: the forms that a caller may give them in, and how several
//! of them become one (RFC 9110 section 5.3, RFC 9112 section 5.2).
//!
//! Departs from `http.client`, which folds several values: see `Tolerance::folded_values`.

use std::borrow::Cow;
use std::fmt::{self, Display};

use crate::proto::scan;

/// What a field value can be given as: text, bytes, an integer, or several of them.
///
/// Text is sent as UTF-8. Several values become one list, `a, b` (RFC 9110 section 5.3); those of
/// `Cookie` one line `a; b` (RFC 6265 section 4.2.1). Empty ones are left out. A field that is no
/// list takes one value. With `Tolerance::folded_values` they are continued by CRLF and a tab, as
/// `http.client` documents it. This trait is sealed.
pub trait FieldValue: sealed::Sealed {
    /// Appends the value, as it was given, to `out`, and between several a continuation.
    #[doc(hidden)]
    fn append_to(&self, out: &mut Vec<u8>);

    /// The number of values.
    #[doc(hidden)]
    fn count(&self) -> usize {
        1
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What stands between several values of one `putheader` until they are laid out, and afterwards
/// where folding is tolerated.
pub(crate) const CONTINUATION: &[u8] = b"\r\n\t";

macro_rules! byte_values {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl FieldValue for $type {
            fn append_to(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(AsRef::<[u8]>::as_ref(self));
            }
        }
    )*};
}
byte_values!(str, String, [u8], Vec<u8>, Cow<'_, [u8]>);

macro_rules! integer_values {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl FieldValue for $type {
            fn append_to(&self, out: &mut Vec<u8>) {
                match u64::try_from(*self) {
                    Ok(number) => append_decimal(number, out),
                    Err(_) => append_display(self, out),
                }
            }
        }
    )*};
}

/// Nearly all numbers: `Display` takes several times the work.
fn append_decimal(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut start = digits.len();
    for place in digits.iter_mut().rev() {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        *place = b'0'.wrapping_add(digit);
        start = start.saturating_sub(1);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Writes straight into the buffer: a text in between would be an allocation per request.
fn append_display(value: &impl Display, out: &mut Vec<u8>) {
    struct Octets<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Octets<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // An integer's `Display` does not fail, and neither does a vector.
    let _ = fmt::Write::write_fmt(&mut Octets(out), format_args!("{value}"));
}

integer_values!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

impl<T: FieldValue + ?Sized> sealed::Sealed for &T {}
impl<T: FieldValue + ?Sized> FieldValue for &T {
    fn append_to(&self, out: &mut Vec<u8>) {
        (**self).append_to(out);
    }

    fn count(&self) -> usize {
        (**self).count()
    }
}

impl<const N: usize> sealed::Sealed for [u8; N] {}
impl<const N: usize> FieldValue for [u8; N] {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> sealed::Sealed for [&str; N] {}
impl<const N: usize> FieldValue for [&str; N] {
    fn append_to(&self, out: &mut Vec<u8>) {
        Values(self).append_to(out);
    }

    fn count(&self) -> usize {
        N
    }
}

/// Several values of one field.
///
/// ```
/// use stdhttp::Values;
///
/// let value = Values(&["text/html", "text/plain"]);
/// # let _ = value;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Values<'a, T>(pub &'a [T]);

impl<T: FieldValue> sealed::Sealed for Values<'_, T> {}
impl<T: FieldValue> FieldValue for Values<'_, T> {
    fn append_to(&self, out: &mut Vec<u8>) {
        for (place, value) in self.0.iter().enumerate() {
            if place > 0 {
                out.extend_from_slice(CONTINUATION);
            }
            value.append_to(out);
        }
    }

    fn count(&self) -> usize {
        self.0.iter().map(FieldValue::count).sum()
    }
}

/// `http.client`'s rule for values, line ends only before white space and never at the end; and no
/// line of white space alone, which some recipients take for the end of the head.
pub(crate) fn is_value_as_given(value: &[u8]) -> bool {
    let mut rest = value;
    while let [octet, after @ ..] = rest {
        let legal = match (octet, after) {
            (b'\r', [b'\n', ..]) => true,
            (b'\r' | b'\n', _) => is_continuation(after),
            _ => true,
        };
        if !legal {
            return false;
        }
        rest = after;
    }
    true
}

/// Whether this begins with white space and then something else on the same line.
fn is_continuation(text: &[u8]) -> bool {
    let mut behind = text.iter().skip_while(|&&octet| scan::is_blank(octet));
    text.first().is_some_and(|&octet| scan::is_blank(octet))
        && behind
            .next()
            .is_some_and(|octet| !matches!(octet, b'\r' | b'\n'))
}

/// The values between the continuations that [`Values`] wrote.
pub(crate) fn split_continuations(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let here = rest?;
        let end = here
            .windows(CONTINUATION.len())
            .position(|window| window == CONTINUATION);
        let (piece, after) = match end {
            Some(end) => (here.get(..end), here.get(end.saturating_add(3)..)),
            None => (Some(here), None),
        };
        rest = after;
        piece
    })
}

/// Joins the values behind `start` by another separator, in place: none is longer than a
/// continuation. Empty values are left out: they would be empty elements of a list, or continuation
/// lines of white space alone (RFC 9110 section 5.6.1, RFC 9112 section 5.2).
pub(crate) fn join_values(out: &mut Vec<u8>, start: usize, separator: &[u8], trims: bool) {
    let (mut from, mut end) = (start, start);
    while let Some(rest) = out.get(from..) {
        let value = split_continuations(rest).next().unwrap_or_default();
        let next = from.saturating_add(value.len());
        let is_empty = scan::trim_blank(value).is_empty();
        let blanks = value.iter().take_while(|&&octet| scan::is_blank(octet));
        let (skipped, length) = match trims {
            true => (blanks.count(), scan::trim_blank(value).len()),
            false => (0, value.len()),
        };
        if !is_empty {
            if end > start {
                end = put_at(out, end, separator);
            }
            let first = from.saturating_add(skipped);
            out.copy_within(first..first.saturating_add(length), end);
            end = end.saturating_add(length);
        }
        from = next.saturating_add(CONTINUATION.len());
    }
    out.truncate(end);
}

/// Writes over what stands at `place`; the place behind it.
fn put_at(out: &mut [u8], place: usize, bytes: &[u8]) -> usize {
    let end = place.saturating_add(bytes.len());
    if let Some(old) = out.get_mut(place..end) {
        old.copy_from_slice(bytes);
    }
    end
}

pub(crate) fn trim_value(out: &mut Vec<u8>, start: usize) {
    let value = out.get(start..).unwrap_or_default();
    let trimmed = scan::trim_blank_end(value).len();
    out.truncate(start.saturating_add(trimmed));
    let leading = out
        .iter()
        .skip(start)
        .take_while(|&&octet| scan::is_blank(octet))
        .count();
    out.drain(start..start.saturating_add(leading));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_display_writes_them() {
        fn check(value: impl FieldValue + Display) {
            let mut out = b"before: ".to_vec();
            value.append_to(&mut out);
            assert_eq!(out, format!("before: {value}").into_bytes());
        }
        (0..1_100u64).for_each(check);
        [u64::MAX, u64::MAX - 1, 10_000_000_000_000_000_000]
            .into_iter()
            .for_each(check);
        [i64::MIN, -1, 0, i64::MAX].into_iter().for_each(check);
        [i128::MIN, u64::MAX.into(), i128::from(u64::MAX) + 1]
            .into_iter()
            .for_each(check);
        [0, u8::MAX].into_iter().for_each(check);
    }
}
