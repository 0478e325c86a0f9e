//! Parameters of fields: nothing is read that did not come, and what is written is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::parameters::{assert_bounds, assert_round_trip};

fuzz_target!(|data: &[u8]| {
    assert_bounds(data);
    if let Ok(text) = std::str::from_utf8(data) {
        assert_round_trip(text);
    }
});
