//! A picture of the worst mistakes with true and predicted class.

use std::convert::Infallible;
use std::io::Cursor;

use anyhow::{Context, Result};
use embedded_graphics::mono_font::iso_8859_1::{
    FONT_6X10, FONT_8X13, FONT_8X13_BOLD, FONT_9X15_BOLD,
};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use image::{ImageFormat, Rgb, RgbImage, imageops};

use super::mistakes::Mistake;
use crate::data::Images;
use crate::summary::grouped;

/// Number of images of a row, and largest number of rows.
const COLUMNS: usize = 8;
const ROWS: usize = 5;
/// Target width of a magnified image; the factor is a whole number.
const IMAGE_WIDTH: usize = 128;
const GAP: usize = 10;
const HEADER_HEIGHT: usize = 34;
/// Two lines of text under an image, and a third one with the name of its file.
const CAPTION_HEIGHT: usize = 34;
const FILE_HEIGHT: usize = 14;
const LINE_HEIGHT: i32 = 15;
/// Width of a letter of the captions, and of one of the names of files.
const LETTER: usize = 8;
const FILE_LETTER: usize = 6;
const PAPER: Rgb<u8> = Rgb([250, 250, 248]);
const INK: Rgb888 = Rgb888::new(50, 50, 50);
const WRONG: Rgb888 = Rgb888::new(178, 60, 10);

/// A picture that text can be written on.
struct Sheet(RgbImage);

