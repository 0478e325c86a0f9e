//! One connection from its first request to its last (`handle`, `handle_one_request`): requests are
//! answered by the handler, and what it forgets, refuses or breaks is put right.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::HTTPException;
use crate::proto::CloseReason;
use crate::proto::server::{ExchangeState, Refusal, status_of};
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::connection::NoRequest;
use crate::server::log::Escaped;
use crate::server::responding::out_of_turn;

/// One connection from its first request to its last.
impl BaseHTTPRequestHandler<'_> {
    /// Serves requests until the connection closes (`handle`).
    pub(crate) fn handle(mut self) {
        let mut served = 0usize;
        loop {
            self.handle_one_request(served);
            served = served.saturating_add(1);
            if self.close_connection() || !self.connection.next_request() {
                break;
            }
        }
        match self.take_over.take() {
            Some(then) if self.connection.is_switched() => {
                let (stream, came) = self.connection.into_stream();
                then(stream, came);
            }
            _ => self.connection.close(),
        }
    }

    /// Serves one request (`handle_one_request`); sets `close_connection` unless another may follow.
    fn handle_one_request(&mut self, served: usize) {
        self.close_connection = true;
        self.refused = false;
        if !self.idle.begins() {
            return;
        }
        let idle = self.idle;
        let received = self.connection.receive_head(served == 0, || idle.ends());
        match received {
            // What can't come any more is not the client's fault: it asks another server.
            Ok(()) if idle.was_closed() && !self.connection.exchange.decoder().is_complete() => {}
            Err(NoRequest::Refused(Refusal {
                error: HTTPException::IncompleteRead(_),
                ..
            })) if idle.was_closed() => {}
            Ok(()) => {
                let last = served.saturating_add(1) >= self.connection.request_limit();
                self.set_close_connection(last);
                self.answer();
            }
            Err(NoRequest::Ended) => {}
            Err(NoRequest::Refused(refusal)) => self.refuse(&refusal),
            Err(NoRequest::Failed(error)) => {
                self.connection.abort();
                self.log_failure(&error);
            }
        }
    }

    /// Answers a request that is refused; what becomes of the answer is the client's affair.
    fn refuse(&mut self, refusal: &Refusal) {
        let message = refusal.error.to_string();
        let sent = self.send_error(refusal.status, message.as_str(), None);
        if sent.and_then(|()| self.connection.end_response()).is_err() {
            self.connection.abort();
        }
    }

    fn answer(&mut self) {
        if let Err(refusal) = self.connection.exchange.check_expectation() {
            return self.refuse(&refusal);
        }
        let handler = self.handler;
        // What a panic may leave behind of the request is not used again: the connection closes.
        let answered = catch_unwind(AssertUnwindSafe(|| handler.dispatch(self)));
        match answered {
            Ok(Ok(())) => self.end_answer(),
            Ok(Err(_)) if self.refused => self.end_answer(),
            Ok(Err(error)) => self.answer_failed(&error),
            Err(_) => {
                self.log_error(format_args!("the handler panicked"));
                self.fail(500);
            }
        }
    }

    /// Ends what the handler left open.
    fn end_answer(&mut self) {
        if self.connection.exchange.state() == ExchangeState::Received {
            self.log_error(format_args!("the handler sent no response"));
            return self.fail(500);
        }
        self.heed_shutdown();
        if let Err(error) = self.connection.end_response() {
            return self.answer_failed(&error);
        }
        if !self.close_connection() && !self.connection.drain() {
            self.close_connection = true;
        }
    }

    /// Behind this response a server that is shut down serves no other; the client is told.
    pub(super) fn heed_shutdown(&mut self) {
        if !self.idle.goes_on() {
            self.set_close_connection(true);
        }
    }

    fn answer_failed(&mut self, error: &HTTPException) {
        self.log_failure(error);
        // What the client broke is no fault of the handler.
        let failed = self.connection.exchange.close_reason() == Some(CloseReason::Failed);
        self.fail(if failed { status_of(error) } else { 500 });
    }

    fn log_failure(&self, error: &HTTPException) {
        let text = error.to_string();
        self.log_error(format_args!("Request failed: {}", Escaped(&text)));
    }

    /// An error's answer if no byte of a response has left; else the client must see that something is
    /// missing.
    fn fail(&mut self, status: u16) {
        self.close_connection = true;
        let sent = match self.connection.has_begun() {
            true => Err(out_of_turn()),
            false => self.send_error(status, None, None),
        };
        if sent.and_then(|()| self.connection.end_response()).is_err() {
            self.connection.abort();
        }
    }
}
