//! What a client does in a random script: how it sends, what it does with the answer, and what
//! goes wrong in between.

use std::io::ErrorKind;

use crate::early::Fault;
use crate::plan::{Framing, Kind, Leaves, Plan, When};
use crate::tape::Tape;

/// Where a body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Slice,
    Sized,
    Reader,
    Iter,
    File,
    /// Ends one octet before what was promised.
    SizedShort,
    /// Fails where it should end.
    ReaderFails,
}

/// One call of a request that is sent step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Octets of the body as they are.
    Send(From, usize),
    /// A chunk that the crate encodes, or that the caller does.
    Chunk(usize),
    RawChunk(usize),
    Last,
    RawLast,
    AwaitContinue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// `request` without a body.
    Get,
    /// `request`, the framing left to it.
    Request(From, usize),
    /// `request_with`, under a `Transfer-Encoding` of the caller's.
    Encoded(From, usize),
    /// `request`, the bytes being chunks already.
    RawChunks(usize),
    /// `putrequest`, `putheader` and `endheaders_with` a body.
    EndHeaders(From, usize),
    /// `putrequest`, `putheader`, `endheaders`, and then this; a length, or else chunked.
    Steps(Option<usize>, Vec<Part>),
}

/// What is done once the request was sent, or was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Whole,
    Pieces(usize),
    /// With `peek` and `consume` of `BufRead`.
    Peek(usize),
    /// So many octets, then the response is dropped.
    Some(usize),
    Drain(u64),
    CloseResponse,
    /// The response is closed, then drained.
    CloseAndDrain,
    /// The stream is taken out of the response.
    TakeStream,
    /// The answer is not fetched.
    Leave,
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) how: How,
    pub(crate) plan: Plan,
    pub(crate) then: Then,
    pub(crate) expect: bool,
    pub(crate) upgrade: bool,
    /// After an error the other steps are taken nevertheless.
    pub(crate) obstinate: bool,
    /// How often a call that timed out is made again.
    pub(crate) again: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) faults: Vec<(usize, Fault)>,
    pub(crate) blocksize: usize,
    pub(crate) tunnel: Option<Plan>,
    /// On the first connection, which is made by hand, the server says something before it is
    /// asked.
    pub(crate) unasked: Option<&'static [u8]>,
    pub(crate) deadline: bool,
}

/// More than twice the interval after which an upload looks for an answer.
pub(crate) const LARGE: usize = 2_500_000;

const SIZES: [usize; 8] = [3, 0, 1, 8, 40, 700, 9_000, 70_000];

const UNASKED: [&[u8]; 4] = [
    b"HTTP/1.1 200 OK\r\nX-Token: unasked\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"\r\n",
    b"HTTP/1.1 200 O",
];

/// The errors of a stream that are for good.
pub(crate) const FATAL: [ErrorKind; 10] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
    ErrorKind::UnexpectedEof,
    ErrorKind::HostUnreachable,
    ErrorKind::NetworkDown,
    ErrorKind::InvalidData,
    ErrorKind::Other,
    ErrorKind::TimedOut,
];

impl Script {
    pub(crate) fn draw(tape: &mut Tape) -> Self {
        let blocksize = tape.choose(&[130_000, 7, 1_000]);
        let mut script = Self {
            faults: draw_faults(tape),
            tunnel: None,
            unasked: None,
            deadline: tape.once_in(12),
            blocksize,
            exchanges: vec![Exchange::draw(tape)],
        };
        match tape.below(10) {
            8 => script.tunnel = Some(draw_tunnel(tape)),
            9 => script.unasked = Some(tape.choose(&UNASKED)),
            _ => {}
        }
        while script.exchanges.len() < 3 && tape.once_in(2) {
            script.exchanges.push(Exchange::draw(tape));
        }
        if script
            .exchanges
            .iter()
            .any(|exchange| exchange.size() >= LARGE)
        {
            script.blocksize = 130_000;
        }
        script
    }
}

fn draw_tunnel(tape: &mut Tape) -> Plan {
    let kind = tape.choose(&[Kind::Whole, Kind::Interims, Kind::Stray]);
    // Bytes that come later than the answer's can't be told from the tunnel's.
    let pieces = if kind == Kind::Stray {
        usize::MAX
    } else {
        tape.choose(&[usize::MAX, 1, 30])
    };
    Plan {
        kind,
        framing: Framing::NoContent,
        pieces,
        ..Plan::PLAIN
    }
}

