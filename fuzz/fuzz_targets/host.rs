//! A host that is accepted goes out in `Host` and `CONNECT` so that it is read back as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::host::{assert_reads_back, connect_target, host_field};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let port = choices.of(&[None, Some(0), Some(80), Some(443), Some(u16::MAX)]);
    let Ok(text) = std::str::from_utf8(choices.rest()) else {
        return;
    };
    let made = host_field(text, port);
    let tunnel = connect_target(text, port);
    assert_eq!(made.is_ok(), tunnel.is_ok(), "{text:?}");
    if let (Ok((host, port, field)), Ok((target, tunnel_field))) = (made, tunnel) {
        assert_reads_back(&field, &host, port);
        assert_reads_back(&target, &host, port);
        assert_eq!(tunnel_field, target);
    }
});
