//! When a request is sent again by itself (`urllib3.util.Retry`; RFC 9110 sections 9.2.2 and 10.2.3).
//!
//! Departs from urllib3: a budget keeps retries from multiplying the load of a server that is down,
//! the waits have jitter, and no wait goes past the deadline of the call.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::dates::parse_http;
use crate::message::HTTPMessage;
use crate::proto::scan;

/// What is sent again, how often, and after what time: `urllib3.util.Retry`.
///
/// Nothing is, by default, but a request that by its own failure can't have been seen: one that met a
/// kept connection which the server had closed, where its method is idempotent or nothing of it was
/// written. A body that can't be had again is never sent again.
///
/// ```
/// use std::time::Duration;
/// use stdhttp::requests::{HTTPAdapter, Retry, Session};
///
/// let retry = Retry::new(3)
///     .status_forcelist([502, 503, 504])
///     .backoff_factor(Duration::from_millis(200));
/// let mut session = Session::new();
/// session.mount("https://", HTTPAdapter::new().max_retries(retry));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// How often in all.
    pub total: u32,
    /// How often after a failure to connect; any method.
    pub connect: Option<u32>,
    /// How often after a failure behind the first byte of the request; of the allowed methods.
    pub read: Option<u32>,
    /// How often after a status; of the allowed methods.
    pub status: Option<u32>,
    /// The methods that may be sent twice: HEAD, GET, PUT, DELETE, OPTIONS, TRACE. Nothing: any.
    pub allowed_methods: Option<Vec<String>>,
    /// The statuses to retry on. None.
    pub status_forcelist: Vec<u16>,
    /// The wait before the second retry in a row, which doubles with each. 0; there is none before
    /// the first.
    pub backoff_factor: Duration,
    /// The longest wait without `Retry-After`. 120 seconds.
    pub backoff_max: Duration,
    /// The most that chance adds to each wait. Half of the factor.
    pub backoff_jitter: Option<Duration>,
    /// Whether `Retry-After` of a 413, 429 or 503 is obeyed.
    pub respect_retry_after_header: bool,
    /// The longest `Retry-After` that is obeyed; one that is longer ends the retries. 6 hours.
    pub retry_after_max: Duration,
    /// Whether a status that is left when the retries are used up is a `RetryError`.
    pub raise_on_status: bool,
    /// Retries for each hundred requests of the last ten seconds, beside ten that are always free.
    /// 20; nothing: any number.
    pub budget: Option<u32>,
}

/// The methods that may be sent twice (RFC 9110 section 9.2.2).
const IDEMPOTENT: [&str; 6] = ["HEAD", "GET", "PUT", "DELETE", "OPTIONS", "TRACE"];

/// Statuses whose `Retry-After` is obeyed without their being listed.
const RETRY_AFTER: [u16; 3] = [413, 429, 503];

impl Retry {
    /// So many retries.
    #[must_use]
    pub fn new(total: u32) -> Self {
        Self {
            total,
            connect: None,
            read: None,
            status: None,
            allowed_methods: Some(IDEMPOTENT.map(str::to_owned).to_vec()),
            status_forcelist: Vec::new(),
            backoff_factor: Duration::ZERO,
            backoff_max: Duration::from_secs(120),
            backoff_jitter: None,
            respect_retry_after_header: true,
            retry_after_max: Duration::from_secs(6 * 60 * 60),
            raise_on_status: true,
            budget: Some(20),
        }
    }

    /// Retries on these statuses.
    #[must_use]
    pub fn status_forcelist(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.status_forcelist = statuses.into_iter().collect();
        self
    }

    /// The wait before the second retry.
    #[must_use]
    pub fn backoff_factor(mut self, factor: Duration) -> Self {
        self.backoff_factor = factor;
        self
    }

    /// The methods that may be sent twice.
    #[must_use]
    pub fn allowed_methods<M: Into<String>>(
        mut self,
        methods: impl IntoIterator<Item = M>,
    ) -> Self {
        self.allowed_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Any method may be sent twice.
    #[must_use]
    pub fn any_method(mut self) -> Self {
        self.allowed_methods = None;
        self
    }

    /// Whether a status that is left when the retries are used up is a `RetryError`.
    #[must_use]
    pub fn raise_on_status(mut self, raise: bool) -> Self {
        self.raise_on_status = raise;
        self
    }

    /// Whether it counts how many requests there are.
    pub(super) fn has_budget(&self) -> bool {
        self.total > 0 && self.budget.is_some()
    }

    fn allows(&self, method: &str) -> bool {
        let allowed = self.allowed_methods.as_ref();
        allowed.is_none_or(|allowed| {
            allowed
                .iter()
                .any(|known| known.eq_ignore_ascii_case(method))
        })
    }
}

/// None (`max_retries=0`).
impl Default for Retry {
    fn default() -> Self {
        Self::new(0)
    }
}

impl From<u32> for Retry {
    fn from(total: u32) -> Self {
        Self::new(total)
    }
}

/// Why a request would be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Connect,
    Read,
    Status,
}

/// The retries of one request.
pub(super) struct Attempts<'a> {
    retry: &'a Retry,
    made: u32,
    of_cause: [u32; 3],
}

impl<'a> Attempts<'a> {
    pub(super) fn new(retry: &'a Retry) -> Self {
        Self {
            retry,
            made: 0,
            of_cause: [0; 3],
        }
    }

