//! The requests of a connection, whole and cut in two, are read as the naive parser reads them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::readings::compare;
use stdhttp_fuzz::{Choices, place};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let cut = choices.octet();
    let input = choices.rest();
    compare(input, place(cut, input.len()));
});
