//! Packs weights once for many images, in the order in which a kernel set reads them.

use super::Model;
#[cfg(target_arch = "x86_64")]
use crate::arithmetic::StoredLinear;
#[cfg(target_arch = "x86_64")]
use crate::config::{ConvKind, VitConfig};
use crate::error::RunError;
#[cfg(target_arch = "x86_64")]
use crate::invariant::present_or;
#[cfg(target_arch = "x86_64")]
use crate::kernels::PACKED_ALIGN;

impl<'a> Model<'a> {
    /// Number of bytes that [`Self::pack`] needs. The memory can have any alignment. 0 if the kernel set reads
    /// weights in the order of the blob.
    pub fn packed_len(&self) -> usize {
        #[cfg(target_arch = "x86_64")]
        if let Some(packing) = self.network.kernels.packing {
            let lens = self.layers().map(|(layer, run)| (packing.len)(&layer.operand(), run));
            return lens.fold(PACKED_ALIGN - 1, usize::saturating_add);
        }
        0
    }

    /// The same model, with its weights packed into `memory` in the order in which the kernel set reads them.
    /// A model without this packs a part of the weights at a time on the stack, again for each image.
    ///
    /// Use it on a computer where memory as large as the blob is cheap, or twice as large with the set `avx2`. The
    /// results have the same bits, and the blob stays borrowed. If [`Self::packed_len`] is 0, nothing changes. Call
    /// [`Self::with_kernels`] before this, because a kernel set cannot read what another set has packed.
    ///
    /// # Errors
    /// [`RunError::Packed`] if the memory is too small.
    ///
    /// # Example
    /// ```no_run
    /// # fn classify(bytes: &[u8], image: &[u8; 3072]) -> Result<usize, Box<dyn std::error::Error>> {
    /// let model = runtime::Model::parse(bytes)?;
    /// let mut memory = vec![0; model.packed_len()];
    /// let model = model.pack(&mut memory)?;
    /// let mut arena = vec![0; model.arena_len()];
    /// # Ok(model.run(image, &mut arena)?.class())
    /// # }
    /// ```
    #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "no set packs"))]
    pub fn pack(mut self, memory: &'a mut [u8]) -> Result<Self, RunError> {
        let (found, expected) = (memory.len(), self.packed_len());
        if found < expected {
            return Err(RunError::Packed { found, expected });
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(packing) = self.network.kernels.packing {
            let aligned = memory.as_ptr().align_offset(PACKED_ALIGN);
            let mut memory = present_or(memory.get_mut(aligned..), &mut []);
            for (layer, run) in self.layers_mut() {
                layer.pack(&packing, run, &mut memory);
            }
        }
        Ok(self)
    }

    /// The layers that read their weights more than once for an image, in the order of the forward pass. With
    /// each layer, the number of its inputs that lie side by side in memory.
    #[cfg(target_arch = "x86_64")]
    fn layers(&self) -> impl Iterator<Item = (&StoredLinear<'a>, usize)> {
        let plain = |layer| (layer, usize::MAX);
        let blocks = self.network.blocks.iter();
        let blocks =
            blocks.flat_map(|block| [&block.qkv, &block.project, &block.mlp1.0, &block.mlp2]);
        let convs = self.network.convs.iter().map(|conv| &conv.layer).chain(&self.network.embed);
        convs
            .zip(inputs_side_by_side(&self.network.config))
            .filter(|(_, run)| *run > 0)
            .chain(blocks.map(plain))
    }

    /// As [`Self::layers`], with mutable layers.
    #[cfg(target_arch = "x86_64")]
    fn layers_mut(&mut self) -> impl Iterator<Item = (&mut StoredLinear<'a>, usize)> {
        let plain = |layer| (layer, usize::MAX);
        let blocks = self.network.blocks.iter_mut().flat_map(|block| {
            [&mut block.qkv, &mut block.project, &mut block.mlp1.0, &mut block.mlp2]
        });
        let convs = self
            .network
            .convs
            .iter_mut()
            .map(|conv| &mut conv.layer)
            .chain(&mut self.network.embed);
        convs
            .zip(inputs_side_by_side(&self.network.config))
            .filter(|(_, run)| *run > 0)
            .chain(blocks.map(plain))
    }
}

/// For each layer of the stem, the number of inputs that lie side by side in memory: three pixels of a 3×3
/// window, or all inputs of a pixel or a patch. 0 for a depthwise convolution, which no kernel set packs.
#[cfg(target_arch = "x86_64")]
fn inputs_side_by_side(config: &VitConfig) -> impl Iterator<Item = usize> {
    const ALL: usize = usize::MAX;
    let convs = config.stem_convs().map(|conv| match conv.kind {
        ConvKind::Full => 3 * conv.input.channels,
        ConvKind::Depthwise => 0,
        ConvKind::Pointwise => ALL,
    });
    convs.chain(core::iter::once(ALL))
}
