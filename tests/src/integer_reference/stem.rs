//! From the image to the residual stream, written from `INTEGER.md`.

use super::Pass;
use super::arithmetic::{requant, sat8, sat16};
use super::blob::{Conv, Layer, Stage, Stem, Z};
use super::layers::Tensor;

impl Pass<'_> {
    /// The residual stream that the first block reads.
    pub(super) fn embed(&mut self, image: &[u8]) -> Tensor {
        let spec = &self.blob.spec;
        let input = Tensor {
            height: spec.height,
            width: spec.width,
            channels: 3,
            values: image.iter().map(|&byte| Z::from(byte) - 128).collect(),
        };
        assert_eq!(input.values.len(), 3 * spec.height * spec.width, "bytes of the image");
        let x = match &spec.stem {
            Stem::Patches { size, grid_order } => patches(&input, *size, *grid_order),
            Stem::Conv(stages) => self.convolutions(input, stages),
        };
        let mut stream = Tensor { values: self.blob.position.clone(), channels: spec.dim, ..x };
        add(&mut stream, &x, &self.blob.embed);
        self.show("embed", 0, &stream.values);
        stream
    }

    /// Every stage except the last. Returns the windows that the last convolution reads.
    fn convolutions(&mut self, input: Tensor, stages: &[Stage]) -> Tensor {
        self.show("input", 0, &input.values);
        let (last, stages) = stages.split_last().expect("a stem has stages");
        let mut x = input;
        // The zero point of the next stage's input, and the values that are read outside its grid.
        let mut zero_point = 0;
        let mut pad = self.blob.pad.to_vec();
        let mut convs = self.blob.convs.iter();
        for (index, &stage) in stages.iter().enumerate() {
            let convs: Vec<&Conv> = convs.by_ref().take(stage.convs()).collect();
            x = self.stage(index, stage, &convs, x, &pad, zero_point);
            let last = convs.last().expect("a stage has convolutions");
            zero_point = last.activation.output_zero_point();
            pad = vec![zero_point; x.channels];
        }
        match *last {
            Stage::Conv { stride, .. } => x.windows(stride, &pad),
            _ => panic!("the last stage of a stem is a plain convolution"),
        }
    }

    fn stage(
        &mut self,
        index: usize,
        stage: Stage,
        convs: &[&Conv],
        x: Tensor,
        pad: &[Z],
        zero_point: Z,
    ) -> Tensor {
        match (stage, convs) {
            (Stage::Conv { channels, stride, gelu }, [conv]) => {
                let acc = x.windows(stride, pad).linear(&conv.layer);
                assert_eq!(acc.channels, channels, "channels of a stage");
                let out = acc.rescaled(&conv.layer).activated(&conv.activation);
                let at = if gelu { "gelu" } else { "linear" };
                self.show_conv((index, 0, at), conv, &out);
                out
            }
            (Stage::Residual, [first, second]) => {
                let acc = x.windows(1, pad).linear(&first.layer);
                let inner = acc.rescaled(&first.layer).activated(&first.activation);
                self.show_conv((index, 0, "gelu"), first, &inner);
                let out = skip(x, zero_point, &inner, second);
                self.show_conv((index, 1, "add"), second, &out);
                out
            }
            (Stage::InvertedResidual, [expand, depthwise, project]) => {
                let acc = x.linear(&expand.layer);
                let wide = acc.rescaled(&expand.layer).activated(&expand.activation);
                self.show_conv((index, 0, "gelu"), expand, &wide);
                let zero = expand.activation.output_zero_point();
                let acc = wide.depthwise(&depthwise.layer, zero);
                let inner = acc.rescaled(&depthwise.layer).activated(&depthwise.activation);
                self.show_conv((index, 1, "gelu"), depthwise, &inner);
                let out = skip(x, zero_point, &inner, project);
                self.show_conv((index, 2, "add"), project, &out);
                out
            }
            _ => panic!("{} convolutions for {stage:?}", convs.len()),
        }
    }

    fn show_conv(&mut self, (stage, conv, at): (usize, usize, &str), record: &Conv, out: &Tensor) {
        let name = format!("stem.{stage}.conv.{conv}.{at}");
        let zero_point = record.activation.output_zero_point();
        self.show(name, zero_point, &out.values);
    }
}

/// The last convolution of a residual stage, with the stage's input `x` added.
fn skip(mut x: Tensor, zero_point: Z, inner: &Tensor, conv: &Conv) -> Tensor {
    let factor = conv.skip.expect("the rescale of the stage's input");
    let rescaled = inner.linear(&conv.layer).rescaled(&conv.layer);
    for (x, rescaled) in x.values.iter_mut().zip(rescaled.values) {
        let skipped = requant((*x - zero_point) * 256, factor);
        *x = sat8(conv.activation.zero_point + rescaled + skipped);
    }
    x
}

/// Adds a linear layer over `x` to the residual stream.
pub(super) fn add(stream: &mut Tensor, x: &Tensor, layer: &Layer) {
    let rescaled = x.linear(layer).rescaled(layer);
    assert_eq!(stream.values.len(), rescaled.values.len(), "the stream");
    for (x, rescaled) in stream.values.iter_mut().zip(rescaled.values) {
        *x = sat16(*x + rescaled);
    }
}

/// Patches as rows of a linear layer; in grid order they keep the grid's height and width.
fn patches(image: &Tensor, size: usize, grid_order: bool) -> Tensor {
    let (height, width) = (image.height / size, image.width / size);
    let mut values = Vec::new();
    if grid_order {
        for token in 0..height * width {
            for inner in 0..size * size {
                let y = token / width * size + inner / size;
                let x = token % width * size + inner % size;
                let pixel = (y * image.width + x) * 3;
                values.extend(&image.values[pixel..pixel + 3]);
            }
        }
    } else {
        // In row order, a patch is a sequence of neighbouring pixels, so the values keep their order.
        values.clone_from(&image.values);
    }
    Tensor { height, width, channels: size * size * 3, values }
}
