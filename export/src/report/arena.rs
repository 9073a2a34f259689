//! The arena over time, as inline SVG.

use crate::blob::ArenaMap;
use crate::blob::arena::CONTENTS;
use maud::{Markup, html};
use trainer::summary::grouped;

/// Height of the drawing, width of a step, and the space for text on the left and below, in the units of
/// the `viewBox`.
const HEIGHT: f64 = 200.0;
const STEP: f64 = 34.0;
const TEXT: (f64, f64) = (58.0, 16.0);

/// The arena over time. Each step of a pass is a column, with the first byte of the arena at the bottom.
pub(super) fn chart(map: &ArenaMap) -> Markup {
    let width = TEXT.0 + STEP * map.steps.len() as f64;
    let scale = HEIGHT / map.bytes.max(1) as f64;
    html! {
        svg class="arena" viewBox={ "0 0 " (width) " " (HEIGHT + TEXT.1) } width=(width) {
            text x=(TEXT.0 - 6.0) y="10" text-anchor="end" { (grouped(map.bytes as u64)) }
            text x=(TEXT.0 - 6.0) y=(HEIGHT) text-anchor="end" { "0" }
            @for (index, step) in map.steps.iter().enumerate() {
                @let left = TEXT.0 + STEP * index as f64;
                rect x=(left) y="0" width=(STEP - 1.0) height=(HEIGHT) class="free" {}
                @for buffer in &step.buffers {
                    @let top = HEIGHT - scale * (buffer.start + buffer.bytes) as f64;
                    rect x=(left) y=(format!("{top:.1}")) width=(STEP - 1.0)
                        height=(format!("{:.1}", scale * buffer.bytes as f64))
                        class={ "part" (part(buffer.contents)) } {
                        title {
                            (step.name) ": " (buffer.contents) ", " (grouped(buffer.bytes as u64))
                            " bytes"
                        }
                    }
                }
                text x=(left + STEP / 2.0) y=(HEIGHT + 12.0) text-anchor="middle" { (step.name) }
            }
        }
        p class="note legend" {
            @for (contents, _) in CONTENTS {
                span class={ "part" (part(contents)) } {} (contents) " "
            }
        }
    }
}

/// Number of a kind of contents, which has a colour in `page.css`.
fn part(contents: &str) -> usize {
    CONTENTS.iter().position(|(name, _)| *name == contents).unwrap_or(CONTENTS.len())
}
