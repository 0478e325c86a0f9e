//! What a request writes to the log, and the dates of both log and response.

use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use crate::dates;
use crate::message::latin1;
use crate::proto::server::RequestHead;
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::log::Escaped;

/// The log and its parts.
impl BaseHTTPRequestHandler<'_> {
    /// Logs a request that was answered (`log_request`): `"GET / HTTP/1.1" 200 -`.
    pub fn log_request(&self, code: Option<u16>, size: Option<u64>) {
        let line = RequestLine(self.request());
        match (code, size) {
            (Some(code), Some(size)) => {
                self.log_message(format_args!("\"{line}\" {code} {size}"));
            }
            (Some(code), None) => self.log_message(format_args!("\"{line}\" {code} -")),
            (None, _) => self.log_message(format_args!("\"{line}\" - -")),
        }
    }

    /// Logs an error (`log_error`).
    pub fn log_error(&self, message: fmt::Arguments<'_>) {
        self.log_message(message);
    }

    /// Logs a line, by [`Handler::log_message`](crate::server::Handler::log_message) (`log_message`).
    pub fn log_message(&self, message: fmt::Arguments<'_>) {
        self.handler.log_message(self, message);
    }

    /// What the `Server` field says (`version_string`).
    pub fn version_string(&self) -> String {
        let version = [self.handler.server_version(), self.handler.sys_version()];
        version.join(" ").trim_end().to_owned()
    }

    /// A time in the form of the `Date` field; now unless it is given (`date_time_string`).
    pub fn date_time_string(&self, time: impl Into<Option<SystemTime>>) -> String {
        let time = time.into().unwrap_or_else(SystemTime::now);
        dates::formatdate(time).unwrap_or_default()
    }

    /// The present time as it stands in the log, for example `06/Nov/1994 08:49:37`, in UTC
    /// (`log_date_time_string`).
    pub fn log_date_time_string(&self) -> String {
        let date = self.date_time_string(None);
        // `Sun, 06 Nov 1994 08:49:37 GMT`
        let mut words = date.split(' ').skip(1);
        let mut word = || words.next().unwrap_or_default();
        let (day, month, year, time) = (word(), word(), word(), word());
        format!("{day}/{month}/{year} {time}")
    }

    /// The client's address as text, `-` if there is none (`address_string`).
    pub fn address_string(&self) -> impl fmt::Display + use<> {
        Address(self.client_address)
    }

    pub(super) fn refresh_date(&mut self) {
        let now = SystemTime::now();
        let second = now.duration_since(SystemTime::UNIX_EPOCH);
        let second = second.map(|time| time.as_secs()).unwrap_or_default();
        if self.date.0 != second {
            self.date.0 = second;
            self.date.1.clear();
            // The clock of a machine does not show a year of five digits.
            let _ = dates::write_date(now, &mut self.date.1);
        }
    }
}

/// A request line in the log. It is read when it is written: most servers write no log.
struct RequestLine<'a>(&'a RequestHead);

impl fmt::Display for RequestLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = latin1(self.0.request_line());
        fmt::Display::fmt(&Escaped(&line), f)
    }
}

/// A client's address in the log.
struct Address(Option<SocketAddr>);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => fmt::Display::fmt(&address.ip(), f),
            None => f.write_str("-"),
        }
    }
}
