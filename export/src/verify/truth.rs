//! The known attributes of labelled images, and the outputs of a blob that are compared with them.

use anyhow::Result;
use runtime::{Attributes, Output};
use trainer::attributes::{Labels, Scores, Table};
use trainer::data::Images;

/// The outputs of a blob for one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// The class with the largest logit.
    pub class: usize,
    /// Logits `[attributes]`. Empty without attributes.
    pub attributes: Vec<f64>,
    /// Probabilities `[classes]`, 0 to 1. Empty without attributes.
    pub probabilities: Vec<f64>,
}

impl Said {
    /// Reads the output of a run. Without attributes, only the class is read.
    ///
    /// # Errors
    /// If the attributes are those of another network.
    pub fn new(output: &Output<'_>, head: Option<&Attributes<'_>>) -> Result<Self> {
        let class = output.class();
        let Some(head) = head else { return Ok(Self { class, ..Self::default() }) };
        let attributes = output.attributes(head)?.map(|found| found.logit.into()).collect();
        let probabilities = output.probabilities().map(|p| f64::from(p) / 65_536.0).collect();
        Ok(Self { class, attributes, probabilities })
    }
}

/// Which images have which attributes.
#[derive(Clone, Debug)]
pub struct Truth {
    table: Table,
    labels: Labels,
    classes: Vec<String>,
}

impl Truth {
    /// For the attributes of a blob. The labels of `images` are indices into `known`, and `classes` are the names
    /// of the network's own classes, whose probabilities are the baseline.
    ///
    /// # Errors
    /// If the table lacks an attribute or an image.
    pub fn new(
        table: &Table,
        head: &Attributes<'_>,
        (images, known): (&Images, &[String]),
        classes: Vec<String>,
    ) -> Result<Self> {
        let names: Vec<String> =
            (0..head.len()).filter_map(|index| head.name(index)).map(str::to_owned).collect();
        let table = table.of_names(&names)?;
        let labels = table.labels(images, known)?;
        Ok(Self { table, labels, classes })
    }

    /// Compares the outputs of a blob for the images, in their order, with the known attributes.
    pub fn scores<'s>(&self, said: impl Iterator<Item = &'s Said> + Clone) -> Scores {
        let logits: Vec<f64> = said.clone().flat_map(|said| &said.attributes).copied().collect();
        let probabilities: Vec<f64> = said.flat_map(|said| &said.probabilities).copied().collect();
        Scores::new(&self.labels, &logits, &probabilities, &self.classes, &self.table)
    }

    /// Whether a class of the network has an attribute; `None` if the table does not say it.
    pub fn of_class(&self, class: usize, attribute: usize) -> Option<bool> {
        *self.table.class(self.classes.get(class)?)?.get(attribute)?
    }
}
