//! Where in the image a network finds the evidence for a class, and which objects that makes.
//!
//! [`Output::evidence`](crate::Output::evidence) gives a map: what each token adds to the logit of a class.
//! [`Objects::find`] groups the tokens that add most into up to eight objects, each with its box in the
//! image. [`display`] turns a map into bytes for a screen. Both take any map with one `i32` for each token.
//!
//! Everything here computes in integers, without a heap, and gives the same bits on every processor.
//! [`integer`](crate::integer) defines each of them. A program that calls nothing here contains nothing of it.
//!
//! # Example
//! ```
//! use runtime::Model;
//! use runtime::camera::Rectangle;
//! use runtime::explain::{Floor, Objects, Tiling};
//! use std::error::Error;
//!
//! /// The class of an image, and where its largest object is.
//! fn find(model: &Model, image: &[u8]) -> Result<(usize, Option<Rectangle>), Box<dyn Error>> {
//!     let mut arena = vec![0; model.arena_len()];
//!     let output = model.run(image, &mut arena)?;
//!     let mut map = vec![0; model.config().tokens()];
//!     output.evidence(output.class(), &mut map)?;
//!     let tiling = Tiling::of(model.config()).ok_or("the tokens form no grid")?;
//!     let mut labels = vec![0; map.len()];
//!     let objects = Objects::find(&map, &tiling, Floor::Mean, &mut labels)?;
//!     Ok((output.class(), objects.as_slice().first().map(|object| object.area)))
//! }
//! # let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/micro.bin");
//! # let blob = std::fs::read(golden).unwrap();
//! # assert!(find(&Model::parse(&blob).unwrap(), &[128; 32 * 32 * 3]).unwrap().0 < 10);
//! ```

mod components;
mod display;
mod error;
mod evidence;
mod objects;
mod share;
mod tiling;

pub use display::{display, peak};
pub use error::MapError;
pub(crate) use evidence::{difference, evidence};
pub use objects::{Floor, MAX_OBJECTS, OUTSIDE, Object, Objects};
pub use tiling::Tiling;
