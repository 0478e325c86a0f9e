//! The content of a response while it comes: raw, or with its codings undone within bounds
//! (RFC 9110 section 8.4).

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::ExceptionKind;
use crate::error::HTTPException;
use crate::message::HTTPMessage;
use crate::proto::scan;

/// Where the octets of a body come from.
pub(super) trait Source: Send {
    /// Octets of the body, undecoded; 0 is its proven end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HTTPException>;

    /// Whether the proven end is known to be reached already.
    fn is_at_end(&self) -> bool {
        false
    }

    /// Gives all that is left this time. False where it need not be read for the connection's sake: that
    /// is not kept, or more is known to come than the limit.
    fn begin_draining(&mut self, _limit: u64, _time: Duration) -> bool {
        true
    }

    /// The fields behind the body, once it is at its end.
    fn trailers(&self) -> Option<&HTTPMessage> {
        None
    }
}

/// A body that is at hand, or that an adapter of the caller's reads from somewhere.
pub(super) struct FromReader<R>(pub(super) R);

impl<R: Read + Send> Source for FromReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HTTPException> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return Ok(read?),
            }
        }
    }
}

/// A reader whose errors are those of the source, inside.
type Reader = Box<dyn Read + Send>;

/// Undoes a content coding: gets the coded octets, gives the others.
pub(super) type Decode = Arc<dyn Fn(Reader) -> Reader + Send + Sync>;

/// The content codings that are plugged in.
#[derive(Clone, Default)]
pub(super) struct Codings {
    known: Vec<(String, Decode)>,
    /// Their names, as a field has them.
    names: String,
}

/// Codings of one body that are undone (urllib3 has 5).
const LAYERS: usize = 2;

/// From so many decoded octets on a body may not be more than so many times as large as what came.
const RATIO_FROM: u64 = 1 << 20;
const RATIO: u64 = 1_100;

impl Codings {
    pub(super) fn plug(
        &mut self,
        name: &str,
        decode: impl Fn(Reader) -> Reader + Send + Sync + 'static,
    ) {
        let name = name.to_ascii_lowercase();
        if !self.names.is_empty() {
            self.names.push_str(", ");
        }
        self.names.push_str(&name);
        self.known.push((name, Arc::new(decode)));
    }

    /// What `Accept-Encoding` says: exactly what can be undone.
    pub(super) fn accepted(&self) -> &str {
        match self.names.as_str() {
            "" => "identity",
            names => names,
        }
    }

    /// The decoders for a `Content-Encoding`, the last coding first. Nothing if one is not plugged
    /// in: the content is then left as it came.
    fn decoders(&self, headers: &HTTPMessage) -> Option<Vec<Decode>> {
        let mut decoders = Vec::new();
        for value in headers.get_all_bytes("Content-Encoding") {
            for name in scan::list_elements(value) {
                if name.eq_ignore_ascii_case(b"identity") {
                    continue;
                }
                let is_it = |(known, _): &&(String, Decode)| {
                    let old = name.split_at_checked(2);
                    let old = old.filter(|(x, _)| x.eq_ignore_ascii_case(b"x-"));
                    let name = old.map_or(name, |(_, name)| name);
                    known.as_bytes().eq_ignore_ascii_case(name)
                };
                decoders.push(self.known.iter().find(is_it)?.1.clone());
            }
        }
        decoders.reverse();
        Some(decoders)
    }
}

impl fmt::Debug for Codings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.accepted())
    }
}

/// The octets as they came, shared with the decoders above.
#[derive(Clone)]
struct Raw(Arc<Mutex<RawState>>);

struct RawState {
    /// Gone once the body is at its end, has failed or is closed.
    source: Option<Box<dyn Source>>,
    trailers: Option<HTTPMessage>,
    read: u64,
    /// What the last read failed with, which a decoder may wrap or take for an end.
    failure: Option<HTTPException>,
}

impl Raw {
    fn state(&self) -> MutexGuard<'_, RawState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RawState {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HTTPException> {
        let Some(source) = &mut self.source else {
            return Ok(0);
        };
        self.failure = None;
        let read = source.read(buffer);
        match &read {
            Ok(count) => {
                let read = u64::try_from(*count).unwrap_or(u64::MAX);
                self.read = self.read.saturating_add(read);
                if (*count == 0 && !buffer.is_empty()) || source.is_at_end() {
                    self.trailers = source.trailers().cloned();
                    self.source = None;
                }
            }
            Err(error) => {
                self.failure = Some(error.clone());
                // After a timeout the same call may be made again.
                if !error.is_timeout() {
                    self.source = None;
                }
            }
        }
        read
    }
}

impl Read for Raw {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.state().read(buf)?)
    }
}

/// The content of one response.
pub(super) struct Content {
    raw: Raw,
    /// What was read before a timeout and went to nobody: it comes first.
    kept: io::Cursor<Vec<u8>>,
    decoded: Option<Decoded>,
    /// The failure that ended it is reported once; later reads are the end of nothing.
    failed: bool,
}

/// What the decoders give, and how much of it.
struct Decoded {
    reader: Option<Reader>,
    decoders: Vec<Decode>,
    too_many: bool,
    given: u64,
}

