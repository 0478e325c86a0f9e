//! The requests that the families cut and change: own ones, which cover every way to write a request,
//! and those collected beside the project, where they are.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::json::Json;
use crate::{base64, is_long};

/// What a client sends on one connection, from its first octet on.
pub(crate) const OWN: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a?b HTTP/1.0\r\n\r\n",
    "\r\n\r\nHEAD /x HTTP/1.1\r\nhost:\t[::1]:80 \r\nX-Y: é\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://b:8/p?q HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\none\r\ntwGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
     3\r\nabc\r\n0a;n=v ; m=\"q\\\"\"\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
    "POST /z HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n\r\n",
    // Refused, one for each status and for each way to be in doubt about the framing.
    "GET /\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n X: 1\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n",
    "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
    "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
    "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX y\r\n\r\n",
    "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nZ z\r\n\r\n",
];

/// Longest of the collected connections that are used.
const LENGTH: usize = 5_000;

/// The own connections, then the collected ones.
pub(crate) fn connections() -> Vec<Vec<u8>> {
    let own = OWN.iter().map(|text| text.as_bytes().to_vec());
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/vectors/requests.jsonl"
    );
    let collected = fs::read_to_string(path).unwrap_or_else(|_| {
        assert!(std::env::var_os("CI").is_none(), "{path} is missing");
        println!("left out: the collected vectors are not beside the project");
        String::new()
    });
    let input = |line: &str| {
        let case = Json::parse(line);
        base64::decode(
            case.get("input_b64")
                .and_then(Json::text)
                .expect("an input"),
        )
    };
    let collected = collected.lines().map(input);
    own.chain(collected.filter(|input| input.len() <= LENGTH))
        .collect()
}

/// Tries all items on all processors; the sum of what each try says.
pub(crate) fn sum_of<T: Sync>(items: &[T], try_one: impl Fn(&T) -> usize + Sync) -> usize {
    let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    sum.fetch_add(try_one(item), Ordering::Relaxed);
                }
            });
        }
    });
    sum.into_inner()
}

/// A number for the short run, or for the long one.
pub(crate) fn length(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}
