//! A handler from a function, whose log is kept.

use std::fmt;
use std::sync::Mutex;

use stdhttp::HTTPException;
use stdhttp::server::{BaseHTTPRequestHandler, Handler};

pub(crate) type Request<'r, 'a> = &'r mut BaseHTTPRequestHandler<'a>;
pub(crate) type Handled = Result<(), HTTPException>;

pub(crate) struct Logged<F> {
    answer: F,
    lines: Mutex<Vec<String>>,
}

pub(crate) fn logged<F: Fn(Request<'_, '_>) -> Handled + Sync>(answer: F) -> Logged<F> {
    Logged {
        answer,
        lines: Mutex::default(),
    }
}

impl<F> Logged<F> {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl<F: Fn(Request<'_, '_>) -> Handled + Sync> Handler for Logged<F> {
    fn dispatch(&self, request: Request<'_, '_>) -> Handled {
        (self.answer)(request)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, message: fmt::Arguments<'_>) {
        self.lines.lock().unwrap().push(message.to_string());
    }
}
