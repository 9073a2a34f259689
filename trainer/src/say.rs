//! Output of a command: results on standard output, notes on standard error.
//!
//! The reader of either may go away, as in `trainer check pictures | head -1`. `println!` and `eprintln!`
//! panic then, so nothing in this crate and in `export` calls them.

use std::fmt::{self, Arguments};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use pictures::shown;

/// Exit code of a command whose reader has gone away: 128 plus the number of SIGPIPE, as in shells.
const CLOSED_CODE: u8 = 128 + 13;

/// Nobody reads standard output any more.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output is closed")
    }
}

impl std::error::Error for Closed {}

/// Writes a line to standard output, as `println!` does, and returns a `Result`: see
/// [`print`](fn@crate::say::print).
#[macro_export]
macro_rules! say {
    () => { $crate::say::print(format_args!("\n")) };
    ($($text:tt)+) => { $crate::say::print(format_args!("{}\n", format_args!($($text)+))) };
}

/// Writes a line to standard error, as `eprintln!` does. If it cannot be written, it is lost.
#[macro_export]
macro_rules! note {
    ($($text:tt)+) => { $crate::say::note(format_args!($($text)+)) };
}

/// Writes to standard output and flushes it.
///
/// # Errors
/// [`Closed`] if nobody reads it any more, or an error that says why it cannot be written, such as a full
/// disk.
pub fn print(text: Arguments<'_>) -> Result<()> {
    print_to(&mut io::stdout().lock(), text)
}

fn print_to(out: &mut impl Write, text: Arguments<'_>) -> Result<()> {
    let written = out.write_fmt(text).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Closed.into(),
        _ => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}

#[doc(hidden)]
pub fn note(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Turns [`Closed`] into success, for a command that continues although nobody reads its output.
///
/// # Errors
/// If standard output cannot be written for another reason.
pub fn even_if_closed(said: Result<()>) -> Result<()> {
    said.or_else(|error| if error.is::<Closed>() { Ok(()) } else { Err(error) })
}

/// Prints the error of a command in one line, if it has one, and returns its exit code. A command whose
/// reader has gone away ends without a message.
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Closed>() => ExitCode::from(CLOSED_CODE),
        Err(error) => {
            // Paths in the message may hold any character.
            note!("error: {}", shown(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A destination that refuses every byte.
    struct Refusing(ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_reader_and_a_full_disk_are_distinguished() {
        let said = |kind| print_to(&mut Refusing(kind), format_args!("a line"));
        let closed = said(ErrorKind::BrokenPipe);
        assert!(closed.as_ref().is_err_and(|error| error.is::<Closed>()), "{closed:?}");
        assert!(even_if_closed(closed).is_ok(), "the command goes on");
        let full = said(ErrorKind::StorageFull);
        let text = format!("{:#}", even_if_closed(full).unwrap_err());
        assert!(text.starts_with("cannot write to standard output: "), "{text}");
    }
}
