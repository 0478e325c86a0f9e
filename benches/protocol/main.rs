//! Speed of the crate alone: parsing, encoding, exchanges in memory and over loopback, bodies.
//!
//! `cargo bench --manifest-path benches/protocol/Cargo.toml`; how it compares with others is
//! measured by `benches/peers`.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stdhttp::proto::{BodyDecoder, BodyLength, ChunkHead, Exchange, Received, ResponseHead, Skip};
use stdhttp::{HTTPConnection, Limits, Tolerance};

mod inputs;
mod memory;

fn heads(c: &mut Criterion) {
    let mut group = c.benchmark_group("head");
    for input in inputs::heads() {
        let octets: usize = input.texts.iter().map(Vec::len).sum();
        group.throughput(Throughput::Bytes(octets as u64));
        let mut head = ResponseHead::new();
        group.bench_function(input.name, |b| {
            b.iter(|| {
                for text in &input.texts {
                    head.reset();
                    let parsed =
                        head.parse(black_box(text), &Limits::DEFAULT, &Tolerance::STANDARD);
                    black_box(parsed.unwrap());
                }
            });
        });
    }
    group.finish();
}

fn chunk_lines(c: &mut Criterion) {
    let mut group = c.benchmark_group("chunk");
    for size in [64usize, 16_384] {
        let body = inputs::chunked(size * 1_000, size);
        let mut decoder = BodyDecoder::default();
        group.throughput(Throughput::Elements(1_000));
        group.bench_function(format!("framing of 1,000 chunks of {size}"), |b| {
            b.iter(|| skip_body(&mut decoder, black_box(&body)));
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("size line written", |b| {
        b.iter(|| black_box(ChunkHead::new(black_box(16_384))));
    });
    group.finish();
}

fn skip_body(decoder: &mut BodyDecoder, body: &[u8]) {
    decoder.restart(BodyLength::Chunked);
    let mut rest = body;
    while !decoder.is_complete() {
        let step = decoder.advance(rest).unwrap();
        decoder.take(step.data);
        rest = &rest[step.framing + step.data..];
    }
}

fn write_request(exchange: &mut Exchange) {
    exchange
        .putrequest(
            "GET",
            "/index.html",
            Some("www.example.org"),
            Skip::default(),
        )
        .unwrap();
    exchange.putheader("User-Agent", "bench/1.0").unwrap();
    exchange.putheader("Accept", "*/*").unwrap();
    exchange.endheaders().unwrap();
}

fn requests(c: &mut Criterion) {
    c.bench_function("request head written", |b| {
        b.iter(|| {
            let mut exchange = Exchange::default();
            write_request(&mut exchange);
            black_box(exchange.head().len());
        });
    });
}

fn exchanges(c: &mut Criterion) {
    let mut answer = inputs::eight(1024);
    answer.resize(answer.len() + 1024, b'x');
    let mut buffer = vec![0; 4096];
    let mut group = c.benchmark_group("exchange in memory, 8 fields, 1 KiB");

    let mut exchange = Exchange::default();
    group.bench_function("Exchange", |b| {
        b.iter(|| {
            write_request(&mut exchange);
            black_box(exchange.head());
            let Ok(Received::Final(head)) = exchange.receive_head(black_box(&answer)) else {
                unreachable!("the head is complete");
            };
            let step = exchange.decode(&answer[head..], &mut buffer).unwrap();
            assert!(exchange.is_complete() && step.produced == 1024);
        });
    });

    let stream = memory::Memory::new(answer.clone());
    let mut conn = HTTPConnection::from_stream(stream, "www.example.org").unwrap();
    group.bench_function("HTTPConnection", |b| {
        b.iter(|| {
            conn.putrequest("GET", "/index.html").unwrap();
            conn.putheader("User-Agent", "bench/1.0").unwrap();
            conn.putheader("Accept", "*/*").unwrap();
            conn.endheaders().unwrap();
            let mut response = conn.getresponse().unwrap();
            assert_eq!(response.readinto(&mut buffer).unwrap(), 1024);
            assert!(response.is_complete());
        });
    });
    group.finish();
}

/// A server that answers whatever it reads, on connection after connection.
fn serve(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; 4096];
            while stream.read(&mut request).is_ok_and(|count| count > 0) {
                stream.write_all(&answer).unwrap();
            }
        }
    });
    address
}

fn keep_alive(c: &mut Criterion) {
    let mut answer = inputs::eight(13);
    answer.extend_from_slice(b"Hello, world!");
    let address = serve(answer);
    let mut conn = HTTPConnection::new("127.0.0.1", address.port()).unwrap();
    let mut buffer = [0; 4096];
    c.bench_function("keep-alive GET over loopback", |b| {
        b.iter(|| {
            conn.putrequest("GET", "/").unwrap();
            conn.endheaders().unwrap();
            let mut response = conn.getresponse().unwrap();
            assert_eq!(response.readinto(&mut buffer).unwrap(), 13);
        });
    });
}

fn bodies(c: &mut Criterion) {
    const LENGTH: usize = 1 << 20;
    let mut group = c.benchmark_group("body of 1 MiB in memory");
    group.throughput(Throughput::Bytes(LENGTH as u64));
    let mut plain = inputs::eight(LENGTH);
    plain.resize(plain.len() + LENGTH, b'x');
    let kinds = [
        ("with a length", plain),
        ("in chunks of 16 KiB", chunked_answer(LENGTH, 16_384)),
        ("in chunks of 64", chunked_answer(LENGTH, 64)),
    ];
    let mut buffer = vec![0; 65_000];
    for (name, answer) in kinds {
        let stream = memory::Memory::new(answer);
        let mut conn = HTTPConnection::from_stream(stream, "www.example.org").unwrap();
        group.bench_function(name, |b| {
            b.iter(|| {
                conn.putrequest("GET", "/").unwrap();
                conn.endheaders().unwrap();
                let mut response = conn.getresponse().unwrap();
                let mut total = 0;
                loop {
                    match response.readinto(&mut buffer).unwrap() {
                        0 => break,
                        count => total += count,
                    }
                }
                assert_eq!(total, LENGTH);
            });
        });
    }
    group.finish();
}

fn chunked_answer(length: usize, size: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    answer.extend(inputs::chunked(length, size));
    answer
}

criterion_group!(
    benches,
    heads,
    chunk_lines,
    requests,
    exchanges,
    keep_alive,
    bodies
);
criterion_main!(benches);
