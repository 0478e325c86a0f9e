//! No path of a request leads out of the directory, by the rules of both kinds of file systems and in
//! a directory that is served; what is accepted is read back from its quoted form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp::server::PathRules;
use stdhttp_fuzz::paths::{check_names, check_served, check_translated};

fuzz_target!(|data: &[u8]| {
    for rules in [PathRules::Unix, PathRules::Windows] {
        check_names(data, rules);
    }
    if let Ok(path) = std::str::from_utf8(data) {
        check_translated(path);
    }
    check_served(data);
});
