//! How many bits a site has, and how its integers are simulated.

use runtime::site::{BlockSite, SiteId};

use super::affine::Affine;
use ops::FakeQuant;

/// The simulation of a site's integers, which `affine` turns into values. If a normalisation's gain and
/// bias are folded into the layer that follows, give them with [`FakeQuant::folded`].
pub fn fake_quant(site: SiteId, affine: Affine) -> FakeQuant {
    let (lowest, highest): (i32, i32) = match is_stream(site) {
        true => (i16::MIN.into(), i16::MAX.into()),
        false => (i8::MIN.into(), i8::MAX.into()),
    };
    let zero_point = i32::from(affine.zero_point);
    FakeQuant::new(affine.scale as f32, lowest - zero_point, highest - zero_point)
}

/// Whether the values of a site are rounded to eight bits. The residual stream and a mean pool have more
/// bits, and the image is exact.
pub fn has_eight_bits(site: SiteId) -> bool {
    !is_stream(site) && !matches!(site, SiteId::Input | SiteId::Pool | SiteId::Logits)
}

/// Whether a site is the residual stream, which has sixteen bits.
pub fn is_stream(site: SiteId) -> bool {
    matches!(
        site,
        SiteId::Embed | SiteId::Block { at: BlockSite::Attention | BlockSite::Output, .. }
    )
}

/// Whether values are rounded at a site: to eight bits, or to the residual stream's sixteen.
pub fn is_rounded(site: SiteId) -> bool {
    has_eight_bits(site) || is_stream(site)
}

/// Whether a site's zero point is 0.
pub(super) fn is_symmetric(site: SiteId) -> bool {
    matches!(site, SiteId::Block { at: BlockSite::Query | BlockSite::Key | BlockSite::Value, .. })
}
