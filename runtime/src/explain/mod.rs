//! Where in the image a network finds the evidence for a class.

mod evidence;

pub(crate) use evidence::evidence;
