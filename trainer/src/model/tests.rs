//! The module has the shapes, sites and parameters of the description that it was built from.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use runtime::config::{
    AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Preset, StemSpec, StemStage, VitSpec,
};
use runtime::site::{BlockSite, ConvSite};

use super::*;

/// A small network with every kind of stem stage.
fn convolutional() -> VitConfig {
    let stages = [
        StemStage::Conv { channels: 6, stride: 2, gelu: true },
        StemStage::Residual { hidden: 10 },
        StemStage::InvertedResidual { hidden: 9 },
        StemStage::Conv { channels: 12, stride: 2, gelu: false },
    ];
    VitConfig::new(VitSpec {
        image: ImageSpec { height: 9, width: 12 },
        stem: StemSpec::Conv(stages.into_iter().collect()),
        dim: 12,
        depth: 2,
        attention: AttentionSpec { heads: 3, head_dim: 5 },
        mlp: MlpSpec { dim: 14, depthwise: true, second_gelu: false },
        pool: Pool::Mean,
        hidden: [7].into_iter().collect(),
        classes: 4,
    })
    .unwrap()
}

/// The same blocks on patches, with a flatten head and both GELUs.
fn patches(order: PatchOrder) -> VitConfig {
    VitConfig::new(VitSpec {
        stem: StemSpec::Patches { size: 3, order },
        mlp: MlpSpec { dim: 14, depthwise: false, second_gelu: true },
        pool: Pool::Flatten,
        hidden: [7, 8].into_iter().collect(),
        ..convolutional().spec().clone()
    })
    .unwrap()
}

fn vit<B: Backend>(config: &VitConfig) -> Vit<B> {
    Vit::new(config, DropoutRates::default(), 1, &B::Device::default())
}

/// Reproducible values `[batch, 3, height, width]` of either sign.
fn images<B: Backend>(config: &VitConfig, batch: usize) -> Tensor<B, 4> {
    let image = config.image();
    let values = (0..batch * image.len()).map(|i| (i as f32 * 0.7).sin() * 1.5).collect::<Vec<_>>();
    let shape = [batch, image.channels, image.height, image.width];
    Tensor::from_data(TensorData::new(values, shape), &B::Device::default())
}

/// Everything a forward pass reports, in its order.
fn observe<B: VitBackend>(config: &VitConfig, batch: usize) -> Vec<(SiteId, [usize; 3], Vec<f32>)> {
    let mut seen = Vec::new();
    let logits = vit::<B>(config).forward_observed(images(config, batch), &mut |site, value| {
        seen.push((site, value.dims(), value.into_data().to_vec().expect("float values")));
    });
    let (site, _, last) = seen.last().expect("sites were reported");
    assert_eq!(*site, SiteId::Logits, "the last site");
    assert_eq!(&logits.into_data().to_vec::<f32>().unwrap(), last, "returned and reported logits");
    seen
}

#[test]
fn parameters_are_those_of_the_description() {
    for preset in Preset::ALL {
        let config = preset.config(10).unwrap();
        let model = Vit::<Flex>::zeros(&config, &Default::default());
        assert_eq!(model.parameters(), config.parameters(), "{}", preset.name());
    }
    for config in [convolutional(), patches(PatchOrder::Grid)] {
        assert_eq!(vit::<Flex>(&config).parameters(), config.parameters(), "{:?}", config.spec());
    }
}

#[test]
fn a_conv_network_reports_its_sites_in_order() {
    let config = convolutional();
    let stem = |stage, conv, at| SiteId::Stem { stage, conv, at };
    let mut expected = vec![
        (SiteId::Input, 9 * 12, 3),
        (stem(0, 0, ConvSite::Linear), 5 * 6, 6),
        (stem(0, 0, ConvSite::Gelu), 5 * 6, 6),
        (stem(1, 0, ConvSite::Linear), 5 * 6, 10),
        (stem(1, 0, ConvSite::Gelu), 5 * 6, 10),
        (stem(1, 1, ConvSite::Linear), 5 * 6, 6),
        (stem(1, 1, ConvSite::Add), 5 * 6, 6),
        (stem(2, 0, ConvSite::Linear), 5 * 6, 9),
        (stem(2, 0, ConvSite::Gelu), 5 * 6, 9),
        (stem(2, 1, ConvSite::Linear), 5 * 6, 9),
        (stem(2, 1, ConvSite::Gelu), 5 * 6, 9),
        (stem(2, 2, ConvSite::Linear), 5 * 6, 6),
        (stem(2, 2, ConvSite::Add), 5 * 6, 6),
        (stem(3, 0, ConvSite::Linear), 3 * 3, 12),
        (SiteId::Embed, 3 * 3, 12),
    ];
    for block in 0..2 {
        let at = |at| SiteId::Block { block, at };
        expected.extend([
            (at(BlockSite::Norm1), 9, 12),
            (at(BlockSite::Query), 9, 15),
            (at(BlockSite::Key), 9, 15),
            (at(BlockSite::Value), 9, 15),
            (at(BlockSite::Context), 9, 15),
            (at(BlockSite::Attention), 9, 12),
            (at(BlockSite::Norm2), 9, 12),
            (at(BlockSite::Mlp1), 9, 14),
            (at(BlockSite::Depthwise), 9, 14),
            (at(BlockSite::Gelu), 9, 14),
            (at(BlockSite::Output), 9, 12),
        ]);
    }
    expected.extend([
        (SiteId::Norm, 9, 12),
        (SiteId::Pool, 1, 12),
        (SiteId::HeadHidden(0), 1, 7),
        (SiteId::HeadGelu(0), 1, 7),
        (SiteId::Logits, 1, 4),
    ]);
    let seen = observe::<Flex>(&config, 2);
    let found = seen.iter().map(|&(site, [batch, positions, channels], _)| {
        assert_eq!(batch, 2, "batch of {site}");
        (site, positions, channels)
    });
    assert_eq!(found.collect::<Vec<_>>(), expected, "sites with positions and channels");
}