fn draw_faults(tape: &mut Tape) -> Vec<(usize, Fault)> {
    let kinds = [Fault::Blocks, Fault::Short, Fault::Interrupted];
    let mut faults = Vec::new();
    while faults.len() < 3 && tape.once_in(2) {
        let at = tape.below(24);
        faults.push(match tape.below(kinds.len() + 2) {
            place if place < kinds.len() => (at, kinds[place]),
            _ => (at, Fault::Fails(tape.choose(&FATAL))),
        });
    }
    faults
}

impl Exchange {
    fn draw(tape: &mut Tape) -> Self {
        let how = How::draw(tape);
        let size = how.size();
        let upgrade = tape.once_in(12);
        let then = draw_then(tape);
        let mut plan = draw_plan(tape, size);
        if upgrade && tape.once_in(2) {
            plan.kind = Kind::Switches;
        }
        Self {
            how,
            plan: plan.made_possible(),
            then,
            expect: tape.once_in(8) && size > 0,
            upgrade,
            obstinate: tape.once_in(3),
            again: tape.choose(&[3, 0, 1]),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.how.size()
    }

    /// Whether reading in between is part of sending it.
    pub(crate) fn waits(&self) -> bool {
        let parts = match &self.how {
            How::Steps(_, parts) => &parts[..],
            _ => &[],
        };
        self.expect || parts.contains(&Part::AwaitContinue)
    }

    /// Whether the request is sent as it should be, and answered as it should be.
    pub(crate) fn is_answered(&self) -> bool {
        let plan = &self.plan;
        let kind = match plan.kind {
            Kind::Switches => self.upgrade,
            Kind::CutBody | Kind::CutHead | Kind::Garbage | Kind::Ends | Kind::Silent => false,
            _ => true,
        };
        let late = plan.stalls * 2 > self.again || plan.pieces < 1_000;
        // Who can't go on sending does not wait for what comes later.
        let patient = plan.stalls == 0 || !late && plan.leaves != Leaves::StopsReading;
        kind && patient && self.how.is_regular()
    }
}

impl How {
    fn draw(tape: &mut Tape) -> Self {
        let size = match tape.once_in(20) {
            true => LARGE,
            false => tape.choose(&SIZES),
        };
        match tape.below(9) {
            0 | 1 => Self::Get,
            2 | 3 => Self::Request(draw_from(tape), size),
            4 => Self::Encoded(draw_from(tape), size),
            5 => Self::RawChunks(size),
            6 => Self::EndHeaders(draw_from(tape), size),
            7 => Self::Steps(Some(size), draw_parts(tape, size)),
            _ => Self::Steps(None, draw_chunks(tape, size)),
        }
    }

    /// Octets of the body, as far as it is planned.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Get => 0,
            Self::Request(_, size) | Self::Encoded(_, size) => *size,
            Self::RawChunks(size) | Self::EndHeaders(_, size) => *size,
            Self::Steps(Some(size), _) => *size,
            Self::Steps(None, parts) => parts.iter().map(|part| part.size()).sum(),
        }
    }

    /// How many octets a complete request has; nothing if it must never be complete.
    pub(crate) fn whole(&self) -> Option<usize> {
        let size = self.size();
        match self {
            Self::Get | Self::RawChunks(_) => Some(size),
            Self::Request(from, _) | Self::Encoded(from, _) | Self::EndHeaders(from, _) => {
                from.is_whole(size).then_some(size)
            }
            Self::Steps(Some(_), parts) => {
                let mut sent = parts.iter().filter(|part| part.is_whole());
                let enough = sent.by_ref().map(|part| part.size()).sum::<usize>() >= size;
                enough.then_some(size)
            }
            Self::Steps(None, parts) => {
                let mut parts = parts.iter();
                parts
                    .any(|part| matches!(part, Part::Last | Part::RawLast))
                    .then_some(size)
            }
        }
    }

    /// Whether the calls are those that send exactly one whole body.
    pub(crate) fn is_regular(&self) -> bool {
        match self {
            Self::Get | Self::RawChunks(_) => true,
            Self::Request(from, size) | Self::Encoded(from, size) => from.is_whole(*size),
            Self::EndHeaders(from, size) => from.is_whole(*size),
            Self::Steps(Some(size), parts) => {
                let all = parts.iter().map(|part| part.size()).sum::<usize>();
                all == *size
                    && parts
                        .iter()
                        .all(|part| part.is_whole() && part.has_length())
            }
            Self::Steps(None, parts) => is_regular_chunked(parts),
        }
    }
}

