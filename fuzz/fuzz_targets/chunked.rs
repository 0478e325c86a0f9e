//! A chunked body is decoded to the same however it is cut and however small the output; what was
//! decoded and is encoded again is decoded to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp::Tolerance;
use stdhttp_fuzz::decoding::{decode, encode};
use stdhttp_fuzz::{Choices, place};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let tolerance = choices.of(&[
        Tolerance::STANDARD,
        Tolerance::STRICT,
        Tolerance::HTTP_CLIENT,
    ]);
    let (first, second, room) = (choices.octet(), choices.octet(), choices.octet());
    let input = choices.rest();
    let whole = decode(input, &[], 4_096, tolerance);
    assert!(whole.data.len() <= input.len() && whole.consumed <= input.len());
    let mut cuts = [place(first, input.len()), place(second, input.len())];
    cuts.sort_unstable();
    assert_eq!(decode(input, &cuts, 4_096, tolerance), whole);
    let room = usize::from(room) % 8 + 1;
    assert_eq!(decode(input, &cuts, room, tolerance), whole);
    let again = decode(&encode(&whole.data, room), &[], 4_096, Tolerance::STRICT);
    assert!(again.complete && again.data == whole.data);
});
