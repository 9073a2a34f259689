//! Pictures with text and bars, for reports.

use embedded_graphics::mono_font::iso_8859_1::{
    FONT_6X10, FONT_8X13, FONT_8X13_BOLD, FONT_9X15_BOLD, FONT_10X20,
};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use image::imageops::{self, FilterType};
use image::{ImageError, ImageFormat, Rgb, RgbImage};
use std::convert::Infallible;
use std::io::Cursor;

/// A colour: red, green, blue.
pub type Colour = [u8; 3];
/// The background.
pub const PAPER: Colour = [250, 250, 248];
/// Text.
pub const INK: Colour = [50, 50, 50];

/// A font whose letters are all equally wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// 6 × 10 pixels.
    Small,
    /// 8 × 13 pixels.
    Text,
    /// 8 × 13 pixels, bold.
    Bold,
    /// 9 × 15 pixels, bold.
    Heading,
    /// 10 × 20 pixels.
    Large,
}

impl Font {
    /// Width of a letter.
    pub const fn letter(self) -> u32 {
        self.mono().character_size.width
    }

    const fn mono(self) -> &'static MonoFont<'static> {
        match self {
            Self::Small => &FONT_6X10,
            Self::Text => &FONT_8X13,
            Self::Bold => &FONT_8X13_BOLD,
            Self::Heading => &FONT_9X15_BOLD,
            Self::Large => &FONT_10X20,
        }
    }
}

/// A picture to draw on.
#[derive(Clone, Debug)]
pub struct Sheet(RgbImage);

impl Sheet {
    /// An empty one.
    pub fn new(width: u32, height: u32) -> Self {
        Self(RgbImage::from_pixel(width, height, Rgb(PAPER)))
    }

    /// Writes a line of text with its upper left corner at `(x, y)`. A letter that the font lacks is a
    /// question mark.
    pub fn write(&mut self, text: &str, (x, y): (u32, u32), font: Font, [r, g, b]: Colour) {
        let style = MonoTextStyle::new(font.mono(), Rgb888::new(r, g, b));
        let at = Point::new(x as i32, y as i32);
        let Ok(_) = Text::with_baseline(&printed(text), at, style, Baseline::Top).draw(self);
    }

    /// Puts a picture, `scale` times as wide and high, with its upper left corner at `(x, y)`. Its pixels
    /// become squares.
    pub fn place(&mut self, picture: &RgbImage, (x, y): (u32, u32), scale: u32) {
        let (width, height) = (picture.width() * scale, picture.height() * scale);
        let picture = imageops::resize(picture, width, height, FilterType::Nearest);
        imageops::replace(&mut self.0, &picture, x.into(), y.into());
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), colour: Colour) {
        for y in y..y.saturating_add(height) {
            for x in x..x.saturating_add(width) {
                self.dot(x, y, colour);
            }
        }
    }

    /// Draws the edge of a rectangle, `thick` pixels wide, inside it.
    pub fn frame(
        &mut self,
        (x, y): (u32, u32),
        (width, height): (u32, u32),
        thick: u32,
        colour: Colour,
    ) {
        self.fill((x, y), (width, thick), colour);
        self.fill((x, y), (thick, height), colour);
        self.fill((x, (y + height).saturating_sub(thick)), (width, thick), colour);
        self.fill(((x + width).saturating_sub(thick), y), (thick, height), colour);
    }

    /// The sheet as a PNG file.
    ///
    /// # Errors
    /// If it has no pixel.
    pub fn png(&self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Cursor::new(Vec::new());
        self.0.write_to(&mut bytes, ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }

    fn dot(&mut self, x: u32, y: u32, colour: Colour) {
        if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
            *pixel = Rgb(colour);
        }
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
            if let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) {
                self.dot(x, y, [colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

/// Whether the fonts have a letter: the printable ones of ISO 8859-1, which Unicode begins with.
pub const fn printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a1}'..='\u{ff}')
}

/// The text with a question mark for each letter that the fonts lack.
fn printed(text: &str) -> String {
    text.chars().map(|letter| if printable(letter) { letter } else { '?' }).collect()
}

/// The last letters of a name, which distinguish the files of a folder.
pub fn ending(name: &str, letters: usize) -> String {
    let skipped = name.chars().count().saturating_sub(letters);
    if skipped == 0 {
        return name.to_owned();
    }
    // The fonts have no ellipsis.
    format!("..{}", name.chars().skip(skipped + 2).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_in_the_file() {
        let mut sheet = Sheet::new(60, 40);
        sheet.fill((5, 6), (10, 4), [1, 2, 3]);
        sheet.frame((20, 10), (10, 8), 2, [9, 9, 9]);
        sheet.frame((58, 38), (50, 50), 1, [7, 7, 7]);
        sheet.write("é猫", (0, 20), Font::Text, [200, 0, 0]);
        let file = image::load_from_memory(&sheet.png().unwrap()).unwrap().into_rgb8();
        let count = |colour: Colour| file.pixels().filter(|pixel| pixel.0 == colour).count();
        assert_eq!(count([1, 2, 3]), 40, "filled");
        assert_eq!(count([9, 9, 9]), 2 * 2 * 10 + 2 * 2 * 4, "its edge");
        assert_eq!(count([7, 7, 7]), 3, "what is beyond the sheet is cut");
        assert!(count([200, 0, 0]) > 10, "text");
    }

    #[test]
    fn names_are_cut_at_their_beginning() {
        assert_eq!(ending("cat/IMG_0001.jpg", 16), "cat/IMG_0001.jpg", "it fits");
        assert_eq!(ending("cat/IMG_0001.jpg", 12), "..G_0001.jpg", "its end");
        assert_eq!(printed("a\u{1b}猫é"), "a??é", "letters of the fonts");
    }
}
