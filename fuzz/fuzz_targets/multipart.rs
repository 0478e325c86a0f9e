//! A form that is written is read back as the same; any form is read the same however it is cut,
//! and what is cut short is no form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::multipart::{read, read_back, written};
use stdhttp_fuzz::{Choices, place};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let (writes, size, cut) = (choices.yes(), choices.octet(), choices.octet());
    if writes {
        let parts: Vec<&[u8]> = choices.parts().collect();
        if let Some((octets, expected)) = written(&parts) {
            assert_eq!(read(&octets, usize::from(size)), Some(expected));
        }
        return;
    }
    let form = choices.rest();
    let whole = read(form, usize::MAX);
    assert_eq!(read(form, usize::from(size)), whole);
    let beginning = read(&form[..place(cut, form.len())], usize::MAX);
    assert!(beginning.is_none() || beginning == whole);
    if let Some(parts) = whole {
        let total: usize = parts.iter().map(|part| part.content.len()).sum();
        assert!(total <= form.len());
        read_back(&parts);
    }
});
