//! Synthetic files: complete files that become the networks they describe, and one file for each fault.

use super::load::{decode, load};
use super::options::Options;
use crate::checkpoint;
use crate::data::{CIFAR10_CLASSES, DataSource, Normalisation};
use burn_flex::Flex;
use runtime::config::Preset;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::{BTreeMap, HashMap};

/// A file under construction: shape and values of each tensor.
#[derive(Clone, Default)]
struct File {
    tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    metadata: HashMap<String, String>,
}

impl File {
    /// Adds a tensor whose values differ from each other and from those of other tensors.
    fn add(&mut self, name: &str, shape: &[usize]) {
        let start = 1 + self.tensors.len();
        let values = (0..shape.iter().product()).map(|i| start as f32 + i as f32 / 1e5);
        let values = values.collect();
        self.tensors.insert(name.to_owned(), (shape.to_vec(), values));
    }

    fn layer(&mut self, name: &str, shape: &[usize]) {
        self.add(&format!("{name}.weight"), shape);
        self.add(&format!("{name}.bias"), &shape[..1]);
    }

    fn batch_norm(&mut self, name: &str, channels: usize) {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            self.add(&format!("{name}.{part}"), &[channels]);
        }
    }

    fn describe(&mut self, pairs: &[(&str, &str)]) {
        for &(key, value) in pairs {
            self.metadata.insert(key.to_owned(), value.to_owned());
        }
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.tensors[name].1
    }

    fn bytes(&self) -> Vec<u8> {
        let data: Vec<_> = self.tensors.values().map(|(_, values)| le_bytes(values)).collect();
        let views = self.tensors.iter().zip(&data).map(|((name, (shape, _)), data)| {
            (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap())
        });
        safetensors::serialize(views, Some(self.metadata.clone())).unwrap()
    }

    fn refused(&self, preset: Preset) -> String {
        refused(&self.bytes(), preset)
    }
}

fn le_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Preset `micro` with the names of the `bl` naming.
fn micro() -> File {
    let mut file = File::default();
    let convolutions = [
        ("0", 3, 24, 3),
        ("1", 24, 48, 3),
        ("2.m.0", 48, 80, 3),
        ("2.m.1", 80, 48, 1),
        ("3.m.0", 48, 80, 3),
        ("3.m.1", 80, 48, 1),
        ("4", 48, 64, 3),
    ];
    for (place, inputs, outputs, side) in convolutions {
        file.add(&format!("tok.{place}.0.weight"), &[outputs, inputs, side, side]);
        file.batch_norm(&format!("tok.{place}.1"), outputs);
    }
    file.add("pos", &[1, 64, 64]);
    for block in 0..2 {
        let mut layer =
            |name: &str, shape: &[usize]| file.layer(&format!("bl.{block}.{name}"), shape);
        layer("n1", &[64]);
        layer("at.qkv", &[192, 64]);
        layer("at.o", &[64, 64]);
        layer("n2", &[64]);
        layer("f.a", &[128, 64]);
        layer("f.dw", &[128, 1, 3, 3]);
        layer("f.b", &[64, 128]);
    }
    file.layer("n", &[64]);
    file.layer("head", &[10, 64]);
    file
}

/// A plain transformer with a flatten head: 2 × 2 patches of 6 × 6 pixels, 3 heads of 5.
fn plain() -> File {
    let mut file = File::default();
    file.layer("emb", &[8, 12]);
    file.add("pos", &[1, 9, 8]);
    for block in 0..2 {
        let mut layer =
            |name: &str, shape: &[usize]| file.layer(&format!("blocks.{block}.{name}"), shape);
        layer("n1", &[8]);
        layer("a.q", &[15, 8]);
        layer("a.k", &[15, 8]);
        layer("a.v", &[15, 8]);
        layer("a.o", &[8, 15]);
        layer("n2", &[8]);
        layer("f1", &[11, 8]);
        layer("f2", &[8, 11]);
    }
    file.layer("nf", &[8]);
    file.layer("h1", &[7, 72]);
    file.layer("h2", &[6, 7]);
    file.layer("h3", &[10, 6]);
    file.describe(&[("T", "9"), ("P", "12"), ("D", "8"), ("L", "2"), ("H", "3"), ("dh", "5")]);
    file.describe(&[("M", "11"), ("gelu2", "True"), ("head", "flat")]);
    file
}

