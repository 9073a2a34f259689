//! How a command that trains shows its progress and its result.

use clap::Args;

use crate::progress::Progress;

/// Text or JSON, a screen or lines.
#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// Print one line per epoch, also on a terminal, where the default is a screen with curves.
    #[arg(long)]
    plain: bool,
    /// Print JSON instead of text: one object for each epoch and one for the result. A sweep prints one
    /// array at its end.
    #[arg(long, conflicts_with = "plain")]
    pub(super) json: bool,
}

impl ViewArgs {
    /// The progress of one run. `json` makes the progress of a run that prints JSON.
    pub(super) fn progress(&self, json: fn() -> Progress) -> Progress {
        match (self.json, self.plain) {
            (true, _) => json(),
            (_, true) => Progress::lines(),
            _ => Progress::visible(),
        }
    }
}
