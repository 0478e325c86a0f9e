//! ExtendedReadTest and its two heirs: the same eight tests over a body without length, with
//! one, and in chunks.

use crate::support::{Response, standard};

const BODY: &[u8] = b"hello world! and now\nfor something completely different\nand\nmore";

const UNTIL_CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n\
    hello world! and now\nfor something completely different\nand\nmore";

const SIZED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n\
    hello world! and now\nfor something completely different\nand\nmore";

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
    6\r\nhello \r\n10\r\nworld! and now\nf\r\n1f\r\nor something completely differe\r\n\
    3\r\nnt\n\r\n8\r\nand\nmore\r\n0\r\n\r\n";

fn check_peek(bytes: &[u8]) {
    let mut response = standard(bytes);
    let mut all = Vec::new();
    for limit in [Some(1), None].into_iter().cycle() {
        let shown = response.peek(limit).unwrap().to_vec();
        let read = response.read(shown.len()).unwrap();
        assert_eq!(read, shown);
        assert!(limit.is_none_or(|limit| shown.len() <= limit));
        all.extend(read);
        if shown.is_empty() {
            break;
        }
    }
    assert_eq!(all, BODY);
    assert!(response.isclosed());
}

fn check_lines(bytes: &[u8], limit: Option<usize>) {
    let mut response = standard(bytes);
    let mut all = Vec::new();
    loop {
        let line = response.readline(limit).unwrap();
        if line.is_empty() {
            break;
        }
        all.extend_from_slice(&line);
        let full = limit.is_some_and(|limit| line.len() == limit);
        assert!(full || line.ends_with(b"\n") || all.len() == BODY.len());
        let feeds = line.iter().filter(|&&octet| octet == b'\n').count();
        assert!(feeds <= 1);
    }
    assert_eq!(all, BODY);
    assert!(response.isclosed());
}

fn check_read1(bytes: &[u8], limit: Option<usize>) {
    let mut response = standard(bytes);
    let mut all = Vec::new();
    loop {
        let piece = response.read1(limit).unwrap();
        if piece.is_empty() {
            break;
        }
        assert!(limit.is_none_or(|limit| piece.len() <= limit));
        all.extend(piece);
    }
    assert_eq!(all, BODY);
    assert!(response.isclosed());
}

fn check_read1_0(bytes: &[u8]) {
    let mut response: Response<'_> = standard(bytes);
    assert_eq!(response.read1(0).unwrap(), b"");
    assert!(!response.isclosed());
    assert_eq!(response.read(None).unwrap(), BODY);
}

fn check_peek_0(bytes: &[u8]) {
    let mut response = standard(bytes);
    assert!(BODY.starts_with(response.peek(0).unwrap()));
    assert_eq!(response.read(None).unwrap(), BODY);
}

#[test]
fn extended_read_test_test_peek() {
    check_peek(UNTIL_CLOSE);
}

#[test]
fn extended_read_test_test_readline() {
    check_lines(UNTIL_CLOSE, Some(5));
}

#[test]
fn extended_read_test_test_readline_without_limit() {
    check_lines(UNTIL_CLOSE, None);
}

#[test]
fn extended_read_test_test_read1() {
    check_read1(UNTIL_CLOSE, Some(4));
}

#[test]
fn extended_read_test_test_read1_unbounded() {
    check_read1(UNTIL_CLOSE, None);
}

#[test]
fn extended_read_test_test_read1_bounded() {
    check_read1(UNTIL_CLOSE, Some(10));
}

#[test]
fn extended_read_test_test_read1_0() {
    check_read1_0(UNTIL_CLOSE);
}

#[test]
fn extended_read_test_test_peek_0() {
    check_peek_0(UNTIL_CLOSE);
}

#[test]
fn extended_read_test_content_length_known_test_peek() {
    check_peek(SIZED);
}

#[test]
fn extended_read_test_content_length_known_test_readline() {
    check_lines(SIZED, Some(5));
}

#[test]
fn extended_read_test_content_length_known_test_readline_without_limit() {
    check_lines(SIZED, None);
}

#[test]
fn extended_read_test_content_length_known_test_read1() {
    check_read1(SIZED, Some(4));
}

#[test]
fn extended_read_test_content_length_known_test_read1_unbounded() {
    check_read1(SIZED, None);
}

#[test]
fn extended_read_test_content_length_known_test_read1_bounded() {
    check_read1(SIZED, Some(10));
}

#[test]
fn extended_read_test_content_length_known_test_read1_0() {
    check_read1_0(SIZED);
}

#[test]
fn extended_read_test_content_length_known_test_peek_0() {
    check_peek_0(SIZED);
}

#[test]
fn extended_read_test_chunked_test_peek() {
    check_peek(CHUNKED);
}

#[test]
fn extended_read_test_chunked_test_readline() {
    check_lines(CHUNKED, Some(5));
}

#[test]
fn extended_read_test_chunked_test_readline_without_limit() {
    check_lines(CHUNKED, None);
}

#[test]
fn extended_read_test_chunked_test_read1() {
    check_read1(CHUNKED, Some(4));
}

#[test]
fn extended_read_test_chunked_test_read1_unbounded() {
    check_read1(CHUNKED, None);
}

#[test]
fn extended_read_test_chunked_test_read1_bounded() {
    check_read1(CHUNKED, Some(10));
}

#[test]
fn extended_read_test_chunked_test_read1_0() {
    check_read1_0(CHUNKED);
}

#[test]
fn extended_read_test_chunked_test_peek_0() {
    check_peek_0(CHUNKED);
}
