//! Any bytes parse, or are refused with a message. Bytes after an intact prelude are refused only because
//! of their records.

#![no_main]

use fuzz::attempt::{Kind, blob, is_of_prelude};
use libfuzzer_sys::fuzz_target;
use runtime::{Attributes, FormatError, Model};

fuzz_target!(|data: &[u8]| {
    let _ = explained(Model::parse(data).map(drop));
    let _ = explained(Model::parse_f16(data).map(drop));
    let Some((kind, bytes)) = blob(data) else { return };
    let result = match kind {
        Kind::Int8 => Model::parse(&bytes).map(|model| {
            let attributes = explained(Attributes::parse(&model));
            if let Ok(Some(attributes)) = attributes {
                let last = attributes.name(attributes.len() - 1);
                assert!(last.is_some_and(|name| !name.is_empty()), "an attribute without a name");
            }
            model.arena_len()
        }),
        Kind::F16 => Model::parse_f16(&bytes).map(|model| model.arena_len()),
    };
    match explained(result) {
        Ok(arena_len) => assert!(arena_len > 0, "a network that needs no memory"),
        Err(error) => assert!(!is_of_prelude(&error), "{error}: the prelude is in order"),
    }
});

/// Asserts that an error has a message.
fn explained<T>(result: Result<T, FormatError>) -> Result<T, FormatError> {
    if let Err(error) = &result {
        assert!(!error.to_string().is_empty(), "{error:?} has an empty message");
    }
    result
}