#[test]
fn a_patch_network_reports_its_own_sites() {
    let seen = observe::<Flex>(&patches(PatchOrder::Row), 2);
    let at = |site| seen.iter().find(|seen| seen.0 == site).map(|seen| seen.1);
    assert_eq!(at(SiteId::Embed), Some([2, 12, 12]), "tokens of row patches");
    assert_eq!(
        at(SiteId::Block { block: 1, at: BlockSite::Mlp2 }),
        Some([2, 12, 12]),
        "before GELU"
    );
    assert_eq!(at(SiteId::Block { block: 1, at: BlockSite::Depthwise }), None, "no depthwise");
    assert_eq!(at(SiteId::Pool), Some([2, 1, 144]), "flattened tokens");
    assert_eq!(at(SiteId::HeadGelu(1)), Some([2, 1, 8]), "second hidden layer");
}

#[test]
fn patches_hold_the_pixels_of_their_order() {
    let device = Default::default();
    for (order, first) in [
        // Rows 0..3, columns 3..6 of a 9 × 12 image: pixel number row·12 + column.
        (PatchOrder::Grid, [3, 4, 5, 15, 16, 17, 27, 28, 29]),
        (PatchOrder::Row, [9, 10, 11, 12, 13, 14, 15, 16, 17]),
    ] {
        let config = patches(order);
        let Stem::Patches(embed) = vit::<Flex>(&config).stem else { panic!("patches were asked") };
        let numbers = (0..9 * 12 * 3).map(|i| i as f32).collect::<Vec<_>>();
        let pixels =
            Tensor::<Flex, 3>::from_data(TensorData::new(numbers, [1, 9 * 12, 3]), &device);
        let patch = first.iter().flat_map(|&pixel| (0..3).map(move |c| (pixel * 3 + c) as f32));
        let patch = TensorData::new(patch.collect::<Vec<_>>(), [1, 1, 27]);
        let expected = embed.linear.forward(Tensor::<Flex, 3>::from_data(patch, &device));
        let found = embed.forward(pixels).slice([0..1, 1..2, 0..12]);
        found.into_data().assert_approx_eq::<f32>(&expected.into_data(), Default::default());
    }
}

#[test]
fn backends_agree_at_every_site() {
    for config in [convolutional(), patches(PatchOrder::Grid)] {
        let flex = observe::<Flex>(&config, 3);
        let ndarray = observe::<NdArray>(&config, 3);
        assert_eq!(flex.len(), ndarray.len(), "number of sites");
        for ((site, _, ours), (_, _, theirs)) in flex.iter().zip(&ndarray) {
            let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-5, "{site} differs by {worst}");
        }
    }
}

#[test]
fn an_image_does_not_depend_on_its_batch() {
    let config = convolutional();
    let model = vit::<Flex>(&config);
    let batch = images::<Flex>(&config, 3);
    let all = model.forward(batch.clone()).slice([1..2, 0..4]);
    let alone = model.forward(batch.slice([1..2, 0..3, 0..9, 0..12]));
    all.into_data().assert_approx_eq::<f32>(&alone.into_data(), Default::default());
}

#[test]
fn every_parameter_has_an_id_of_its_own() {
    struct Ids(BTreeMap<u64, usize>);
    impl<B: Backend> ModuleVisitor<B> for Ids {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            *self.0.entry(param.id.val()).or_default() += 1;
        }
    }
    let mut ids = Ids(BTreeMap::new());
    vit::<Flex>(&convolutional()).visit(&mut ids);
    assert!(ids.0.values().all(|&count| count == 1), "an id was used twice: {:?}", ids.0);
}
