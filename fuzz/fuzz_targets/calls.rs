//! Calls in any order: errors of the caller write nothing, every answer is that of the request
//! under way, and the connection can be used afterwards.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::calls::{CALLS, Caller};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let mut caller = Caller::new(&mut choices);
    for octet in choices.rest().iter().take(CALLS) {
        caller.call(*octet);
    }
    caller.assert_not_wedged();
});
