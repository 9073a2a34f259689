//! What the C program must print: the runtime's own results for the same files.

use crate::fixture::Fixture;
use anyhow::{Context, Result, ensure};
use kit::fnv::Fnv1a;
use runtime::search::{Index, Likeness, Part};
use runtime::{Attributes, Descriptor, Model, Output};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Number of neighbours that the C program searches for.
const NEAREST: usize = 5;

/// Runs the C program and compares its lines.
pub fn compare(program: &Path) -> Result<()> {
    let fixture = Fixture::new(program.parent().context("a program in a folder")?)?;
    let output = Command::new(program)
        .args(&fixture.paths)
        .output()
        .with_context(|| program.display().to_string())?;
    let (found, faults) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    ensure!(output.status.success() && faults.is_empty(), "{}\n{faults}", output.status);
    let (found, expected) = (String::from_utf8(found)?, expected(&fixture)?);
    ensure!(found == expected, "the C program prints\n{found}\nthe runtime finds\n{expected}");
    Ok(())
}

/// The hashes of everything that is found in the images.
#[derive(Default)]
struct Hashes {
    logits: Fnv1a,
    best: Fnv1a,
    probabilities: Fnv1a,
    embedding: Fnv1a,
    evidence: Fnv1a,
    difference: Fnv1a,
    attributes: Fnv1a,
    fingerprints: Fnv1a,
    nearest: Fnv1a,
}

fn expected(fixture: &Fixture) -> Result<String> {
    let model = Model::parse(&fixture.blob)?;
    let index = Index::parse(&fixture.index)?;
    let descriptor = Descriptor::parse(&model)?.context("a blob without a descriptor")?;
    let attributes = Attributes::parse(&model)?.context("a blob without attributes")?;
    let (config, image) = (model.config(), model.config().image());
    let mut text = String::new();
    let (classes, arena_len) = (config.classes(), model.arena_len());
    writeln!(text, "sizes {} {} {classes} {arena_len}", image.width, image.height)?;
    for class in 0..classes {
        writeln!(text, "name {}", model.class_name(class).context("a class without a name")?)?;
    }
    let mut hashes = Hashes::default();
    let mut arena = vec![0; descriptor.arena_len()];
    let mut map = vec![0; config.tokens()];
    for image in fixture.images.chunks_exact(image.len()) {
        let seen = descriptor.run(image, &mut arena)?;
        writeln!(text, "class {}", seen.output.class())?;
        hashes.output(&seen.output, &mut map)?;
        hashes.attributes(&seen.output, &attributes, &mut map)?;
        let Likeness::Mixed { class } = seen.likeness else { unreachable!("what a run gives") };
        hashes.part(seen.fingerprint.class);
        hashes.part(seen.fingerprint.appearance);
        hashes.fingerprints.push(class.into());
        for likeness in [seen.likeness, Likeness::Class, Likeness::Appearance] {
            for found in index.nearest::<NEAREST>(&seen.fingerprint, likeness)? {
                hashes.neighbour(&index, found.position, found.distance)?;
            }
        }
    }
    let Hashes { logits, best, probabilities, embedding, evidence, difference, .. } = hashes;
    let Hashes { attributes, fingerprints, nearest, .. } = hashes;
    for (name, hash) in [
        ("logits", logits),
        ("best", best),
        ("probabilities", probabilities),
        ("embedding", embedding),
        ("evidence", evidence),
        ("difference", difference),
        ("attributes", attributes),
        ("fingerprints", fingerprints),
        ("nearest", nearest),
    ] {
        writeln!(text, "{name} {hash}")?;
    }
    Ok(text)
}

impl Hashes {
    fn output(&mut self, output: &Output<'_>, map: &mut [i32]) -> Result<()> {
        self.logits.extend(output.logits().iter().copied());
        let best = output.top_k::<3>();
        for ranked in &best {
            let class = i32::try_from(ranked.class)?;
            self.best.extend([class, ranked.logit, ranked.probability.into()]);
        }
        self.probabilities.extend(output.probabilities().map(i32::from));
        self.embedding.extend(output.embedding().iter().copied().map(i32::from));
        output.evidence(output.class(), map)?;
        self.evidence.extend(map.iter().copied());
        output.difference(output.class(), best[1].class, map)?;
        self.difference.extend(map.iter().copied());
        Ok(())
    }

    fn attributes(
        &mut self,
        output: &Output<'_>,
        attributes: &Attributes<'_>,
        map: &mut [i32],
    ) -> Result<()> {
        for (number, found) in output.attributes(attributes)?.enumerate() {
            text(&mut self.attributes, found.name);
            self.attributes.extend([found.logit, found.probability.into()]);
            output.attribute_evidence(attributes, number, map)?;
            self.attributes.extend(map.last().copied());
        }
        Ok(())
    }

    fn part(&mut self, part: Part<'_>) {
        self.fingerprints.extend(part.vector.iter().copied().map(i32::from));
        let halves = [part.code as u32, (part.code >> 32) as u32];
        self.fingerprints.extend(halves.map(u32::cast_signed));
    }

    fn neighbour(&mut self, index: &Index<'_>, position: usize, distance: u32) -> Result<()> {
        let entry = index.entry(position).context("no such entry")?;
        let label = entry.label.context("an entry without a label")?;
        self.nearest.extend([entry.id.cast_signed(), distance.cast_signed(), label.into()]);
        text(&mut self.nearest, entry.name.context("an entry without a name")?);
        text(&mut self.nearest, index.label_name(label).context("a label without a name")?);
        Ok(())
    }
}

fn text(hash: &mut Fnv1a, text: &str) {
    hash.extend(text.bytes().map(i32::from));
}
