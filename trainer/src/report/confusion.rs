//! The confusion matrix: images by true class and predicted class.

use std::fmt::Write;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::csv;
use crate::eval::Predictions;
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

/// Counts of true and predicted classes.
pub(super) struct Confusion<'a> {
    classes: &'a [String],
    /// `[true class, predicted class]`.
    counts: Vec<usize>,
}

/// Where things are on the picture.
struct Layout {
    /// Side of a cell.
    cell: i32,
    /// Top left corner of the matrix.
    left: i32,
    top: i32,
    font_size: f64,
}

impl<'a> Confusion<'a> {
    pub(super) fn count(predictions: &Predictions, classes: &'a [String]) -> Self {
        let mut counts = vec![0; classes.len() * classes.len()];
        for image in 0..predictions.len() {
            counts[predictions.label(image) * classes.len() + predictions.predicted(image)] += 1;
        }
        Self { classes, counts }
    }

    /// Counts of predicted classes for the images of one class.
    fn row(&self, class: usize) -> &[usize] {
        &self.counts[class * self.classes.len()..][..self.classes.len()]
    }

    fn images(&self, class: usize) -> usize {
        self.row(class).iter().sum()
    }

    fn share(&self, class: usize, predicted: usize) -> f64 {
        self.row(class)[predicted] as f64 / self.images(class).max(1) as f64
    }

    /// A line for each class: its images by predicted class, their number, and the accuracy.
    pub(super) fn table(&self) -> String {
        let names = self.classes.iter().map(|name| csv::field(name)).collect::<Vec<_>>();
        let mut table = format!("true class,{},images,accuracy\n", names.join(","));
        for (class, name) in names.iter().enumerate() {
            table += name;
            for count in self.row(class) {
                write!(table, ",{count}").expect("a String takes any text");
            }
            let (images, accuracy) = (self.images(class), self.share(class, class));
            writeln!(table, ",{images},{accuracy:.5}").expect("a String takes any text");
        }
        table
    }

    /// The matrix as a picture: the darker a cell, the larger its share of the true class.
    pub(super) fn svg(&self) -> Result<String> {
        let layout = Layout::new(self.classes);
        let side = layout.cell * self.classes.len() as i32;
        let width = (layout.left + side + ACCURACY_WIDTH + MARGIN).max(TITLE_WIDTH);
        let height = layout.top + side + MARGIN;
        let mut svg = String::new();
        {
            let size = (u32::try_from(width)?, u32::try_from(height)?);
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            let drawn = self.draw(&root, &layout).and_then(|()| root.present());
            drawn.map_err(|error| anyhow!("cannot draw the confusion matrix: {error}"))?;
        }
        Ok(svg)
    }

    fn draw<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        layout: &Layout,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        root.fill(&WHITE)?;
        let all = self.counts.iter().sum::<usize>();
        let right = (0..self.classes.len()).map(|class| self.row(class)[class]).sum::<usize>();
        let percent = 100.0 * right as f64 / all.max(1) as f64;
        let title = format!("{percent:.2} % of {} images right", grouped(all as u64));
        let style = |size: f64, h_pos, v_pos| {
            ("sans-serif", size).into_font().color(&INK).pos(Pos::new(h_pos, v_pos))
        };
        root.draw_text(&title, &style(20.0, HPos::Left, VPos::Top), (MARGIN, MARGIN))?;
        let key = "a row for each true class, a column for each predicted class";
        root.draw_text(key, &style(14.0, HPos::Left, VPos::Top), (MARGIN, MARGIN + 30))?;
        let side = layout.cell * self.classes.len() as i32;
        for (class, name) in self.classes.iter().enumerate() {
            let name = shortened(name);
            let middle = class as i32 * layout.cell + layout.cell / 2;
            let at = (layout.left - 6, layout.top + middle);
            root.draw_text(&name, &style(layout.font_size, HPos::Right, VPos::Center), at)?;
            let accuracy = format!("{:.0} %", 100.0 * self.share(class, class));
            let at = (layout.left + side + 8, layout.top + middle);
            root.draw_text(&accuracy, &style(layout.font_size, HPos::Left, VPos::Center), at)?;
            let upright =
                ("sans-serif", layout.font_size).into_font().transform(FontTransform::Rotate270);
            let upright = upright.color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw_text(&name, &upright, (layout.left + middle, layout.top - 6))?;
            for predicted in 0..self.classes.len() {
                self.draw_cell(root, layout, [class, predicted])?;
            }
        }
        let frame = [(layout.left, layout.top), (layout.left + side, layout.top + side)];
        root.draw(&Rectangle::new(frame, INK.mix(0.4)))
    }

    fn draw_cell<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        layout: &Layout,
        [class, predicted]: [usize; 2],
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        let count = self.row(class)[predicted];
        if count == 0 {
            return Ok(());
        }
        let share = self.share(class, predicted);
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
}

impl Layout {
    fn new(classes: &[String]) -> Self {
        let cell = (MATRIX_SIDE / classes.len().max(1)).clamp(CELL_SIDES[0], CELL_SIDES[1]) as i32;
        let letters = classes.iter().map(|name| shortened(name).chars().count()).max();
        let names = (letters.unwrap_or(0) * LETTER) as i32 + 12;
        Self {
            cell,
            left: MARGIN + names,
            top: TITLE_HEIGHT + names,
            font_size: f64::from(cell - 2).min(15.0),
        }
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_LETTERS {
        return name.to_owned();
    }
    name.chars().take(NAME_LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|class| format!("class {class}")).collect()
    }

    #[test]
    fn a_row_for_each_true_class() {
        let logits = [[9.0, 0.0, 1.0], [0.0, 9.0, 1.0], [0.0, 1.0, 9.0], [0.0, 1.0, 9.0]].concat();
        let predictions = Predictions::of_logits(logits, vec![0, 0, 0, 2]);
        let classes = names(3);
        let confusion = Confusion::count(&predictions, &classes);
        assert_eq!(confusion.counts, [1, 1, 1, 0, 0, 0, 0, 0, 1], "rows are true classes");
        let table = confusion.table();
        let rows = table.lines().skip(1).collect::<Vec<_>>();
        assert_eq!(rows[0], "class 0,1,1,1,3,0.33333", "one of three");
        assert_eq!(rows[1], "class 1,0,0,0,0,0.00000", "a class without images");
    }

    #[test]
    fn the_picture_has_a_cell_for_each_count_but_zero() {
        let classes = names(3);
        let confusion = Confusion { classes: &classes, counts: vec![7, 3, 0, 0, 9, 0, 0, 0, 1] };
        let svg = confusion.svg().unwrap();
        let filled =
            |colour: &str| svg.matches(&format!("fill=\"{colour}\" stroke=\"none\"")).count();
        assert_eq!(filled("#1F77B4"), 3, "three diagonal cells");
        assert_eq!(filled("#D65A14"), 1, "one kind of mistake");
        assert!(svg.contains("85.00 % of 20 images right"), "title");
    }

    #[test]
    fn many_classes_fit() {
        let classes = names(100);
        let confusion = Confusion { classes: &classes, counts: vec![1; 10_000] };
        let svg = confusion.svg().unwrap();
        assert!(!svg.contains(">\n1\n<"), "no counts in small cells");
    }
}
