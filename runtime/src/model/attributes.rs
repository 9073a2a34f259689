//! Attributes: properties of an image that do not depend on its class.

use super::output::sigmoid;
use super::{Model, Output};
use crate::arithmetic::Int8;
use crate::error::{EvidenceError, FormatError};
use crate::network::{self, AttributeHead};

/// The attributes that a network was taught, such as "has wings". Borrowed from its blob.
///
/// # Example
/// ```no_run
/// use runtime::{Attributes, Model};
/// # fn winged(blob: &[u8], image: &[u8], arena: &mut [u8]) -> Option<bool> {
/// let model = Model::parse(blob).ok()?;
/// // None if the blob was written without attributes.
/// let attributes = Attributes::parse(&model).ok()??;
/// let output = model.run(image, arena).ok()?;
/// let mut found = output.attributes(&attributes).ok()?;
/// let wings = found.find(|attribute| attribute.name == "wings")?;
/// Some(wings.probability > 1 << 15)
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    head: AttributeHead<'a>,
}

/// One attribute of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Attribute<'a> {
    /// Its name.
    pub name: &'a str,
    /// An exact accumulator; positive if the attribute is more likely there than not. Logits of different
    /// attributes have different scales.
    pub logit: i32,
    /// Its probability times `2^16`, at most 65,535.
    pub probability: u16,
}

impl<'a> Attributes<'a> {
    /// Reads and checks the attribute head of a model's blob; `None` if the blob has none.
    ///
    /// [`Model::parse`] does not read it, so that a program without attributes has no code for them.
    ///
    /// # Errors
    /// As [`Model::parse`], if the head is not as `FORMAT.md` says.
    // Not inlined, so that its stack frame does not become a part of the caller's.
    #[inline(never)]
    pub fn parse(model: &Model<'a>) -> Result<Option<Self>, FormatError> {
        Ok(network::attribute_head(&model.network)?.map(|head| Self { head }))
    }

    /// Number of attributes, 1 to 256.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub const fn len(&self) -> usize {
        self.head.len()
    }

    /// Name of an attribute; `None` if there is no such attribute.
    pub fn name(&self, attribute: usize) -> Option<&'a str> {
        self.head.name(attribute)
    }
}

impl Output<'_> {
    /// Every attribute in the order of the blob, with its logit and its probability.
    ///
    /// ```text
    /// logit = bias + Σ_d w[d] · Σ_t (x[t, d] − zero_point)         i32, exact
    /// ```
    ///
    /// `x` is the output of the last normalisation.
    ///
    /// # Errors
    /// [`EvidenceError::Network`] if the attributes are those of a network with another width.
    pub fn attributes<'a>(
        &self,
        attributes: &Attributes<'a>,
    ) -> Result<impl Iterator<Item = Attribute<'a>>, EvidenceError> {
        let sums = self.sums_for(attributes)?;
        Ok(attributes.head.iter().map(move |row| {
            let products = sums.iter().zip(row.weights).map(|(&sum, &w)| sum * i32::from(w));
            let logit = row.bias + products.sum::<i32>();
            Attribute { name: row.name, logit, probability: sigmoid::<Int8>(&row.scale, logit) }
        }))
    }

    /// Writes what each token adds to the logit of an attribute, as [`Self::evidence`] does for a class: the
    /// evidence of all tokens and the bias are the logit, exactly. It needs a mean pool, but the class head
    /// may have hidden layers.
    ///
    /// # Errors
    /// [`EvidenceError`] if the attributes are those of a network with another width, if there is no such
    /// attribute, or if `out` has another length; `out` is then unchanged.
    pub fn attribute_evidence(
        &self,
        attributes: &Attributes<'_>,
        attribute: usize,
        out: &mut [i32],
    ) -> Result<(), EvidenceError> {
        self.sums_for(attributes)?;
        let missing = EvidenceError::Attribute { found: attribute, attributes: attributes.len() };
        self.map(attributes.head.iter().nth(attribute).ok_or(missing)?.weights, out)
    }

    /// The sums that the weights of the attributes are for.
    fn sums_for(&self, attributes: &Attributes<'_>) -> Result<&[i32], EvidenceError> {
        let (found, expected) = (attributes.head.dim(), self.answer.sums.len());
        if found != expected {
            return Err(EvidenceError::Network { found, expected });
        }
        Ok(self.answer.sums)
    }
}
