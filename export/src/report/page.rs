//! The page itself.

use super::contents::{Classified, Report};
use super::{arena, charts, mistakes, pictures};
use crate::blob::ArenaMap;
use crate::verify::Accuracy;
use ::pictures::{PAGE_GENERATOR, shown};
use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use runtime::config::{LayerKind, VitConfig};
use trainer::summary::grouped;

const STYLE: &str = include_str!("page.css");
/// A site with a lower signal-to-noise ratio is marked.
const LOW_DECIBELS: f64 = 20.0;
/// Largest number of classes in the table. If there are more, it has those with the lowest accuracy.
const CLASSES: usize = 60;
/// Largest number of images that are shown of those on which the networks disagree.
const SHOWN: usize = 60;

pub(super) fn page(report: &Report<'_, '_>) -> Result<Markup> {
    let config = report.model.config();
    let title = format!("{} in {}", report.float.preset(), report.model.precision());
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                // This marks a folder with the page as output, so that it never becomes a class.
                meta name="generator" content=(PAGE_GENERATOR);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p class="note" {
                    (grouped(config.parameters())) " parameters, " (grouped(config.macs()))
                    " multiply-accumulates per image, " (config.tokens()) " tokens of width "
                    (config.dim()) ", " (config.depth()) " blocks"
                }
                (facts(report))
                h2 { "Parameters and memory" }
                (sizes(report))
                (classes(report))
                (sites(report)?)
                (mistakes::section(report)?)
                (disagreements(report)?)
            }
        }
    })
}

fn facts(report: &Report<'_, '_>) -> Markup {
    let percent = |accuracy: Accuracy| format!("{:.2} %", accuracy.percent());
    let mut facts = vec![
        (grouped(report.blob_bytes as u64), "bytes of blob"),
        (grouped(report.model.arena_len() as u64), "bytes of arena"),
    ];
    if let Some(Classified { images, float, blob }) = report.classified {
        facts.push((percent(Accuracy::count(float, images)), "float accuracy"));
        facts.push((percent(Accuracy::count(blob, images)), "blob accuracy"));
        facts.push((percent(Accuracy::agreement(float, blob)), "same class"));
        facts.push((grouped(images.len() as u64), "test images"));
    }
    html! {
        div class="facts" {
            @for (value, name) in facts { div { b { (value) } span { (name) } } }
        }
    }
}

fn sizes(report: &Report<'_, '_>) -> Markup {
    let config = report.model.config();
    let parameters = parameters(config);
    let total = parameters.iter().map(|(_, count)| count).sum::<f64>();
    let stages = config.arena_stages();
    let max = stages.iter().map(|stage| stage.bytes).max().unwrap_or(1).max(1) as f64;
    html! {
        p { "Parameters, of " (grouped(total as u64)) " in all:" }
        (charts::parts(&parameters))
        @if report.calibrated.is_some() {
            p { "Arena: its size is that of the largest stage. Steps from left to right, bytes from bottom to top." }
            (arena::chart(&ArenaMap::new(config)))
            table {
                @for stage in stages {
                    tr {
                        td { (stage.name) }
                        td class="number" { (grouped(stage.bytes as u64)) }
                        td { (charts::share(stage.bytes as f64 / max, "blob")) }
                    }
                }
            }
        }
    }
}

/// Trained parameters of the network's parts.
fn parameters(config: &VitConfig) -> Vec<(String, f64)> {
    let mut parts: Vec<(String, f64)> = Vec::new();
    config.for_each_layer(|layer| {
        let part = match layer.kind {
            LayerKind::Stem { .. } | LayerKind::Patch => "stem".to_owned(),
            LayerKind::Position => "position".to_owned(),
            LayerKind::Norm1(block)
            | LayerKind::Attention(block)
            | LayerKind::Norm2(block)
            | LayerKind::Mlp1(block)
            | LayerKind::Depthwise(block)
            | LayerKind::Mlp2(block) => format!("block {block}"),
            LayerKind::Norm | LayerKind::Pool | LayerKind::Head(_) => "head".to_owned(),
        };
        match parts.last_mut() {
            Some((name, count)) if *name == part => *count += layer.parameters as f64,
            _ => parts.push((part, layer.parameters as f64)),
        }
    });
    parts
}

