//! The worst mistakes of a blob, each with its evidence.

use super::contents::{Classified, Report};
use super::pictures::{data_url, overlay_url};
use crate::blob::AnyModel;
use ::pictures::shown;
use anyhow::Result;
use maud::{Markup, html};
use runtime::Model;
use runtime::config::Grid;
use trainer::data::Images;

/// Largest number of mistakes that are shown.
const SHOWN: usize = 24;

/// A misclassified image.
struct Mistake {
    image: usize,
    label: usize,
    predicted: usize,
    /// Probabilities of the two classes times `2^16`.
    own: u16,
    sure: u16,
    /// The evidence for the predicted class, and for the true one.
    maps: [Vec<i32>; 2],
}

/// A section with the mistakes for which the blob gives the lowest probabilities of the true class. Empty if the blob
/// has no evidence or was not evaluated.
pub(super) fn section(report: &Report<'_, '_>) -> Result<Markup> {
    let (AnyModel::Int8(model), Some(Classified { images, blob, .. })) =
        (report.model, report.classified)
    else {
        return Ok(html! {});
    };
    let Some(grid) = model.config().token_grid() else { return Ok(html! {}) };
    let Some(mut mistakes) = mistakes(model, images, blob)? else { return Ok(html! {}) };
    mistakes.sort_by_key(|mistake| (mistake.own, mistake.image));
    let all = mistakes.len();
    mistakes.truncate(SHOWN);
    let figures = mistakes.iter().map(|mistake| figure(report, images, grid, mistake));
    let figures = figures.collect::<Result<Vec<_>>>()?;
    Ok(html! {
        h2 { "Worst mistakes of the blob" }
        p class="note" {
            @if all == 0 { "There is no mistake on " (images.len()) " images." }
            @else {
                "Of " (all) " mistakes on " (images.len()) " images, the " (figures.len())
                " to which the blob gives the lowest probability of the true class. Beside each image: the \
                 evidence for the predicted class, and the evidence for the true class. The lighter, the more."
            }
        }
        div class="pictures mistakes" { @for figure in figures { (figure) } }
    })
}

/// All mistakes; `None` if the network has no evidence.
fn mistakes(
    model: &Model<'_>,
    images: &Images,
    predicted: &[usize],
) -> Result<Option<Vec<Mistake>>> {
    let mut arena = vec![0; model.arena_len_fast()];
    let tokens = model.config().tokens();
    let mut mistakes = Vec::new();
    for (image, &predicted) in predicted.iter().enumerate() {
        let label = usize::from(images.label(image));
        if predicted == label {
            continue;
        }
        let output = model.run(images.image(image), &mut arena)?;
        let mut maps = [vec![0; tokens], vec![0; tokens]];
        for (map, class) in maps.iter_mut().zip([predicted, label]) {
            if output.evidence(class, map).is_err() {
                return Ok(None);
            }
        }
        let probability = |class| output.probabilities().nth(class).unwrap_or(0);
        let (own, sure) = (probability(label), probability(predicted));
        mistakes.push(Mistake { image, label, predicted, own, sure, maps });
    }
    Ok(Some(mistakes))
}

fn figure(
    report: &Report<'_, '_>,
    images: &Images,
    grid: Grid,
    mistake: &Mistake,
) -> Result<Markup> {
    let name = |class: usize| shown(report.data.classes.get(class).map_or("?", String::as_str));
    let (label, predicted) = (name(mistake.label), name(mistake.predicted));
    let percent = |share: u16| format!("{:.1} %", 100.0 * f64::from(share) / 65_536.0);
    let [of_predicted, of_label] =
        mistake.maps.each_ref().map(|map| overlay_url(images, mistake.image, map, grid));
    Ok(html! {
        figure {
            div class="row" {
                img src=(data_url(images, mistake.image)?) alt=(label);
                img src=(of_predicted?) alt=(format!("the evidence for {predicted}"));
                img src=(of_label?) alt=(format!("the evidence for {label}"));
            }
            figcaption {
                b { (label) } " " (percent(mistake.own)) br;
                "taken for " (predicted) " " (percent(mistake.sure))
                @if let Some(file) = images.name(mistake.image) {
                    br; span class="file" { (shown(file)) }
                }
            }
        }
    })
}
