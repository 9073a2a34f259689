//! The users' picture files and folders, read in one way by every program.
//!
//! [`load`] and [`decode`] read one file within limits of pixels and memory. [`centre`] makes an input of
//! a network from it. [`Gathered`] has the picture files that a user named, alone or by their folder, and
//! [`Listing`] has the entries of a folder, without files that other programs leave there.
//! [`within`] finds a file that an index names.
//! [`shown`] makes a name safe to print. [`Sheet`] is a picture to draw on, and [`overlay`] puts a map over a
//! picture.

mod decode;
mod fault;
mod fit;
mod gather;
mod heat;
mod jpeg;
mod kind;
mod listing;
mod sheet;
mod shown;
mod within;

pub use decode::{MAX_PIXELS, decode, load, read};
pub use fault::Fault;
pub use fit::centre;
pub use gather::Gathered;
pub use heat::{heat, overlay, spread};
pub use listing::{
    IMAGE_LIST, IMAGE_LIST_HEADER, LeftOut, Listing, PAGE_GENERATOR, Reason, looks_like_picture,
};
pub use sheet::{Colour, Font, INK, PAPER, Sheet, ending, printable};
pub use shown::{shown, shown_path};
pub use within::within;
