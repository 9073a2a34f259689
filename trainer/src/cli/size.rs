//! The option for the size of a network's images.

use clap::Args;
use runtime::config::ImageSpec;

/// Smallest side of an image.
pub(super) const MIN_SIDE: u16 = 32;
/// Largest side of an image.
const MAX_SIDE: u16 = 224;

/// The size of a network's images.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct SizeArgs {
    /// Size of the network's images in pixels: a side, or width and height as 96x64, each from 32 to 224.
    /// Pictures are cut to these proportions around their middle, then resized [default: the size of the
    /// preset or of the network to start from; 32].
    #[arg(long, value_name = "N|WxH", value_parser = parse)]
    pub(super) image_size: Option<ImageSpec>,
}

/// Reads `96` or `96x64`, width first.
fn parse(text: &str) -> Result<ImageSpec, String> {
    let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
    let side = |text: &str| {
        let side = text.parse::<u16>().ok().filter(|side| (MIN_SIDE..=MAX_SIDE).contains(side));
        side.ok_or_else(|| {
            format!("give a side, or width and height as 96x64, each from {MIN_SIDE} to {MAX_SIDE} pixels")
        })
    };
    Ok(ImageSpec { width: side(width)?, height: side(height)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_or_two_sides() {
        assert_eq!(parse("96"), Ok(ImageSpec { height: 96, width: 96 }), "a square");
        assert_eq!(parse("96x64"), Ok(ImageSpec { height: 64, width: 96 }), "width first");
        for wrong in ["31", "225", "96x", "x96", "96x64x3", "96.5", "-96", ""] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains("32 to 224"), "{wrong}: {error}");
        }
    }
}
