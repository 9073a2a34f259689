//! What the screen of a run shows: how far it is, the best network so far, and the curves.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Widget};

use super::duration::duration;
use crate::metrics::EpochMetrics;

/// Largest useful size.
pub(super) const MAX_WIDTH: u16 = 120;
pub(super) const MAX_HEIGHT: u16 = 16;
/// Smallest height and width of a readable chart.
const CHART_SIZE: (u16, u16) = (7, 24);
const TRAIN: Color = Color::Cyan;
const VALIDATION: Color = Color::Yellow;
const RATE: Color = Color::Green;
const FRAME: Color = Color::DarkGray;

/// A moment of a run.
#[derive(Debug)]
pub(super) struct Screen<'a> {
    /// The current epoch, from 1.
    pub(super) epoch: usize,
    pub(super) epochs: usize,
    /// How much of the run is done, 0 to 1.
    pub(super) share: f64,
    pub(super) left: Duration,
    pub(super) images_per_second: f64,
    /// Loss and accuracy of the epoch so far.
    pub(super) now: (f64, f64),
    pub(super) done: &'a [EpochMetrics],
    /// The epoch whose network is kept.
    pub(super) best: Option<&'a EpochMetrics>,
}

/// One curve: a point for each epoch.
struct Curve {
    colour: Color,
    points: Vec<(f64, f64)>,
}

/// Curves that share their axes.
struct Panel {
    title: Line<'static>,
    curves: Vec<Curve>,
    /// Lowest and highest value, with the labels of both.
    range: [f64; 2],
    labels: [String; 2],
}

impl Widget for &Screen<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let [head, now, best, charts] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Min(0),
        ])
        .areas(area);
        self.bar(head.width.into()).render(head, buffer);
        self.now_line().render(now, buffer);
        self.best_line().render(best, buffer);
        self.render_charts(charts, buffer);
    }
}

impl Screen<'_> {
    /// Epochs and time, and a bar over the rest of the line.
    fn bar(&self, width: usize) -> Line<'static> {
        let text = format!("epoch {}/{}, {} left ", self.epoch, self.epochs, duration(self.left));
        let len = width.saturating_sub(text.chars().count());
        let done = (self.share.clamp(0.0, 1.0) * len as f64).round() as usize;
        Line::from(vec![text.bold(), "━".repeat(done).fg(RATE), "─".repeat(len - done).dim()])
    }

    fn now_line(&self) -> Line<'static> {
        let (loss, accuracy) = self.now;
        Line::from(vec![
            "this epoch  ".dim(),
            format!("loss {loss:.3}  accuracy {:.1} %  ", 100.0 * accuracy).fg(TRAIN),
            Span::raw(format!("{:.0} images/s", self.images_per_second)),
        ])
    }

    fn best_line(&self) -> Line<'static> {
        let found = match self.best {
            Some(row) => format!(
                "epoch {}: validation accuracy {:.1} %, loss {:.3}",
                row.epoch,
                100.0 * row.validation_accuracy,
                row.validation_loss
            ),
            None => "none yet".to_owned(),
        };
        Line::from(vec!["best so far ".dim(), found.fg(VALIDATION)])
    }

    fn render_charts(&self, area: Rect, buffer: &mut Buffer) {
        let (height, width) = CHART_SIZE;
        let count = (area.width / width).min(3);
        if area.height < height || count == 0 {
            return;
        }
        let areas = Layout::horizontal(vec![Constraint::Fill(1); count.into()]).split(area);
        // If there is no room for all, the first ones are shown.
        for (panel, area) in self.panels().into_iter().zip(areas.iter()) {
            panel.render(*area, self.epochs, buffer);
        }
    }

    fn panels(&self) -> [Panel; 3] {
        // Short enough for three side by side on 80 columns.
        let both = |name: &'static str| {
            Line::from(vec![
                Span::raw(format!(" {name}: ")),
                "train".fg(TRAIN),
                Span::raw(", "),
                "val ".fg(VALIDATION),
            ])
        };
        let curve = |colour, value: fn(&EpochMetrics) -> f64| Curve {
            colour,
            points: self.done.iter().map(|row| (row.epoch as f64, value(row))).collect(),
        };
        let accuracy = [
            curve(TRAIN, |row| 100.0 * row.train_accuracy),
            curve(VALIDATION, |row| 100.0 * row.validation_accuracy),
        ];
        let loss =
            [curve(TRAIN, |row| row.train_loss), curve(VALIDATION, |row| row.validation_loss)];
        let rate = [curve(RATE, |row| row.learning_rate)];
        let highest = rate[0].points.iter().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max);
        [
            Panel::new(both("accuracy"), accuracy.into(), Some([0.0, 100.0]), |value| {
                format!("{value:.0}")
            }),
            Panel::new(both("loss"), loss.into(), None, |value| format!("{value:.1}")),
            Panel::new(
                " learning rate ".fg(RATE).into(),
                rate.into(),
                Some([0.0, highest]),
                |value| {
                    if value == 0.0 { "0".to_owned() } else { format!("{value:.0e}") }
                },
            ),
        ]
    }
}

