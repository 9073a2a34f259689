//! The worst pairs of classes as a picture, for more classes than a matrix can show.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::confusion::{Confusion, Pair};
use super::label::shortened;
use crate::summary::grouped;

/// Pairs that are shown.
const SHOWN: usize = 30;
const MARGIN: i32 = 16;
const TITLE_HEIGHT: i32 = 84;
const ROW: i32 = 24;
/// Letters of a name at most; longer ones are cut.
const NAME_LETTERS: usize = 32;
const LETTER: i32 = 8;
const BAR: i32 = 260;
const COUNT_WIDTH: i32 = 150;
const WRONG: RGBColor = RGBColor(214, 90, 20);
const INK: RGBColor = RGBColor(40, 40, 40);

/// A bar for each of the worst pairs: its length is the share of the true class that was predicted as the
/// other one.
pub(super) fn svg(confusion: &Confusion<'_>) -> Result<String> {
    let pairs = confusion.worst_pairs();
    let shown = &pairs[..pairs.len().min(SHOWN)];
    let letters = |of: fn(&Pair) -> usize| {
        let lengths = shown.iter().map(|pair| name(confusion, of(pair)).chars().count());
        lengths.max().unwrap_or(0) as i32 * LETTER
    };
    let columns = [letters(|pair| pair.class), letters(|pair| pair.predicted)];
    let width = MARGIN + columns[0] + 30 + columns[1] + MARGIN + BAR + COUNT_WIDTH;
    let height = TITLE_HEIGHT + ROW * shown.len() as i32 + MARGIN;
    let mut svg = String::new();
    {
        let size = (u32::try_from(width.max(620))?, u32::try_from(height)?);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = draw(confusion, &root, shown, pairs.len(), columns);
        drawn
            .and_then(|()| root.present())
            .map_err(|error| anyhow!("cannot draw the pairs: {error}"))?;
    }
    Ok(svg)
}

fn draw<DB: DrawingBackend>(
    confusion: &Confusion<'_>,
    root: &DrawingArea<DB, Shift>,
    shown: &[Pair],
    pairs: usize,
    columns: [i32; 2],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    root.fill(&WHITE)?;
    let style = |size: f64, h_pos, v_pos| {
        ("sans-serif", size).into_font().color(&INK).pos(Pos::new(h_pos, v_pos))
    };
    let percent = 100.0 * confusion.right() as f64 / confusion.all().max(1) as f64;
    let [all, classes, pairs] =
        [confusion.all(), confusion.classes().len(), pairs].map(|count| grouped(count as u64));
    let title = format!("{percent:.2} % of {all} images right, {classes} classes");
    root.draw_text(&title, &style(20.0, HPos::Left, VPos::Top), (MARGIN, MARGIN))?;
    let key = format!(
        "the {} worst of {pairs} pairs with mistakes: the true class, then the predicted class; the share of the true \
         class",
        shown.len()
    );
    root.draw_text(&key, &style(14.0, HPos::Left, VPos::Top), (MARGIN, MARGIN + 32))?;
    for (row, pair) in shown.iter().enumerate() {
        let middle = TITLE_HEIGHT + ROW * row as i32 + ROW / 2;
        let text = style(15.0, HPos::Left, VPos::Center);
        let right = style(15.0, HPos::Right, VPos::Center);
        let second = MARGIN + columns[0] + 30;
        root.draw_text(&name(confusion, pair.class), &right, (MARGIN + columns[0], middle))?;
        root.draw_text("→", &text, (MARGIN + columns[0] + 8, middle))?;
        root.draw_text(&name(confusion, pair.predicted), &text, (second, middle))?;
        let left = second + columns[1] + MARGIN;
        let length = (f64::from(BAR) * pair.share).round() as i32;
        let corners = [(left, middle - 8), (left + length, middle + 8)];
        root.draw(&Rectangle::new(corners, WRONG.mix(0.8).filled()))?;
        let [count, images] = [pair.count, pair.images].map(|count| grouped(count as u64));
        let share = format!("{:.0} %, {count} of {images}", 100.0 * pair.share);
        root.draw_text(&share, &text, (left + length + 8, middle))?;
    }
    Ok(())
}

/// The name of a class, cut to fit.
fn name(confusion: &Confusion<'_>, class: usize) -> String {
    shortened(&confusion.classes()[class], NAME_LETTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_pairs_have_bars() {
        let classes = (0..100).map(|class| format!("class {class}")).collect::<Vec<_>>();
        let labels = (0..1000).map(|image| image % 100).collect::<Vec<_>>();
        // One image of each class below 50 is predicted as the next class.
        let wrong = |image: usize| image < 50;
        let predicted = labels.iter().enumerate();
        let predicted = predicted.map(|(image, label)| label + usize::from(wrong(image)));
        let predicted = predicted.collect::<Vec<_>>();
        let svg = svg(&Confusion::of_pairs(&labels, &predicted, &classes)).unwrap();
        let bars = svg.matches("fill=\"#D65A14\" stroke=\"none\"").count();
        assert_eq!(bars, SHOWN, "no more than are readable");
        assert!(svg.contains("the 30 worst of 50 pairs"), "how many there are");
        assert!(svg.contains("95.00 % of 1,000 images right, 100 classes"), "title");
        assert!(svg.contains("10 %, 1 of 10"), "share and count");
    }
}