impl Content {
    pub(super) fn new(source: Box<dyn Source>, headers: &HTTPMessage, codings: &Codings) -> Self {
        let raw = Raw(Arc::new(Mutex::new(RawState {
            source: Some(source),
            trailers: None,
            read: 0,
            failure: None,
        })));
        let decoders = codings.decoders(headers).unwrap_or_default();
        let decoded = (!decoders.is_empty()).then(|| Decoded {
            reader: None,
            too_many: decoders.len() > LAYERS,
            decoders,
            given: 0,
        });
        Self {
            raw,
            kept: io::Cursor::default(),
            decoded,
            failed: false,
        }
    }

    /// What is left where the content went elsewhere.
    pub(super) fn gone() -> Self {
        let raw = RawState {
            source: None,
            trailers: None,
            read: 0,
            failure: None,
        };
        Self {
            raw: Raw(Arc::new(Mutex::new(raw))),
            kept: io::Cursor::default(),
            decoded: None,
            failed: true,
        }
    }

    /// Content; 0 is its proven end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ExceptionKind> {
        if self.failed {
            return Err(ExceptionKind::StreamConsumedError);
        }
        let kept = self.kept.read(buffer).unwrap_or_default();
        if kept > 0 {
            return Ok(kept);
        }
        let read = match &mut self.decoded {
            Some(decoded) => decoded.read(&self.raw, buffer),
            None => self.raw.state().read(buffer).map_err(client_error),
        };
        self.failed = matches!(&read, Err(error) if !error.is_timeout());
        read
    }

    /// Takes back what was read, for the next that reads.
    pub(super) fn keep(&mut self, content: Vec<u8>) {
        self.kept = io::Cursor::new(content);
    }

    /// Whether another read is known to bring nothing.
    pub(super) fn is_at_end(&self) -> bool {
        self.decoded.is_none() && !self.is_open()
    }

    /// Octets as they came, with their coding.
    pub(super) fn read_raw(&mut self, buffer: &mut [u8]) -> Result<usize, ExceptionKind> {
        self.raw.state().read(buffer).map_err(client_error)
    }

    /// Reads what is left and drops it, within a limit and a time; whether that was all.
    pub(super) fn drain(&mut self, limit: u64, time: Duration) -> bool {
        let mut block = [0; 4_096];
        let mut state = self.raw.state();
        let source = state.source.as_mut();
        if source.is_some_and(|source| !source.begin_draining(limit, time)) {
            return false;
        }
        let until = state.read.saturating_add(limit);
        while state.source.is_some() && state.read <= until {
            if state.read(&mut block).is_err() {
                return false;
            }
        }
        state.source.is_none()
    }

    /// Gives up what was not read; the connection closes with it.
    pub(super) fn close(&mut self) {
        self.raw.state().source = None;
        self.failed = true;
    }

    /// Whether there is more to come.
    pub(super) fn is_open(&self) -> bool {
        self.raw.state().source.is_some()
    }

    pub(super) fn trailers(&self) -> Option<HTTPMessage> {
        self.raw.state().trailers.clone()
    }
}

impl Decoded {
    fn read(&mut self, raw: &Raw, buffer: &mut [u8]) -> Result<usize, ExceptionKind> {
        if self.too_many {
            return Err(bomb("more codings than are undone"));
        }
        if self.reader.is_none() && !self.begin(raw)? {
            return Ok(0);
        }
        let Some(reader) = &mut self.reader else {
            return Ok(0);
        };
        let count = loop {
            match reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let count = match count {
            Ok(count @ 1..) => count,
            read => match raw.state().failure.take() {
                Some(failure) => return Err(client_error(failure)),
                None => read.map_err(ExceptionKind::ContentDecodingError)?,
            },
        };
        self.check_ratio(raw, count)?;
        if count == 0 && !buffer.is_empty() {
            drain_behind(raw)?;
        }
        Ok(count)
    }

    /// A body of no octets at all has no coding to undo (a response to HEAD, a 204).
    fn begin(&mut self, raw: &Raw) -> Result<bool, ExceptionKind> {
        let mut block = vec![0; 4_096];
        let count = raw.state().read(&mut block).map_err(client_error)?;
        block.truncate(count);
        let coded: Reader = Box::new(io::Cursor::new(block).chain(raw.clone()));
        let decoders = self.decoders.iter();
        self.reader = Some(decoders.fold(coded, |coded, decode| decode(coded)));
        if count == 0 {
            self.reader = Some(Box::new(io::empty()));
        }
        Ok(count > 0)
    }

    fn check_ratio(&mut self, raw: &Raw, count: usize) -> Result<(), ExceptionKind> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.given = self.given.saturating_add(count);
        let most = raw.state().read.saturating_mul(RATIO).max(RATIO_FROM);
        match self.given > most {
            true => Err(bomb("content that is too large for what came")),
            false => Ok(()),
        }
    }
}

/// The coded content may end before the message does: what is left is read, so that the end is
/// proven.
fn drain_behind(raw: &Raw) -> Result<(), ExceptionKind> {
    let mut block = [0; 4_096];
    let mut state = raw.state();
    for _ in 0..16 {
        let read = state.read(&mut block);
        // It is told here, and not to the next that asks the decoders.
        state.failure = None;
        if read.map_err(client_error)? == 0 {
            return Ok(());
        }
    }
    state.source = None;
    Ok(())
}

fn bomb(why: &'static str) -> ExceptionKind {
    ExceptionKind::ContentDecodingError(io::Error::other(why))
}

fn client_error(error: HTTPException) -> ExceptionKind {
    ExceptionKind::from_client(error)
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}
