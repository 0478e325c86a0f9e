//! Plays a sequence of calls, in any order, before the server that answers at any moment. No
//! outcome of a call is expected here; what must hold is what `driving.rs` says of the wire and of
//! answers.

use std::io::BufRead;
use std::time::Duration;

use stdhttp::{Body, ConnectionState, HTTPConnection, StaleCheck};

use crate::answers::check_answer;
use crate::driving::{Wrong, token_of};
use crate::early::Server;
use crate::plan::{Plan, body_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `putrequest` and the field that frames the body.
    PutRequest,
    EndHeaders,
    Send,
    SendReader,
    SendChunk,
    SendLast,
    AwaitContinue,
    GetResponse,
    /// One octet of the response, while it is at hand.
    Read,
    Drain,
    Close,
}

pub(crate) const CALLS: [Call; 11] = [
    Call::PutRequest,
    Call::EndHeaders,
    Call::Send,
    Call::SendReader,
    Call::SendChunk,
    Call::SendLast,
    Call::AwaitContinue,
    Call::GetResponse,
    Call::Read,
    Call::Drain,
    Call::Close,
];

impl Call {
    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Drain)
    }

    /// Whether a response is at hand behind it.
    pub(crate) fn gives_response(self) -> bool {
        self == Self::GetResponse || self.reads()
    }
}

/// Octets of a body with a length: two pieces.
const LENGTH: usize = 4;
const PIECE: usize = 2;

/// The request under way.
struct Request {
    token: String,
    chunked: bool,
    given: usize,
    /// How many octets it has if it is complete.
    whole: Option<usize>,
}

pub(crate) fn play(plan: Plan, chunked: bool, calls: &[Call]) -> Result<(), Wrong> {
    let server = Server::new(false, None, &[]);
    let builder = HTTPConnection::builder("h").connector(server.clone());
    let builder = builder
        .clock(server.clone())
        .timeout(Duration::from_secs(1));
    let builder = builder.stale_check(StaleCheck::Always);
    let mut conn = builder.build().unwrap();
    let mut request = None;
    let mut rest = calls;
    while let [call, after @ ..] = rest {
        rest = after;
        rest = one_call(&mut conn, &server, plan, chunked, &mut request, *call, rest)?;
        check(&server, request.as_ref())?;
    }
    conn.close();
    server.plan("next", Plan::PLAIN);
    let next = conn.request("GET", "/next", (), &[]);
    let next = next.and_then(|()| conn.getresponse()?.read(None));
    match next {
        Ok(body) if body == Plan::PLAIN.body("next") => check(&server, None),
        other => Err(format!("the next request: {other:?}")),
    }
}

/// Makes a call; the reads that follow a response are made with it. What is left.
fn one_call<'c>(
    conn: &mut HTTPConnection<Server>,
    server: &Server,
    plan: Plan,
    chunked: bool,
    request: &mut Option<Request>,
    call: Call,
    rest: &'c [Call],
) -> Result<&'c [Call], Wrong> {
    let piece = request.as_ref().map(Request::piece).unwrap_or_default();
    let sent = match call {
        Call::PutRequest => {
            let next = Request::new(rest.len(), chunked);
            if conn.putrequest("PUT", &format!("/{}", next.token)).is_ok() {
                let (name, value) = next.field();
                conn.putheader(name, value).map_err(|e| format!("{e:?}"))?;
                server.plan(&next.token, plan);
                *request = Some(next);
            }
            false
        }
        Call::EndHeaders => conn.endheaders().is_err(),
        Call::Send => conn.send(&piece).is_ok(),
        Call::SendReader => conn.send(Body::reader(&piece[..])).is_ok(),
        Call::SendChunk => conn.send_chunk(&piece).is_ok(),
        Call::SendLast => {
            if let Some(request) = request.as_mut().filter(|request| request.chunked) {
                request.whole.get_or_insert(request.given);
            }
            conn.send_last_chunk(&[]).is_err()
        }
        Call::AwaitContinue => conn.await_continue().is_err(),
        Call::Close => {
            conn.close();
            false
        }
        Call::GetResponse => return get_response(conn, server, request.as_ref(), rest),
        Call::Read | Call::Drain => false,
    };
    let is_piece = matches!(call, Call::Send | Call::SendReader | Call::SendChunk);
    if let (true, true, Some(request)) = (sent, is_piece, request) {
        request.given += PIECE;
    }
    Ok(rest)
}

fn get_response<'c>(
    conn: &mut HTTPConnection<Server>,
    server: &Server,
    request: Option<&Request>,
    rest: &'c [Call],
) -> Result<&'c [Call], Wrong> {
    let mut rest = rest;
    let Ok(mut response) = conn.getresponse() else {
        return Ok(rest);
    };
    let token = &request.ok_or("an answer without a request")?.token;
    check_answer(token, server, &response)?;
    let mut body = Vec::new();
    while let [call @ (Call::Read | Call::Drain), after @ ..] = rest {
        rest = after;
        match call {
            Call::Read => body.extend(response.read(1).unwrap_or_default()),
            _ => drop(response.drain(100)),
        }
    }
    let whole = response.fill_buf().is_ok_and(<[u8]>::is_empty);
    if !body_of(token, 100).starts_with(&body) || whole != response.is_complete() {
        return Err(format!(
            "of {token}: {}, whole: {whole}",
            body.escape_ascii()
        ));
    }
    let closes = response.will_close();
    drop(response);
    if whole && conn.state() != ConnectionState::Switched && conn.is_connected() == closes {
        return Err(format!("will_close(): {closes}"));
    }
    Ok(rest)
}

/// What the server has of the request is what was given.
fn check(server: &Server, request: Option<&Request>) -> Result<(), Wrong> {
    if let Some(wrong) = server.wrong() {
        return Err(wrong);
    }
    let Some(request) = request else {
        return Ok(());
    };
    match server.request(&request.token) {
        Some((came, _)) if came.complete && Some(came.body) != request.whole => Err(format!(
            "{} octets are a whole body where {:?} are",
            came.body, request.whole
        )),
        _ => Ok(()),
    }
}

impl Request {
    fn new(number: usize, chunked: bool) -> Self {
        Self {
            token: token_of(number),
            chunked,
            given: 0,
            whole: (!chunked).then_some(LENGTH),
        }
    }

    fn field(&self) -> (&'static str, &'static str) {
        match self.chunked {
            true => ("Transfer-Encoding", "chunked"),
            false => ("Content-Length", "4"),
        }
    }

    fn piece(&self) -> Vec<u8> {
        body_of(&self.token, self.given + PIECE).split_off(self.given)
    }
}
