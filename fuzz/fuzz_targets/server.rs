//! A server gets the requests of a connection, whole, in two pieces and by calls that do little: the
//! handler is called for what the naive parser takes and nothing else, and a strict reader finds one
//! answer for each, its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::serving::judge;
use stdhttp_fuzz::{Choices, place};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let ways = [0; 4].map(|_| choices.octet());
    let cut = choices.octet();
    let input = choices.rest();
    judge(ways, place(cut, input.len()), input);
});
