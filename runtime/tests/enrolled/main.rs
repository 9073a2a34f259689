//! Entries that a device adds: what it finds, and that no power cut loses an entry.

mod contents;
mod hostile;
mod power;
mod script;
mod search;
