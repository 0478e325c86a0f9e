//! How the bytes of a request go out, and the answer that comes before their end (RFC 9112
//! section 9.5; RFC 9110 section 7.5).
//!
//! Everything is written by [`put`](HTTPConnection::put): behind each MiB, and where a write is
//! blocked or fails, it looks whether the peer has answered, takes what is there without blocking,
//! and goes on until a final head is complete that closes the connection.

use crate::client::connect::Connect;
use crate::client::connection::HTTPConnection;
use crate::client::progress::{LOOK_INTERVAL, Upload, size};
use crate::error::{ConnectionState, HTTPException, Step};
use crate::proto::{CHUNK_END, ChunkHead};
use crate::transport::timing::Patience;
use crate::transport::wire::drop_front;

/// What a request writes up to this size finds room in a socket, so that it needs no look.
const SURE: u64 = 16_384;

/// Some of the caller's data with what frames it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Piece<'a> {
    pub(crate) before: &'a [u8],
    pub(crate) data: &'a [u8],
    pub(crate) after: &'a [u8],
}

impl<'a> Piece<'a> {
    pub(crate) fn data(data: &'a [u8]) -> Self {
        Self {
            data,
            ..Self::default()
        }
    }

    pub(crate) fn framing(before: &'a [u8]) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    pub(crate) fn chunk(head: &'a ChunkHead, data: &'a [u8]) -> Self {
        Self {
            before: head.as_bytes(),
            data,
            after: CHUNK_END,
        }
    }

    fn size(&self) -> u64 {
        let parts = [self.before, self.data, self.after];
        parts.iter().map(|part| size(part.len())).sum()
    }

    /// What one write takes: what follows the data only where all of the data does.
    fn at_most(&self, count: usize) -> [&'a [u8]; 3] {
        match self.data.get(..count) {
            Some(data) if data.len() < self.data.len() => [self.before, data, &[]],
            _ => [self.before, self.data, self.after],
        }
    }

    /// Drops so many bytes from the front; returns how many of them were data.
    fn drop_front(&mut self, count: usize) -> usize {
        let data = self.data.len();
        let mut parts = [self.before, self.data, self.after];
        drop_front(&mut parts, count);
        [self.before, self.data, self.after] = parts;
        data.saturating_sub(self.data.len())
    }
}

impl<C: Connect> HTTPConnection<C> {
    /// Whether a request is going out, or waits for its answer.
    fn is_under_way(&self) -> bool {
        let sent = self.answered_early || self.state() == ConnectionState::RequestSent;
        sent && !self.incoming.exchange.is_given_up()
    }

    /// Where in the head's buffer the rest begins that is not written.
    fn head_start(&self) -> usize {
        if self.is_under_way() {
            self.progress.head
        } else {
            usize::MAX
        }
    }

    /// What is left of the head, with a small body behind it.
    fn head_rest(&self) -> &[u8] {
        let head = self.incoming.exchange.head();
        head.get(self.head_start()..).unwrap_or_default()
    }

    /// Writes what is left of the head, and a piece behind it. `written` counts the bytes of its
    /// data that were handed over, also when it fails.
    pub(crate) fn put(
        &mut self,
        mut piece: Piece<'_>,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        self.log_sent(&piece);
        self.incoming.exchange.writing();
        let mut patience = self.patience(piece.size());
        while !self.head_rest().is_empty() || piece.size() > 0 {
            let blocked = match self.write_some(&mut piece, &mut patience, written) {
                Ok(blocked) => blocked,
                Err(error) => return self.write_failed(error),
            };
            let more = piece.size() > 0 || !self.incoming.exchange.is_given();
            if (blocked || self.progress.is_look_due() && more)
                && self.look_for_answer()? == Upload::Stop
            {
                return Ok(Upload::Stop);
            }
        }
        Ok(Upload::GoOn)
    }

    fn log_sent(&mut self, piece: &Piece<'_>) {
        let start = self.head_start();
        let incoming = &mut self.incoming;
        let head = incoming.exchange.head();
        let pieces = [piece.before, piece.data, piece.after];
        if start < head.len() {
            incoming.source.log.sent_head(head, start, &pieces);
        } else if piece.size() > 0 {
            incoming.source.log.sent(&pieces);
        }
    }

