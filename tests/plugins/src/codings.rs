//! Contents in all codings: whole, cut, damaged, and made to burst.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use stdhttp::requests::{ExceptionKind, RequestException};

use crate::plug_codings;
use crate::server::{answer, serve, session_with};

/// Text that shrinks to about a third.
fn text() -> Vec<u8> {
    let lines =
        (0..20_000_u32).map(|line| format!("{line} {:x}\n", line.wrapping_mul(2_654_435_761)));
    lines.collect::<String>().into_bytes()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 4_096, 5, 20);
    encoder.write_all(content).expect("memory");
    drop(encoder);
    coded
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

fn raw_deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    ruzstd::encoding::compress_to_vec(content, level)
}

fn all(content: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    [
        ("gzip", gzip(content)),
        ("deflate", zlib(content)),
        ("deflate", raw_deflate(content)),
        ("br", brotli(content)),
        ("zstd", zstd(content)),
    ]
}

fn receive(coding: &str, content: &[u8]) -> Result<Vec<u8>, RequestException> {
    receive_answer(answer(&format!("Content-Encoding: {coding}\r\n"), content))
}

fn receive_answer(answer: Vec<u8>) -> Result<Vec<u8>, RequestException> {
    let (url, server) = serve(vec![answer]);
    let session = session_with(plug_codings);
    let response = session.get(&url).send();
    server.join().expect("the server");
    Ok(response?.content()?.to_vec())
}

#[test]
fn every_coding_is_asked_for_and_undone() {
    let text = text();
    for (coding, coded) in all(&text) {
        assert!(coded.len() < text.len(), "{coding}");
        let (url, server) = serve(vec![answer(
            &format!("Content-Encoding: {coding}\r\n"),
            &coded,
        )]);
        let response = session_with(plug_codings).get(&url).send().expect(coding);
        assert!(response.content().expect(coding) == text, "{coding}");
        let requests = server.join().expect("the server");
        let asked = "\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n";
        assert!(requests[0].contains(asked), "{requests:?}");
    }
}

#[test]
fn nothing_at_all_needs_no_decoder() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        assert_eq!(receive(coding, b"").expect(coding), b"");
    }
}

#[test]
fn two_codings_are_undone_and_three_are_not() {
    let text = text();
    let twice = brotli(&gzip(&text));
    assert!(receive("gzip, br", &twice).expect("two") == text);
    let error = receive("gzip, br, gzip", &gzip(&twice)).expect_err("three");
    assert!(matches!(
        error.kind(),
        ExceptionKind::ContentDecodingError(_)
    ));
}

/// The message is whole, the content inside is not.
#[test]
fn content_that_ends_before_its_end_is_an_error() {
    for (coding, coded) in all(&text()) {
        for cut in [1, 2, coded.len() / 2, coded.len() - 1] {
            let error = receive(coding, &coded[..cut]).expect_err(coding);
            let is_decoding = matches!(error.kind(), ExceptionKind::ContentDecodingError(_));
            assert!(is_decoding, "{coding} {cut}: {error:?}");
        }
    }
}

/// The message itself is cut: that is what the error says, whatever the decoder makes of it.
#[test]
fn a_connection_that_breaks_is_no_fault_of_the_coding() {
    for (coding, coded) in all(&text()) {
        let mut answer = answer(&format!("Content-Encoding: {coding}\r\n"), &coded);
        answer.truncate(answer.len() - coded.len() / 2);
        let error = receive_answer(answer).expect_err(coding);
        let is_cut = matches!(error.kind(), ExceptionKind::ChunkedEncodingError(_));
        assert!(is_cut, "{coding}: {error:?}");
    }
}

#[test]
fn garbage_is_an_error() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let error = receive(coding, &[0xff; 1_000]).expect_err(coding);
        let is_decoding = matches!(error.kind(), ExceptionKind::ContentDecodingError(_));
        assert!(is_decoding, "{coding}: {error:?}");
    }
}

/// A quarter of a gibibyte of zeros in brotli or in two layers of gzip is some kilobytes. No more of it is
/// decoded than the bounds allow.
#[test]
fn a_bomb_does_not_burst() {
    let zeros = || std::io::repeat(0).take(1 << 28);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut zeros(), &mut encoder).expect("memory");
    let gzipped = gzip(&encoder.finish().expect("memory"));
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 65_536, 5, 22);
    std::io::copy(&mut zeros(), &mut encoder).expect("memory");
    drop(encoder);
    for (coding, bomb) in [("gzip, gzip", gzipped), ("br", coded)] {
        assert!(bomb.len() < 1 << 19, "{coding}: {}", bomb.len());
        let (url, server) = serve(vec![answer(
            &format!("Content-Encoding: {coding}\r\n"),
            &bomb,
        )]);
        let session = session_with(plug_codings);
        let mut response = session.get(&url).stream(true).send().expect("a head");
        let mut decoded = 0;
        let mut block = vec![0; 65_536];
        let failure = loop {
            match response.read(&mut block) {
                Ok(count) => decoded += count,
                Err(error) => break error,
            }
        };
        let failure = failure.into_inner().and_then(|inner| inner.downcast().ok());
        let error: Box<RequestException> = failure.expect("a RequestException");
        let is_decoding = matches!(error.kind(), ExceptionKind::ContentDecodingError(_));
        assert!(is_decoding, "{coding}: {error:?}");
        assert!(
            decoded <= (1 << 20).max(bomb.len() * 1_100),
            "{coding}: {decoded}"
        );
        assert!(decoded < 1 << 27, "{coding}: {decoded}");
        drop(response);
        server.join().expect("the server");
    }
}

/// A gzip bomb of one layer keeps within the ratio, so that the limit on the content is what stops it.
#[test]
fn a_limit_on_the_content_holds_for_what_is_decoded() {
    let bomb = gzip(&vec![0; 1 << 24]);
    let (url, server) = serve(vec![answer("Content-Encoding: gzip\r\n", &bomb)]);
    let session = session_with(plug_codings);
    let request = session.get(&url).max_content(1 << 20);
    let error = request.send().expect_err("a limit");
    assert!(matches!(error.kind(), ExceptionKind::ContentTooLarge { limit } if *limit == 1 << 20));
    server.join().expect("the server");
}

/// What is downloaded is the file, not its coding.
#[test]
fn a_download_asks_for_no_coding() {
    let path = std::env::temp_dir().join(format!("stdhttp-plugins-{}", std::process::id()));
    let (url, server) = serve(vec![answer("", b"content")]);
    let session = session_with(plug_codings);
    let done = session.download(&url, &path).send().expect("a file");
    let content = std::fs::read(&path).expect("the file");
    std::fs::remove_file(&path).expect("the file");
    assert_eq!((done.length(), content.as_slice()), (7, &b"content"[..]));
    let requests = server.join().expect("the server");
    assert!(requests[0].contains("\r\nAccept-Encoding: identity\r\n"));
}