fn options(preset: Preset) -> Options {
    Options { preset: Some(preset), ..Options::default() }
}

fn refused(bytes: &[u8], preset: Preset) -> String {
    match decode::<Flex>(bytes, &options(preset), &Default::default()) {
        Ok(_) => panic!("a faulty file was accepted"),
        Err(error) => {
            let text = format!("{error:#}");
            assert!(!text.contains('\n'), "more than one line: {text}");
            text
        }
    }
}

/// A tensor of a network as the numbers of its checkpoint, for any rank.
macro_rules! values {
    ($tensor:expr) => {
        $tensor.into_data().to_vec::<f32>().unwrap()
    };
}

#[test]
fn every_tensor_of_a_conv_network_finds_its_place() {
    let file = micro();
    let checkpoint =
        decode::<Flex>(&file.bytes(), &options(Preset::Micro), &Default::default()).unwrap();
    assert_eq!(checkpoint.preset, "micro", "preset");
    assert_eq!(checkpoint.classes, CIFAR10_CLASSES, "classes");
    assert_eq!(checkpoint.normalisation, Normalisation::CIFAR10, "normalisation");
    assert_eq!(checkpoint.source, DataSource::Cifar10, "source");
    let model = &checkpoint.model;
    assert_eq!(values!(model.position.val()), file.values("pos"), "position");
    let crate::model::Stem::Conv(stem) = &model.stem else { panic!("not a convolution stem") };
    let conv = &stem.stages[1].convs[0];
    assert_eq!(values!(conv.weight.val()), file.values("tok.1.0.weight"), "weight");
    assert_eq!(values!(conv.norm.gamma.val()), file.values("tok.1.1.weight"), "gain");
    assert_eq!(values!(conv.norm.beta.val()), file.values("tok.1.1.bias"), "bias");
    let mean = values!(conv.norm.running_mean.value());
    assert_eq!(mean, file.values("tok.1.1.running_mean"), "mean");
    let variance = values!(conv.norm.running_var.value());
    assert_eq!(variance, file.values("tok.1.1.running_var"), "variance");
    let (packed, bias) = (file.values("bl.1.at.qkv.weight"), file.values("bl.1.at.qkv.bias"));
    let attention = &model.blocks[1].attention;
    for (index, layer) in
        [&attention.query, &attention.key, &attention.value].into_iter().enumerate()
    {
        let rows = &packed[index * 64 * 64..][..64 * 64];
        assert_eq!(values!(layer.weight.val().transpose()), rows, "rows of part {index}");
        let part = values!(layer.bias.as_ref().unwrap().val());
        assert_eq!(part, bias[index * 64..][..64], "bias of part {index}");
    }
    let mlp = &model.blocks[1].mlp;
    let depthwise = mlp.depthwise.as_ref().unwrap();
    assert_eq!(values!(depthwise.weight.val()), file.values("bl.1.f.dw.weight"), "depthwise");
    let second = values!(mlp.linear2.weight.val().transpose());
    assert_eq!(second, file.values("bl.1.f.b.weight"), "second layer");
}

#[test]
fn a_file_may_describe_itself() {
    let file = plain();
    let checkpoint =
        decode::<Flex>(&file.bytes(), &Options::default(), &Default::default()).unwrap();
    assert_eq!(checkpoint.preset, "custom", "no preset has this shape");
    let (config, model) = (&checkpoint.config, &checkpoint.model);
    assert_eq!((config.image().height, config.tokens()), (6, 9), "image and tokens");
    assert_eq!((config.heads(), config.head_dim()), (3, 5), "heads");
    assert_eq!(config.spec().hidden.as_slice(), [7, 6], "hidden layers");
    assert_eq!(checkpoint.normalisation.mean, [0.5; 3], "mean");
    assert_eq!(checkpoint.normalisation.std, [0.5; 3], "deviation");
    let key = values!(model.blocks[1].attention.key.weight.val().transpose());
    assert_eq!(key, file.values("blocks.1.a.k.weight"), "keys");
    for (layer, name) in model.head.layers.iter().zip(["h1", "h2", "h3"]) {
        let weight = values!(layer.weight.val().transpose());
        assert_eq!(weight, file.values(&format!("{name}.weight")), "{name}");
    }
}

