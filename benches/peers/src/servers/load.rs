//! The load: a process with a few threads, each of which keeps a request under way on each of its
//! connections and takes the answers in turn. Status and length of every answer are checked.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::work::Work;
use crate::{Result, ensure};

const THREADS: usize = 4;

/// Whoever answers nothing for so long fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// No multiple of a page, as with the clients.
const BUFFER: usize = 65_000;

/// Warms up, says so, waits for a line, and prints how many nanoseconds the work took. The
/// arguments are those of `process::Running::load`.
pub(crate) fn load(arguments: &[String]) -> Result<()> {
    let [address, work, amount] = arguments else {
        return Err("not to be called by hand".into());
    };
    let work = Work::find(work, amount)?;
    let mut connections = connect(address, &work)?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let start = Instant::now();
    match work.keeps_alive {
        true => keep_alive(&mut connections, &work)?,
        false => reconnect(address, &work)?,
    }
    println!("{}", start.elapsed().as_nanos());
    Ok(())
}

/// Connections, opened one after the other, that have had one answer, unless that would be most of
/// the work.
fn connect(address: &str, work: &Work) -> Result<Vec<Connection>> {
    let connected = (0..work.connections).map(|_| {
        let mut connection = Connection::new(address, work)?;
        match work.keeps_alive {
            true if work.requests > 1 => connection.exchange()?,
            true => {}
            false => connection.once()?,
        }
        Ok(connection)
    });
    connected.collect()
}

fn keep_alive(connections: &mut [Connection], work: &Work) -> Result<()> {
    let rounds = work.requests / work.connections;
    let share = connections.len().div_ceil(THREADS);
    let parts = connections.chunks_mut(share);
    in_threads(parts.map(|part| || in_turn(part, rounds)))
}

fn reconnect(address: &str, work: &Work) -> Result<()> {
    let requests = work.requests / work.connections;
    let part = || (0..requests).try_for_each(|_| Connection::new(address, work)?.once());
    in_threads((0..work.connections).map(|_| part))
}

fn in_threads<P>(parts: impl Iterator<Item = P>) -> Result<()>
where
    P: FnOnce() -> Result<()> + Send,
{
    thread::scope(|scope| {
        let threads: Vec<_> = parts.map(|part| scope.spawn(part)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}

fn in_turn(connections: &mut [Connection], rounds: u64) -> Result<()> {
    connections.iter_mut().try_for_each(Connection::send)?;
    for _ in 1..rounds {
        for connection in &mut *connections {
            connection.receive()?;
            connection.send()?;
        }
    }
    connections.iter_mut().try_for_each(Connection::receive)
}

/// One connection to the server, and what goes over it.
pub(super) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    octets: u64,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(address: &str, work: &Work) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let connection = if work.keeps_alive {
            "keep-alive"
        } else {
            "close"
        };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: load\r\nAccept: */*\r\n\
             Connection: {connection}\r\n\r\n",
            work.path()
        );
        Ok(Self {
            stream,
            request: request.into_bytes(),
            octets: work.octets,
            buffer: vec![0; BUFFER.min(work.octets as usize + 2_000)],
        })
    }

    pub(super) fn exchange(&mut self) -> Result<()> {
        self.send()?;
        self.receive()
    }

    /// An exchange behind which the server closes.
    fn once(&mut self) -> Result<()> {
        self.exchange()?;
        let rest = self.stream.read(&mut self.buffer)?;
        ensure(rest == 0, "the server does not close")
    }

    fn send(&mut self) -> Result<()> {
        Ok(self.stream.write_all(&self.request)?)
    }

    fn receive(&mut self) -> Result<()> {
        let (head, mut filled) = self.receive_head()?;
        check(&self.buffer[..head], self.octets)?;
        let mut left = self.octets;
        left = left.checked_sub((filled - head) as u64).ok_or("too long")?;
        while left > 0 {
            let room = self.buffer.len().min(left as usize);
            filled = self.stream.read(&mut self.buffer[..room])?;
            ensure(filled > 0, "the answer is too short")?;
            left -= filled as u64;
        }
        Ok(())
    }

    /// The length of the head, and of what came of it and the body.
    fn receive_head(&mut self) -> Result<(usize, usize)> {
        let mut filled = 0;
        loop {
            let count = self.stream.read(&mut self.buffer[filled..])?;
            ensure(count > 0, "the connection ends in a head")?;
            filled += count;
            let mut windows = self.buffer[..filled].windows(4);
            if let Some(end) = windows.position(|four| four == b"\r\n\r\n") {
                return Ok((end + 4, filled));
            }
        }
    }
}

/// The status must be 200, and the length the one that is known.
fn check(head: &[u8], octets: u64) -> Result<()> {
    let head = std::str::from_utf8(head)?;
    ensure(head.starts_with("HTTP/1.1 200 "), head)?;
    let lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let holds = lengths.eq([octets.to_string()]);
    ensure(holds, format_args!("{octets} octets awaited: {head}"))
}
