//! The promise: a second, naive reading of the RFCs (`support/naive.rs`), written apart from the crate,
//! comes to the same verdicts, facts, bodies and ends on requests that were changed at random.

use crate::mutate::mutate;
use crate::own_requests::OWN;
use crate::random::Random;
use crate::readings::compare;
use crate::sources::{connections, length, sum_of};

#[test]
fn requests_are_read_like_the_naive_parser_reads_them() {
    let connections = connections();
    let requests = sum_of(&connections, |input| compare(input, input.len() / 2));
    println!(
        "{requests} whole requests on {} connections",
        connections.len()
    );
    assert!(requests >= 20);
}

#[test]
fn changed_requests_are_read_like_the_naive_parser_reads_them() {
    let connections = connections();
    // The own ones cover what there is, the collected ones what is odd: as many of each.
    let choose = |random: &mut Random| match random.below(2) {
        0 => random.choose(&connections).clone(),
        _ => random.choose(OWN).as_bytes().to_vec(),
    };
    let blocks: Vec<u64> = (0..length(100, 4_000) as u64).collect();
    let whole = sum_of(&blocks, |block| {
        let mut random = Random::new(*block);
        let mut whole = 0;
        for _ in 0..1_000 {
            let (base, other) = (choose(&mut random), choose(&mut random));
            let input = mutate(&mut random, &base, &other);
            let cut = random.below(input.len() + 1);
            whole += usize::from(compare(&input, cut) > 0);
        }
        whole
    });
    let count = blocks.len() * 1_000;
    println!("{count} changed connections, {whole} of them with whole requests");
    assert!(whole > count / 20);
}
