//! Folded values: one SP for every obs-fold (RFC 9112 section 5.2).

use crate::message::span::{trim_end, trim_start};

/// Replaces every fold and the white space around it by one SP, moving what follows towards the
/// start. Returns how many bytes are left there.
pub(super) fn collapse_folds(value: &mut [u8]) -> usize {
    let (mut read, mut kept) = (0_usize, 0_usize);
    while let Some(&byte) = value.get(read) {
        let fold = fold_length(value.get(read..).unwrap_or_default());
        if fold > 0 {
            kept = trim_end(value.get(..kept).unwrap_or_default()).len();
        }
        if let Some(place) = value.get_mut(kept) {
            *place = if fold > 0 { b' ' } else { byte };
        }
        kept = kept.saturating_add(1);
        read = read.saturating_add(fold.max(1));
    }
    kept
}

/// The length of the fold at the start, with the white space after it; 0 if there is none.
fn fold_length(bytes: &[u8]) -> usize {
    let ([b'\r', b'\n', line @ ..] | [b'\n', line @ ..]) = bytes else {
        return 0;
    };
    match trim_start(line) {
        text if text.len() < line.len() => bytes.len().saturating_sub(text.len()),
        _ => 0,
    }
}
