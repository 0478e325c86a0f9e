//! Dates: the three forms of HTTP (RFC 9110 section 5.6.7), of which one is written, and those of
//! cookies (RFC 6265bis section 5.1.1).
//!
//! Counterpart of `email.utils.formatdate(usegmt=True)` and `http.cookiejar.http2time`, which takes
//! more forms. Time zones other than GMT do not occur; the calendar is the Gregorian one.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::proto::{scan, steps};

pub use crate::parse_error::{Fault, ParseError, Part};

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const LONG_DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const DAY: i64 = 86_400;

/// Octets of a date in the form of HTTP.
const LENGTH: usize = 29;

/// Days from the first of January of the year 1 to that of 1970.
const EPOCH: i64 = 719_162;

/// The form of a date that is sent: `Sun, 06 Nov 1994 08:49:37 GMT`, for `Date`, `Last-Modified`,
/// `If-Modified-Since` and the `Expires` of a cookie. Nothing for years before 1 and after 9999.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
/// assert_eq!(stdhttp::dates::formatdate(time).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
#[must_use]
pub fn formatdate(time: SystemTime) -> Option<String> {
    let mut text = String::with_capacity(LENGTH);
    write_date(time, &mut text)?;
    Some(text)
}

/// As [`formatdate`], behind a text that is there.
pub(crate) fn write_date(time: SystemTime, out: &mut String) -> Option<()> {
    let seconds = unix_seconds(time)?;
    let day = seconds.div_euclid(DAY);
    let date = Date::from_day(day).filter(|date| (1..=9_999).contains(&date.year))?;
    // The epoch was a Thursday.
    let weekday = name(&DAYS, day.saturating_add(4).rem_euclid(7))?;
    let month = name(&MONTHS, date.month.saturating_sub(1))?;
    let time = seconds.rem_euclid(DAY);
    let (day, year) = (date.day, date.year);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    out.push_str(weekday);
    out.push_str(", ");
    push_pair(out, day, ' ');
    out.push_str(month);
    out.push(' ');
    push_digits(out, year / 100);
    push_pair(out, year % 100, ' ');
    push_pair(out, hour, ':');
    push_pair(out, minute, ':');
    push_pair(out, second, ' ');
    out.push_str("GMT");
    Some(())
}

fn push_pair(out: &mut String, number: i64, behind: char) {
    push_digits(out, number);
    out.push(behind);
}

/// Two digits, of a number below 100: `Display` takes several times the work.
fn push_digits(out: &mut String, number: i64) {
    for digit in [number / 10, number % 10] {
        let digit = u32::try_from(digit).ok();
        out.extend(digit.and_then(|digit| char::from_digit(digit, 10)));
    }
}

fn name(names: &'static [&'static str], place: i64) -> Option<&'static str> {
    names.get(usize::try_from(place).ok()?).copied()
}

/// Reads a date in one of the three forms of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
///
/// A year of two digits is the latest that is no more than 50 years ahead of `now`. Case counts. A
/// leap second is the first second of the next minute; which day of the week it says is not
/// compared.
///
/// # Errors
/// [`ParseError`], [`Part::Date`]: it has none of the forms, or there is no such day or time.
///
/// ```
/// use std::time::SystemTime;
/// use stdhttp::dates::{formatdate, parse_http};
///
/// let time = parse_http("Sunday, 06-Nov-94 08:49:37 GMT", SystemTime::now())?;
/// assert_eq!(formatdate(time).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// # Ok::<(), stdhttp::dates::ParseError>(())
/// ```
pub fn parse_http(text: &str, now: SystemTime) -> Result<SystemTime, ParseError> {
    let mut reader = Reader { rest: text };
    let found = match text.find([',', ' ']) {
        Some(3) if text.get(3..4) == Some(",") => reader.imf_fixdate(),
        Some(3) => reader.asctime(),
        _ => reader.rfc850(now),
    };
    let offset = text.len().saturating_sub(reader.rest.len());
    found
        .filter(|_| reader.rest.is_empty())
        .and_then(|(date, time)| date.at(time))
        .ok_or(ParseError::new(Part::Date, Fault::Malformed, offset))
}

