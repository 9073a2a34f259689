//! What was found for one picture.

use anyhow::{Context, Result};
use blob_file::{class_name, share};
use clap::ValueEnum;
use image::RgbImage;
use pictures::{centre, shown, shown_path};
use runtime::search::{Index, Likeness, Neighbour};
use runtime::{Descriptor, Model};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// Which parts of the fingerprints are compared.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Compared {
    /// The classes that the network sees in the pictures
    Class,
    /// Shapes and colours, and where they are
    Appearance,
    /// Both, weighted by how well the network knows what the picture shows
    Mixed,
}

/// Number of entries that are found, if the index has so many.
pub(super) const FOUND: usize = 10;

/// A picture, and the entries of an index that are most like it.
pub(super) struct Answer<'i> {
    pub(super) file: String,
    /// The input of the network.
    pub(super) picture: RgbImage,
    /// The most probable class, and its probability, 0 to 1.
    pub(super) class: (String, f64),
    /// What was compared.
    pub(super) likeness: Likeness,
    /// Entries of the index.
    pub(super) entries: usize,
    /// The nearest first.
    pub(super) found: Vec<Found<'i>>,
}

/// An entry that was found.
pub(super) struct Found<'i> {
    id: u32,
    distance: u32,
    /// Name or number of its label.
    pub(super) label: Option<String>,
    /// Its file within the folder of the index.
    pub(super) name: Option<&'i str>,
}

impl<'i> Answer<'i> {
    pub(super) fn find(
        (model, descriptor): (&Model<'_>, &Descriptor<'_, '_>),
        index: &Index<'i>,
        (file, picture): (&Path, &RgbImage),
        compared: Compared,
    ) -> Result<Self> {
        let image = model.config().image();
        let (width, height) = (image.width as u32, image.height as u32);
        let input = centre(picture, (width, height));
        let mut arena = vec![0; descriptor.arena_len()];
        let seen = descriptor.run(&input, &mut arena)?;
        let likeness = match compared {
            Compared::Class => Likeness::Class,
            Compared::Appearance => Likeness::Appearance,
            Compared::Mixed => seen.likeness,
        };
        let nearest = index.nearest::<FOUND>(&seen.fingerprint, likeness)?;
        let found = nearest.iter().map(|neighbour| Found::new(index, neighbour)).collect();
        let best = seen.output.top_k::<1>();
        let best = best.first().context("the network has no class")?;
        Ok(Self {
            file: shown_path(file),
            class: (class_name(model, best), share(best)),
            likeness,
            entries: index.len(),
            found,
            picture: RgbImage::from_raw(width, height, input).context("an input has all pixels")?,
        })
    }

    /// Weight of the class parts, 0 to 1. The rest is that of the appearance parts.
    pub(super) fn class_weight(&self) -> f64 {
        match self.likeness {
            Likeness::Class => 1.0,
            Likeness::Appearance => 0.0,
            Likeness::Mixed { class } => f64::from(class) / 256.0,
        }
    }

    /// A line for each entry: rank, distance, label, file.
    pub(super) fn text(&self) -> String {
        let letters = |found: &Found<'_>| found.label().chars().count();
        let width = self.found.iter().map(letters).max().unwrap_or(0);
        let digits = self.found.last().map_or(0, |found| found.distance.to_string().len());
        let mut text = String::new();
        for (place, found) in self.found.iter().enumerate() {
            let (rank, distance, label) = (place + 1, found.distance, found.label());
            let line = format!("{rank:2}  {distance:digits$}  {label:<width$}  {}", found.file());
            writeln!(text, "{}", line.trim_end()).expect("a String takes any text");
        }
        text
    }

    pub(super) fn json(&self) -> String {
        let found = self.found.iter().enumerate().map(|(place, found)| {
            json!({
                "rank": place + 1,
                "distance": found.distance,
                "id": found.id,
                "label": found.label,
                "file": found.name,
            })
        });
        let object = json!({
            "image": self.file,
            "class": self.class.0,
            "probability": self.class.1,
            "class_weight": self.class_weight(),
            "entries": self.entries,
            "found": found.collect::<Vec<_>>(),
        });
        format!("{object:#}\n")
    }
}

impl<'i> Found<'i> {
    fn new(index: &Index<'i>, neighbour: &Neighbour) -> Self {
        let entry = index.entry(neighbour.position);
        let name = |label| match index.label_name(label) {
            Some(name) => shown(name).into_owned(),
            None => format!("label {label}"),
        };
        Self {
            id: neighbour.id,
            distance: neighbour.distance,
            label: entry.and_then(|entry| entry.label).map(name),
            name: entry.and_then(|entry| entry.name),
        }
    }

    /// Its label, or a dash if it has none.
    pub(super) fn label(&self) -> &str {
        self.label.as_deref().unwrap_or("-")
    }

    /// Its file, or its number if the index has no names of files.
    pub(super) fn file(&self) -> String {
        self.name.map_or_else(|| format!("entry {}", self.id), |name| shown(name).into_owned())
    }
}