#[test]
fn a_checkpoint_of_an_import_can_be_loaded() {
    let directory = tempfile::tempdir().unwrap();
    let (weights, path) = (directory.path().join("w.safetensors"), directory.path().join("a.mpk"));
    std::fs::write(&weights, micro().bytes()).unwrap();
    let checkpoint = load::<Flex>(&weights, &options(Preset::Micro), &Default::default()).unwrap();
    checkpoint::save(&path, &checkpoint).unwrap();
    let loaded = checkpoint::load::<Flex>(&path, &Default::default()).unwrap();
    assert_eq!(loaded.config, checkpoint.config, "config");
    let heads =
        [&loaded, &checkpoint].map(|network| values!(network.model.head.layers[0].weight.val()));
    assert_eq!(heads[0], heads[1], "weights of the head");
}

#[test]
fn stated_constants_and_classes_are_kept() {
    let mut file = micro();
    file.layer("head", &[2, 64]);
    file.describe(&[("mean", "0.1, 0.2, 0.3"), ("std", "0.25,0.25,0.5")]);
    let two = Options {
        classes: Some(vec!["cat".to_owned(), "dog".to_owned()]),
        std: Some([1.0; 3]),
        ..options(Preset::Micro)
    };
    let checkpoint = decode::<Flex>(&file.bytes(), &two, &Default::default()).unwrap();
    assert_eq!(checkpoint.normalisation.mean, [0.1, 0.2, 0.3], "the file's");
    assert_eq!(checkpoint.normalisation.std, [1.0; 3], "the command's");
    assert_eq!(checkpoint.classes, ["cat", "dog"], "classes");
    assert_eq!(checkpoint.source, DataSource::Pictures, "source");
    let error = file.refused(Preset::Micro);
    assert!(error.contains("2 outputs: name the classes"), "{error}");
    file.describe(&[("std", "63,62,67")]);
    let error = file.refused(Preset::Micro);
    assert!(error.contains("metadata `std`"), "{error}");
}

#[test]
fn each_fault_of_a_tensor_is_named() {
    let fault = |change: fn(&mut File)| {
        let mut file = micro();
        change(&mut file);
        file.refused(Preset::Micro)
    };
    let missing = fault(|file| {
        file.tensors.remove("bl.1.at.o.bias");
    });
    assert!(missing.contains("`bl.1.at.o.bias` [64] is missing"), "{missing}");
    let head = fault(|file| {
        file.tensors.remove("head.weight");
    });
    assert!(head.contains("`head.weight` is missing"), "{head}");
    let surplus = fault(|file| file.layer("bl.2.n1", &[64]));
    assert!(surplus.contains("the network does not have, `bl.2.n1.bias` and 1 more"), "{surplus}");
    let shape = fault(|file| file.add("pos", &[64, 64]));
    assert!(shape.contains("`pos` is [64, 64], but the network needs [1, 64, 64]"), "{shape}");
    let infinite = fault(|file| {
        file.tensors.get_mut("bl.0.f.b.weight").unwrap().1[5] = f32::INFINITY;
    });
    assert!(infinite.contains("`bl.0.f.b.weight` holds inf at index 5"), "{infinite}");
    let negative = fault(|file| {
        file.tensors.get_mut("tok.4.1.running_var").unwrap().1[3] = -0.5;
    });
    assert!(negative.contains("`tok.4.1.running_var` holds -0.5 at index 3"), "{negative}");
    let scalar = fault(|file| file.add("head.weight", &[]));
    assert!(scalar.contains("`head.weight` is []"), "{scalar}");
    let one = fault(|file| file.layer("head", &[1, 64]));
    assert!(one.contains("does not make a valid network: classes is 1"), "{one}");
}