impl Panel {
    /// If no range is given, it is the range of the values.
    fn new(
        title: Line<'static>,
        curves: Vec<Curve>,
        range: Option<[f64; 2]>,
        label: fn(f64) -> String,
    ) -> Self {
        let values = || curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
        let high = values().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        let range = range.unwrap_or([values().fold(high, f64::min).min(0.5 * high), high]);
        Self { title, labels: range.map(label), range, curves }
    }

    fn render(&self, area: Rect, epochs: usize, buffer: &mut Buffer) {
        let datasets = self.curves.iter().map(|curve| {
            Dataset::default()
                .marker(Marker::Braille)
                .graph_type(GraphType::Line)
                .style(curve.colour)
                .data(&curve.points)
        });
        let last = epochs.max(2);
        let axis = |bounds: [f64; 2], labels: [String; 2]| {
            Axis::default().bounds(bounds).labels(labels).style(Style::new().dim())
        };
        Chart::new(datasets.collect())
            .block(Block::bordered().title(self.title.clone()).border_style(FRAME))
            .x_axis(axis([1.0, last as f64], ["1".to_owned(), last.to_string()]))
            .y_axis(axis(self.range, self.labels.clone()))
            .legend_position(None)
            .render(area, buffer);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::metrics::tests::improving;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// A run of ten epochs, after those that are done.
    pub(in crate::progress) fn screen(done: &[EpochMetrics]) -> Screen<'_> {
        Screen {
            epoch: done.len() + 1,
            epochs: 10,
            share: done.len() as f64 / 10.0,
            left: Duration::from_secs(125),
            images_per_second: 480.0,
            now: (1.5, 0.5),
            done,
            best: done.last(),
        }
    }

    /// The letters that a terminal of this size shows.
    fn shown(screen: &Screen<'_>, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| frame.render_widget(screen, frame.area())).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |row: &[ratatui::buffer::Cell]| row.iter().map(|cell| cell.symbol()).collect();
        buffer.content().chunks(width.into()).map(row).collect()
    }

    fn dots(line: &str) -> usize {
        line.chars().filter(|letter| ('\u{2801}'..='\u{28ff}').contains(letter)).count()
    }

    #[test]
    fn it_says_how_far_the_run_is_and_how_well_it_does() {
        let lines = shown(&screen(&improving(5)), 110, 14);
        assert!(lines[0].starts_with("epoch 6/10, 2 min 05 s left"), "{}", lines[0]);
        let bar = ['━', '─'].map(|letter| lines[0].matches(letter).count());
        assert!(bar[0] > 30 && bar[0].abs_diff(bar[1]) < 2, "half of the bar: {}", lines[0]);
        assert!(lines[1].contains("loss 1.500  accuracy 50.0 %  480 images/s"), "{}", lines[1]);
        assert!(lines[2].contains("epoch 5: validation accuracy 60.0 %"), "{}", lines[2]);
        for title in ["accuracy: train, val", "loss: train, val", "learning rate"] {
            assert!(lines[3].contains(title), "{title} in {}", lines[3]);
        }
        let drawn = lines[4..13].iter().map(|line| dots(line)).sum::<usize>();
        assert!(drawn > 30, "curves: {lines:#?}");
    }

    #[test]
    fn curves_rise_and_fall_with_their_values() {
        // Half of the run is done: accuracy rises from the lower left to the middle.
        let lines = shown(&screen(&improving(5)), 110, 14);
        let first_dot = |line: &str| {
            line.chars().take(36).position(|letter| ('\u{2801}'..='\u{28ff}').contains(&letter))
        };
        let columns = lines[4..12].iter().filter_map(|line| first_dot(line)).collect::<Vec<_>>();
        assert!(columns.len() > 2, "{lines:#?}");
        assert!(columns.windows(2).all(|pair| pair[0] >= pair[1]), "{columns:?} {lines:#?}");
        assert!(
            columns.iter().all(|&column| column < 24),
            "no epoch beyond those done: {columns:?}"
        );
    }

    #[test]
    fn nothing_is_known_at_the_start() {
        let lines = shown(&screen(&[]), 80, 14);
        assert!(lines[0].starts_with("epoch 1/10"), "{}", lines[0]);
        assert!(lines[2].contains("none yet"), "{}", lines[2]);
    }

    #[test]
    fn a_small_terminal_shows_fewer_curves() {
        let titles = |width, height| {
            shown(&screen(&improving(5)), width, height).concat().matches('┐').count()
        };
        assert_eq!(titles(80, 14), 3, "wide");
        assert_eq!(titles(60, 14), 2, "accuracy and loss");
        assert_eq!(titles(30, 14), 1, "accuracy");
        assert_eq!(titles(80, 8), 0, "no room below the lines");
    }
}
