//! Whatever a peer sends, however it is cut and whichever call fails: what came in one piece, or
//! an error behind a beginning of it; and the next exchange gets its own answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::peer::{Plan, judge};

fuzz_target!(|data: &[u8]| judge(&Plan::new(Choices::new(data))));
