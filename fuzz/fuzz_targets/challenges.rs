//! Challenges: read as by a naive reader, and every answer is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::challenges::{assert_answered, assert_read};

fuzz_target!(|data: &[u8]| {
    assert_read(data);
    let choices = Choices::new(data);
    let mut parts = choices.parts();
    let value = parts.next().unwrap_or_default();
    let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or("user");
    assert_answered(value, text(), text());
});
