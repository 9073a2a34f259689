//! The fingerprint, written from `INTEGER.md` and `FORMAT.md`.

use super::arithmetic::{acc, requant, sat8, sat16};
use super::blob::{Bytes, Factor, Layer, Norm, Spec, Stem, Z};
use super::block::layer_norm;
use super::layers::Tensor;
use super::{Answer, IntegerReference};

/// What the page says about one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Vector and code.
    pub class: (Vec<Z>, u64),
    /// Vector and code.
    pub appearance: (Vec<Z>, u64),
    /// Weight of the class part in 256ths.
    pub class_weight: Z,
}

/// A decoded descriptor head.
struct Head {
    block: usize,
    rows: usize,
    columns: usize,
    /// Without weights.
    channels: Layer,
    appearance: Part,
    class: Part,
    known_weights: Vec<Z>,
    known_bias: Vec<Z>,
    known_factor: Factor,
}

struct Part {
    layer: Layer,
    norm: Norm,
    code_weights: Vec<Z>,
    code_bias: Vec<Z>,
}

impl IntegerReference {
    /// What the descriptor head with this body makes of an image whose answer this is.
    ///
    /// # Panics
    /// If a value leaves the range that the page gives for it.
    pub fn describe(&self, body: &[u8], answer: &Answer) -> Described {
        let head = read(body);
        let site = |name: &str| {
            let site = answer.sites.iter().find(|site| site.name == name);
            &site.unwrap_or_else(|| panic!("no site {name}")).values
        };
        let stream = site(&format!("block.{}.output", head.block - 1));
        let appearance = part(&head.appearance, self.cells(&head, stream));
        let class = part(&head.class, site("pool").clone());
        let products = head.known_weights.chunks_exact(class.0.len()).zip(&head.known_bias);
        let products = products.map(|(w, bias)| acc(bias + dot(w, &class.0)));
        let nearest = products.max().expect("at least two classes");
        let class_weight = requant(nearest, head.known_factor).clamp(0, 255);
        Described { class, appearance, class_weight }
    }

    /// `[rows, columns, dim]`.
    fn cells(&self, head: &Head, stream: &[Z]) -> Vec<Z> {
        let (height, width) = token_grid(&self.blob.spec);
        let dim = self.blob.spec.dim;
        let (tall, wide) = (height / head.rows, width / head.columns);
        let mut values = Vec::new();
        for cell in 0..head.rows * head.columns {
            for d in 0..dim {
                let inside = |token: usize| {
                    let (y, x) = (token / width, token % width);
                    (y / tall, x / wide) == (cell / head.columns, cell % head.columns)
                };
                let tokens = (0..height * width).filter(|&token| inside(token));
                let sum: Z = tokens.map(|token| stream[token * dim + d]).sum();
                assert!(sum.abs() <= 1 << 25, "a sum of {sum}");
                let factor = (head.channels.mult[d], head.channels.shift[d]);
                values.push(sat8(requant(acc(sum + head.channels.bias[d]), factor)));
            }
        }
        values
    }
}

/// Height and width of the token grid.
fn token_grid(spec: &Spec) -> (usize, usize) {
    let sides = (spec.height, spec.width);
    match &spec.stem {
        Stem::Patches { size, .. } => (sides.0 / size, sides.1 / size),
        Stem::Conv(stages) => stages.iter().fold(sides, |(height, width), stage| {
            (height.div_ceil(stage.stride()), width.div_ceil(stage.stride()))
        }),
    }
}

/// Vector and code of a part.
fn part(part: &Part, x: Vec<Z>) -> (Vec<Z>, u64) {
    let inputs = x.len();
    let mut row = Tensor::tokens(x, inputs).linear(&part.layer).rescaled(&part.layer);
    row.values.iter_mut().for_each(|value| *value = sat16(*value));
    let vector = layer_norm(&row, &part.norm).values;
    let rows = part.code_weights.chunks_exact(vector.len()).zip(&part.code_bias);
    let bits = rows.map(|(w, bias)| acc(bias + dot(w, &vector)) > 0).enumerate();
    let code = bits.fold(0, |code, (place, bit)| code | u64::from(bit) << place);
    (vector, code)
}

fn dot(a: &[Z], b: &[Z]) -> Z {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn read(body: &[u8]) -> Head {
    let mut at = Bytes(body);
    let head = Head {
        block: at.take(1)[0].into(),
        rows: at.take(1)[0].into(),
        columns: at.take(1)[0].into(),
        channels: Layer { weights: Vec::new(), bias: at.i32s(), mult: at.i32s(), shift: at.u8s() },
        appearance: read_part(&mut at),
        class: read_part(&mut at),
        known_weights: at.i8s(),
        known_bias: at.i32s(),
        known_factor: at.factor(),
    };
    assert!(at.0.is_empty(), "{} bytes after the head", at.0.len());
    head
}

fn read_part(at: &mut Bytes<'_>) -> Part {
    let dim: usize = at.take(1)[0].into();
    let part =
        Part { layer: at.layer(), norm: at.norm(), code_weights: at.i8s(), code_bias: at.i32s() };
    let lengths = (part.layer.bias.len(), part.code_weights.len(), part.code_bias.len());
    assert_eq!(lengths, (dim, 64 * dim, 64), "lengths of a part");
    part
}