#[test]
fn a_type_that_is_not_read_is_named() {
    let (data, file) = (vec![0; 8 * 64], micro());
    let bytes: Vec<_> = file.tensors.values().map(|(_, values)| le_bytes(values)).collect();
    let views = file.tensors.iter().zip(&bytes).map(|((name, (shape, _)), bytes)| {
        let (dtype, bytes) = match name.as_str() {
            "n.weight" => (Dtype::F64, &data),
            _ => (Dtype::F32, bytes),
        };
        (name, TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    let error = refused(&safetensors::serialize(views, None).unwrap(), Preset::Micro);
    assert!(error.contains("`n.weight` is of type F64"), "{error}");
}

#[test]
fn another_preset_is_noticed() {
    let error = micro().refused(Preset::Compact);
    assert!(
        error.contains("`tok.0.0.weight` is [24, 3, 3, 3], but the network needs [32, 3, 3, 3]"),
        "{error}"
    );
    assert!(error.contains("preset"), "{error}");
    let error = plain().refused(Preset::Vit64x4);
    assert!(error.contains("T = 9, but preset vit-64x4 has 64"), "{error}");
    let error =
        decode::<Flex>(&micro().bytes(), &Options::default(), &Default::default()).unwrap_err();
    assert!(error.to_string().contains("--preset"), "{error}");
}

#[test]
fn foreign_names_are_noticed() {
    let mut file = File::default();
    file.layer("conv1", &[3, 3]);
    let error = file.refused(Preset::Micro);
    assert!(error.contains("`conv1.bias`") && error.contains("--help"), "{error}");
    // Blocks with our name, but with other parts.
    let mut file = File::default();
    for name in ["cls_token", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"] {
        file.add(name, &[1]);
    }
    for options in [Options::default(), options(Preset::Micro)] {
        let found = decode::<Flex>(&file.bytes(), &options, &Default::default());
        let error = found.map(drop).unwrap_err().to_string();
        assert!(error.contains("timm") && error.contains("`cls_token`"), "{error}");
        assert!(!error.contains("--preset"), "no preset helps: {error}");
    }
}

#[test]
fn names_of_wrapped_networks_are_read_without_the_wrapper() {
    let network = |file: &File| {
        let network = decode::<Flex>(&file.bytes(), &options(Preset::Micro), &Default::default());
        checkpoint::model_bytes(&network.unwrap().model).unwrap().len()
    };
    let plain = micro();
    for before in ["module.", "_orig_mod.", "module._orig_mod.", "model."] {
        let mut file = File::default();
        for (name, tensor) in &plain.tensors {
            file.tensors.insert(format!("{before}{name}"), tensor.clone());
        }
        assert_eq!(network(&file), network(&plain), "{before}");
        // PyTorch's counter of averaged networks has no wrapper.
        if before == "module." {
            file.add("n_averaged", &[]);
            assert_eq!(network(&file), network(&plain), "with a counter");
        }
        file.tensors.remove(&format!("{before}head.bias"));
        let error = file.refused(Preset::Micro);
        assert!(error.contains("tensor `head.bias` [10] is missing"), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("no.safetensors");
    let error = load::<Flex>(&path, &Options::default(), &Default::default()).unwrap_err();
    assert!(format!("{error:#}").contains("no.safetensors: give the path"), "{error:#}");
    let error =
        load::<Flex>(directory.path(), &Options::default(), &Default::default()).unwrap_err();
    assert!(error.to_string().contains("is a directory"), "{error}");
    std::fs::write(&path, &micro().bytes()[..1000]).unwrap();
    let error = format!(
        "{:#}",
        load::<Flex>(&path, &options(Preset::Micro), &Default::default()).unwrap_err()
    );
    assert!(error.contains("no.safetensors") && error.contains("incomplete"), "{error}");
}

#[test]
fn damaged_files_never_panic() {
    let whole = micro().bytes();
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let mut state = 1u64;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for _ in 0..3000 {
        let mut bytes = whole.clone();
        for _ in 0..=draw(3) {
            let at = draw(header.min(bytes.len()));
            match draw(4) {
                0 => bytes[at] ^= 1 << draw(8),
                1 => bytes[at] = b"0123456789[]{},:\"-e"[draw(19)],
                2 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes.truncate(1 + draw(bytes.len())),
            }
        }
        refused += usize::from(
            decode::<Flex>(&bytes, &options(Preset::Micro), &Default::default()).is_err(),
        );
    }
    assert!(refused > 2000, "{refused} of 3,000 damaged files were refused");
}
