//! The inputs that this bench and `benches/peers` measure with: response heads and chunk-size lines.
//!
//! The first five groups are what the parser was chosen on; `servers` is what the choice was
//! confirmed on.

/// A name, and the texts that are parsed one after the other.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) texts: Vec<Vec<u8>>,
}

const STATUS: &str = "HTTP/1.1 200 OK";

const EIGHT: [&str; 8] = [
    "Server: example/1.25",
    "Date: Mon, 02 Feb 2026 12:30:45 GMT",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Length: 13",
    "Last-Modified: Sun, 01 Feb 2026 08:00:00 GMT",
    "ETag: \"697f0a80-d-5f3a1c2b\"",
    "Cache-Control: public, max-age=600",
    "Accept-Ranges: bytes",
];

/// The head of a page that comes through a content delivery network.
const CDN: [&str; 21] = [
    "Content-Type: text/html; charset=utf-8",
    "Transfer-Encoding: chunked",
    "Connection: keep-alive",
    "Date: Mon, 02 Feb 2026 12:30:45 GMT",
    "Server: edge/7",
    "Age: 42",
    "ETag: W/\"b31d-0t6gXyZq1Jr7mJc2pL9vKw5u4Ns\"",
    "Vary: Accept-Encoding, Origin",
    "Via: 1.1 origin, 1.1 edge",
    "X-Cache: MISS, HIT",
    "X-Cache-Hits: 0, 117",
    "X-Served-By: cache-origin-4711-XYZ, cache-edge-0815-ABC",
    "X-Timer: S1770035445.123456,VS0,VE1",
    "X-Frame-Options: DENY",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer-when-downgrade",
    "Cache-Control: public, max-age=60, s-maxage=600, stale-while-revalidate=30",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload",
    "Content-Security-Policy: default-src 'self'; base-uri 'self'; form-action 'self'; \
     img-src 'self' https://images.example.org data:; script-src 'self' 'nonce-rAnd0m123==' \
     https://scripts.example.org; style-src 'self' https://styles.example.org; \
     connect-src 'self' https://api.example.org wss://live.example.org; frame-ancestors 'none'",
    "Set-Cookie: session=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef; \
     Path=/; Expires=Tue, 02 Feb 2027 12:30:45 GMT; Secure; HttpOnly; SameSite=Strict",
    "Set-Cookie: language=en; Path=/; Max-Age=31536000",
];

/// Heads as they come from other kinds of servers: short and long names, lower case, names with
/// other octets than letters, digits and `-`, values without a space before them or empty ones.
const SERVERS: [&[&str]; 6] = [
    &[
        "HTTP/1.1 304 Not Modified",
        "Date: Mon, 02 Feb 2026 12:30:45 GMT",
        "Server: Apache/2.4.62 (Unix) OpenSSL/3.0.15",
        "Last-Modified: Fri, 30 Jan 2026 17:11:08 GMT",
        "ETag: \"2d-6499e3a0b1c2d\"",
        "Accept-Ranges: bytes",
        "Keep-Alive: timeout=5, max=100",
        "Connection: Keep-Alive",
    ],
    &[
        "HTTP/1.1 200 OK",
        "Cache-Control: private",
        "Content-Length: 8271",
        "Content-Type: application/json; charset=utf-8",
        "Server: Microsoft-IIS/10.0",
        "Set-Cookie: ARRAffinity=8d3f5b; Path=/; HttpOnly; Domain=app.example.net",
        "Request-Context: appId=cid-v1:01234567-89ab-cdef-0123-456789abcdef",
        "X-AspNet-Version: 4.0.30319",
        "X-Powered-By: ASP.NET",
        "Date: Mon, 02 Feb 2026 12:30:45 GMT",
    ],
    &[
        "HTTP/1.1 206 Partial Content",
        "x-amz-id-2: 3nZ8Qh1t0c9WbY5uE7rKfJ2mXvL6sPdA4gTiOoNqVhCw=",
        "x-amz-request-id: 79A5C0F1D2E3B4A6",
        "Date: Mon, 02 Feb 2026 12:30:45 GMT",
        "Last-Modified: Sat, 31 Jan 2026 23:59:59 GMT",
        "ETag: \"9b2cf535f27731c974343645a3985328-17\"",
        "x-amz-server-side-encryption: AES256",
        "x-amz-version-id: null",
        "Accept-Ranges: bytes",
        "Content-Range: bytes 0-1048575/146515",
        "Content-Type: binary/octet-stream",
        "Content-Length: 1048576",
        "Server: storage",
    ],
    &[
        "HTTP/1.1 200 OK",
        "server: example.com",
        "date: Mon, 02 Feb 2026 12:30:45 GMT",
        "content-type: application/json; charset=utf-8",
        "cache-control: private, max-age=60, s-maxage=60",
        "vary: Accept, Authorization, Cookie, X-One-Time-Password,Accept-Encoding, Accept",
        "etag: W/\"f1d2d2f924e986ac86fdf7b36c94bcdf32beec15\"",
        "x-oauth-scopes: repo, user",
        "x-accepted-oauth-scopes: ",
        "x-api-version-selected: 2022-11-28",
        "x-ratelimit-limit: 5000",
        "x-ratelimit-remaining: 4987",
        "x-ratelimit-reset: 1770036045",
        "x-ratelimit-used: 13",
        "x-ratelimit-resource: core",
        "access-control-expose-headers: ETag, Link, Location, Retry-After, X-Poll-Interval",
        "access-control-allow-origin: *",
        "strict-transport-security: max-age=31536000; includeSubdomains; preload",
        "x-frame-options: deny",
        "x-xss-protection: 0",
        "content-security-policy: default-src 'none'",
        "content-security-policy-report-only: default-src 'none'; report-uri /csp",
        "transfer-encoding: chunked",
        "x-request-id: 0421:1A2B:3C4D5E:6F7A8B:65BCD1F5",
    ],
    &[
        "HTTP/1.0 404 NOT FOUND",
        "Content-Type: text/html",
        "X_Debug_Token: a81b7c",
        "X.Trace: 00-4bf92f3577b34da6-01",
        "Content-Length:   233",
        "Pragma:no-cache",
        "Connection: close",
    ],
    &[
        "HTTP/1.1 302 Found",
        "Location: https://login.example.com/authorize?client_id=4711&redirect_uri=https%3A%2F%2F\
         app.example.com%2Fcallback&response_type=code&scope=openid%20profile&state=af0ifjsldkj",
        "Cache-Control: no-store, no-cache, must-revalidate, max-age=0",
        "Expires: Thu, 01 Jan 1970 00:00:00 GMT",
        "P3P: CP=\"none\"",
        "Set-Cookie: nonce=n-0S6_WzA2Mj; Max-Age=600; Path=/; Secure; HttpOnly",
        "Set-Cookie: sid=; Max-Age=0; Path=/",
        "Content-Length: 0",
    ],
];

