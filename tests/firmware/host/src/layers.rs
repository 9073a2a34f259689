//! Instructions of each layer, from a firmware that marks every site of the forward pass.

use anyhow::{Context, Result, ensure};
use runtime::Model;
use runtime::config::{LayerKind, VitConfig};
use runtime::site::{BlockSite, SiteId};

/// A layer that was counted.
#[derive(Debug)]
pub struct Layer {
    /// The site that it writes, or the name of the part after the last site.
    pub name: String,
    /// Its products, if it multiplies.
    pub work: Option<Work>,
    /// Instructions since the previous site.
    pub instructions: u64,
}

/// Products of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Multiply-accumulates.
    pub macs: u64,
    /// Inputs of one output of a linear layer or convolution; `None` for attention.
    pub k: Option<usize>,
}

/// Pairs counts with the sites of a run, in order.
pub fn layers(model: &Model<'_>, counts: &[u64]) -> Result<Vec<Layer>> {
    let config = model.config();
    let mut arena = vec![0; model.arena_len()];
    let mut sites = Vec::new();
    model
        .run_observed(&vec![0; config.image().len()], &mut arena, &mut |site, _| sites.push(site))
        .context("cannot run the network on this computer")?;
    ensure!(counts.len() == sites.len() + 1, "{} counts, {} sites", counts.len(), sites.len());
    let named = sites.iter().map(|site| (site.to_string(), work(config, *site)));
    let mut layers: Vec<Layer> = Vec::new();
    for ((name, work), &instructions) in named.chain([("rest".into(), None)]).zip(counts) {
        // The runtime may report a site in several pieces.
        match layers.iter_mut().find(|layer| layer.name == name) {
            Some(layer) => layer.instructions += instructions,
            None => layers.push(Layer { name, work, instructions }),
        }
    }
    Ok(layers)
}

/// Instructions per multiply-accumulate over the layers for which `choose` is true.
pub fn ratio(layers: &[Layer], choose: impl Fn(&Work) -> bool) -> f64 {
    let chosen = layers.iter().filter_map(|layer| Some((layer.work.filter(&choose)?, layer)));
    let (macs, instructions) = chosen.fold((0, 0), |(macs, instructions), (work, layer)| {
        (macs + work.macs, instructions + layer.instructions)
    });
    instructions as f64 / macs as f64
}

/// The products of the layer that writes a site.
fn work(config: &VitConfig, site: SiteId) -> Option<Work> {
    let tokens = config.tokens() as u64;
    let (dim, width, mlp) = (config.dim(), config.attention_dim(), config.mlp_dim());
    let linear = |k: usize, n: usize| Some(Work { macs: tokens * k as u64 * n as u64, k: Some(k) });
    let depthwise = config.spec().mlp.depthwise;
    match site {
        SiteId::Stem { stage, conv, .. } => stem(config, usize::from(stage), usize::from(conv)),
        SiteId::Embed => match config.stem_stages().count().checked_sub(1) {
            Some(last) => stem(config, last, 0),
            None => linear(config.patch_len()?, dim),
        },
        SiteId::Block { at, .. } => match at {
            BlockSite::Query => linear(dim, 3 * width),
            BlockSite::Context => Some(Work { macs: 2 * tokens * tokens * width as u64, k: None }),
            BlockSite::Attention => linear(width, dim),
            BlockSite::Mlp1 => linear(dim, mlp),
            BlockSite::Gelu if depthwise => linear(9, mlp),
            BlockSite::Gelu => linear(dim, mlp),
            BlockSite::Mlp2 => linear(mlp, dim),
            BlockSite::Output if !config.spec().mlp.second_gelu => linear(mlp, dim),
            _ => None,
        },
        SiteId::Logits => {
            let k = config.pooled_len();
            Some(Work { macs: (k * config.classes()) as u64, k: Some(k) })
        }
        _ => None,
    }
}

/// A convolution of the stem.
fn stem(config: &VitConfig, stage: usize, conv: usize) -> Option<Work> {
    let k = config.stem_stages().nth(stage)?.convs().nth(conv)?.inputs();
    let mut found = None;
    config.for_each_layer(|layer| {
        if layer.kind == (LayerKind::Stem { stage, conv }) {
            found = Some(Work { macs: layer.macs, k: Some(k) });
        }
    });
    found
}
