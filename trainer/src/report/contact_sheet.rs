//! A picture of the worst mistakes, with the true and the predicted class, and the evidence for the predicted class.

use anyhow::{Context, Result};
use image::RgbImage;
use pictures::{Colour, Font, INK, Sheet, ending, overlay, printable, spread};

use super::mistakes::Mistake;
use crate::data::Images;
use crate::evidence::Maps;
use crate::summary::grouped;

/// Largest number of mistakes.
pub(super) const SHOWN: usize = 40;
/// Number of mistakes in a row, without and with maps.
const COLUMNS: [usize; 2] = [8, 4];
/// Space between an image and its map.
const MAP_GAP: u32 = 4;
/// Target width of a magnified image; the factor is a whole number.
const IMAGE_WIDTH: u32 = 128;
const GAP: u32 = 10;
const HEADER_HEIGHT: u32 = 34;
/// Two lines of text under an image, and a third one with the name of its file.
const CAPTION_HEIGHT: u32 = 34;
const FILE_HEIGHT: u32 = 14;
const LINE_HEIGHT: u32 = 15;
const WRONG: Colour = [178, 60, 10];

/// The picture, as a PNG file. `maps` has the map of each of the first [`SHOWN`] mistakes.
pub(super) fn png(
    mistakes: &[Mistake],
    images: &Images,
    classes: &[String],
    maps: Option<&Maps>,
) -> Result<Vec<u8>> {
    let shown = &mistakes[..mistakes.len().min(SHOWN)];
    let columns = COLUMNS[usize::from(maps.is_some())];
    let (side_x, side_y) = (u32::try_from(images.width())?, u32::try_from(images.height())?);
    let scale = (IMAGE_WIDTH / side_x.max(side_y)).max(1);
    let (width, height) = (scale * side_x, scale * side_y);
    let caption = CAPTION_HEIGHT + if images.have_names() { FILE_HEIGHT } else { 0 };
    let both = if maps.is_some() { 2 * width + MAP_GAP } else { width };
    let cell = (both.max(IMAGE_WIDTH) + GAP, height + caption + GAP);
    let rows = u32::try_from(shown.len().div_ceil(columns))?;
    let mut sheet = Sheet::new(GAP + columns as u32 * cell.0, HEADER_HEIGHT + rows * cell.1);
    let mut text = header(mistakes.len(), shown.len(), images.len());
    if maps.is_some() && !shown.is_empty() {
        text += "; on the right, the evidence for the predicted class";
    }
    sheet.write(&text, (GAP, GAP), Font::Heading, INK);
    let letters = |font: Font| ((cell.0 - GAP) / font.letter()) as usize;
    for (place, mistake) in shown.iter().enumerate() {
        let (column, row) = ((place % columns) as u32, (place / columns) as u32);
        let (x, y) = (GAP + column * cell.0, HEADER_HEIGHT + row * cell.1);
        let picture = RgbImage::from_raw(side_x, side_y, images.image(mistake.image).to_vec());
        let picture = picture.context("an image has all its pixels")?;
        sheet.place(&picture, (x, y), scale);
        if let Some(Maps { grid, maps }) = maps {
            let map = overlay(&picture, &spread(&maps[place]), *grid, scale);
            sheet.place(&map, (x + width + MAP_GAP, y), 1);
        }
        let sure = format!("{:.0} % ", 100.0 * mistake.sure);
        let room = letters(Font::Text);
        let predicted = name(classes, mistake.predicted, room - sure.chars().count());
        let label = name(classes, mistake.label, room - "is ".len());
        let text = y + height + GAP / 2;
        sheet.write(&format!("is {label}"), (x, text), Font::Text, INK);
        let below = text + LINE_HEIGHT;
        sheet.write(&format!("{sure}{predicted}"), (x, below), Font::Bold, WRONG);
        if let Some(file) = images.name(mistake.image) {
            let file = ending(file, letters(Font::Small));
            sheet.write(&file, (x, below + LINE_HEIGHT), Font::Small, INK);
        }
    }
    Ok(sheet.png()?)
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

/// The first `letters` letters of a class name. If the font lacks one of its letters, the class number.
fn name(classes: &[String], class: usize, letters: usize) -> String {
    let name = &classes[class];
    let name =
        if name.chars().all(printable) { name.clone() } else { format!("class {}", class + 1) };
    name.chars().take(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn decoded(mistakes: &[Mistake], images: &Images) -> RgbImage {
        let classes = ["a cat".into(), "猫".into()];
        let png = png(mistakes, images, &classes, None).unwrap();
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
        assert_eq!(sheet.height(), HEADER_HEIGHT + 128 + CAPTION_HEIGHT + GAP, "one row");
    }

    #[test]
    fn no_more_than_a_sheet_and_no_less_than_its_header() {
        let images = Images::new(1, 1, vec![0; 3], vec![0]).unwrap();
        let mistake = Mistake { image: 0, label: 0, predicted: 1, sure: 0.9, own: 0.1 };
        let full = decoded(&[mistake; 99], &images);
        assert_eq!(full.height(), HEADER_HEIGHT + 5 * (128 + CAPTION_HEIGHT + GAP), "full");
        assert_eq!(decoded(&[], &images).height(), HEADER_HEIGHT, "no mistake");
    }

    #[test]
    fn a_map_stands_beside_its_image() {
        let images = Images::new(2, 2, [0; 12].to_vec(), vec![1]).unwrap();
        let mistake = Mistake { image: 0, label: 1, predicted: 0, sure: 0.9, own: 0.1 };
        let maps = Maps { grid: (1, 2), maps: vec![vec![-1.0, 3.0]] };
        let classes = ["a cat".into(), "a dog".into()];
        let png = png(&[mistake], &images, &classes, Some(&maps)).unwrap();
        let sheet = image::load_from_memory(&png).unwrap().into_rgb8();
        let at = |x: u32| sheet.get_pixel(GAP + x, HEADER_HEIGHT + 5).0;
        assert_eq!(at(100), [0; 3], "the image");
        let (least, most) = (at(128 + MAP_GAP + 5), at(128 + MAP_GAP + 100));
        let light = |pixel: [u8; 3]| pixel.map(u32::from).iter().sum::<u32>();
        assert!(light(most) > light(least) + 200, "dark is little, light is much evidence");
        assert_eq!(sheet.width(), GAP + 4 * (2 * 128 + MAP_GAP + GAP), "four mistakes in a row");
    }

    #[test]
    fn the_name_of_the_file_is_written() {
        let names = vec!["cat/IMG_0001.jpg".into()];
        let images = Images::with_names(1, 1, vec![0; 3], vec![0], names).unwrap();
        let mistake = Mistake { image: 0, label: 0, predicted: 1, sure: 0.9, own: 0.1 };
        let sheet = decoded(&[mistake], &images);
        let height = HEADER_HEIGHT + 128 + CAPTION_HEIGHT + FILE_HEIGHT + GAP;
        assert_eq!(sheet.height(), height, "a line more");
        let ink = |pixel: &&Rgb<u8>| pixel.0 == [50, 50, 50];
        let last = sheet.pixels().skip(((height - FILE_HEIGHT - GAP) * sheet.width()) as usize);
        assert!(last.filter(ink).count() > 50, "the name");
    }

    #[test]
    fn a_name_beyond_the_font_is_a_number() {
        let classes = ["café".to_owned(), "猫".to_owned()];
        assert_eq!(name(&classes, 0, 9), "café", "Latin letters");
        assert_eq!(name(&classes, 0, 3), "caf", "cut");
        assert_eq!(name(&classes, 1, 9), "class 2", "others");
    }
}
