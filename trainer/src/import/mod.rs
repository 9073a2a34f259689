//! PyTorch weights: a safetensors file becomes a checkpoint, which is exported like a trained one.
//!
//! The tensors are those of a PyTorch `state_dict` in f16, bf16 or f32: linear layers
//! `[outputs, inputs]`, convolutions `[outputs, inputs, row, column]`, batch normalisations not
//! folded (`weight`, `bias`, `running_mean`, `running_var`). Each module has a `.weight` and a
//! `.bias`; convolutions of the stem have no bias. There are two namings. A file whose tensors of blocks
//! begin with `bl.` has the first one, a file with `blocks.` the second:
//!
//! | module | `bl` | `blocks` |
//! |---|---|---|
//! | convolution of stem stage `s`, its batch normalisation | `tok.s.0`, `tok.s.1` | likewise |
//! | convolution `c` of residual stem stage `s`, likewise | `tok.s.m.c.0`, `tok.s.m.c.1` | likewise |
//! | patch layer, values of a patch in order row, column, channel | `emb` | likewise |
//! | position `[1, tokens, dim]`, a bare tensor | `pos` | likewise |
//! | normalisations of block `b` | `bl.b.n1`, `bl.b.n2` | `blocks.b.n1`, `blocks.b.n2` |
//! | query, key and value | `bl.b.at.qkv`, rows in this order | `blocks.b.a.q`, `.a.k`, `.a.v` |
//! | output projection | `bl.b.at.o` | `blocks.b.a.o` |
//! | both layers of the MLP | `bl.b.f.a`, `bl.b.f.b` | `blocks.b.f1`, `blocks.b.f2` |
//! | depthwise convolution of the MLP | `bl.b.f.dw` | `blocks.b.dw` |
//! | last normalisation | `n` | `nf` |
//! | class head | `head` | `h3` |
//! | class head with hidden layers | `head.0`, `head.1` … | `h1`, `h2`, `h3` |
//!
//! What PyTorch's wrappers add to these names, such as `module.` and `_orig_mod.`, is removed, and so is a
//! prefix that all names share.
//!
//! The metadata of the file may have further values, all as text: `mean` and `std` (three numbers,
//! separated by commas) and, for a plain transformer on square images, its shape: `T` tokens, `P` values
//! of a patch, `D` dim, `L` depth, `H` heads, `dh` head width, `M` MLP width, `gelu2` (`True` or
//! `False`), `head` (`mean` or `flat`).

mod description;
mod foreign;
mod load;
mod names;
mod network;
mod options;
mod tensors;
mod wrappers;

pub use load::load;
pub use options::{Options, Rgb, deviation, mean};

#[cfg(test)]
mod tests;
