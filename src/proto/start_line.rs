//! The search for the first line of a message, behind the empty lines that may precede it (RFC 9112
//! section 2.2). What stands in the line is for the two parsers of heads.

use crate::error::{HTTPException, LineKind, Measured};
use crate::proto::fields::content_of;
use crate::proto::limits::{Forgiven, ForgivenSet, Limits, Tolerance};
use crate::proto::scan;

/// What is searched for.
pub(crate) struct Sought {
    pub(crate) kind: LineKind,
    /// Bytes that the line may have, its end included.
    pub(crate) limit: usize,
    /// Empty lines that may precede it.
    pub(crate) empty_lines: u8,
    /// Whether it can begin so. What can't is refused at once: it may never send a line end.
    pub(crate) can_begin: fn(&[u8]) -> bool,
    /// The error for what stands in its place.
    pub(crate) bad: fn(&[u8]) -> HTTPException,
}

/// A complete line.
pub(crate) struct Found<'a> {
    /// Without its end.
    pub(crate) content: &'a [u8],
    /// Where what follows begins.
    pub(crate) end: usize,
}

/// How far a search has come; it goes on where it stopped.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartLine {
    /// Where the line begins, once the empty lines before it are skipped.
    pub(crate) start: usize,
    /// Empty lines, and an end of line without CR.
    pub(crate) forgiven: ForgivenSet,
    /// No LF stands between `start` and here.
    searched: usize,
    empty_lines: u8,
}

impl StartLine {
    /// Whether a part of the line or an empty one was seen.
    pub(crate) fn is_begun(&self) -> bool {
        self.searched > 0
    }

    /// Skips empty lines and finds the line; nothing if more is needed.
    pub(crate) fn find<'a>(
        &mut self,
        input: &'a [u8],
        sought: &Sought,
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<Option<Found<'a>>, HTTPException> {
        loop {
            let rest = input.get(self.start..).unwrap_or_default();
            let may_skip = tolerance.leading_empty_lines && self.empty_lines < sought.empty_lines;
            let empty = match rest {
                [b'\r', b'\n', ..] if may_skip => 2,
                [b'\n', ..] if may_skip && tolerance.bare_lf => 1,
                [] => return Ok(None),
                [b'\r'] if may_skip => return Ok(None),
                _ if (sought.can_begin)(rest) => break,
                _ => return Err((sought.bad)(first_line(rest))),
            };
            self.skip_empty_line(empty);
        }
        self.find_end(input, sought, limits, tolerance)
    }

    fn skip_empty_line(&mut self, length: usize) {
        self.empty_lines = self.empty_lines.saturating_add(1);
        self.forgiven.insert(Forgiven::LeadingEmptyLines);
        self.start = self.start.saturating_add(length);
        self.searched = self.start;
    }

    fn find_end<'a>(
        &mut self,
        input: &'a [u8],
        sought: &Sought,
        limits: &Limits,
        tolerance: &Tolerance,
    ) -> Result<Option<Found<'a>>, HTTPException> {
        let found = scan::find_lf(input.get(self.searched..).unwrap_or_default());
        let end = found.map(|at| self.searched.saturating_add(at).saturating_add(1));
        self.searched = input.len();
        self.check_size(end.unwrap_or(input.len()), sought, limits)?;
        let Some(line) = end.and_then(|end| input.get(self.start..end)) else {
            return Ok(None);
        };
        let (content, bare) = content_of(line);
        if bare && !tolerance.bare_lf {
            return Err((sought.bad)(content));
        }
        if bare {
            self.forgiven.insert(Forgiven::BareLf);
        }
        let end = self.start.saturating_add(line.len());
        Ok(Some(Found { content, end }))
    }

    fn check_size(
        &self,
        end: usize,
        sought: &Sought,
        limits: &Limits,
    ) -> Result<(), HTTPException> {
        let room = limits.head.saturating_sub(self.start);
        if end.saturating_sub(self.start) <= sought.limit.min(room) {
            return Ok(());
        }
        Err(if sought.limit <= room {
            HTTPException::LineTooLong {
                line: sought.kind,
                limit: sought.limit,
            }
        } else {
            HTTPException::TooLarge {
                what: Measured::Head,
                limit: u64::try_from(limits.head).unwrap_or(u64::MAX),
            }
        })
    }
}

/// The first line of what came, as far as it came, so that errors say the same whatever follows.
fn first_line(rest: &[u8]) -> &[u8] {
    let end = scan::find_lf(rest).unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}