fn head<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut head = String::new();
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn with_status(lines: &[&'static str]) -> Vec<u8> {
    head([STATUS].into_iter().chain(lines.iter().copied()))
}

fn fifty() -> Vec<u8> {
    let mut lines = vec!["Content-Length: 13".to_owned()];
    lines
        .extend((2..=50).map(|i| format!("X-Padding-{i:03}: the text of the field number {i:03}")));
    head([STATUS].into_iter().chain(lines.iter().map(String::as_str)))
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Sequence(u64);

impl Sequence {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Names whose values can't be any text.
const FRAMING: [&str; 3] = ["Content-Length", "Transfer-Encoding", "Connection"];

/// So many different heads that no branch predictor can learn them; a single one it does learn.
fn different(lines: &[&str], seed: u64) -> Vec<Vec<u8>> {
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(':').next())
        .filter(|name| {
            !FRAMING
                .iter()
                .any(|framing| framing.eq_ignore_ascii_case(name))
        })
        .collect();
    let mut sequence = Sequence(seed);
    let mut one = || {
        let count = 8 + sequence.below(9);
        let fields: Vec<String> = (0..count).map(|_| field(&names, &mut sequence)).collect();
        head(
            [STATUS]
                .into_iter()
                .chain(fields.iter().map(String::as_str)),
        )
    };
    (0..1024).map(|_| one()).collect()
}

fn field(names: &[&str], sequence: &mut Sequence) -> String {
    let name = names[sequence.below(names.len())];
    let length = match sequence.below(8) {
        0 => 100 + sequence.below(150),
        1..=3 => 1 + sequence.below(10),
        _ => 10 + sequence.below(40),
    };
    let value = (0..length).map(|_| char::from(b'!' + sequence.below(90) as u8));
    format!("{name}: {}", value.collect::<String>())
}

/// Response heads.
pub(crate) fn heads() -> Vec<Input> {
    let one = |name, text| Input {
        name,
        texts: vec![text],
    };
    let server_lines: Vec<&str> = SERVERS
        .iter()
        .flat_map(|lines| &lines[1..])
        .copied()
        .collect();
    let servers = SERVERS.iter().map(|lines| head(lines.iter().copied()));
    vec![
        one("one field", with_status(&["Content-Length: 13"])),
        one("8 fields", with_status(&EIGHT)),
        one("21 fields of a CDN", with_status(&CDN)),
        one("50 fields", fifty()),
        Input {
            name: "1,024 different heads",
            texts: different(&CDN[..20], 4711),
        },
        Input {
            name: "servers: 6 heads in turn",
            texts: servers.collect(),
        },
        Input {
            name: "servers: 1,024 different",
            texts: different(&server_lines, 815),
        },
    ]
}

/// The head of 8 fields, for exchanges.
#[allow(dead_code)]
pub(crate) fn eight(length: usize) -> Vec<u8> {
    let declared = format!("Content-Length: {length}");
    let lines = EIGHT
        .iter()
        .map(|line| match line.starts_with("Content-Length") {
            true => declared.as_str(),
            false => line,
        });
    head([STATUS].into_iter().chain(lines))
}

/// A chunked body of `length` octets in chunks of `size`.
pub(crate) fn chunked(length: usize, size: usize) -> Vec<u8> {
    let mut body = Vec::new();
    for _ in 0..length / size {
        body.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        body.resize(body.len() + size, b'x');
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}
