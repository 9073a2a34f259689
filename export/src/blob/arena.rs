//! The arena over time: which bytes each step of a pass uses, as data and as text.

use runtime::config::{ArenaBuffer, ArenaContents, ArenaStep, VitConfig};
use serde::Serialize;
use std::fmt::Write;

/// Lines of the drawing.
const LINES: usize = 16;
/// Characters of a column of the drawing, with the space before the next one.
const COLUMN: usize = 5;

/// The arena of an int8 pass, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArenaMap {
    /// Bytes up to the end of the last buffer.
    pub bytes: usize,
    /// The steps in the order of the pass. Attention and MLP are listed once, because they use the arena in
    /// the same way in every block.
    pub steps: Vec<Step>,
}

/// One step of a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name. For a convolution of the stem, this is the number of its stage and its number within the
    /// stage.
    pub name: String,
    /// What it uses of the arena. The rest is free.
    pub buffers: Vec<Buffer>,
}

/// One buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Buffer {
    /// What it holds.
    pub contents: &'static str,
    /// Bytes of the arena before it.
    pub start: usize,
    /// Its length.
    pub bytes: usize,
}

/// What buffers hold, with the character of each in the drawing.
pub const CONTENTS: [(&str, char); 4] =
    [("residual stream", '#'), ("kept rows", '='), ("scratch", '+'), ("tokens", 'o')];

impl ArenaMap {
    /// The arena of a network.
    pub fn new(config: &VitConfig) -> Self {
        let mut map = Self { bytes: 0, steps: Vec::new() };
        config.for_each_arena_buffer(|step, buffer| map.push(name(step), buffer));
        map
    }

    fn push(&mut self, name: String, buffer: ArenaBuffer) {
        let ArenaBuffer { contents, start, bytes, .. } = buffer;
        self.bytes = self.bytes.max(start + bytes);
        let buffer = Buffer { contents: holds(contents), start, bytes };
        match self.steps.last_mut() {
            Some(step) if step.name == name => step.buffers.push(buffer),
            _ => self.steps.push(Step { name, buffers: vec![buffer] }),
        }
    }

    /// The drawing: steps from left to right, bytes from bottom to top.
    pub fn drawing(&self) -> String {
        let mut text =
            String::from("arena over time: steps from left to right, bytes from bottom to top\n\n");
        let mut line = |label: &str, cells: &mut dyn Iterator<Item = String>| {
            let row = cells.fold(format!("{label:>9} "), |row, cell| row + &cell);
            writeln!(text, "{}", row.trim_end()).expect("a String takes any text");
        };
        for index in (0..LINES).rev() {
            let at = |index: usize| index * self.bytes / LINES;
            let middle = usize::midpoint(at(index), at(index + 1));
            let label = match index + 1 {
                LINES => self.bytes.to_string(),
                _ => String::new(),
            };
            let cell = |step: &Step| {
                let mark = step.at(middle).map_or('.', |buffer| mark(buffer.contents));
                format!("{:<COLUMN$}", String::from(mark).repeat(COLUMN - 1))
            };
            line(&label, &mut self.steps.iter().map(cell));
        }
        line("0", &mut self.steps.iter().map(|step| format!("{:<COLUMN$}", step.name)));
        let legend = CONTENTS.map(|(contents, mark)| format!("{mark} {contents}"));
        text + &format!("\n{}   . free\n", legend.join("   "))
    }
}

impl Step {
    /// The buffer that has a byte of the arena.
    fn at(&self, byte: usize) -> Option<&Buffer> {
        self.buffers
            .iter()
            .find(|buffer| (buffer.start..buffer.start + buffer.bytes).contains(&byte))
    }
}

fn mark(contents: &str) -> char {
    CONTENTS.iter().find(|(name, _)| *name == contents).map_or('?', |&(_, mark)| mark)
}

fn name(step: ArenaStep) -> String {
    match step {
        ArenaStep::Stem { stage, conv } => format!("{stage}.{conv}"),
        ArenaStep::Patches => "ptch".into(),
        ArenaStep::Attention => "attn".into(),
        ArenaStep::Mlp => "mlp".into(),
        ArenaStep::Norm => "norm".into(),
        ArenaStep::Head => "head".into(),
        _ => "?".into(),
    }
}

fn holds(contents: ArenaContents) -> &'static str {
    match contents {
        ArenaContents::Residual => CONTENTS[0].0,
        ArenaContents::KeptRows => CONTENTS[1].0,
        ArenaContents::Scratch => CONTENTS[2].0,
        ArenaContents::Tokens => CONTENTS[3].0,
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::config::Preset;

    #[test]
    fn the_drawing_shows_what_each_step_uses() {
        let map = ArenaMap::new(&Preset::Micro.config(10).unwrap());
        let drawing = map.drawing();
        let lines: Vec<&str> = drawing.lines().skip(2).collect();
        assert_eq!(lines.len(), LINES + 1 + 2, "lines, names, legend:\n{drawing}");
        let names: Vec<&str> = lines[LINES].split_whitespace().skip(1).collect();
        let stem = ["0.0", "1.0", "2.0", "2.1", "3.0", "3.1", "4.0"];
        assert_eq!(names, [&stem[..], &["attn", "mlp", "norm", "head"]].concat(), "steps");
        let bottom: Vec<&str> = lines[LINES - 1].split_whitespace().collect();
        assert_eq!(bottom[..10], ["####"; 10], "the residual stream is at the front");
        let top: Vec<&str> = lines[0].split_whitespace().skip(1).collect();
        assert_eq!(top[..7], ["===="; 7], "kept rows are at the back");
        assert_eq!(top[7..], ["++++", "....", "oooo", "oooo"], "scratch, free, tokens");
    }
}
