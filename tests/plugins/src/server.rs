//! A server that answers one request after the other, each on a connection of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use stdhttp::requests::Session;

/// Answers with these bytes in turn; gives the URL, and the requests when it is joined.
pub(crate) fn serve(answers: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let one = move |answer: Vec<u8>| {
        let (stream, _) = listener.accept().expect("a connection");
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("a timeout");
        let mut stream = BufReader::new(stream);
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut request).expect("a line") > 0);
        }
        if let Some((_, rest)) = request.split_once("Content-Length: ") {
            let length = rest.lines().next().and_then(|length| length.parse().ok());
            let mut body = vec![0; length.expect("a length")];
            stream.read_exact(&mut body).expect("a body");
            request += &String::from_utf8_lossy(&body);
        }
        // The client may have had enough before the end.
        let _ = stream.get_mut().write_all(&answer);
        request
    };
    let server = thread::spawn(move || answers.into_iter().map(one).collect());
    (url, server)
}

pub(crate) fn answer(fields: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let fields = format!("{fields}Connection: close\r\n");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{fields}\r\n");
    [head.as_bytes(), content].concat()
}

/// A session that takes nothing from the environment.
pub(crate) fn session_with(plug: impl Fn(&mut Session)) -> Session {
    let mut session = Session::new();
    session.set_trust_env(false);
    plug(&mut session);
    session
}
