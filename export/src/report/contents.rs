//! The contents of a page.

use crate::assemble::Quantized;
use crate::blob::AnyModel;
use crate::calibrate::Ranges;
use crate::float::FloatModel;
use crate::verify::Accuracy;
use crate::verify::{Reference, SiteError};
use anyhow::Result;
use runtime::site::SiteId;
use std::collections::BTreeMap;
use trainer::data::{Dataset, Images};

/// Number of images on which signal-to-noise ratios are measured.
const REFERENCE_IMAGES: usize = 64;

/// What a report is made from.
pub struct Report<'a, 'blob> {
    /// The float network.
    pub float: &'a FloatModel,
    /// The blob.
    pub model: &'a AnyModel<'blob>,
    /// Its size.
    pub blob_bytes: usize,
    /// The ranges that decide its scales, and the scales; `None` for f16.
    pub calibrated: Option<(&'a Ranges, &'a Quantized)>,
    /// The images of the network.
    pub data: &'a Dataset,
    /// The classes that both networks give to test images.
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
pub(super) struct ClassAccuracy {
    pub(super) name: String,
    pub(super) float: Accuracy,
    pub(super) blob: Accuracy,
}

impl Report<'_, '_> {
    /// Signal and noise at every site that the blob stores, on images that were not trained on.
    pub(super) fn errors(&self) -> Result<BTreeMap<SiteId, SiteError>> {
        let Some((ranges, quantized)) = self.calibrated else { return Ok(BTreeMap::new()) };
        let sites: Vec<SiteId> = ranges.sites().map(|(site, ..)| site).collect();
        let images = self.data.test.take(REFERENCE_IMAGES);
        Reference::new(self.float, &images, &sites)?.errors(quantized)
    }

    pub(super) fn class_accuracies(&self) -> Vec<ClassAccuracy> {
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
