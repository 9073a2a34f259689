//! One picture on a page.

use crate::drawn::share;
use crate::explanation::Explanation;
use anyhow::Result;
use pictures::{Colour, Font, INK, Sheet, heat, overlay};
use runtime::explain::{OUTSIDE, Object};

/// Target side of an enlarged picture.
const SIDE: u32 = 320;
const GAP: u32 = 20;
const HEADER: u32 = 76;
/// Width of the column with the classes.
const TEXT: u32 = 340;
/// Space below the pictures for the scale of colours.
const FOOTER: u32 = 70;
/// Target side of the map of an attribute, and the height of the text above and below it.
const MAP: u32 = 128;
const MAP_TEXT: u32 = 34;
/// Objects that have a box and a line of text; the others have an outline.
const NAMED: usize = 3;
/// What the map means.
const NOTE: [&str; 4] = [
    "The evidence of all tokens and a constant are exactly",
    "the logit. Attention has mixed the tokens, so that the",
    "evidence of a token also depends on other pixels.",
    "Objects are connected tokens above the mean.",
];
/// Width of the bar of a certain class.
const BAR: f64 = 330.0;
const DARK: Colour = [20, 20, 20];
const LIGHT: Colour = [255, 255, 255];
const FAINT: Colour = [120, 120, 120];
const BARS: Colour = [90, 120, 160];
const TRACK: Colour = [226, 226, 222];

/// The page, as a PNG file.
pub(super) fn png(found: &Explanation) -> Result<Vec<u8>> {
    let scale = found.scale(SIDE);
    let (width, height) = (found.picture.width() * scale, found.picture.height() * scale);
    let (left, middle, right) = (GAP, 2 * GAP + width, 3 * GAP + 2 * width);
    let page = HEADER + height.max(SIDE) + FOOTER;
    let below = if found.attributes.is_empty() { 0 } else { strip_height(found) };
    let mut sheet = Sheet::new(right + TEXT + GAP, page + below);
    let best = &found.classes[0];
    let title = format!("{}, {:.1} %", best.name, 100.0 * best.share);
    sheet.write(&title, (left, 14), Font::Large, INK);
    let title = format!("Where is the evidence for {}?", found.subject);
    sheet.write(&title, (middle, 14), Font::Large, INK);
    let text =
        format!("{} x {} pixels, boxes of objects", found.picture.width(), found.picture.height());
    sheet.write(&text, (left, 46), Font::Text, FAINT);
    let text = format!("{} x {} tokens, outlines of objects", found.grid.1, found.grid.0);
    sheet.write(&text, (middle, 46), Font::Text, FAINT);
    sheet.place(&found.picture, (left, HEADER), scale);
    let map = overlay(&found.picture, &found.map, found.grid, scale);
    sheet.place(&map, (middle, HEADER), 1);
    outlines(&mut sheet, found, (middle, HEADER), scale, 3);
    for (index, object) in found.objects.iter().enumerate().take(NAMED).rev() {
        frame(&mut sheet, object, (left, HEADER), scale, 3);
        number(&mut sheet, object, (left, HEADER), scale, index + 1);
    }
    colours(&mut sheet, found, (middle, HEADER + height + 12), width);
    classes(&mut sheet, found, (right, HEADER));
    objects(&mut sheet, found, (right, HEADER + 184));
    for (line, text) in NOTE.iter().enumerate() {
        let y = page - GAP / 2 - 12 * (NOTE.len() - line) as u32;
        sheet.write(text, (right, y), Font::Small, FAINT);
    }
    strip(&mut sheet, found, (left, page), right + TEXT - left);
    Ok(sheet.png()?)
}

/// Height of the maps of attributes with their text.
fn strip_height(found: &Explanation) -> u32 {
    MAP_TEXT + found.picture.height() * found.scale(MAP) + MAP_TEXT
}

/// The most probable attributes, as many as fit into the width: the map of each with its name and probability.
fn strip(sheet: &mut Sheet, found: &Explanation, (left, top): (u32, u32), width: u32) {
    let scale = found.scale(MAP);
    let (side, height) = (found.picture.width() * scale, found.picture.height() * scale);
    let step = side.max(MAP) + GAP;
    let count = (width + GAP) / step;
    if !found.attributes.is_empty() {
        let text = "Where is the evidence for each attribute? The most probable ones:";
        sheet.write(text, (left, top), Font::Heading, INK);
    }
    for (place, attribute) in (0..count).zip(&found.attributes) {
        let (x, y) = (left + place * step, top + MAP_TEXT - 8);
        let map = overlay(&found.picture, &attribute.map, found.grid, scale);
        sheet.place(&map, (x, y), 1);
        let letters = (side / Font::Small.letter()) as usize;
        let name: String = attribute.name.chars().take(letters).collect();
        sheet.write(&name, (x, y + height + 4), Font::Small, INK);
        let text = format!("{:.1} %", 100.0 * attribute.share);
        sheet.write(&text, (x, y + height + 15), Font::Small, FAINT);
    }
}

/// The box of an object, in white between two dark lines, so that it is visible on every picture.
pub(super) fn frame(
    sheet: &mut Sheet,
    object: &Object,
    (left, top): (u32, u32),
    scale: u32,
    thick: u32,
) {
    let area = object.area;
    let (x, y) = (left + area.x as u32 * scale, top + area.y as u32 * scale);
    let size = (area.width as u32 * scale, area.height as u32 * scale);
    sheet.frame((x, y), size, thick + 2, DARK);
    let inner = (size.0.saturating_sub(2), size.1.saturating_sub(2));
    sheet.frame((x + 1, y + 1), inner, thick, LIGHT);
}

