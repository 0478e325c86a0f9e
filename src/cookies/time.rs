//! Points in time as cookies and cookie files have them: whole seconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::dates;

/// Seconds since 1970, negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    /// Before every other.
    pub(super) const FIRST: Self = Self(i64::MIN);

    /// The second that a point in time lies in; what can't be told apart is at the ends.
    pub(super) fn of(time: SystemTime) -> Self {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self(seconds(since)),
            Err(before) => Self(seconds(before.duration()).saturating_neg()),
        }
    }

    /// The instant of a cookie date (RFC 6265bis section 5.1.1).
    pub(super) fn of_cookie_date(text: &[u8]) -> Option<Self> {
        dates::parse_cookie(text).ok().map(Self::of)
    }

    /// The same as the system's time, if that reaches so far.
    pub(super) fn to_system(self) -> Option<SystemTime> {
        let distance = Duration::from_secs(self.0.unsigned_abs());
        match self.0 >= 0 {
            true => UNIX_EPOCH.checked_add(distance),
            false => UNIX_EPOCH.checked_sub(distance),
        }
    }

    pub(super) fn after(self, time: Duration) -> Self {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(seconds))
    }
}