fn classes(report: &Report<'_, '_>) -> Markup {
    let mut classes = report.class_accuracies();
    let all = classes.len();
    if all > CLASSES {
        classes.sort_by(|one, other| one.blob.percent().total_cmp(&other.blob.percent()));
        classes.truncate(CLASSES);
    }
    html! {
        @if !classes.is_empty() {
            h2 { "Classes" }
            @if all > CLASSES {
                p class="note" { "The " (CLASSES) " of " (all) " classes with the lowest accuracy of the blob" }
            }
            table {
                tr {
                    th { "class" } th class="number" { "float" }
                    th class="number" { (report.model.precision()) } th {}
                }
                @for class in classes {
                    tr {
                        td { (shown(&class.name)) }
                        td class="number" { (format!("{:.1} %", class.float.percent())) }
                        td class="number" { (format!("{:.1} %", class.blob.percent())) }
                        td {
                            (charts::share(class.float.percent() / 100.0, "float"))
                            (charts::share(class.blob.percent() / 100.0, "blob"))
                        }
                    }
                }
            }
        }
    }
}

fn sites(report: &Report<'_, '_>) -> Result<Markup> {
    let Some((ranges, quantized)) = report.calibrated else { return Ok(html! {}) };
    let errors = report.errors()?;
    Ok(html! {
        h2 { "Sites" }
        p class="note" {
            "The charts show how often values occur (logarithmic). Grey values are outside the range of the \
             integers. The column dB is the signal-to-noise ratio of the whole network up to the site, on \
             test images. Sites without a ratio exist only inside a layer."
        }
        table {
            tr {
                th { "site" } th class="number" { "smallest" } th class="number" { "largest" }
                th class="number" { "one step" } th class="number" { "dB" } th {}
            }
            @for (site, values, range) in ranges.sites() {
                @let affine = quantized.sites.get(&site);
                @let covered = if affine.is_some() { range } else { values.range() };
                @let decibels = errors.get(&site).map(|error| error.decibels());
                tr {
                    td class="code" { (site.to_string()) }
                    td class="number" { (format!("{:.3}", values.range().min)) }
                    td class="number" { (format!("{:.3}", values.range().max)) }
                    td class="number" {
                        @if let Some(affine) = affine { (step(affine.scale)) }
                    }
                    td class="number" {
                        @if let Some(decibels) = decibels {
                            span class=[(decibels < LOW_DECIBELS).then_some("bad")] {
                                (format!("{decibels:.1}"))
                            }
                        }
                    }
                    td { (charts::histogram(values, covered)) }
                }
            }
        }
    })
}

/// A step with its first digits.
fn step(scale: f64) -> String {
    if scale < 0.001 { format!("{scale:.1e}") } else { format!("{scale:.4}") }
}

fn disagreements(report: &Report<'_, '_>) -> Result<Markup> {
    let Some(Classified { images, float, blob }) = report.classified else { return Ok(html! {}) };
    let differing: Vec<usize> = (0..images.len()).filter(|&i| float[i] != blob[i]).collect();
    let name = |class: usize| shown(report.data.classes.get(class).map_or("?", String::as_str));
    let figures = differing.iter().take(SHOWN).map(|&index| {
        Ok((
            pictures::data_url(images, index)?,
            name(images.label(index).into()),
            name(float[index]),
            name(blob[index]),
            images.name(index).map(shown),
        ))
    });
    let figures = figures.collect::<Result<Vec<_>>>()?;
    Ok(html! {
        h2 { "Images on which they disagree" }
        p class="note" {
            (differing.len()) " of " (images.len())
            @if differing.len() > SHOWN { ", the first " (SHOWN) " shown" }
        }
        div class="pictures" {
            @for (url, label, float, blob, file) in figures {
                figure {
                    img src=(url) alt=(label);
                    figcaption {
                        b { (label) } br;
                        "float " (float) br;
                        (report.model.precision()) " " (blob)
                        @if let Some(file) = file { br; span class="file" { (file) } }
                    }
                }
            }
        }
    })
}