/// All chunks by one of the two, and the last one by the same at the end.
fn is_regular_chunked(parts: &[Part]) -> bool {
    let parts: Vec<&Part> = parts
        .iter()
        .filter(|p| **p != Part::AwaitContinue)
        .collect();
    let [body @ .., last] = &parts[..] else {
        return false;
    };
    match last {
        Part::Last => body.iter().all(|part| matches!(part, Part::Chunk(_))),
        Part::RawLast => body.iter().all(|part| matches!(part, Part::RawChunk(1..))),
        _ => false,
    }
}

impl From {
    /// Whether it has all of so many octets.
    fn is_whole(self, size: usize) -> bool {
        match self {
            Self::ReaderFails => false,
            Self::SizedShort => size == 0,
            _ => true,
        }
    }
}

impl Part {
    fn is_whole(self) -> bool {
        !matches!(self, Self::Send(from, size) if !from.is_whole(size))
    }

    fn has_length(self) -> bool {
        matches!(self, Self::Send(..) | Self::AwaitContinue)
    }

    pub(crate) fn size(self) -> usize {
        match self {
            Self::Send(_, size) | Self::Chunk(size) | Self::RawChunk(size) => size,
            Self::Last | Self::RawLast | Self::AwaitContinue => 0,
        }
    }
}

/// Every way to send, whole bodies first, then those that are not.
pub(crate) fn every_way() -> Vec<How> {
    let all = [
        From::Slice,
        From::Sized,
        From::Reader,
        From::Iter,
        From::File,
    ];
    let broken = [From::SizedShort, From::ReaderFails];
    let mut ways = vec![How::Get, How::RawChunks(20)];
    for size in [20, 9_000] {
        for from in all {
            ways.extend([How::Request(from, size), How::Encoded(from, size)]);
            ways.push(How::EndHeaders(from, size));
        }
    }
    for from in all.into_iter().chain(broken) {
        let (first, second) = (Part::Send(From::Slice, 7), Part::Send(from, 13));
        ways.push(How::Steps(Some(20), vec![first, second]));
        ways.push(How::Steps(Some(20), vec![second, first]));
        // The body is not sent to its end, or beyond it.
        ways.push(How::Steps(Some(21), vec![second, first]));
        ways.push(How::Steps(Some(19), vec![second, first]));
    }
    for from in broken {
        ways.extend([How::Request(from, 20), How::Encoded(from, 20)]);
        ways.push(How::EndHeaders(from, 20));
    }
    for (chunk, last) in [
        (Part::Chunk(10), Part::Last),
        (Part::RawChunk(10), Part::RawLast),
    ] {
        ways.push(How::Steps(None, vec![chunk, chunk, last]));
        ways.push(How::Steps(None, vec![chunk, chunk]));
        ways.push(How::Steps(None, vec![chunk, last, chunk]));
        ways.push(How::Steps(None, vec![last]));
        ways.push(How::Steps(None, vec![Part::AwaitContinue, chunk, last]));
    }
    ways
}

/// Ways to send so much that the answer is looked for in between.
pub(crate) fn every_large_way() -> Vec<How> {
    let mut ways = Vec::new();
    let half = LARGE / 2;
    for from in [
        From::Slice,
        From::Sized,
        From::Reader,
        From::Iter,
        From::File,
    ] {
        ways.extend([How::Request(from, LARGE), How::Encoded(from, LARGE)]);
        ways.push(How::EndHeaders(from, LARGE));
        ways.push(How::Steps(Some(LARGE), vec![Part::Send(from, half)]));
        ways.push(How::Steps(Some(LARGE), vec![Part::Send(from, half); 2]));
    }
    ways.push(How::Request(From::SizedShort, LARGE));
    ways.push(How::Steps(None, vec![Part::Chunk(half), Part::Chunk(half)]));
    ways.push(How::Steps(None, vec![Part::RawChunk(half), Part::RawLast]));
    ways
}