/// The picture, as a PNG file.
pub(super) fn png(mistakes: &[Mistake], images: &Images, classes: &[String]) -> Result<Vec<u8>> {
    let shown = &mistakes[..mistakes.len().min(COLUMNS * ROWS)];
    let scale = (IMAGE_WIDTH / images.height().max(images.width())).max(1);
    let (width, height) = (scale * images.width(), scale * images.height());
    let caption = CAPTION_HEIGHT + if images.have_names() { FILE_HEIGHT } else { 0 };
    let cell = (width.max(IMAGE_WIDTH) + GAP, height + caption + GAP);
    let rows = shown.len().div_ceil(COLUMNS);
    let size = (GAP + COLUMNS * cell.0, HEADER_HEIGHT + rows * cell.1);
    let mut sheet = Sheet(RgbImage::from_pixel(size.0.try_into()?, size.1.try_into()?, PAPER));
    sheet.write(
        &header(mistakes.len(), shown.len(), images.len()),
        [GAP, GAP],
        &FONT_9X15_BOLD,
        INK,
    );
    for (place, mistake) in shown.iter().enumerate() {
        let (x, y) = (GAP + place % COLUMNS * cell.0, HEADER_HEIGHT + place / COLUMNS * cell.1);
        let (side_x, side_y) = (u32::try_from(images.width())?, u32::try_from(images.height())?);
        let picture = RgbImage::from_raw(side_x, side_y, images.image(mistake.image).to_vec());
        let picture = picture.context("an image has all its pixels")?;
        let scale = u32::try_from(scale)?;
        let filter = imageops::FilterType::Nearest;
        let picture = imageops::resize(&picture, side_x * scale, side_y * scale, filter);
        imageops::replace(&mut sheet.0, &picture, x as i64, y as i64);
        let letters = (cell.0 - GAP) / LETTER;
        let sure = format!("{:.0} % ", 100.0 * mistake.sure);
        let predicted = name(classes, mistake.predicted, letters - sure.chars().count());
        let label = name(classes, mistake.label, letters - "is ".len());
        let text = y + height + GAP / 2;
        sheet.write(&format!("is {label}"), [x, text], &FONT_8X13, INK);
        let below = text + LINE_HEIGHT as usize;
        sheet.write(&format!("{sure}{predicted}"), [x, below], &FONT_8X13_BOLD, WRONG);
        if let Some(file) = images.name(mistake.image) {
            let file = end(&printed(file), (cell.0 - GAP) / FILE_LETTER);
            let below = below + LINE_HEIGHT as usize;
            sheet.write(&file, [x, below], &FONT_6X10, INK);
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    sheet.0.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

fn header(mistakes: usize, shown: usize, images: usize) -> String {
    let [mistakes_text, images] = [mistakes, images].map(|count| grouped(count as u64));
    match mistakes {
        0 => format!("no mistake on {images} images"),
        _ if shown < mistakes => {
            format!("the {shown} worst of {mistakes_text} mistakes on {images} images")
        }
        _ => format!("{mistakes_text} mistakes on {images} images, the worst first"),
    }
}

/// The last letters of a name, which distinguish the files of a folder.
fn end(name: &str, letters: usize) -> String {
    let skipped = name.chars().count().saturating_sub(letters);
    if skipped == 0 {
        return name.to_owned();
    }
    // The font has no ellipsis.
    format!("..{}", name.chars().skip(skipped + 2).collect::<String>())
}

/// The text with a question mark for each letter that the font lacks.
fn printed(text: &str) -> String {
    text.chars().map(|letter| if printable(letter) { letter } else { '?' }).collect()
}

/// The printable letters of ISO 8859-1, which Unicode begins with.
const fn printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a1}'..='\u{ff}')
}

/// The first `letters` letters of a class name. If the font lacks one of its letters, the class number.
fn name(classes: &[String], class: usize, letters: usize) -> String {
    let name = &classes[class];
    let name =
        if name.chars().all(printable) { name.clone() } else { format!("class {}", class + 1) };
    name.chars().take(letters).collect()
}

impl Sheet {
    fn write(&mut self, text: &str, [x, y]: [usize; 2], font: &MonoFont<'_>, colour: Rgb888) {
        let style = MonoTextStyle::new(font, colour);
        let at = Point::new(x as i32, y as i32);
        let Ok(_) = Text::with_baseline(text, at, style, Baseline::Top).draw(self);
    }
}

impl OriginDimensions for Sheet {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Sheet {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else { continue };
            if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(mistakes: &[Mistake], images: &Images) -> RgbImage {
        let classes = ["a cat".into(), "猫".into()];
        let png = png(mistakes, images, &classes).unwrap();
        image::load_from_memory(&png).unwrap().into_rgb8()
    }

    #[test]
    fn every_image_is_magnified_above_its_caption() {
        let pixels = [[200, 10, 10].repeat(4), [10, 200, 10].repeat(4)].concat();
        let images = Images::new(2, 2, pixels, vec![0, 1]).unwrap();
        let mistake = Mistake { image: 1, label: 1, predicted: 0, sure: 0.9, own: 0.1 };
        let sheet = decoded(&[mistake], &images);
        let green = sheet.pixels().filter(|pixel| pixel.0 == [10, 200, 10]).count();
        assert_eq!(green, 128 * 128, "the second image, 64 times as wide");
        assert!(!sheet.pixels().any(|pixel| pixel.0 == [200, 10, 10]), "not the first");
        let wrong = sheet.pixels().filter(|pixel| pixel.0 == [178, 60, 10]).count();
        assert!(wrong > 50, "the predicted class is written: {wrong} pixels");
        assert_eq!(sheet.height() as usize, HEADER_HEIGHT + 128 + CAPTION_HEIGHT + GAP, "one row");
    }

    #[test]
    fn no_more_than_a_sheet_and_no_less_than_its_header() {
        let images = Images::new(1, 1, vec![0; 3], vec![0]).unwrap();
        let mistake = Mistake { image: 0, label: 0, predicted: 1, sure: 0.9, own: 0.1 };
        let full = decoded(&[mistake; 99], &images);
        assert_eq!(
            full.height() as usize,
            HEADER_HEIGHT + ROWS * (128 + CAPTION_HEIGHT + GAP),
            "full"
        );
        assert_eq!(decoded(&[], &images).height() as usize, HEADER_HEIGHT, "no mistake");
    }

    #[test]
    fn the_name_of_the_file_is_written() {
        let names = vec!["cat/IMG_0001.jpg".into()];
        let images = Images::with_names(1, 1, vec![0; 3], vec![0], names).unwrap();
        let mistake = Mistake { image: 0, label: 0, predicted: 1, sure: 0.9, own: 0.1 };
        let sheet = decoded(&[mistake], &images);
        let height = HEADER_HEIGHT + 128 + CAPTION_HEIGHT + FILE_HEIGHT + GAP;
        assert_eq!(sheet.height() as usize, height, "a line more");
        let ink = |pixel: &&Rgb<u8>| pixel.0 == [50, 50, 50];
        let last = sheet.pixels().skip((height - FILE_HEIGHT - GAP) * sheet.width() as usize);
        assert!(last.filter(ink).count() > 50, "the name");
        assert_eq!(end("cat/IMG_0001.jpg", 16), "cat/IMG_0001.jpg", "it fits");
        assert_eq!(end("cat/IMG_0001.jpg", 12), "..G_0001.jpg", "its end");
        assert_eq!(printed("a\u{1b}猫é"), "a??é", "letters of the font");
    }

    #[test]
    fn a_name_beyond_the_font_is_a_number() {
        let classes = ["café".to_owned(), "猫".to_owned()];
        assert_eq!(name(&classes, 0, 9), "café", "Latin letters");
        assert_eq!(name(&classes, 0, 3), "caf", "cut");
        assert_eq!(name(&classes, 1, 9), "class 2", "others");
    }
}
