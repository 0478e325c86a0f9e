//! Judges an answer: whose it is, what it says of its request, and what is read of it.

use std::io::{BufRead, Read};
use std::time::Duration;

use stdhttp::{HTTPException, HTTPResponse, Stream, Wire};

use crate::driving::{Seen, Wrong};
use crate::early::{End, Server};
use crate::plan::NEW_PROTOCOL;
use crate::script::{Exchange, Then};

type Response<'a> = HTTPResponse<'a, Wire<End>>;

/// What came of a response.
pub(crate) enum Received {
    Failed(HTTPException),
    /// It is over, and its connection is kept, or is not.
    Kept,
    Closed,
    /// It was given up half-way, or the stream was taken.
    Half,
}

/// The answer is that to this request, and says whether the request was sent to its end; whether
/// it was.
pub(crate) fn check_answer(
    token: &str,
    server: &Server,
    response: &Response<'_>,
) -> Result<bool, Wrong> {
    let came = response.getheader("x-token").unwrap_or_default();
    if came != token {
        return Err(format!("the answer to {came} where {token} was asked"));
    }
    let request = server.request(token);
    let sent = request.is_some_and(|(request, _)| request.complete);
    let (complete, closes) = (response.request_complete(), response.will_close());
    if complete && !sent || !complete && !closes {
        return Err(format!(
            "sent to its end: {sent}; request_complete(): {complete}, will_close(): {closes}"
        ));
    }
    Ok(sent)
}

pub(crate) fn read_response(
    exchange: &Exchange,
    token: &str,
    server: &Server,
    seen: &mut Seen,
    mut response: Response<'_>,
) -> Result<Received, Wrong> {
    seen.answers += 1;
    let sent = check_answer(token, server, &response)?;
    seen.early += usize::from(!sent);
    if response.status() == 101 || exchange.then == Then::TakeStream {
        return take_stream(exchange, response);
    }
    let due = exchange.plan.body(token);
    let (data, error) = read_as_told(exchange, seen, &mut response)?;
    if !due.starts_with(&data) {
        return Err(format!("not the body of {token}: {}", data.escape_ascii()));
    }
    let complete = response.is_complete();
    let closes = response.will_close();
    if complete && exchange.then.takes_all() && data != due {
        return Err(format!(
            "{} of {} octets are a whole body",
            data.len(),
            due.len()
        ));
    }
    seen.complete += usize::from(complete);
    drop(response);
    match error {
        Some(error) if error.is_timeout() => Ok(Received::Half),
        Some(_) => Ok(Received::Closed),
        None if complete && !closes => Ok(Received::Kept),
        None if complete => Ok(Received::Closed),
        None => Ok(Received::Half),
    }
}

/// Reads, and makes calls that time out again.
fn read_as_told(
    exchange: &Exchange,
    seen: &mut Seen,
    response: &mut Response<'_>,
) -> Result<(Vec<u8>, Option<HTTPException>), Wrong> {
    let mut data = Vec::new();
    let mut left = exchange.again;
    loop {
        let count = data.len();
        let error = match read_once(exchange.then, response, &mut data)? {
            Ok(true) => return Ok((data, None)),
            Ok(false) => continue,
            Err(error) => error,
        };
        if data.len() > count {
            left = exchange.again;
        }
        if !error.is_timeout() || left == 0 {
            return Ok((data, Some(error)));
        }
        left -= 1;
        seen.timeouts += 1;
    }
}

/// One call; whether no more are to follow.
fn read_once(
    then: Then,
    response: &mut Response<'_>,
    data: &mut Vec<u8>,
) -> Result<Result<bool, HTTPException>, Wrong> {
    let result = match then {
        Then::Whole => response.read(None).map(|bytes| {
            data.extend(bytes);
            true
        }),
        Then::Pieces(size) => response.read(size).map(|bytes| {
            data.extend(&bytes);
            bytes.is_empty()
        }),
        Then::Peek(size) => peek_and_consume(response, size, data),
        Then::Some(count) => {
            let mut piece = vec![0; count.saturating_sub(data.len())];
            response.readinto(&mut piece).map(|read| {
                data.extend(&piece[..read]);
                read == 0
            })
        }
        Then::Drain(limit) => match response.drain(limit) {
            Ok(whole) if whole != response.is_complete() => {
                return Err(format!("drained: {whole}"));
            }
            result => result.map(|_| true),
        },
        Then::CloseResponse | Then::CloseAndDrain => {
            let complete = response.is_complete();
            response.close();
            let drained =
                then == Then::CloseAndDrain && response.drain(100_000).ok() != Some(complete);
            if drained || response.is_complete() != complete {
                return Err("closing a response or draining it then ends its body".into());
            }
            Ok(true)
        }
        Then::TakeStream | Then::Leave | Then::Close => Ok(true),
    };
    Ok(result)
}

fn peek_and_consume(
    response: &mut Response<'_>,
    size: usize,
    data: &mut Vec<u8>,
) -> Result<bool, HTTPException> {
    let shown = response.peek(size)?.to_vec();
    data.extend(&shown);
    response.consume(shown.len());
    Ok(shown.is_empty())
}

/// What was read of the stream and what is still to come is what the server said.
fn take_stream(exchange: &Exchange, response: Response<'_>) -> Result<Received, Wrong> {
    let switched = response.status() == 101;
    if switched && !exchange.upgrade {
        return Err("an upgrade that was not asked for".into());
    }
    let Some((mut stream, mut bytes)) = response.into_inner() else {
        return Ok(Received::Half);
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let mut more = [0; 100];
    while let Ok(count @ 1..) = stream.read(&mut more) {
        bytes.extend(&more[..count]);
    }
    if switched && !NEW_PROTOCOL.starts_with(&bytes) {
        return Err(format!("behind 101: {}", bytes.escape_ascii()));
    }
    Ok(Received::Half)
}

impl Then {
    fn takes_all(self) -> bool {
        matches!(self, Self::Whole | Self::Pieces(_) | Self::Peek(_))
    }
}