/// Reads the date of a cookie's `Expires` by the algorithm of RFC 6265bis, which looks for a time,
/// a day, a month and a year in whatever order and company they come.
///
/// # Errors
/// [`ParseError`], [`Part::Date`]: one of them is missing, or there is no such day or time.
///
/// ```
/// use stdhttp::dates::{formatdate, parse_cookie};
///
/// let time = parse_cookie("1994 Nov 6 8:49:37")?;
/// assert_eq!(formatdate(time).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// # Ok::<(), stdhttp::dates::ParseError>(())
/// ```
pub fn parse_cookie(text: impl AsRef<[u8]>) -> Result<SystemTime, ParseError> {
    let found = CookieDate::find(text.as_ref());
    let error = |fault| ParseError::new(Part::Date, fault, 0);
    let (date, time) = found.whole().ok_or(error(Fault::Missing))?;
    date.at(time).ok_or(error(Fault::Malformed))
}

/// Seconds since the epoch, rounded down.
fn unix_seconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok(),
        Err(error) => {
            let before = error.duration();
            let part = i64::from(before.subsec_nanos() > 0);
            i64::try_from(before.as_secs())
                .ok()?
                .checked_neg()?
                .checked_sub(part)
        }
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// Hour, minute and second.
type Time = [i64; 3];

impl Date {
    /// The date of a day that is counted from the epoch.
    fn from_day(number: i64) -> Option<Self> {
        // 146,097 days are 400 years. The year that this gives is at most one ahead.
        let years = number.checked_mul(400)?.div_euclid(146_097);
        let mut year = years.saturating_add(1_969);
        while first_day(year.saturating_add(1)) <= number {
            year = year.saturating_add(1);
        }
        let mut day = number.saturating_sub(first_day(year)).saturating_add(1);
        let mut month = 1;
        while day > days_in(year, month) {
            day = day.saturating_sub(days_in(year, month));
            month = month.saturating_add(1);
        }
        Some(Self { year, month, day })
    }

    /// The instant of a time on this day; nothing if either does not exist.
    fn at(self, [hour, minute, second]: Time) -> Option<SystemTime> {
        let is_day = (1..=days_in(self.year, self.month)).contains(&self.day);
        let is_time = hour < 24 && minute < 60 && second <= 60;
        if !is_day || !is_time {
            return None;
        }
        let months = 1..self.month;
        let before: i64 = months.map(|month| days_in(self.year, month)).sum();
        let day = first_day(self.year)
            .checked_add(before)?
            .checked_add(self.day)?;
        let minutes = hour.checked_mul(60)?.checked_add(minute)?;
        let seconds = minutes.checked_mul(60)?.checked_add(second)?;
        let midnight = day.checked_sub(1)?.checked_mul(DAY)?;
        system_time(midnight.checked_add(seconds)?)
    }
}

fn system_time(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    match seconds < 0 {
        true => UNIX_EPOCH.checked_sub(distance),
        false => UNIX_EPOCH.checked_add(distance),
    }
}

/// The first day of a year, counted from the epoch.
fn first_day(year: i64) -> i64 {
    let before = year.saturating_sub(1);
    let days = before.saturating_mul(365).saturating_sub(EPOCH);
    days.saturating_add(before.div_euclid(4))
        .saturating_sub(before.div_euclid(100))
        .saturating_add(before.div_euclid(400))
}

