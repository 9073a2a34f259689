//! The shape of a plain transformer, from the metadata of its file.

use super::tensors::Tensors;
use anyhow::{Context, Result, anyhow, bail, ensure};
use runtime::config::{
    AttentionSpec, IMAGE_CHANNELS, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, VitConfig,
    VitSpec,
};

/// What the metadata of a file says about the network, key by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Description {
    /// `T`, tokens.
    tokens: u16,
    /// `P`, values of a patch.
    patch_len: u16,
    /// `D`, width of a token.
    dim: u16,
    /// `L`, blocks.
    depth: u8,
    /// `H`, attention heads.
    heads: u8,
    /// `dh`, width of a head.
    head_dim: u16,
    /// `M`, hidden width of an MLP.
    mlp_dim: u16,
    /// `gelu2`: whether GELU follows the second MLP layer too.
    second_gelu: bool,
    /// `head`: whether the head reads all tokens (`flat`) or their mean (`mean`).
    flatten: bool,
}

impl Description {
    /// Reads the keys `T`, `P`, `D`, `L`, `H`, `dh`, `M`, `gelu2` and `head`; `None` if the file
    /// has no `T`.
    ///
    /// # Errors
    /// If another key is missing or has an invalid value.
    pub(super) fn read(tensors: &Tensors<'_>) -> Result<Option<Self>> {
        if tensors.metadata("T").is_none() {
            return Ok(None);
        }
        let flag = |key| match text(tensors, key)? {
            "True" | "true" => Ok(true),
            "False" | "false" => Ok(false),
            other => Err(anyhow!("metadata `{key}` is {other:?}: write True or False")),
        };
        Ok(Some(Self {
            tokens: number(tensors, "T")?,
            patch_len: number(tensors, "P")?,
            dim: number(tensors, "D")?,
            depth: number(tensors, "L")?,
            heads: number(tensors, "H")?,
            head_dim: number(tensors, "dh")?,
            mlp_dim: number(tensors, "M")?,
            second_gelu: flag("gelu2")?,
            flatten: match text(tensors, "head")? {
                "mean" => false,
                "flat" => true,
                other => bail!("metadata `head` is {other:?}: write mean or flat"),
            },
        }))
    }

    /// The network on square images. `hidden` has the widths of the head's hidden layers.
    ///
    /// # Errors
    /// If tokens and patches are not those of a square image, or there is no such network.
    pub(super) fn config(&self, hidden: &[u16], classes: u16) -> Result<VitConfig> {
        let channels = IMAGE_CHANNELS as u16;
        let size = self.patch_len.checked_div(channels).unwrap_or(0).isqrt();
        let patches = self.tokens.isqrt();
        ensure!(
            size * size * channels == self.patch_len && patches * patches == self.tokens,
            "metadata `T` is {} and `P` is {}: only square RGB patches of square images can be imported",
            self.tokens,
            self.patch_len
        );
        let side = patches * size;
        let spec = VitSpec {
            image: ImageSpec { height: side, width: side },
            stem: StemSpec::Patches { size: u8::try_from(size)?, order: PatchOrder::Grid },
            dim: self.dim,
            depth: self.depth,
            attention: AttentionSpec { heads: self.heads, head_dim: self.head_dim },
            mlp: MlpSpec { dim: self.mlp_dim, depthwise: false, second_gelu: self.second_gelu },
            pool: if self.flatten { Pool::Flatten } else { Pool::Mean },
            hidden: hidden.iter().copied().collect(),
            classes,
        };
        VitConfig::new(spec)
            .map_err(|error| anyhow!("its metadata describes a network that cannot exist: {error}"))
    }

    /// Whether the head has hidden layers.
    pub(super) const fn flatten(&self) -> bool {
        self.flatten
    }

