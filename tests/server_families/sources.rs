//! The requests that the families cut and change: own ones, which cover every way to write a request,
//! and those collected beside the project, where they are.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::json::Json;
use crate::own_requests::OWN;
use crate::{base64, is_long};

/// Longest of the collected connections that are used.
const LENGTH: usize = 5_000;

/// The own connections, then the collected ones.
pub(crate) fn connections() -> Vec<Vec<u8>> {
    let own = OWN.iter().map(|text| text.as_bytes().to_vec());
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/vectors/requests.jsonl"
    );
    let collected = fs::read_to_string(path).unwrap_or_else(|_| {
        assert!(std::env::var_os("CI").is_none(), "{path} is missing");
        println!("left out: the collected vectors are not beside the project");
        String::new()
    });
    let input = |line: &str| {
        let case = Json::parse(line);
        base64::decode(
            case.get("input_b64")
                .and_then(Json::text)
                .expect("an input"),
        )
    };
    let collected = collected.lines().map(input);
    own.chain(collected.filter(|input| input.len() <= LENGTH))
        .collect()
}

/// Tries all items on all processors; the sum of what each try says.
pub(crate) fn sum_of<T: Sync>(items: &[T], try_one: impl Fn(&T) -> usize + Sync) -> usize {
    let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    sum.fetch_add(try_one(item), Ordering::Relaxed);
                }
            });
        }
    });
    sum.into_inner()
}

/// A number for the short run, or for the long one.
pub(crate) fn length(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}
