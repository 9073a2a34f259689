//! A page about a blob: where its bytes and its memory go, how its integers follow the float
//! network, which classes and which images suffer.

mod charts;
mod page;
mod pictures;

use crate::assemble::Quantized;
use crate::calibrate::Ranges;
use crate::evaluate::Accuracy;
use crate::model::AnyModel;
use crate::record::FloatModel;
use crate::reference::{Reference, SiteError};
use anyhow::{Context, Result};
use runtime::site::SiteId;
use std::collections::BTreeMap;
use std::path::Path;
use trainer::data::{Dataset, Images};

/// Images that signal-to-noise ratios are measured on.
const REFERENCE_IMAGES: usize = 64;

/// What a report is made from.
pub struct Report<'a, 'blob> {
    /// The float network.
    pub float: &'a FloatModel,
    /// The blob.
    pub model: &'a AnyModel<'blob>,
    /// Its size.
    pub blob_bytes: usize,
    /// What decided its scales and what they are; absent for f16.
    pub calibrated: Option<(&'a Ranges, &'a Quantized)>,
    /// The images of the network.
    pub data: &'a Dataset,
    /// What both networks make of test images.
    pub classified: Option<&'a Classified>,
}

/// Test images with the classes that both networks give them.
pub struct Classified {
    /// The images.
    pub images: Images,
    /// The float network's classes.
    pub float: Vec<usize>,
    /// The blob's.
    pub blob: Vec<usize>,
}

/// Both networks on the images of one class.
struct ClassAccuracy {
    name: String,
    float: Accuracy,
    blob: Accuracy,
}

impl Report<'_, '_> {
    /// Writes `index.html`, which needs no other file, to a directory, made if it is not there.
    ///
    /// # Errors
    /// If the networks do not run on the images or the page cannot be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let page = page::page(self)?;
        trainer::output::write(&directory.join("index.html"), page.into_string().as_bytes())
    }

    /// Signal and noise at every site that the blob stores, on images that were not trained on.
    fn errors(&self) -> Result<BTreeMap<SiteId, SiteError>> {
        let Some((ranges, quantized)) = self.calibrated else { return Ok(BTreeMap::new()) };
        let sites: Vec<SiteId> = ranges.sites().map(|(site, ..)| site).collect();
        let images = self.data.test.take(REFERENCE_IMAGES);
        Reference::new(self.float, &images, &sites)?.errors(quantized)
    }

    fn class_accuracies(&self) -> Vec<ClassAccuracy> {
        let Some(Classified { images, float, blob }) = self.classified else { return Vec::new() };
        let of = |class: usize, name: &String| {
            let own = |found: &[usize]| {
                let labels = images.labels().iter().map(|&label| usize::from(label));
                let own = found.iter().zip(labels).filter(|&(_, label)| label == class);
                let (correct, images) = own.fold((0, 0), |(correct, images), (found, label)| {
                    (correct + usize::from(*found == label), images + 1)
                });
                Accuracy { correct, images }
            };
            ClassAccuracy { name: name.clone(), float: own(float), blob: own(blob) }
        };
        self.data.classes.iter().enumerate().map(|(class, name)| of(class, name)).collect()
    }
}
