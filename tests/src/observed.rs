//! The sites and outputs of one run of the runtime, in the form of the reference's answer.

use crate::integer_reference::{Answer, Attributes as Expected, Site};
use runtime::{Attributes, EvidenceError, Model, Output, RunError};

/// Runs `model` and returns every site that it shows, with its pieces joined, and its output.
///
/// # Errors
/// Those of [`Model::run_observed`].
///
/// # Panics
/// If the pieces of a site have different zero points.
pub fn observe<'m>(
    model: &'m Model<'_>,
    image: &[u8],
    arena: &'m mut [u8],
) -> Result<(Vec<Site>, Output<'m>), RunError> {
    let mut sites = Vec::new();
    let output = model.run_observed(image, arena, &mut |site, values| {
        let (name, zero_point) = (site.to_string(), values.zero_point().into());
        let values = values.integers().map(Into::into);
        match sites.iter_mut().find(|site: &&mut Site| site.name == name) {
            Some(site) => {
                assert_eq!(site.zero_point, zero_point, "zero point of the pieces of {name}");
                site.values.extend(values);
            }
            None => sites.push(Site { name, zero_point, values: values.collect() }),
        }
    })?;
    Ok((sites, output))
}

/// The evidence `[classes, tokens]` of one run.
///
/// # Errors
/// Those of [`Output::evidence`].
pub fn evidence(output: &Output<'_>, tokens: usize) -> Result<Vec<i128>, EvidenceError> {
    let mut evidence = Vec::new();
    let mut of_class = vec![0; tokens];
    for class in 0..output.logits().len() {
        output.evidence(class, &mut of_class)?;
        evidence.extend(of_class.iter().map(|&part| i128::from(part)));
    }
    Ok(evidence)
}

/// What one run says of attributes: names, logits, probabilities and evidence `[attributes, tokens]`.
///
/// # Errors
/// Those of [`Output::attributes`] and of [`Output::attribute_evidence`].
pub fn attributes(
    output: &Output<'_>,
    attributes: &Attributes<'_>,
    tokens: usize,
) -> Result<Expected, EvidenceError> {
    let mut found =
        Expected { names: vec![], logits: vec![], probabilities: vec![], evidence: vec![] };
    for attribute in output.attributes(attributes)? {
        found.names.push(attribute.name.to_owned());
        found.logits.push(attribute.logit.into());
        found.probabilities.push(attribute.probability.into());
    }
    let mut map = vec![0; tokens];
    for index in 0..attributes.len() {
        output.attribute_evidence(attributes, index, &mut map)?;
        found.evidence.extend(map.iter().map(|&part| i128::from(part)));
    }
    Ok(found)
}

/// Runs `model` in an arena of its own and returns everything that it computed.
///
/// # Errors
/// Those of [`Model::run_observed`].
///
/// # Panics
/// If the attribute head of the blob is not valid.
pub fn answer(model: &Model<'_>, image: &[u8]) -> Result<Answer, RunError> {
    let mut arena = vec![0xA5; model.arena_len()];
    let (sites, output) = observe(model, image, &mut arena)?;
    let tokens = model.config().tokens();
    let head = Attributes::parse(model).expect("a valid attribute head");
    Ok(Answer {
        attributes: head.map(|head| {
            attributes(&output, &head, tokens).expect("the attributes of this network")
        }),
        evidence: evidence(&output, tokens).ok(),
        sites,
        logits: output.logits().iter().map(|&v| v.into()).collect(),
        embedding: output.embedding().iter().map(|&v| v.into()).collect(),
        probabilities: output.probabilities().map(Into::into).collect(),
    })
}
