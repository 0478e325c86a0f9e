//! A strict reader of requests that shares nothing with the crate: it takes the bytes of one
//! connection as they come, forgives nothing, and says at the first octet that can't be right.
//! Every request has its token as target and as body, over and over.

/// How far a request came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) token: String,
    /// Octets of the body.
    pub(crate) body: usize,
    pub(crate) complete: bool,
    length: Option<usize>,
    chunked: bool,
    hosts: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Fields,
    /// So many octets of a body with a length are still to come.
    Length(usize),
    ChunkSize,
    /// So many octets of a chunk are still to come.
    ChunkData(usize),
    ChunkEnd,
    Trailers,
    /// What comes is not HTTP.
    Foreign,
}

#[derive(Debug, Default)]
pub(crate) struct Reader {
    place: Place,
    line: Vec<u8>,
    /// The value that `Host` must have.
    pub(crate) host: &'static str,
    /// Those whose heads are complete, the last of them perhaps not its body.
    pub(crate) requests: Vec<Request>,
    current: Request,
}

impl Reader {
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match self.place {
                Place::Length(left) | Place::ChunkData(left) => self.take_data(left, rest)?,
                Place::Foreign => return Err(format!("not HTTP: {}", shown(rest))),
                _ => self.take_line(rest)?,
            };
            rest = &rest[used..];
        }
        Ok(())
    }

    /// From now on the connection speaks another protocol.
    pub(crate) fn switch(&mut self) {
        self.place = Place::Foreign;
    }

    fn take_data(&mut self, left: usize, bytes: &[u8]) -> Result<usize, String> {
        let count = left.min(bytes.len());
        let data = &bytes[..count];
        let request = self.requests.last_mut().unwrap();
        if !is_of_token(data, &request.token, request.body) {
            let (token, at) = (&request.token, request.body);
            return Err(format!("not the body of {token} at {at}: {}", shown(data)));
        }
        request.body += count;
        let left = left - count;
        self.place = match self.place {
            Place::Length(_) if left > 0 => Place::Length(left),
            Place::Length(_) => self.end(),
            _ if left > 0 => Place::ChunkData(left),
            _ => Place::ChunkEnd,
        };
        Ok(count)
    }

    fn take_line(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let end = bytes.iter().position(|&octet| octet == b'\n');
        let count = end.map_or(bytes.len(), |at| at + 1);
        self.line.extend_from_slice(&bytes[..count]);
        self.check_beginning()?;
        if end.is_none() {
            return Ok(count);
        }
        let line = std::mem::take(&mut self.line);
        let text = std::str::from_utf8(&line).map_err(|_| wrong(&line))?;
        let text = text.strip_suffix("\r\n").ok_or_else(|| wrong(&line))?;
        if text.contains(|c: char| c.is_ascii_control()) {
            return Err(wrong(&line));
        }
        self.place = self.line_complete(text).ok_or_else(|| wrong(&line))?;
        Ok(count)
    }

    /// A line that is not complete must be able to become one.
    fn check_beginning(&self) -> Result<(), String> {
        let starts = |whole: &str| {
            let common = whole.len().min(self.line.len());
            self.line[..common] == whole.as_bytes()[..common]
        };
        let possible = match self.place {
            Place::Start => ["GET /", "PUT /", "CONNECT "].into_iter().any(starts),
            Place::ChunkEnd => starts("\r\n"),
            Place::ChunkSize => {
                let digits = self
                    .line
                    .iter()
                    .take_while(|octet| octet.is_ascii_hexdigit());
                let (count, length) = (digits.count(), self.line.len());
                count > 0 && b"\r\n".starts_with(&self.line[count..length])
            }
            _ => true,
        };
        possible.then_some(()).ok_or_else(|| wrong(&self.line))
    }

    /// Where it goes on behind this line, if the line may stand here.
    fn line_complete(&mut self, line: &str) -> Option<Place> {
        match self.place {
            Place::Start => self.request_line(line),
            Place::Fields if line.is_empty() => self.head_complete(),
            Place::Fields => self.field(line),
            Place::ChunkSize => chunk_size(line),
            Place::ChunkEnd => line.is_empty().then_some(Place::ChunkSize),
            Place::Trailers if line.is_empty() => Some(self.end()),
            Place::Trailers => split_field(line).map(|_| Place::Trailers),
            Place::Length(_) | Place::ChunkData(_) | Place::Foreign => None,
        }
    }

    fn request_line(&mut self, line: &str) -> Option<Place> {
        let words: Vec<&str> = line.split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else {
            return None;
        };
        let token = match method {
            "CONNECT" => target,
            _ => target.strip_prefix('/')?,
        };
        self.current = Request {
            method: method.to_owned(),
            token: token.to_owned(),
            ..Request::default()
        };
        Some(Place::Fields)
    }

    fn field(&mut self, line: &str) -> Option<Place> {
        let (name, value) = split_field(line)?;
        let request = &mut self.current;
        let tunnel = request.method == "CONNECT";
        match name {
            "Host" if tunnel || value == self.host => request.hosts += 1,
            "Host" => return None,
            "Content-Length" if request.length.is_none() && !request.chunked => {
                let length = value.parse().ok()?;
                if format!("{length}") != value {
                    return None;
                }
                request.length = Some(length);
            }
            "Transfer-Encoding" if request.length.is_none() && !request.chunked => {
                request.chunked = value == "chunked";
                request.chunked.then_some(())?;
            }
            "Content-Length" | "Transfer-Encoding" => return None,
            _ => {}
        }
        Some(Place::Fields)
    }

    fn head_complete(&mut self) -> Option<Place> {
        let request = std::mem::take(&mut self.current);
        let (hosts, length, chunked) = (request.hosts, request.length, request.chunked);
        self.requests.push(request);
        match (length, chunked) {
            _ if hosts != 1 => None,
            (_, true) => Some(Place::ChunkSize),
            (None | Some(0), _) => Some(self.end()),
            (Some(length), _) => Some(Place::Length(length)),
        }
    }

    fn end(&mut self) -> Place {
        self.requests.last_mut().unwrap().complete = true;
        Place::Start
    }
}

fn split_field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let is_name = name.bytes().all(|o| o.is_ascii_alphanumeric() || o == b'-');
    (!name.is_empty() && is_name && value.trim() == value).then_some((name, value))
}

fn chunk_size(line: &str) -> Option<Place> {
    let size = usize::from_str_radix(line, 16).ok()?;
    match size {
        0 if line == "0" => Some(Place::Trailers),
        0 => None,
        _ => Some(Place::ChunkData(size)),
    }
}

/// Whether these are octets of the token, over and over, from this place on.
pub(crate) fn is_of_token(data: &[u8], token: &str, at: usize) -> bool {
    let period = token.len();
    let first = data.len().min(period);
    let due = token.bytes().cycle().skip(at % period);
    let begins = due.zip(&data[..first]).all(|(due, came)| due == *came);
    begins && data[first..] == data[..data.len() - first]
}

fn wrong(line: &[u8]) -> String {
    format!("not a request: {}", shown(line))
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(60)].escape_ascii().to_string()
}