    /// A write that may block is watched.
    pub(crate) fn patience(&self, more: u64) -> Patience {
        let head = size(self.head_rest().len());
        let all = self.progress.sent.saturating_add(head).saturating_add(more);
        Patience::looking(all > SURE)
    }

    /// One write; whether it was blocked.
    fn write_some(
        &mut self,
        piece: &mut Piece<'_>,
        patience: &mut Patience,
        written: &mut u64,
    ) -> Result<bool, HTTPException> {
        let start = self.head_start();
        let incoming = &mut self.incoming;
        let head = incoming.exchange.head().get(start..).unwrap_or_default();
        let [before, data, after] = piece.at_most(LOOK_INTERVAL);
        let pieces = [head, before, data, after];
        let Some(count) = incoming.source.write_some(&pieces, patience)? else {
            return Ok(true);
        };
        let of_head = count.min(head.len());
        let of_data = piece.drop_front(count.saturating_sub(of_head));
        *written = written.saturating_add(size(of_data));
        self.progress.note(of_head, count);
        Ok(false)
    }

    /// Notes bytes that went past [`Self::put`].
    #[cfg(all(feature = "sys", target_os = "linux"))]
    pub(crate) fn note_sent(&mut self, count: usize) -> Result<Upload, HTTPException> {
        self.progress.note(0, count);
        if self.progress.is_look_due() && !self.incoming.exchange.is_given() {
            return self.look_for_answer();
        }
        Ok(Upload::GoOn)
    }

    /// All that was given is written: hands over what the stream itself may hold back.
    pub(crate) fn finish_writing(&mut self) -> Result<Upload, HTTPException> {
        let mut patience = self.patience(0);
        loop {
            match self.incoming.source.flush(&mut patience) {
                Ok(true) => break,
                Ok(false) if self.look_for_answer()? == Upload::Stop => return Ok(Upload::Stop),
                Ok(false) => {}
                Err(error) => return self.write_failed(error),
            }
        }
        self.incoming.exchange.written();
        Ok(Upload::GoOn)
    }

    /// A write that failed or ran out of time is no failed request if the peer has answered. Of a
    /// request of which nothing went out on a connection that served others, what came is no answer.
    pub(crate) fn write_failed(&mut self, error: HTTPException) -> Result<Upload, HTTPException> {
        let raises = self.incoming.exchange.tolerance().failed_write_as_error;
        let asked = self.progress.sent > 0 || !self.incoming.source.retry.reused;
        if error.is_timeout() && asked && self.look_for_answer()? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        let failed = matches!(
            error,
            HTTPException::Io {
                step: Step::Write,
                ..
            }
        );
        if failed && asked && !raises && self.is_under_way() {
            self.answered_early = self.answered_early || matches!(self.take_answer(), Ok(true));
            if self.answered_early {
                self.refuse_body();
                return Ok(Upload::Stop);
            }
        }
        Err(error)
    }

    /// Looks whether the peer has answered already. If it closes the connection the rest of the
    /// request is not sent; otherwise it is.
    pub(crate) fn look_for_answer(&mut self) -> Result<Upload, HTTPException> {
        self.progress.looked = self.progress.sent;
        if !self.is_under_way() {
            return Ok(Upload::GoOn);
        }
        if !self.answered_early {
            let taken = self.take_answer();
            self.answered_early = taken.map_err(|error| self.failed(error))?;
        }
        if self.incoming.exchange.refuses_rest() {
            self.refuse_body();
            return Ok(Upload::Stop);
        }
        Ok(Upload::GoOn)
    }

    /// Takes what is there of the answer, without blocking; whether its final head is complete.
    fn take_answer(&mut self) -> Result<bool, HTTPException> {
        loop {
            match self.incoming.take_head()? {
                Some(true) => return Ok(true),
                Some(false) => self.note_interim(),
                None if !self.incoming.source.has_answer() => return Ok(false),
                None => match self.incoming.fill_head() {
                    Ok(false) => {}
                    Err(error) if error.is_timeout() => return Ok(false),
                    ended => return ended,
                },
            }
        }
    }
}
