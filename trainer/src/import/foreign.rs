//! Weights of other architectures, known by the names of their tensors.

use anyhow::{Error, anyhow};

/// Maximum number of tensors that a message names; the others are only counted.
const NAMED: usize = 4;

/// Architectures, with parts of names that each of their files has.
const ARCHITECTURES: [(&str, &[&str]); 9] = [
    ("timm's vision transformers", &["patch_embed.proj.", "blocks.0.attn.qkv."]),
    ("timm's Swin transformers", &["patch_embed.proj.", "blocks.0.attn.relative_position"]),
    ("torchvision's vision transformers", &["conv_proj.", "encoder.layers.encoder_layer_0."]),
    ("Hugging Face's vision transformers", &["embeddings.patch_embeddings.", "encoder.layer.0."]),
    ("a ConvNeXt", &["stem.0.", "stages.0.blocks.0."]),
    ("timm's EfficientNets and MobileNets", &["conv_stem.", "blocks.0.0."]),
    ("a ResNet", &["layer1.0.conv1.", "fc."]),
    ("torchvision's DenseNets", &["features.denseblock1."]),
    ("torchvision's convolutional networks", &["features.0.", "classifier."]),
];

/// The error for a file in which no tensor has a known name.
pub(super) fn refusal<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Error {
    let has = |part: &&str| names.clone().any(|name| name.contains(*part));
    let known = ARCHITECTURES.iter().find(|(_, parts)| parts.iter().all(&has));
    let whose = known.map_or("another architecture", |(name, _)| name);
    anyhow!(
        "its tensors have the names of {whose} ({}), and only the networks of this project can be \
         imported, whose names `export import --help` lists: train one on your images with `trainer`",
        samples(names)
    )
}

/// Some of the names, from different parts of the network.
fn samples<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let first = |name: &'a str| name.split('.').next().unwrap_or(name);
    let mut shown: Vec<&str> = Vec::new();
    for name in names.clone() {
        if shown.len() < NAMED && !shown.iter().any(|other| first(other) == first(name)) {
            shown.push(name);
        }
    }
    let count = names.count();
    let quoted: Vec<_> = shown.iter().map(|name| format!("`{name}`")).collect();
    match count - shown.len() {
        0 if count == 0 => "it has none".to_owned(),
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(names: &[&str]) -> String {
        refusal(names.iter().copied()).to_string()
    }

    #[test]
    fn well_known_architectures_are_named() {
        for (names, name) in [
            (
                &["cls_token", "patch_embed.proj.bias", "blocks.0.attn.qkv.bias"][..],
                "timm's vision",
            ),
            (
                &["class_token", "conv_proj.bias", "encoder.layers.encoder_layer_0.ln_1.bias"],
                "torchvision's vision",
            ),
            (
                &["vit.embeddings.patch_embeddings.projection.bias", "vit.encoder.layer.0.a.bias"],
                "Hugging Face's",
            ),
            (&["conv1.weight", "fc.bias", "layer1.0.conv1.weight"], "a ResNet"),
            (&["features.0.0.weight", "classifier.1.bias"], "torchvision's convolutional"),
            (&["encoder.weight"], "another architecture"),
        ] {
            let said = said(names);
            assert!(
                said.contains(&format!("the names of {name}")) || said.contains(name),
                "{said}"
            );
            assert!(said.contains(&format!("`{}`", names[0])), "a sample: {said}");
        }
    }

    #[test]
    fn samples_come_from_different_places() {
        let names = ["a.0", "a.1", "b.0", "c.0", "d.0", "e.0"];
        let said = said(&names);
        assert!(said.contains("(`a.0`, `b.0`, `c.0`, `d.0` and 2 more)"), "{said}");
        assert!(refusal([].into_iter()).to_string().contains("it has none"), "an empty file");
    }
}
