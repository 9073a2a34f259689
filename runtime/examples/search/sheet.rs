//! The picture beside those that were found.

use crate::answer::Answer;
use anyhow::Result;
use image::RgbImage;
use pictures::{Colour, Font, INK, Sheet, ending};

/// Target sides of the enlarged pictures: of the query, and of those that were found.
const QUERY: u32 = 192;
const KNOWN: u32 = 128;
const COLUMNS: u32 = 5;
const GAP: u32 = 20;
const BETWEEN: u32 = 14;
const HEADER: u32 = 56;
/// Space below a picture that was found, for its label and its file.
const CAPTION: u32 = 46;
/// Space for the text below the query.
const TEXT: u32 = 130;
const DARK: Colour = [20, 20, 20];
const LIGHT: Colour = [255, 255, 255];
const FAINT: Colour = [120, 120, 120];
const EMPTY: Colour = [226, 226, 222];

/// The sheet, as a PNG file. `known` has a picture for each entry that was found.
pub(super) fn png(answer: &Answer<'_>, known: &[Option<RgbImage>]) -> Result<Vec<u8>> {
    let (width, height) = answer.picture.dimensions();
    let scale = |side: u32| (side / width.max(height)).max(1);
    let (query, small) = (scale(QUERY), scale(KNOWN));
    let right = GAP + (width * query).max(QUERY) + 2 * GAP;
    let cell = (width * small + BETWEEN, height * small + CAPTION);
    let count = known.len() as u32;
    let columns = COLUMNS.min(count).max(1);
    let bottom = (count.div_ceil(columns) * cell.1).max(height * query + TEXT);
    let mut sheet = Sheet::new(right + COLUMNS * cell.0 - BETWEEN + GAP, HEADER + bottom);
    sheet.write("This picture", (GAP, GAP), Font::Large, INK);
    sheet.place(&answer.picture, (GAP, HEADER), query);
    about(&mut sheet, answer, (GAP, HEADER + height * query + 8));
    sheet.fill((right - GAP, GAP), (1, HEADER + bottom - 2 * GAP), EMPTY);
    let title = format!("is most like these {} of {} known pictures", count, answer.entries);
    sheet.write(&title, (right, GAP), Font::Large, INK);
    for (place, (found, picture)) in answer.found.iter().zip(known).enumerate() {
        let (column, row) = (place as u32 % columns, place as u32 / columns);
        let (x, y) = (right + column * cell.0, HEADER + row * cell.1);
        match picture {
            Some(picture) => sheet.place(picture, (x, y), small),
            None => {
                sheet.fill((x, y), (width * small, height * small), EMPTY);
                sheet.write("not found", (x + 28, y + 8), Font::Text, FAINT);
            }
        }
        rank(&mut sheet, place + 1, (x, y));
        let letters = |font: Font| (width * small / font.letter()) as usize;
        let y = y + height * small + 5;
        sheet.write(&ending(found.label(), letters(Font::Heading)), (x, y), Font::Heading, INK);
        let file = ending(&found.file(), letters(Font::Small));
        sheet.write(&file, (x, y + 17), Font::Small, FAINT);
    }
    Ok(sheet.png()?)
}

/// Its place among those that were found, in the corner of a picture.
fn rank(sheet: &mut Sheet, rank: usize, (x, y): (u32, u32)) {
    let text = rank.to_string();
    let width = Font::Bold.letter() * text.len() as u32 + 8;
    sheet.fill((x, y), (width, 17), DARK);
    sheet.write(&text, (x + 4, y + 2), Font::Bold, LIGHT);
}

/// The file of the query, its class, and what was compared.
fn about(sheet: &mut Sheet, answer: &Answer<'_>, (x, y): (u32, u32)) {
    let letters = |font: Font| (QUERY / font.letter()) as usize;
    let file = ending(&answer.file, letters(Font::Small));
    sheet.write(&file, (x, y), Font::Small, FAINT);
    let weight = answer.class_weight();
    sheet.write("Compared by", (x, y + 30), Font::Text, FAINT);
    for (line, (part, weight)) in
        [("class", weight), ("appearance", 1.0 - weight)].into_iter().enumerate()
    {
        let text = format!("{part} {:.0} %", 100.0 * weight);
        sheet.write(&text, (x, y + 46 + 18 * line as u32), Font::Heading, INK);
    }
    // Without a weight, the network does not know what the picture shows.
    if weight > 0.0 {
        let text = format!("The network says: {}", answer.class.0);
        sheet.write(&ending(&text, letters(Font::Text)), (x, y + 92), Font::Text, FAINT);
    }
}
