//! The description of a network, read field by field. A derived reader of the same bytes takes three
//! kilobytes of flash, which is much for a small device.

use super::Records;
use crate::config::{
    AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, StemStage, VitSpec,
};
use heapless::Vec;

impl<'a> Records<'a> {
    /// Reads what [`VitSpec`] is serialised to.
    pub(crate) fn spec(&mut self) -> Option<VitSpec> {
        Some(VitSpec {
            image: ImageSpec { height: self.next()?, width: self.next()? },
            stem: self.stem()?,
            dim: self.next()?,
            depth: self.next()?,
            attention: AttentionSpec { heads: self.next()?, head_dim: self.next()? },
            mlp: MlpSpec { dim: self.next()?, depthwise: self.next()?, second_gelu: self.next()? },
            pool: if self.variant()? { Pool::Flatten } else { Pool::Mean },
            hidden: self.list(Self::next)?,
            classes: self.next()?,
        })
    }

    fn stem(&mut self) -> Option<StemSpec> {
        if self.variant()? {
            return Some(StemSpec::Conv(self.list(Self::stem_stage)?));
        }
        let size = self.next()?;
        let order = if self.variant()? { PatchOrder::Row } else { PatchOrder::Grid };
        Some(StemSpec::Patches { size, order })
    }

    fn stem_stage(&mut self) -> Option<StemStage> {
        let kind: u32 = self.next()?;
        let channels = self.next()?;
        StemStage::of_kind(kind, channels, || Some((self.next()?, self.next()?)))
    }

    /// Whether an enumeration of two variants is the second one.
    fn variant(&mut self) -> Option<bool> {
        match self.next::<u32>()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A length, then that many items, at most `N`.
    fn list<T, const N: usize>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T, N>> {
        let mut list = Vec::new();
        for _ in 0..self.next::<u32>()? {
            list.push(item(self)?).ok()?;
        }
        Some(list)
    }
}
