//! The golden files: blobs, images and the hash of everything that a run computes.
//!
//! `golden/v1/README.md` describes the files. `regen_golden` writes the files of the newest format version.
//! Files of older versions are only read.

use crate::integer_reference::{Answer, IntegerReference};
use kit::fnv::Fnv1a;
use kit::image;
use kit::specs;
use kit::synthetic;
use runtime::Model;
use runtime::config::{VitConfig, VitSpec};
use std::fmt::Write;
use std::path::PathBuf;

/// A network whose files are generated from a description and a seed.
#[derive(Clone, Debug)]
pub struct Golden {
    /// Name of its files.
    pub name: &'static str,
    config: VitConfig,
    seed: u64,
}

impl Golden {
    /// Every generated network.
    pub fn all() -> [Self; 2] {
        [Self::new("tiny", specs::tiny(), 1), Self::new("tiny_seed", specs::tiny_seed(), 2)]
    }

    fn new(name: &'static str, spec: VitSpec, seed: u64) -> Self {
        let config = VitConfig::new(spec).expect("golden descriptions are valid");
        Self { name, config, seed }
    }

    /// Its files: name and content.
    ///
    /// The hashes come from the integer reference, so that no kernel set defines the expected values.
    pub fn files(&self) -> [(String, Vec<u8>); 3] {
        let blob = synthetic::blob(&self.config, self.seed);
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
    text
}

/// What a trained network says about labelled images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Hash of the logits of all images in order.
    pub logits: Fnv1a,
    /// Hash of the evidence `[images, classes, tokens]`.
    pub evidence: Fnv1a,
    /// Images whose largest logit is their label's.
    pub correct: usize,
}

/// Runs `model` on images in order, each with its label.
///
/// # Errors
/// Those of [`Model::run`] and of [`Output::evidence`](runtime::Output::evidence).
pub fn verdict<'i>(
    model: &Model<'_>,
    images: impl IntoIterator<Item = (&'i [u8], usize)>,
) -> anyhow::Result<Verdict> {
    let mut arena = vec![0; model.arena_len()];
    let mut of_class = vec![0; model.config().tokens()];
    let mut verdict = Verdict { logits: Fnv1a::new(), evidence: Fnv1a::new(), correct: 0 };
    for (image, label) in images {
        let output = model.run(image, &mut arena)?;
        verdict.logits.extend(output.logits().iter().copied());
        for class in 0..output.logits().len() {
            output.evidence(class, &mut of_class)?;
            verdict.evidence.extend(of_class.iter().copied());
        }
        verdict.correct += usize::from(output.class() == label);
    }
    Ok(verdict)
}