    /// Whether such a failure may be met by another attempt.
    pub(super) fn allows(&self, cause: Cause, method: &str) -> bool {
        let retry = self.retry;
        let (limit, place) = match cause {
            Cause::Connect => (retry.connect, 0),
            Cause::Read => (retry.read, 1),
            Cause::Status => (retry.status, 2),
        };
        let made = self.of_cause.get(place).copied().unwrap_or_default();
        let is_left = self.made < retry.total && limit.is_none_or(|limit| made < limit);
        is_left && (cause == Cause::Connect || retry.allows(method))
    }

    /// Whether this status is one to retry on, for a method that may be sent twice.
    pub(super) fn is_listed(&self, method: &str, status: u16, headers: &HTTPMessage) -> bool {
        let retry = self.retry;
        let told = retry.respect_retry_after_header
            && RETRY_AFTER.contains(&status)
            && headers.contains("Retry-After");
        let wanted = told || retry.status_forcelist.contains(&status);
        retry.total > 0 && wanted && retry.allows(method)
    }

    /// Counts an attempt, and says how long to wait before it.
    pub(super) fn next(&mut self, cause: Cause) -> Duration {
        let place = match cause {
            Cause::Connect => 0,
            Cause::Read => 1,
            Cause::Status => 2,
        };
        if let Some(made) = self.of_cause.get_mut(place) {
            *made = made.saturating_add(1);
        }
        self.made = self.made.saturating_add(1);
        self.backoff()
    }

    /// `factor · 2^(n − 1)` before the retry `n` from the second on, and what chance adds.
    fn backoff(&self) -> Duration {
        let Some(doublings) = self.made.checked_sub(1).filter(|doublings| *doublings > 0) else {
            return Duration::ZERO;
        };
        let factor = self.retry.backoff_factor;
        let times = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let jitter = self
            .retry
            .backoff_jitter
            .unwrap_or(factor.checked_div(2).unwrap_or_default());
        let wait = factor
            .saturating_mul(times)
            .saturating_add(share_of(jitter));
        wait.min(self.retry.backoff_max)
    }

    /// What `Retry-After` says; the outer nothing if it is longer than is obeyed.
    pub(super) fn retry_after(&self, status: u16, headers: &HTTPMessage, now: SystemTime) -> Told {
        if !self.retry.respect_retry_after_header || !RETRY_AFTER.contains(&status) {
            return Told::Nothing;
        }
        let Some(value) = headers.get_bytes("Retry-After") else {
            return Told::Nothing;
        };
        match retry_after(value, now) {
            Some(wait) if wait > self.retry.retry_after_max => Told::TooLong,
            Some(wait) => Told::Wait(wait),
            None => Told::Nothing,
        }
    }
}

/// What a server says about the time of the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Wait(Duration),
    TooLong,
}

/// Seconds, or a date; what is past is now, and what is neither is nothing.
fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let value = scan::trim_blank(value);
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        return Some(Duration::from_secs(
            scan::decimal(value).unwrap_or(u64::MAX),
        ));
    }
    let date = parse_http(std::str::from_utf8(value).ok()?, now).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// A part of a time, as chance has it. The keys of `std`'s hasher are random enough for that.
fn share_of(time: Duration) -> Duration {
    let chance = RandomState::new().hash_one(0_u8);
    let parts = u32::try_from(chance % 1_025).unwrap_or_default();
    time.saturating_mul(parts)
        .checked_div(1_024)
        .unwrap_or_default()
}

/// How many retries there may be, by how many requests there were.
#[derive(Debug, Default)]
pub(super) struct Budget {
    spent: Mutex<Spent>,
}

/// The requests and retries of each second, by when it began.
#[derive(Debug, Default)]
struct Spent {
    earlier: Vec<(Instant, u64, u64)>,
    current: Option<(Instant, u64, u64)>,
}

/// Retries that are always free.
const FREE: u64 = 10;
const WINDOW: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

impl Budget {
    pub(super) fn note_request(&self, now: Instant) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let (requests, _) = spent.at(now);
        *requests = requests.saturating_add(1);
    }

    /// Whether there may be one more, which then counts.
    pub(super) fn take(&self, percent: Option<u32>, now: Instant) -> bool {
        let Some(percent) = percent else {
            return true;
        };
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let (requests, retries) = {
            spent.at(now);
            spent.sums()
        };
        let share = requests
            .saturating_mul(percent.into())
            .checked_div(100)
            .unwrap_or_default();
        if retries >= FREE.saturating_add(share) {
            return false;
        }
        let (_, retries) = spent.at(now);
        *retries = retries.saturating_add(1);
        true
    }
}

impl Spent {
    /// The counts of the second that is now; those out of the window are forgotten.
    fn at(&mut self, now: Instant) -> (&mut u64, &mut u64) {
        let age = |began: Instant| now.saturating_duration_since(began);
        self.earlier.retain(|(began, ..)| age(*began) < WINDOW);
        let is_over = self.current.is_none_or(|(began, ..)| age(began) >= SECOND);
        if is_over {
            self.earlier.extend(self.current.take());
        }
        let (_, requests, retries) = self.current.get_or_insert((now, 0, 0));
        (requests, retries)
    }

    fn sums(&self) -> (u64, u64) {
        let all = self.earlier.iter().chain(&self.current);
        all.fold((0, 0), |(requests, retries), (_, more, again)| {
            (
                requests.saturating_add(*more),
                retries.saturating_add(*again),
            )
        })
    }
}
