//! Paints a screen on a terminal over the previous one.
//!
//! No setting of the terminal changes, so that none must be restored: no raw mode, no alternate screen, no
//! hidden cursor, no colour beyond the end of a line. The cursor always stays in the line below, so that
//! later output (an error, or a prompt after a signal) appears there. A terminal backend of ratatui would
//! control the whole terminal.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use console::Term;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::widgets::Widget;

use super::screen::{MAX_HEIGHT, MAX_WIDTH, Screen};

/// Clears from the cursor to the end of the line, and of the display.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
/// Clears the whole display and goes to its first line.
const CLEAR_ALL: &str = "\x1b[2J\x1b[H";
const PLAIN: &str = "\x1b[0m";
/// Rows kept free for earlier output and for the cursor.
const OTHER_ROWS: u16 = 2;

/// An area of a terminal that is painted repeatedly.
#[derive(Debug)]
pub(super) struct Painter<W> {
    output: W,
    coloured: bool,
    /// Rows and columns of the terminal when it was last painted.
    size: Option<(u16, u16)>,
    /// Lines of the last painting.
    lines: usize,
}

impl<W: Write + IsTerminal> Painter<W> {
    /// `None` if the output is not a terminal, or is a terminal that cannot move the cursor up.
    pub(super) fn on_terminal(output: W) -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !output.is_terminal() || dumb {
            return None;
        }
        Some(Self { output, coloured: console::colors_enabled(), size: None, lines: 0 })
    }
}

impl<W: Write> Painter<W> {
    pub(super) fn paint(&mut self, screen: &Screen<'_>) {
        self.paint_on(Term::stdout().size(), screen);
    }

    /// Moves to the start of the screen and clears it.
    pub(super) fn erase(&mut self) {
        self.show(&format!("{}{CLEAR_BELOW}", up(self.lines)));
        self.lines = 0;
    }

    fn paint_on(&mut self, size: (u16, u16), screen: &Screen<'_>) {
        let (rows, columns) = size;
        // A letter in the last column makes some terminals start a new line.
        let width = columns.saturating_sub(1).min(MAX_WIDTH);
        let area = Rect::new(0, 0, width, rows.saturating_sub(OTHER_ROWS).min(MAX_HEIGHT));
        if area.is_empty() {
            return;
        }
        let mut buffer = Buffer::empty(area);
        screen.render(area, &mut buffer);
        // A resized terminal has wrapped the lines again, so their position is unknown.
        let resized = self.size.replace(size).is_some_and(|before| before != size);
        let mut text = if resized { CLEAR_ALL.to_owned() } else { up(self.lines) };
        for row in buffer.content().chunks(width.into()) {
            line(row, self.coloured, &mut text);
            text += CLEAR_LINE;
            text += "\r\n";
        }
        text += CLEAR_BELOW;
        self.lines = area.height.into();
        self.show(&text);
    }

    fn show(&mut self, text: &str) {
        // A closed terminal must not end the run.
        let _ = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
    }
}

/// Moves to the start of the line that is `lines` further up.
fn up(lines: usize) -> String {
    if lines == 0 { "\r".to_owned() } else { format!("\r\x1b[{lines}A") }
}

/// Adds the letters of a row, with a control sequence at each change of colour.
fn line(row: &[Cell], coloured: bool, text: &mut String) {
    let mut style = (Color::Reset, Modifier::empty());
    for cell in row {
        let next = (cell.fg, cell.modifier);
        if coloured && next != style {
            style = next;
            text.push_str(PLAIN);
            if cell.modifier.contains(Modifier::BOLD) {
                text.push_str("\x1b[1m");
            }
            if cell.modifier.contains(Modifier::DIM) {
                text.push_str("\x1b[2m");
            }
            if let Some(number) = colour(cell.fg) {
                write!(text, "\x1b[{number}m").expect("a String takes any text");
            }
        }
        text.push_str(cell.symbol());
    }
    if style != (Color::Reset, Modifier::empty()) {
        text.push_str(PLAIN);
    }
}

/// The number of a colour that the screen uses.
fn colour(colour: Color) -> Option<u8> {
    match colour {
        Color::Green => Some(32),
        Color::Yellow => Some(33),
        Color::Cyan => Some(36),
        Color::DarkGray => Some(90),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::improving;
    use crate::progress::screen::tests::screen;

    const SIZE: (u16, u16) = (24, 80);

    fn painter() -> Painter<Vec<u8>> {
        Painter { output: Vec::new(), coloured: true, size: None, lines: 0 }
    }

    /// What the painter writes for one more painting.
    fn painted(painter: &mut Painter<Vec<u8>>, size: (u16, u16)) -> String {
        painter.output.clear();
        painter.paint_on(size, &screen(&improving(5)));
        String::from_utf8(painter.output.clone()).unwrap()
    }

    #[test]
    fn a_painting_takes_the_place_of_the_one_before() {
        let mut painter = painter();
        let (first, second) = (painted(&mut painter, SIZE), painted(&mut painter, SIZE));
        let lines = first.matches("\r\n").count();
        assert!(lines > 8 && lines < 24, "{lines} lines on a terminal of 24");
        assert!(!first.contains(&format!("\x1b[{lines}A")), "nothing to go back over");
        assert_eq!(second, format!("\r\x1b[{lines}A{}", &first[1..]), "goes back, paints the same");
        painter.output.clear();
        painter.erase();
        assert_eq!(painter.output, format!("\r\x1b[{lines}A\x1b[J").into_bytes(), "erased");
        assert!(painted(&mut painter, (30, 100)).starts_with(CLEAR_ALL), "another size");
    }

    #[test]
    fn the_terminal_stays_as_it_is() {
        let mut painter = painter();
        let text = painted(&mut painter, SIZE);
        assert!(!text.contains("\x1b[?"), "no mode is set: {text:?}");
        assert!(text.ends_with("\r\n\x1b[J"), "the cursor waits below");
        for line in text.lines() {
            if let Some(last) = line.rfind("\x1b[3") {
                assert!(line[last..].contains(PLAIN), "no colour leaves {line:?}");
            }
        }
        painter.coloured = false;
        let text = painted(&mut painter, SIZE);
        let styled = text.split("\x1b[").skip(1).any(|part| {
            part.trim_start_matches(|letter: char| letter.is_ascii_digit()).starts_with('m')
        });
        assert!(!styled, "no colours where none are wanted: {text:?}");
    }

    #[test]
    fn a_tiny_terminal_takes_what_fits() {
        for size in [(0, 0), (1, 1), (3, 10), (6, 30), (200, 500)] {
            let text = painted(&mut painter(), size);
            let lines = text.matches("\r\n").count();
            assert!(lines <= usize::from(size.0), "{lines} lines on {size:?}");
        }
    }
}