/// Draws a line between each token of an object and every token beside it that does not belong to the
/// object.
pub(super) fn outlines(
    sheet: &mut Sheet,
    found: &Explanation,
    (left, top): (u32, u32),
    scale: u32,
    thick: u32,
) {
    let (rows, columns) = found.grid;
    let (width, height) = (found.picture.width(), found.picture.height());
    let label = |row: u32, column: u32| {
        let inside = row < rows && column < columns;
        if inside { found.labels[(row * columns + column) as usize] } else { OUTSIDE }
    };
    // The first pixel of a row or column of tokens.
    let first = |token: u32, pixels: u32, tokens: u32| (token * pixels).div_ceil(tokens) * scale;
    for row in 0..rows {
        for column in 0..columns {
            let own = label(row, column);
            let (x, y) = (left + first(column, width, columns), top + first(row, height, rows));
            let (right, bottom) =
                (left + first(column + 1, width, columns), top + first(row + 1, height, rows));
            let size = (right - x, bottom - y);
            if own == OUTSIDE {
                continue;
            }
            if label(row.wrapping_sub(1), column) != own {
                sheet.fill((x, y), (size.0, thick), LIGHT);
            }
            if label(row + 1, column) != own {
                sheet.fill((x, bottom - thick), (size.0, thick), LIGHT);
            }
            if label(row, column.wrapping_sub(1)) != own {
                sheet.fill((x, y), (thick, size.1), LIGHT);
            }
            if label(row, column + 1) != own {
                sheet.fill((right - thick, y), (thick, size.1), LIGHT);
            }
        }
    }
}

/// The number of an object in the corner of its box.
fn number(sheet: &mut Sheet, object: &Object, (left, top): (u32, u32), scale: u32, number: usize) {
    let area = object.area;
    let (x, y) = (left + area.x as u32 * scale, top + area.y as u32 * scale);
    sheet.fill((x, y), (16, 17), DARK);
    sheet.write(&number.to_string(), (x + 4, y + 2), Font::Bold, LIGHT);
}

/// The scale of colours, with the mean of the map, and with no evidence if the map has both signs.
fn colours(sheet: &mut Sheet, found: &Explanation, (x, y): (u32, u32), width: u32) {
    for step in 0..width {
        sheet.fill((x + step, y), (1, 14), heat(step as f32 / width as f32));
    }
    let mut tick = |at: f64, text: &str, down: u32| {
        let at = (at * f64::from(width)).round() as u32;
        sheet.fill((x + at.min(width - 2), y), (2, 18), INK);
        let len = Font::Text.letter() * text.len() as u32;
        let left = at.saturating_sub(len / 2).min(width - len);
        sheet.write(text, (x + left, y + down), Font::Text, INK);
    };
    tick(0.0, "least", 20);
    tick(1.0, "most", 20);
    let crowded = |at: f64| !(0.2..0.8).contains(&at);
    tick(found.mean, "mean", if crowded(found.mean) { 34 } else { 20 });
    if (0.0..=1.0).contains(&found.none) {
        let crowded = crowded(found.none) || (found.none - found.mean).abs() < 0.15;
        tick(found.none, "none", if crowded { 34 } else { 20 });
    }
}

/// The classes with their probabilities as bars.
fn classes(sheet: &mut Sheet, found: &Explanation, (x, y): (u32, u32)) {
    for (place, class) in found.classes.iter().enumerate() {
        let y = y + 34 * place as u32;
        sheet.write(&class.name, (x, y), Font::Heading, INK);
        let percent = format!("{:.1} %", 100.0 * class.share);
        let at = BAR as u32 - Font::Heading.letter() * percent.len() as u32;
        sheet.write(&percent, (x + at, y), Font::Heading, INK);
        sheet.fill((x, y + 18), (BAR as u32, 6), TRACK);
        sheet.fill((x, y + 18), ((BAR * class.share).round() as u32, 6), BARS);
    }
}

/// The objects in words.
fn objects(sheet: &mut Sheet, found: &Explanation, (x, y): (u32, u32)) {
    let mut y = y;
    for (index, object) in found.objects.iter().take(NAMED).enumerate() {
        let evidence = 100.0 * share(object.evidence_share);
        let picture = 100.0 * share(object.picture_share);
        let text = format!("Object {}", index + 1);
        sheet.write(&text, (x, y), Font::Heading, INK);
        let text = format!("{evidence:.0} % of the evidence on");
        sheet.write(&text, (x + 100, y + 1), Font::Text, INK);
        let text = format!("{picture:.0} % of the picture");
        sheet.write(&text, (x + 100, y + 16), Font::Text, INK);
        y += 38;
    }
    let named: f64 =
        found.objects.iter().take(NAMED).map(|found| share(found.evidence_share)).sum();
    let rest = found.objects.len().saturating_sub(NAMED);
    let text = format!("{:.0} % of the evidence", 100.0 * (1.0 - named).max(0.0));
    sheet.write("Rest", (x, y), Font::Heading, INK);
    sheet.write(&text, (x + 100, y + 1), Font::Text, INK);
    if rest > 0 {
        let text = format!("with {rest} more {}", if rest == 1 { "object" } else { "objects" });
        sheet.write(&text, (x + 100, y + 16), Font::Text, INK);
    }
}
