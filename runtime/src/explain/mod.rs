//! Where in the image a network found what it says.

mod evidence;

pub(crate) use evidence::evidence;
