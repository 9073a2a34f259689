//! How well attributes are found.

use std::fmt;

use serde::Serialize;

use super::average_precision::average_precision;
use super::table::{Labels, Table};

/// How well an attribute is found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttributeScore {
    /// Name of the attribute.
    pub name: String,
    /// Images that have it.
    pub present: usize,
    /// Images of which it is known.
    pub known: usize,
    /// Images whose attribute is found or missed as the table says.
    pub correct: usize,
    /// Average precision of the attribute; `None` if the images do not differ in it.
    pub precision: Option<f64>,
    /// Average precision of the sum of the probabilities of the classes that have it.
    pub from_classes: Option<f64>,
}

/// How well all attributes of a network are found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Each attribute.
    pub attributes: Vec<AttributeScore>,
}

impl Scores {
    /// Compares logits `[images, attributes]` with `labels`; a positive logit says that the attribute is
    /// there. `probabilities` of the classes, `[images, classes]`, are the baseline, if the table has a row for
    /// each class of the network.
    pub fn new(
        labels: &Labels,
        logits: &[f64],
        probabilities: &[f64],
        classes: &[String],
        table: &Table,
    ) -> Self {
        let rows: Option<Vec<_>> = classes.iter().map(|class| table.class(class)).collect();
        let count = labels.names().len();
        let score = |(attribute, name): (usize, &String)| {
            let known = || labels.of(attribute);
            let own = || logits.iter().skip(attribute).step_by(count).copied();
            let has: Option<Vec<bool>> = rows
                .as_ref()
                .map(|rows| rows.iter().map(|row| row[attribute] == Some(true)).collect());
            let sum = |has: &[bool], image: &[f64]| -> f64 {
                image
                    .iter()
                    .zip(has)
                    .filter(|(_, has)| **has)
                    .map(|(probability, _)| probability)
                    .sum()
            };
            let from_classes = has.and_then(|has| {
                let images = probabilities.chunks_exact(classes.len().max(1));
                precision(images.map(|image| sum(&has, image)), known())
            });
            let correct = own().zip(known()).filter(|&(logit, known)| known == Some(logit > 0.0));
            AttributeScore {
                name: name.clone(),
                present: known().filter(|&known| known == Some(true)).count(),
                known: known().flatten().count(),
                correct: correct.count(),
                precision: precision(own(), known()),
                from_classes,
            }
        };
        Self { attributes: labels.names().iter().enumerate().map(score).collect() }
    }

    /// Mean of the average precision of the attributes in which the images differ.
    pub fn mean_precision(&self) -> Option<f64> {
        mean(self.attributes.iter().filter_map(|score| score.precision))
    }

    /// The same of the baseline.
    pub fn mean_from_classes(&self) -> Option<f64> {
        mean(self.attributes.iter().filter_map(|score| score.from_classes))
    }

    /// Share of attributes of images that are found or missed as the table says, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        let sum = |of: fn(&AttributeScore) -> usize| self.attributes.iter().map(of).sum::<usize>();
        sum(|score| score.correct) as f64 / sum(|score| score.known).max(1) as f64
    }
}

fn precision(
    scores: impl Iterator<Item = f64>,
    known: impl Iterator<Item = Option<bool>>,
) -> Option<f64> {
    average_precision(scores.zip(known).filter_map(|(score, known)| Some((score, known?))))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A line for all attributes, then a table with a line for each.
impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
        write!(
            f,
            "attributes: mean average precision {}, from class probabilities {}; accuracy {:.2} %",
            shown(self.mean_precision()),
            shown(self.mean_from_classes()),
            100.0 * self.accuracy()
        )?;
        let width = self.attributes.iter().map(|score| score.name.chars().count()).max();
        let width = width.unwrap_or(0).max("attribute".len());
        write!(f, "\n{:width$}  images  precision  from classes  accuracy", "attribute")?;
        for score in &self.attributes {
            let AttributeScore { name, present, known, correct, precision, from_classes } = score;
            let accuracy = 100.0 * *correct as f64 / (*known).max(1) as f64;
            write!(
                f,
                "\n{name:width$}  {present:6}  {:>9}  {:>12}  {accuracy:6.2} %",
                shown(*precision),
                shown(*from_classes)
            )?;
        }
        Ok(())
    }
}