    /// Checks a preset against the metadata of the file. The shapes of the tensors are not enough: they
    /// are the same for 4 heads of width 32 and 8 heads of width 16.
    ///
    /// # Errors
    /// If a key disagrees; the message names the first one.
    pub(super) fn check(&self, preset: &str, config: &VitConfig) -> Result<()> {
        let spec = config.spec();
        let pairs: [(&str, usize, usize); 9] = [
            ("T", self.tokens.into(), config.tokens()),
            ("P", self.patch_len.into(), config.patch_len().unwrap_or_default()),
            ("D", self.dim.into(), config.dim()),
            ("L", self.depth.into(), config.depth()),
            ("H", self.heads.into(), config.heads()),
            ("dh", self.head_dim.into(), config.head_dim()),
            ("M", self.mlp_dim.into(), config.mlp_dim()),
            ("gelu2", self.second_gelu.into(), spec.mlp.second_gelu.into()),
            ("head = flat", self.flatten.into(), usize::from(spec.pool == Pool::Flatten)),
        ];
        for (key, found, expected) in pairs {
            ensure!(
                found == expected,
                "its metadata says {key} = {found}, but preset {preset} has {expected}: import with \
                 the preset that the weights were trained with, or without --preset"
            );
        }
        Ok(())
    }
}

fn text<'a>(tensors: &'a Tensors<'_>, key: &str) -> Result<&'a str> {
    tensors.metadata(key).with_context(|| {
        format!("the metadata has `T` but not `{key}`: add `{key}`, or give --preset")
    })
}

fn number<N: TryFrom<u64>>(tensors: &Tensors<'_>, key: &str) -> Result<N> {
    let text = text(tensors, key)?;
    let number = text.parse::<u64>().ok().and_then(|n| N::try_from(n).ok());
    number.with_context(|| format!("metadata `{key}` is {text:?}: write a whole number in range"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::config::Preset;
    use safetensors::tensor::TensorView;
    use std::collections::HashMap;

    const VIT_64X4: [(&str, &str); 9] = [
        ("T", "64"),
        ("P", "48"),
        ("D", "64"),
        ("L", "4"),
        ("H", "4"),
        ("dh", "16"),
        ("M", "128"),
        ("gelu2", "False"),
        ("head", "mean"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Option<Description>> {
        let pairs = VIT_64X4.iter().chain(changes);
        let metadata: HashMap<String, String> = pairs
            .filter(|(_, value)| !value.is_empty())
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let none: [(&str, TensorView<'_>); 0] = [];
        let bytes = safetensors::serialize(none, Some(metadata)).unwrap();
        Description::read(&Tensors::parse(&bytes).unwrap())
    }

    #[test]
    fn the_published_transformers_are_their_presets() {
        let found = read(&[]).unwrap().unwrap().config(&[], 10).unwrap();
        assert_eq!(found, Preset::Vit64x4.config(10).unwrap(), "vit-64x4");
        let seed = read(&[
            ("T", "256"),
            ("P", "12"),
            ("D", "128"),
            ("L", "8"),
            ("dh", "128"),
            ("M", "256"),
            ("gelu2", "True"),
            ("head", "flat"),
        ]);
        let seed = seed.unwrap().unwrap();
        assert!(seed.flatten(), "flatten head");
        let found = seed.config(&[2048, 1024], 10).unwrap();
        assert_eq!(found, Preset::Seed.config(10).unwrap(), "seed");
    }

    #[test]
    fn a_preset_that_disagrees_is_refused_by_key() {
        let config = Preset::Vit64x4.config(10).unwrap();
        let same = read(&[]).unwrap().unwrap();
        assert!(same.check("vit-64x4", &config).is_ok(), "the same shape");
        let heads = read(&[("H", "8"), ("dh", "8")]).unwrap().unwrap();
        let error = heads.check("vit-64x4", &config).unwrap_err().to_string();
        assert!(error.contains("H = 8, but preset vit-64x4 has 4"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_are_refused_by_key() {
        for (change, part) in [
            (("D", "wide"), "`D` is \"wide\""),
            (("L", "300"), "`L` is \"300\""),
            (("dh", "-1"), "`dh` is \"-1\""),
            (("gelu2", "no"), "`gelu2` is \"no\""),
            (("head", "max"), "`head` is \"max\""),
        ] {
            let error = read(&[change]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        for (change, part) in [
            (("T", "60"), "`T` is 60 and `P` is 48"),
            (("P", "47"), "`T` is 64 and `P` is 47"),
            (("P", "0"), "cannot exist"),
            (("H", "0"), "cannot exist: heads is 0"),
        ] {
            let description = read(&[change]).unwrap().unwrap();
            let error = description.config(&[], 10).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