fn draw_from(tape: &mut Tape) -> From {
    match tape.below(24) {
        0..5 => From::Slice,
        5..10 => From::Sized,
        10..15 => From::Reader,
        15..20 => From::Iter,
        20 => From::File,
        21 => From::SizedShort,
        22 => From::ReaderFails,
        _ => From::Slice,
    }
}

/// Sends that make up the size, or fewer, or more.
fn draw_parts(tape: &mut Tape, size: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    if tape.once_in(8) {
        parts.push(Part::AwaitContinue);
    }
    let mut left = size;
    for _ in 0..tape.below(4) {
        let size = left / (1 + tape.below(3));
        parts.push(Part::Send(draw_from(tape), size));
        left -= size;
    }
    match tape.below(6) {
        0 | 1 => {}
        2 => parts.push(Part::Send(draw_from(tape), left + 2)),
        _ => parts.push(Part::Send(draw_from(tape), left)),
    }
    parts
}

fn draw_chunks(tape: &mut Tape, size: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    if tape.once_in(8) {
        parts.push(Part::AwaitContinue);
    }
    let raw = tape.once_in(3);
    let mut left = size;
    for _ in 0..tape.below(4) {
        let size = left / (1 + tape.below(2));
        // Rarely the two ways are mixed, which is refused.
        parts.push(match raw != tape.once_in(12) {
            true => Part::RawChunk(size.max(1)),
            false => Part::Chunk(size),
        });
        left -= size;
    }
    if !tape.once_in(5) {
        parts.push(if raw { Part::RawLast } else { Part::Last });
    }
    if tape.once_in(10) {
        parts.push(Part::Chunk(5));
    }
    parts
}

fn draw_then(tape: &mut Tape) -> Then {
    match tape.below(14) {
        0..3 => Then::Whole,
        3 | 4 => Then::Pieces(tape.choose(&[1, 7, 40_000])),
        5 => Then::Peek(tape.choose(&[1, 7])),
        6 | 7 => Then::Some(tape.below(12)),
        8 => Then::Drain(tape.choose(&[100_000, 0, 5])),
        9 => Then::CloseResponse,
        10 => Then::CloseAndDrain,
        11 => Then::TakeStream,
        12 => Then::Leave,
        _ => Then::Close,
    }
}

pub(crate) const KINDS: [Kind; 16] = [
    Kind::Whole,
    Kind::Closes,
    Kind::HeadOnly,
    Kind::Part(1),
    Kind::Part(20),
    Kind::LineEnd,
    Kind::Interim(100),
    Kind::Interim(103),
    Kind::Interims,
    Kind::Stray,
    Kind::StrayApart,
    Kind::CutBody,
    Kind::CutHead,
    Kind::Garbage,
    Kind::Ends,
    Kind::Silent,
];

pub(crate) const LEAVES: [Leaves; 5] = [
    Leaves::Stays,
    Leaves::Ends,
    Leaves::Gone(ErrorKind::BrokenPipe),
    Leaves::Gone(ErrorKind::ConnectionReset),
    Leaves::StopsReading,
];

fn draw_plan(tape: &mut Tape, size: usize) -> Plan {
    let framings = [
        Framing::Length,
        Framing::Chunked,
        Framing::OctetChunks,
        Framing::UntilClose,
        Framing::NoContent,
    ];
    if tape.below(4) == 0 {
        return Plan::PLAIN;
    }
    let kind = match tape.choose(&KINDS) {
        Kind::Part(1) => Kind::Part(1 + tape.below(60)),
        kind => kind,
    };
    Plan {
        kind,
        at: tape.choose(&[When::End, When::Head, When::Body(size / 2), When::Body(1)]),
        framing: tape.choose(&framings),
        size: tape.choose(&[20, 0, 1, 300]),
        leaves: if tape.once_in(3) {
            tape.choose(&LEAVES)
        } else {
            Leaves::Stays
        },
        stalls: tape.choose(&[0, 0, 0, 1, 2]),
        pieces: tape.choose(&[usize::MAX, usize::MAX, 1, 9, 40]),
    }
}