/// The days of a month; none for a month that does not exist.
fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => first_day(year.saturating_add(1))
            .saturating_sub(first_day(year))
            .saturating_sub(337),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Reads a text from its start, piece by piece.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    fn imf_fixdate(&mut self) -> Option<(Date, Time)> {
        self.one_of(&DAYS)?;
        self.literal(", ")?;
        let day = self.digits(2)?;
        self.literal(" ")?;
        let month = self.month()?;
        self.literal(" ")?;
        let year = self.digits(4)?;
        self.literal(" ")?;
        let time = self.time()?;
        self.literal(" GMT")?;
        Some((Date { year, month, day }, time))
    }

    /// `Sun Nov  6 08:49:37 1994`.
    fn asctime(&mut self) -> Option<(Date, Time)> {
        self.one_of(&DAYS)?;
        self.literal(" ")?;
        let month = self.month()?;
        self.literal(" ")?;
        let day = match self.literal(" ") {
            Some(()) => self.digits(1)?,
            None => self.digits(2)?,
        };
        self.literal(" ")?;
        let time = self.time()?;
        self.literal(" ")?;
        let year = self.digits(4)?;
        Some((Date { year, month, day }, time))
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`.
    fn rfc850(&mut self, now: SystemTime) -> Option<(Date, Time)> {
        self.one_of(&LONG_DAYS)?;
        self.literal(", ")?;
        let day = self.digits(2)?;
        self.literal("-")?;
        let month = self.month()?;
        self.literal("-")?;
        let short = self.digits(2)?;
        self.literal(" ")?;
        let time = self.time()?;
        self.literal(" GMT")?;
        let year = full_year(short, (month, day, time), now)?;
        Some((Date { year, month, day }, time))
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// The place of the name that comes next.
    fn one_of(&mut self, names: &[&str]) -> Option<usize> {
        names.iter().position(|name| self.literal(name).is_some())
    }

    fn month(&mut self) -> Option<i64> {
        let place = self.one_of(&MONTHS)?;
        i64::try_from(place).ok()?.checked_add(1)
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.digits(2)?;
        self.literal(":")?;
        let minute = self.digits(2)?;
        self.literal(":")?;
        Some([hour, minute, self.digits(2)?])
    }

    /// A number of exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let number = number(digits.as_bytes())?;
        self.rest = rest;
        Some(number)
    }
}

/// The year with these last two digits in which the rest of the date is no more than 50 years
/// ahead.
fn full_year(short: i64, rest: (i64, i64, Time), now: SystemTime) -> Option<i64> {
    let seconds = unix_seconds(now)?;
    let today = Date::from_day(seconds.div_euclid(DAY))?;
    let time = seconds.rem_euclid(DAY);
    let time = [time / 3_600, time / 60 % 60, time % 60];
    let is_later = rest > (today.month, today.day, time);
    let latest = today
        .year
        .checked_add(50)?
        .checked_sub(i64::from(is_later))?;
    latest.checked_sub(latest.checked_sub(short)?.rem_euclid(100))
}

fn number(digits: &[u8]) -> Option<i64> {
    i64::try_from(scan::decimal(digits)?).ok()
}

/// The first of each that was found in the date of a cookie.
#[derive(Default)]
struct CookieDate {
    time: Option<Time>,
    day: Option<i64>,
    month: Option<i64>,
    year: Option<i64>,
}

impl CookieDate {
    fn find(text: &[u8]) -> Self {
        steps::count(text.len());
        let mut found = Self::default();
        for token in text.split(|&octet| is_delimiter(octet)) {
            found.take(token);
        }
        found
    }

    /// Takes a token for the first part that it can be and that is still missing.
    fn take(&mut self, token: &[u8]) {
        let _ = fill(&mut self.time, || cookie_time(token))
            || fill(&mut self.day, || leading_number(token, 1..=2))
            || fill(&mut self.month, || cookie_month(token))
            || fill(&mut self.year, || leading_number(token, 2..=4));
    }

    fn whole(&self) -> Option<(Date, Time)> {
        let year = match self.year? {
            year @ 70..=99 => year.saturating_add(1_900),
            year @ 0..=69 => year.saturating_add(2_000),
            year => year,
        };
        let (month, day) = (self.month?, self.day?);
        // There is no leap second in the date of a cookie.
        let time = self.time.filter(|[.., second]| *second < 60)?;
        (year >= 1_601).then_some((Date { year, month, day }, time))
    }
}

/// Fills what is empty; whether that was possible.
fn fill<T>(empty: &mut Option<T>, find: impl FnOnce() -> Option<T>) -> bool {
    if empty.is_some() {
        return false;
    }
    *empty = find();
    empty.is_some()
}

fn is_delimiter(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=b'/' | b';'..=b'@' | b'['..=b'`' | b'{'..=b'~')
}

/// Three numbers with colons between them, and whatever follows.
fn cookie_time(token: &[u8]) -> Option<Time> {
    let mut parts = token.splitn(3, |&octet| octet == b':');
    let mut whole = || parts.next().filter(|part| part.len() <= 2).and_then(number);
    let (hour, minute) = (whole()?, whole()?);
    Some([hour, minute, leading_number(parts.next()?, 1..=2)?])
}

/// A number of so many digits, no more, at the start.
fn leading_number(token: &[u8], lengths: RangeInclusive<usize>) -> Option<i64> {
    let digits = token.iter().take_while(|octet| octet.is_ascii_digit());
    let length = digits.count();
    number(token.get(..length)?).filter(|_| lengths.contains(&length))
}

/// A month by its first three letters.
fn cookie_month(token: &[u8]) -> Option<i64> {
    let letters = token.get(..3)?;
    let mut months = (1..).zip(MONTHS);
    let named = months.find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(letters));
    named.map(|(month, _)| month)
}
