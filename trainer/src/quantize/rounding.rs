//! One layer's weights and biases as integers, and the values that these stand for.

use super::layer::Layer;

/// Largest magnitude of a stored weight.
const LARGEST: f64 = 127.0;
/// Largest bias that leaves room for any products (the runtime's `INTEGER.md`), with a margin for the
/// input's zero point.
const LARGEST_BIAS: f64 = (1u32 << 29) as f64;
/// Step of a row of zeros without a bias: a weight is divided by its step.
const EMPTY_STEP: f64 = 1e-12;

/// Which weights share a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Those of one output.
    Output,
    /// All weights of the layer.
    Layer,
}

/// A layer in eight bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounded {
    /// `[outputs, inputs]`, −127..=127.
    pub weights: Vec<i8>,
    /// `[outputs]`, in units of the inputs' step times the weights' step; empty where the inputs' step
    /// is not known. For inputs whose zero point is 0.
    pub bias: Vec<i64>,
    /// What one step of each output's weights stands for, `[outputs]`.
    pub steps: Vec<f64>,
    /// What the integers stand for. The biases are not rounded where the inputs' step is not known.
    pub values: Layer,
}

/// The finest steps, `[outputs]`, that hold each row's weights in −127..=127 and, where the step of the
/// inputs is known, its bias in `2^29` units.
pub fn weight_steps(layer: &Layer, sharing: Sharing, input: Option<f64>) -> Vec<f64> {
    let step = |(row, bias): (&[f64], &f64)| {
        let peak = row.iter().fold(0.0, |peak: f64, weight| peak.max(weight.abs()));
        let room = input.map_or(0.0, |input| bias.abs() / (input * LARGEST_BIAS));
        let step = (peak / LARGEST).max(room);
        if step > 0.0 { step } else { EMPTY_STEP }
    };
    let mut steps: Vec<f64> = layer.rows().zip(&layer.bias).map(step).collect();
    if sharing == Sharing::Layer {
        let coarsest = steps.iter().copied().fold(0.0, f64::max);
        steps.fill(coarsest);
    }
    steps
}

/// Rounds a layer with everything that is folded into it; ties to even. `input` is what one step of its
/// inputs stands for.
///
/// The exporter stores the integers; a network is trained for them with the values. A weight that is NaN
/// stays NaN in the values.
pub fn round(mut layer: Layer, sharing: Sharing, input: Option<f64>) -> Rounded {
    let steps = weight_steps(&layer, sharing, input);
    let inputs = layer.inputs().max(1);
    let mut weights = Vec::with_capacity(layer.weights.len());
    for (row, step) in layer.weights.chunks_exact_mut(inputs).zip(&steps) {
        for weight in row {
            let whole = (*weight / step).round_ties_even().clamp(-LARGEST, LARGEST);
            weights.push(whole as i8);
            *weight = whole * step;
        }
    }
    let mut biases = Vec::new();
    if let Some(input) = input {
        for (bias, step) in layer.bias.iter_mut().zip(&steps) {
            let unit = input * step;
            let whole = (*bias / unit).round_ties_even();
            biases.push(whole as i64);
            *bias = whole * unit;
        }
    }
    Rounded { weights, bias: biases, steps, values: layer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9) && a.len() == b.len()
    }

    #[test]
    fn a_row_becomes_steps_of_its_largest_weight() {
        let layer =
            Layer { weights: vec![1.27, 0.014, 0.635, -0.2, 0.0011, 0.05], bias: vec![0.3; 2] };
        let found = round(layer.clone(), Sharing::Output, None);
        let step = 0.2f64 / 127.0;
        assert_eq!(found.weights, [127, 1, 64, -127, 1, 32], "integers");
        assert!(near(&found.steps, &[0.01, step]), "{:?}", found.steps);
        let values = [1.27, 0.01, 0.64, -0.2, step, 32.0 * step];
        assert!(near(&found.values.weights, &values), "{:?}", found.values);
        assert!(found.bias.is_empty(), "without the inputs' step");
        assert_eq!(found.values.bias, [0.3; 2], "biases stay");
        let found = round(layer, Sharing::Layer, None);
        assert_eq!(found.weights[3..], [-20, 0, 5], "one step");
        assert!(near(&found.values.weights[3..], &[-0.2, 0.0, 0.05]), "{:?}", found.values);
    }

    #[test]
    fn a_bias_becomes_units_of_both_steps() {
        let layer = Layer { weights: vec![2.54, 0.0], bias: vec![1.068] };
        let found = round(layer, Sharing::Output, Some(0.5));
        assert_eq!(found.bias, [107], "units of 0.02 · 0.5");
        assert!(near(&found.values.bias, &[1.07]), "{:?}", found.values);
    }

    #[test]
    fn a_large_bias_coarsens_the_weights() {
        let layer = Layer { weights: vec![1e-9], bias: vec![5.0] };
        let found = round(layer, Sharing::Output, Some(0.01));
        assert_eq!(found.bias, [1 << 29], "as large as there is room for");
        assert_eq!(found.weights, [0], "a weight below half a step");
    }

    #[test]
    fn nan_stays_nan() {
        let layer = Layer { weights: vec![f64::NAN, 1.0], bias: vec![0.0] };
        let values = round(layer, Sharing::Output, Some(1.0)).values;
        assert!(values.weights[0].is_nan() && values.weights[1] == 1.0, "{values:?}");
    }
}
