//! From the frame of a camera to the five best classes.
//!
//! `cargo run --release -p runtime --example camera_frame`

use runtime::Model;
use runtime::camera::{Frame, PixelFormat, Size};
use std::error::Error;

/// A frame of an OV2640 or a similar camera: 320 × 240 pixels of two bytes, the upper byte first.
const FRAME: Size = Size { width: 320, height: 240 };

fn main() -> Result<(), Box<dyn Error>> {
    let model = Model::parse(include_bytes!("../../tests/golden/v1/micro.bin"))?;
    let input = model.config().image();
    let mut image = vec![0; input.len()];
    let mut arena = vec![0; model.arena_len()];

    // On a device, the driver of the camera fills this memory. Here it is a red gradient.
    let mut bytes = vec![0; 2 * FRAME.width * FRAME.height];
    for (place, pixel) in bytes.chunks_exact_mut(2).enumerate() {
        pixel[0] = ((place % FRAME.width / 10) as u8) << 3;
    }

    // The largest square in the middle of the frame, in the size that the network reads.
    let frame = Frame::new(&bytes, FRAME, 2 * FRAME.width, PixelFormat::Rgb565BigEndian)?;
    let size = Size { width: input.width, height: input.height };
    frame.resize(frame.centre_square(), size, &mut image)?;

    for ranked in model.run(&image, &mut arena)?.top_k::<5>() {
        let name = model.class_name(ranked.class).unwrap_or("without a name");
        println!("{name:12} {:5.1} %", f64::from(ranked.probability) / 655.36);
    }
    Ok(())
}
