//! Any bytes are an index, or are refused with a message. Every index is searched to the end, and every kernel
//! set finds the same entries.

#![no_main]

use fuzz::attempt::{is_of_prelude, under_prelude};
use kit::index::search_all;
use libfuzzer_sys::fuzz_target;
use runtime::format::{ARITHMETIC_INT8, INDEX_MAGIC};

fuzz_target!(|data: &[u8]| {
    let _ = search_all(data);
    let Some(bytes) = under_prelude(INDEX_MAGIC, ARITHMETIC_INT8, data) else { return };
    if let Err(error) = search_all(&bytes) {
        assert!(!is_of_prelude(&error), "{error}: the prelude is in order");
        assert!(!error.to_string().is_empty(), "{error:?} has an empty message");
    }
});
