//! The table of a network's layers.

use std::fmt::Write;

use pictures::shown;
use runtime::config::VitConfig;
use serde::Serialize;

/// A network's layers with their totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// In the order of the forward pass.
    pub layers: Vec<Row>,
    /// Trained parameters of all layers.
    pub parameters: u64,
    /// Multiply-accumulates of all layers for one image.
    pub macs: u64,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name, as in [`runtime::config::LayerKind`].
    pub layer: String,
    /// The shape that it writes.
    pub output: String,
    /// Its trained parameters.
    pub parameters: u64,
    /// Its multiply-accumulates for one image.
    pub macs: u64,
}

impl Summary {
    /// Lists the layers of a network.
    pub fn new(config: &VitConfig) -> Self {
        let mut layers = Vec::new();
        config.for_each_layer(|layer| {
            layers.push(Row {
                layer: layer.kind.to_string(),
                output: layer.output.to_string(),
                parameters: layer.parameters,
                macs: layer.macs,
            });
        });
        Self { layers, parameters: config.parameters(), macs: config.macs() }
    }

    /// The table as text; the last line holds the totals.
    pub fn table(&self) -> String {
        let name_width = self.layers.iter().map(|row| row.layer.len()).max().unwrap_or(0);
        let shape_width = self.layers.iter().map(|row| row.output.len()).max().unwrap_or(0);
        let mut table = String::new();
        let mut line = |layer: &str, output: &str, parameters: &str, macs: &str| {
            writeln!(
                table,
                "{layer:<name_width$}  {output:>shape_width$}  {parameters:>12}  {macs:>13}"
            )
            .expect("a String takes any text");
        };
        line("layer", "output", "parameters", "MACs");
        for row in &self.layers {
            line(&row.layer, &row.output, &grouped(row.parameters), &grouped(row.macs));
        }
        line("total", "", &grouped(self.parameters), &grouped(self.macs));
        table
    }
}

/// `167578` as `167,578`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The names that a message lists.
const LISTED: usize = 10;

/// The first of some names, safe to print, and how many follow.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let first = names.iter().take(LISTED).map(|name| shown(name.as_ref()));
    let first = first.collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED + 1) {
        Some(more) => format!("{first} and {} more", more + 1),
        None => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::config::Preset;

    #[test]
    fn a_thousand_names_fit_into_a_message() {
        let names = (0..1000).map(|class| class.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&names[..2]), "0, 1", "all");
        assert_eq!(listed(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more", "the first ones");
    }

    #[test]
    fn digits_are_grouped_by_threes() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (71_895_946, "71,895,946")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text, "{number}");
        }
    }

    #[test]
    fn the_last_line_holds_the_totals() {
        let table = Summary::new(&Preset::Micro.config(10).unwrap()).table();
        let last = table.lines().last().unwrap();
        assert!(last.starts_with("total") && last.contains("190,626"), "{last}");
        let widths = table.lines().map(|line| line.chars().count()).collect::<Vec<_>>();
        assert!(widths.iter().all(|&width| width == widths[0]), "columns align: {widths:?}");
    }
}
