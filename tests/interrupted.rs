//! Proves that a stream whose calls are interrupted again and again does not hold an exchange
//! beyond its deadline, whichever call it is.
#![allow(missing_docs)]

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stdhttp::{Clock, HTTPConnection, HTTPException, Look, Step, Stream};

/// A clock that a millisecond passes on with every interruption.
#[derive(Clone)]
struct Ticks {
    start: Instant,
    count: Arc<AtomicU64>,
}

impl Clock for Ticks {
    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.count.load(Ordering::Relaxed))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Read,
    Write,
    Flush,
}

/// Takes everything and sends nothing, but one kind of call is always interrupted.
struct Interrupted {
    call: Call,
    ticks: Ticks,
}

impl Interrupted {
    fn meet<T>(&self, call: Call, otherwise: T) -> io::Result<T> {
        if call != self.call {
            return Ok(otherwise);
        }
        self.ticks.count.fetch_add(1, Ordering::Relaxed);
        Err(ErrorKind::Interrupted.into())
    }
}

impl Read for Interrupted {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.meet(Call::Read, 0)
    }
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.meet(Call::Write, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.meet(Call::Flush, ())
    }
}

impl Stream for Interrupted {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn shutdown(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn look(&mut self) -> io::Result<Look> {
        Ok(Look::Idle)
    }
}

#[test]
fn a_call_that_is_interrupted_for_ever_ends_at_the_deadline() {
    let steps = [
        (Call::Write, Step::Write),
        (Call::Flush, Step::Write),
        (Call::Read, Step::ReadHead),
    ];
    for (call, expected) in steps {
        let ticks = Ticks {
            start: Instant::now(),
            count: Arc::default(),
        };
        let stream = Interrupted {
            call,
            ticks: ticks.clone(),
        };
        let mut conn = HTTPConnection::builder("example.org")
            .stream(stream)
            .clock(ticks.clone())
            .deadline(Duration::from_millis(50))
            .build()
            .expect("a good host");
        let sent = conn.request("GET", "/", (), &[]);
        let error = match sent {
            Ok(()) => conn.getresponse().map(drop).unwrap_err(),
            Err(error) => error,
        };
        assert!(
            matches!(error, HTTPException::TimedOut { step, .. } if step == expected),
            "{call:?}: {error:?}"
        );
        assert_eq!(ticks.count.load(Ordering::Relaxed), 50, "{call:?}");
    }
}
