//! Entries that a device adds: searches find them, and no power cut loses one.

mod contents;
mod hostile;
mod power;
mod script;
mod search;
