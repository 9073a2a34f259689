//! `tests/hostile_blob.rs` and `tests/hostile_golden.rs` in a package that a sanitizer can watch: the
//! package `tests` brings the trainer with it.

extern crate fuzz as tests;

#[path = "../../hostile_blob.rs"]
mod hostile_blob;
#[path = "../../hostile_golden.rs"]
mod hostile_golden;
