//! What a run trains and what it starts from, as the options and the data decide.

use anyhow::{Context, Result};
use runtime::config::{ImageSpec, Preset, VitConfig};

use super::begin::Begin;
use super::preset::{adapted, network};
use super::run::RunArgs;
use crate::attributes::{Attributes, Table};
use crate::checkpoint::Checkpoint;
use crate::data::{DataSource, Dataset, Normalisation};
use crate::recipe::{Recipe, RecipeName};
use crate::shipped::Shipped;
use crate::train::{KnownAttributes, Start};
use ops::HostBackend;

/// What decides the start of a run.
pub(super) struct Choice<'a> {
    /// The network of `--preset`, if it is given.
    pub(super) preset: Option<Preset>,
    /// What is asked for with `--from`, or by `finetune`.
    pub(super) from: Option<&'a From>,
    pub(super) run: &'a RunArgs,
    pub(super) quantize: bool,
}

/// The value of `--from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Seeded random values.
    Scratch,
    /// A trained network.
    Network(Start),
}

impl From {
    /// Reads `scratch`, the name of a shipped network, or a path.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("give scratch, the name of a shipped network, or a checkpoint".to_owned()),
            "scratch" => Ok(Self::Scratch),
            _ => Ok(Self::Network(match Shipped::by_name(text) {
                Some(shipped) => Start::Shipped(shipped),
                None => Start::File(text.into()),
            })),
        }
    }
}

/// A trained network without its values.
struct Trained {
    start: Start,
    preset: String,
    config: VitConfig,
    classes: Vec<String>,
    normalisation: Normalisation,
    source: DataSource,
    attributes: Option<Attributes>,
}

impl Trained {
    fn read<B: HostBackend>(start: &Start) -> Result<Self> {
        let Checkpoint { preset, config, classes, normalisation, source, attributes, .. } =
            start.load::<B>(&B::training_device()?)?;
        Ok(Self {
            start: start.clone(),
            preset,
            config,
            classes,
            normalisation,
            source,
            attributes,
        })
    }
}

impl Choice<'_> {
    /// The images of the run, what it trains and what it starts from.
    ///
    /// # Errors
    /// If images or network cannot be read, or do not fit together.
    pub(super) fn make<B: HostBackend>(&self) -> Result<(Dataset, Begin)> {
        let asked = match self.from {
            Some(From::Network(start)) => Some(Trained::read::<B>(start)?),
            Some(From::Scratch) | None => None,
        };
        let preset = self.preset.or(asked.is_none().then_some(Preset::Micro));
        let own_size = match (preset, &asked) {
            (None, Some(trained)) => trained.config.spec().image,
            (preset, _) => network(preset.unwrap_or(Preset::Micro), 2, None)?.spec().image,
        };
        let size = self.run.size.image_size.unwrap_or(own_size);
        let dataset = self.run.dataset(asked.as_ref().map(|trained| trained.source), size)?;
        let trained = match (asked, self.from, preset.and_then(Shipped::of)) {
            (Some(trained), ..) => Some(trained),
            (None, None, Some(shipped)) if dataset.source != DataSource::Cifar10 => {
                Some(Trained::read::<B>(&Start::Shipped(shipped))?)
            }
            _ => None,
        };
        let begin = self.begin(preset, trained, &dataset, size)?;
        Ok((dataset, begin))
    }

    fn begin(
        &self,
        preset: Option<Preset>,
        trained: Option<Trained>,
        dataset: &Dataset,
        size: ImageSpec,
    ) -> Result<Begin> {
        let (images, classes) = (dataset.train.len(), dataset.classes.len());
        let numbers = &self.run.numbers;
        let Some(trained) = trained else {
            let preset = preset.context("a run without a start has a preset")?;
            return Ok(Begin {
                preset: preset.name().to_owned(),
                config: network(preset, classes, Some(size))?,
                recipe: Recipe { head_first: None, ..numbers.recipe(preset, images) },
                start: None,
                attributes: None,
                quantize: self.quantize,
                origin: "starts from random values".to_owned(),
            });
        };
        let (name, config) = match preset {
            Some(preset) => (preset.name().to_owned(), network(preset, classes, Some(size))?),
            None => {
                let config = adapted(&trained.preset, &trained.config, classes, size)?;
                (trained.preset.clone(), config)
            }
        };
        let same = trained.classes == dataset.classes && trained.config.spec().image == size;
        let default = if same { RecipeName::Finetune } else { RecipeName::Transfer };
        // A network of a sweep takes the dropout rates of `micro`, which are zero.
        let rates_of = preset.or(Preset::by_name(&trained.preset)).unwrap_or(Preset::Micro);
        let recipe = Recipe {
            normalisation: trained.normalisation,
            ..numbers.recipe_or(default, rates_of, images)
        };
        let attributes = match recipe.attribute_loss.and(trained.attributes.clone()) {
            Some(layer) => {
                let (table, data) = (self.run.table(), self.run.data.directory());
                let table = Table::find(table, data, &dataset.classes)?.of_names(&layer.names)?;
                Some(KnownAttributes { table, layer })
            }
            None => None,
        };
        Ok(Begin {
            preset: name,
            config,
            recipe,
            origin: trained.origin(dataset, size),
            start: Some(trained.start),
            attributes,
            quantize: self.quantize,
        })
    }
}

impl Trained {
    /// What the run starts from, for a message.
    fn origin(&self, dataset: &Dataset, size: ImageSpec) -> String {
        let mut text = format!("starts from {}", self.start);
        if self.classes == dataset.classes {
            text += ", which knows these classes";
        } else {
            let (before, now) = (self.classes.len(), dataset.classes.len());
            text += &format!(" ({before} classes), with a new head for {now} classes");
        }
        let ImageSpec { height, width } = self.config.spec().image;
        if self.config.spec().image != size {
            text += &format!(
                "; trained at {width} x {height} pixels, now at {} x {}",
                size.width, size.height
            );
        }
        if matches!(self.start, Start::Shipped(_)) {
            text += " (--from scratch for random values)";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_name_or_a_file() {
        let parse = |text| From::parse(text).unwrap();
        assert_eq!(parse("scratch"), From::Scratch, "nothing");
        let shipped = From::Network(Start::Shipped(Shipped::First5000));
        assert_eq!(parse("first-5000"), shipped, "a shipped network");
        let file = From::Network(Start::File("./micro".into()));
        assert_eq!(parse("./micro"), file, "a file of the same name");
        assert!(From::parse("").is_err(), "nothing at all");
    }
}
