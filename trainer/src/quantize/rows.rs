//! One layer's weights and biases in steps.

/// Largest magnitude of a stored weight.
const LARGEST: f64 = 127.0;
/// Largest bias that leaves room for any products (the runtime's `INTEGER.md`), with a margin for the
/// input's zero point.
const LARGEST_BIAS: f64 = (1u32 << 29) as f64;
/// Step of a row of zeros without a bias, which must be divided by something.
const EMPTY_STEP: f64 = 1e-12;

/// What a row of weights shares its step with.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// Nothing: each output has its own.
    Channel,
    /// All rows of the layer.
    Layer,
}

/// What a layer's inputs are stored as: `(input − offset) / gain`, `[inputs]` each, or fewer that repeat.
#[derive(Clone, Debug)]
pub(super) struct Folding {
    pub(super) gain: Vec<f64>,
    pub(super) offset: Vec<f64>,
}

/// A layer: `[outputs, inputs]` weights and `[outputs]` biases.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) weights: Vec<f64>,
    pub(super) bias: Vec<f64>,
}

/// The finest step that holds a row's weights in −127..127 and, where the inputs' step is known, its bias
/// in `2^29` units.
pub fn weight_step(row: impl IntoIterator<Item = f64>, bias: f64, input: Option<f64>) -> f64 {
    let peak = row.into_iter().fold(0.0, |peak: f64, weight| peak.max(weight.abs()));
    let room = input.map_or(0.0, |input| bias.abs() / (input * LARGEST_BIAS));
    let step = (peak / LARGEST).max(room);
    if step > 0.0 { step } else { EMPTY_STEP }
}

impl Folding {
    /// Each value `times` times.
    pub(super) fn repeat_each(self, times: usize) -> Self {
        let repeat = |values: Vec<f64>| {
            values.into_iter().flat_map(|value| std::iter::repeat_n(value, times)).collect()
        };
        Self { gain: repeat(self.gain), offset: repeat(self.offset) }
    }
}

impl Rows {
    /// Rounds `weights · gain`, and what the bias becomes by the offset where the inputs' step is known,
    /// and takes gain and offset out again; weights without gain stay. Where that step is known, also gives
    /// what one unit of each output's accumulator stands for.
    pub(super) fn rounded(
        mut self,
        folding: Option<&Folding>,
        step: Step,
        input: Option<f64>,
    ) -> (Self, Option<Vec<f64>>) {
        let inputs = self.weights.len() / self.bias.len().max(1);
        let none = Folding { gain: vec![1.0], offset: vec![0.0] };
        let Folding { gain, offset } = folding.unwrap_or(&none);
        let at_offset = |row: &[f64]| -> f64 {
            row.iter().zip(offset.iter().cycle()).map(|(weight, offset)| weight * offset).sum()
        };
        let mut steps = Vec::with_capacity(self.bias.len());
        for (row, bias) in self.weights.chunks_exact(inputs).zip(&mut self.bias) {
            *bias += at_offset(row);
            let scaled = row.iter().zip(gain.iter().cycle()).map(|(weight, gain)| weight * gain);
            steps.push(weight_step(scaled, *bias, input));
        }
        if let Step::Layer = step {
            let all = steps.iter().copied().fold(0.0, f64::max);
            steps.fill(all);
        }
        let units = input.map(|input| steps.iter().map(|step| input * step).collect::<Vec<_>>());
        let rows = self.weights.chunks_exact_mut(inputs).zip(&mut self.bias);
        for (output, ((row, bias), step)) in rows.zip(&steps).enumerate() {
            for (weight, gain) in row.iter_mut().zip(gain.iter().cycle()) {
                if *gain != 0.0 {
                    *weight = (*weight * gain / step).round_ties_even() * step / gain;
                }
            }
            if let Some(units) = &units {
                *bias = (*bias / units[output]).round_ties_even() * units[output];
            }
            *bias -= at_offset(row);
        }
        (self, units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_steps_of_its_largest_weight() {
        let rows =
            Rows { weights: vec![1.27, 0.014, 0.635, -0.2, 0.0011, 0.05], bias: vec![0.0; 2] };
        let (found, units) = rows.clone().rounded(None, Step::Channel, None);
        let near = |a: &[f64], b: &[f64]| {
            a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9) && a.len() == b.len()
        };
        let step = 0.2f64 / 127.0;
        let second = [-0.2, step, 32.0 * step];
        assert!(near(&found.weights[..2], &[1.27, 0.01]), "{:?}", found.weights);
        assert!(near(&found.weights[3..], &second), "{:?}", found.weights);
        assert_eq!(units, None, "without the inputs' step");
        let (found, _) = rows.rounded(None, Step::Layer, None);
        assert!(near(&found.weights[3..], &[-0.2, 0.0, 0.05]), "one step: {:?}", found.weights);
    }

    #[test]
    fn a_bias_becomes_units_with_what_the_offset_makes_of_the_weights() {
        let rows = Rows { weights: vec![1.27, 0.31], bias: vec![0.123] };
        let folding = Folding { gain: vec![2.0, 0.0], offset: vec![0.5, 1.0] };
        let (found, units) = rows.rounded(Some(&folding), Step::Channel, Some(0.5));
        // The step is 0.02 behind the gain, the unit half of that; 0.123 + 0.635 + 0.31 is 107 of them.
        assert_eq!(units.map(|units| (units[0] * 1e6).round()), Some(10_000.0), "unit");
        assert!((found.weights[1] - 0.31).abs() < 1e-12, "an input without gain stays");
        assert!((found.bias[0] + 0.635 + 0.31 - 1.07).abs() < 1e-9, "{:?}", found.bias);
    }
}
