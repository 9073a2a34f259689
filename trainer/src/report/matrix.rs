//! The confusion matrix as a picture, for as many classes as fit.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::confusion::Confusion;
use super::label::shortened;
use crate::summary::grouped;

/// Smallest and largest side of a cell in pixels.
const CELL_SIDES: [usize; 2] = [14, 60];
const MATRIX_SIDE: usize = 900;
/// The smallest cell in which a count is readable.
const COUNTED_CELL: i32 = 26;
/// Width of a letter in pixels, and the longest name in letters; longer ones are cut.
const LETTER: usize = 8;
const NAME_LETTERS: usize = 24;
const TITLE_HEIGHT: i32 = 78;
const MARGIN: i32 = 16;
/// Width that the lines above the matrix need.
const TITLE_WIDTH: i32 = 400;
/// Width of the column with each class's accuracy.
const ACCURACY_WIDTH: i32 = 70;
const RIGHT: RGBColor = RGBColor(31, 119, 180);
const WRONG: RGBColor = RGBColor(214, 90, 20);
const INK: RGBColor = RGBColor(40, 40, 40);
/// A cell with a larger share of its class is so dark that its count is white.
const DARK: f64 = 0.7;

/// Where things are on the picture.
struct Layout {
    /// Side of a cell.
    cell: i32,
    /// Top left corner of the matrix.
    left: i32,
    top: i32,
    font_size: f64,
}

/// The matrix as a picture: the darker a cell, the larger its share of the true class.
pub(super) fn svg(confusion: &Confusion<'_>) -> Result<String> {
    let layout = Layout::new(confusion.classes());
    let side = layout.cell * confusion.classes().len() as i32;
    let width = (layout.left + side + ACCURACY_WIDTH + MARGIN).max(TITLE_WIDTH);
    let height = layout.top + side + MARGIN;
    let mut svg = String::new();
    {
        let size = (u32::try_from(width)?, u32::try_from(height)?);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = draw(confusion, &root, &layout).and_then(|()| root.present());
        drawn.map_err(|error| anyhow!("cannot draw the confusion matrix: {error}"))?;
    }
    Ok(svg)
}

fn draw<DB: DrawingBackend>(
    confusion: &Confusion<'_>,
    root: &DrawingArea<DB, Shift>,
    layout: &Layout,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    root.fill(&WHITE)?;
    let all = confusion.all();
    let right = confusion.right();
    let percent = 100.0 * right as f64 / all.max(1) as f64;
    let title = format!("{percent:.2} % of {} images right", grouped(all as u64));
    let style = |size: f64, h_pos, v_pos| {
        ("sans-serif", size).into_font().color(&INK).pos(Pos::new(h_pos, v_pos))
    };
    root.draw_text(&title, &style(20.0, HPos::Left, VPos::Top), (MARGIN, MARGIN))?;
    let key = "a row for each true class, a column for each predicted class";
    root.draw_text(key, &style(14.0, HPos::Left, VPos::Top), (MARGIN, MARGIN + 30))?;
    let side = layout.cell * confusion.classes().len() as i32;
    for (class, name) in confusion.classes().iter().enumerate() {
        let name = shortened(name, NAME_LETTERS);
        let middle = class as i32 * layout.cell + layout.cell / 2;
        let at = (layout.left - 6, layout.top + middle);
        root.draw_text(&name, &style(layout.font_size, HPos::Right, VPos::Center), at)?;
        let accuracy = format!("{:.0} %", 100.0 * confusion.share(class, class));
        let at = (layout.left + side + 8, layout.top + middle);
        root.draw_text(&accuracy, &style(layout.font_size, HPos::Left, VPos::Center), at)?;
        let upright =
            ("sans-serif", layout.font_size).into_font().transform(FontTransform::Rotate270);
        let upright = upright.color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        root.draw_text(&name, &upright, (layout.left + middle, layout.top - 6))?;
        for predicted in 0..confusion.classes().len() {
            draw_cell(confusion, root, layout, [class, predicted])?;
        }
    }
    let frame = [(layout.left, layout.top), (layout.left + side, layout.top + side)];
    root.draw(&Rectangle::new(frame, INK.mix(0.4)))
}

fn draw_cell<DB: DrawingBackend>(
    confusion: &Confusion<'_>,
    root: &DrawingArea<DB, Shift>,
    layout: &Layout,
    [class, predicted]: [usize; 2],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let count = confusion.of_class(class, predicted);
    if count == 0 {
        return Ok(());
    }
    let share = confusion.share(class, predicted);
    let (x, y) =
        (layout.left + predicted as i32 * layout.cell, layout.top + class as i32 * layout.cell);
    let colour = if class == predicted { RIGHT } else { WRONG };
    let corners = [(x, y), (x + layout.cell, y + layout.cell)];
    // The square root makes small shares visible, such as one mistake in twenty.
    root.draw(&Rectangle::new(corners, colour.mix(share.sqrt()).filled()))?;
    if layout.cell < COUNTED_CELL {
        return Ok(());
    }
    let ink = if share.sqrt() > DARK { WHITE } else { INK };
    let font = ("sans-serif", layout.font_size).into_font();
    let style = font.color(&ink).pos(Pos::new(HPos::Center, VPos::Center));
    root.draw_text(&count.to_string(), &style, (x + layout.cell / 2, y + layout.cell / 2))
}

impl Layout {
    fn new(classes: &[String]) -> Self {
        let cell = (MATRIX_SIDE / classes.len().max(1)).clamp(CELL_SIDES[0], CELL_SIDES[1]) as i32;
        let letters =
            classes.iter().map(|name| shortened(name, NAME_LETTERS).chars().count()).max();
        let names = (letters.unwrap_or(0) * LETTER) as i32 + 12;
        Self {
            cell,
            left: MARGIN + names,
            top: TITLE_HEIGHT + names,
            font_size: f64::from(cell - 2).min(15.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_cell_for_each_count_but_zero() {
        let classes = ["a", "b<\u{1b}>", "c"].map(String::from);
        let labels = [[0; 10].as_slice(), &[1; 9], &[2; 1]].concat();
        let predicted = [[0; 7].as_slice(), &[1; 3], &[1; 9], &[2; 1]].concat();
        let svg = svg(&Confusion::of_pairs(&labels, &predicted, &classes)).unwrap();
        let filled =
            |colour: &str| svg.matches(&format!("fill=\"{colour}\" stroke=\"none\"")).count();
        assert_eq!(filled("#1F77B4"), 3, "three diagonal cells");
        assert_eq!(filled("#D65A14"), 1, "one kind of mistake");
        assert!(svg.contains("85.00 % of 20 images right"), "title");
        assert!(svg.contains("b&lt;\\u{1b}&gt;") && !svg.contains('\u{1b}'), "an escaped name");
    }
}
