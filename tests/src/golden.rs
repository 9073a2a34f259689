//! The golden files: blobs, images and the hash of everything that a run computes.
//!
//! `golden/v1/README.md` describes the files. `regen_golden` writes the files of the newest format version.
//! Files of older versions are only read.

use crate::integer_reference::{Answer, IntegerReference};
use anyhow::Context;
use kit::explained::{self, Room};
use kit::fnv::Fnv1a;
use kit::image;
use kit::specs;
use kit::synthetic::{self, Values};
use runtime::Model;
use runtime::config::{VitConfig, VitSpec};
use runtime::explain::Tiling;
use runtime::format::HEAD_ATTRIBUTES;
use std::fmt::Write;
use std::path::PathBuf;

/// A network whose files are generated from a description and a seed.
#[derive(Clone, Debug)]
pub struct Golden {
    /// Name of its files.
    pub name: &'static str,
    config: VitConfig,
    seed: u64,
    /// Number of attributes; without any, there is no attribute head.
    attributes: usize,
}

impl Golden {
    /// Every generated network.
    pub fn all() -> [Self; 3] {
        [
            Self::new("tiny", specs::tiny(), 1, 0),
            Self::new("tiny_attributes", specs::tiny(), 1, 20),
            Self::new("tiny_seed", specs::tiny_seed(), 2, 0),
        ]
    }

    fn new(name: &'static str, spec: VitSpec, seed: u64, attributes: usize) -> Self {
        let config = VitConfig::new(spec).expect("golden descriptions are valid");
        Self { name, config, seed, attributes }
    }

    fn blob(&self) -> Vec<u8> {
        let mut network = synthetic::network(&self.config, self.seed, Values::Typical);
        if self.attributes > 0 {
            let head =
                synthetic::attributes(&self.config, self.attributes, self.seed, Values::Typical);
            network.other_heads.push((HEAD_ATTRIBUTES, head.to_bytes()));
        }
        network.to_bytes()
    }

    /// Its files: name and content.
    ///
    /// The hashes come from the integer reference, so that no kernel set defines the expected values.
    pub fn files(&self) -> [(String, Vec<u8>); 3] {
        let blob = self.blob();
        let image = image::random(self.config.image(), self.seed);
        let sites = sites(&IntegerReference::new(&blob).run(&image));
        [
            (format!("{}.bin", self.name), blob),
            (format!("{}.rgb", self.name), image),
            (format!("{}.sites", self.name), sites.into_bytes()),
        ]
    }
}

/// Where the golden files of a format version are.
pub fn directory(version: u16) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/v{version}"))
}

/// One line for each site and output of a run: name, number of values, zero point, hash.
///
/// # Panics
/// If a value does not fit i32. Every stored value fits.
pub fn sites(answer: &Answer) -> String {
    let mut text = String::from("# site, number of values, zero point, FNV-1a-64\n");
    let mut line = |name: &str, zero_point: i128, values: &[i128]| {
        let mut hash = Fnv1a::new();
        hash.extend(values.iter().map(|&v| i32::try_from(v).expect("an i32")));
        writeln!(text, "{name} {} {zero_point} {hash}", values.len()).expect("a string grows");
    };
    for site in &answer.sites {
        line(&site.name, site.zero_point, &site.values);
    }
    line("output.embedding", 0, &answer.embedding);
    line("output.probabilities", 0, &answer.probabilities);
    if let Some(attributes) = &answer.attributes {
        line("output.attributes", 0, &attributes.logits);
        line("output.attribute_probabilities", 0, &attributes.probabilities);
        line("output.attribute_evidence", 0, &attributes.evidence);
    }
    text
}

/// What a trained network says about labelled images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Hash of the logits of all images in order.
    pub logits: Fnv1a,
    /// Hash of the evidence `[images, classes, tokens]`.
    pub evidence: Fnv1a,
    /// Hash of the objects in the evidence for each image's class, and in its difference to the next class.
    pub objects: Fnv1a,
    /// Images whose largest logit is their label's.
    pub correct: usize,
}

/// Runs `model` on images in order, each with its label.
///
/// # Errors
/// Those of [`Model::run`] and of [`Output::evidence`](runtime::Output::evidence), or if the tokens form no
/// grid.
pub fn verdict<'i>(
    model: &Model<'_>,
    images: impl IntoIterator<Item = (&'i [u8], usize)>,
) -> anyhow::Result<Verdict> {
    let tokens = model.config().tokens();
    let mut arena = vec![0; model.arena_len()];
    let mut of_class = vec![0; tokens];
    let (mut map, mut labels, mut bytes) = (vec![0; tokens], vec![0; tokens], vec![0; tokens]);
    let mut room = Room { map: &mut map, labels: &mut labels, bytes: &mut bytes };
    let tiling = Tiling::of(model.config()).context("the tokens form no grid")?;
    let mut verdict = Verdict::default();
    for (image, label) in images {
        let output = model.run(image, &mut arena)?;
        verdict.logits.extend(output.logits().iter().copied());
        for class in 0..output.logits().len() {
            output.evidence(class, &mut of_class)?;
            verdict.evidence.extend(of_class.iter().copied());
        }
        let objects = explained::objects(&output, &tiling, &mut room);
        verdict.objects.extend(objects.context("a run without objects")?);
        verdict.correct += usize::from(output.class() == label);
    }
    Ok(verdict)
}
