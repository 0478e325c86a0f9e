//! A response, whole and cut in two, is read as the reference parser reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::{Choices, place, response};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let method = choices.of(&["GET", "HEAD", "CONNECT", "POST"]);
    let cut = choices.octet();
    let input = choices.rest();
    response::judge(method, place(cut, input.len()), input);
});
