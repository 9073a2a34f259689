//! Many pictures on a contact sheet.

use crate::explanation::Explanation;
use crate::page::{frame, outlines};
use anyhow::Result;
use pictures::{Colour, Font, INK, Sheet, ending, overlay};

/// Maximum number of pictures on a sheet.
pub(super) const MAX_PICTURES: usize = 60;

/// Target side of an enlarged picture.
const SIDE: u32 = 128;
const COLUMNS: u32 = 4;
const GAP: u32 = 16;
const HEADER: u32 = 40;
const CAPTION: u32 = 40;
const FAINT: Colour = [120, 120, 120];

/// The sheet, as a PNG file: each picture beside its map, with the box of its largest object.
pub(super) fn png(found: &[Explanation]) -> Result<Vec<u8>> {
    let Some(first) = found.first() else { return Ok(Vec::new()) };
    let scale = first.scale(SIDE);
    let (width, height) = (first.picture.width() * scale, first.picture.height() * scale);
    let cell = (2 * width + 4 + GAP, height + CAPTION + GAP);
    let columns = COLUMNS.min(found.len() as u32);
    let rows = (found.len() as u32).div_ceil(columns);
    let mut sheet = Sheet::new(GAP + columns * cell.0, HEADER + rows * cell.1);
    let same = found.iter().all(|one| one.subject == first.subject);
    let subject = if same { format!(" for {}", first.subject) } else { String::new() };
    let text = format!(
        "Left: the largest object. Right: the evidence{subject}, the lighter the more, with outlines of objects."
    );
    sheet.write(&text, (GAP, 12), Font::Text, INK);
    for (place, one) in found.iter().enumerate() {
        let (column, row) = (place as u32 % columns, place as u32 / columns);
        let (x, y) = (GAP + column * cell.0, HEADER + row * cell.1);
        let middle = x + width + 4;
        sheet.place(&one.picture, (x, y), scale);
        sheet.place(&overlay(&one.picture, &one.map, one.grid, scale), (middle, y), 1);
        outlines(&mut sheet, one, (middle, y), scale, 2);
        if let Some(object) = one.objects.first() {
            frame(&mut sheet, object, (x, y), scale, 2);
        }
        let best = &one.classes[0];
        let text = format!("{} {:.0} %", best.name, 100.0 * best.share);
        sheet.write(&text, (x, y + height + 5), Font::Heading, INK);
        let letters = (2 * width / Font::Small.letter()) as usize;
        let file = ending(&one.file, letters);
        sheet.write(&file, (x, y + height + 23), Font::Small, FAINT);
    }
    Ok(sheet.png()?)
}
