//! Whatever a caller gives: a strict reader reads exactly the request that was given, or an error
//! says why not and nothing was written, or a beginning of a body that came in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::request::Given;

fuzz_target!(|data: &[u8]| {
    let Some(given) = Given::new(Choices::new(data)) else {
        return;
    };
    let (sent, written) = given.send();
    match sent {
        Ok(()) => given.assert_same(&written),
        Err(error) => {
            assert!(error.is_caller_error(), "{error:?}");
            given.assert_refused(&written);
        }
    }
});
