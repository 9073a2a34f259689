//! Classifies one picture: PNG, JPEG, WebP, BMP, GIF or TIFF of any size, as the trainer reads them.
//!
//! ```text
//! cargo run --release -p runtime --example classify -- model.bin photo.jpg
//! ```

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use runtime::config::Grid;
use runtime::{FormatError, Kernels, Model, Ranked};
use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Formats of pictures that are read.
const FORMATS: &str = "PNG, JPEG, WebP, BMP, GIF and TIFF";
/// How many classes are printed.
const CLASSES: usize = 5;
/// Width of the bar of a certain class.
const BAR: f64 = 40.0;
/// Runs before the clock is started.
const WARM_UP: u32 = 3;
/// Runs are repeated for this long, but at least [`LEAST_RUNS`] times.
const MEASURED: Duration = Duration::from_millis(500);
/// Runs that are timed at least.
const LEAST_RUNS: u32 = 3;

/// Classifies one picture with an int8 blob.
///
/// The picture is turned upright, its centre is cut to the shape of the model's input and resized to
/// it.
#[derive(Debug, Parser)]
#[command(name = "classify", arg_required_else_help = true)]
struct Cli {
    /// The blob that `export` wrote
    model: PathBuf,
    /// A PNG, JPEG, WebP, BMP, GIF or TIFF file of any size
    image: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Set of kernels; all give the same bits
    #[arg(long, value_name = "NAME", default_value = Kernels::best().name,
          value_parser = PossibleValuesParser::new(Kernels::all().map(|kernels| kernels.name)))]
    kernels: String,
}

fn main() -> ExitCode {
    match classify(&Cli::parse()).and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("classify: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output, which its reader may close before the end.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(()),
    }
}

fn classify(cli: &Cli) -> Result<String> {
    let blob = read_blob(&cli.model)?;
    let model = Model::parse(&blob)
        .map_err(|error| anyhow!("{}: {error}; {}", cli.model.display(), remedy(&error)))?;
    let kernels = Kernels::all().find(|kernels| kernels.name == cli.kernels);
    let model = model.with_kernels(kernels.context("no kernels of that name")?);
    let picture = read_image(&cli.image)?;
    let (width, height) = picture.dimensions();
    let input = fit(picture, model.config().image());

    let mut arena = vec![0; model.arena_len_fast()];
    let (runs, fastest) = measure(&model, &input, &mut arena)?;
    let ranked = model.run(&input, &mut arena)?.top_k::<CLASSES>();
    let report = Report {
        cli,
        model: &model,
        ranked: &ranked,
        picture: (width, height),
        blob_bytes: blob.len(),
        runs,
        fastest,
    };
    if cli.json { report.json() } else { report.text() }
}

fn read_blob(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let path = path.display();
        anyhow!("{path}: {error}; `cargo run -p export -- best.mpk model.bin` writes a blob")
    })
}

/// What to do about a blob that is not read.
fn remedy(error: &FormatError) -> &'static str {
    match error {
        FormatError::Magic { .. } => {
            "give the blob first, then the picture; \
             `cargo run -p export -- best.mpk model.bin` writes a blob"
        }
        FormatError::Version { .. } => "use a newer version of this program",
        FormatError::Arithmetic { .. } => "export an int8 blob",
        _ => "copy it again, or export it again",
    }
}

/// Decodes a picture, upright, over white where it is transparent.
fn read_image(path: &Path) -> Result<RgbImage> {
    decode(path)
        .map_err(|error| anyhow!("{}: {error}; {FORMATS} pictures are read", path.display()))
}

fn decode(path: &Path) -> Result<RgbImage, image::ImageError> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    if !image.color().has_alpha() {
        return Ok(image.into_rgb8());
    }
    let image = image.into_rgba8();
    Ok(RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        image::Rgb([red, green, blue].map(|value| over_white(value, alpha)))
    }))
}

/// A colour of some opacity in front of white.
fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    // A mean of two bytes, rounded, is a byte.
    u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

/// Bytes of the largest centred part with the shape of `input`, resized to it.
fn fit(mut picture: RgbImage, input: Grid) -> Vec<u8> {
    let side = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let (to_width, to_height) = (side(input.width), side(input.height));
    let (width, height) = picture.dimensions();
    let (cut_width, cut_height) = centre((width, height), (to_width, to_height));
    if (cut_width, cut_height) != (width, height) {
        let (x, y) = ((width - cut_width) / 2, (height - cut_height) / 2);
        picture = imageops::crop_imm(&picture, x, y, cut_width, cut_height).to_image();
    }
    if (cut_width, cut_height) != (to_width, to_height) {
        picture = imageops::resize(&picture, to_width, to_height, FilterType::Lanczos3);
    }
    picture.into_raw()
}

/// Width and height of the largest part of a picture with the aspect ratio of `to`, at least one
/// pixel each.
fn centre((width, height): (u32, u32), to: (u32, u32)) -> (u32, u32) {
    let (wide, high) = (u64::from(width), u64::from(height));
    let (to_width, to_height) = (u64::from(to.0), u64::from(to.1));
    // Rounded; not above the side that it is cut from, since the other product is smaller.
    let rounded = |product: u64, by: u64| u32::try_from((product + by / 2) / by).unwrap_or(1);
    if wide * to_height > high * to_width {
        (rounded(high * to_width, to_height).clamp(1, width), height)
    } else {
        (width, rounded(wide * to_height, to_width).clamp(1, height))
    }
}

/// Number of timed runs and the fastest one.
fn measure(model: &Model<'_>, input: &[u8], arena: &mut [u8]) -> Result<(u32, Duration)> {
    for _ in 0..WARM_UP {
        std::hint::black_box(model.run(input, arena)?);
    }
    let (begin, mut runs, mut fastest) = (Instant::now(), 0, Duration::MAX);
    while runs < LEAST_RUNS || begin.elapsed() < MEASURED {
        let start = Instant::now();
        std::hint::black_box(model.run(std::hint::black_box(input), arena)?);
        fastest = fastest.min(start.elapsed());
        runs += 1;
    }
    Ok((runs, fastest))
}

/// What there is to say about one picture.
struct Report<'r, 'm> {
    cli: &'r Cli,
    model: &'r Model<'m>,
    ranked: &'r [Ranked],
    /// Width and height of the picture as it was read.
    picture: (u32, u32),
    blob_bytes: usize,
    runs: u32,
    fastest: Duration,
}

impl Report<'_, '_> {
    fn text(&self) -> Result<String> {
        let names: Vec<String> = self.ranked.iter().map(|ranked| self.name(ranked)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, ranked) in names.iter().zip(self.ranked) {
            let share = share(ranked);
            let bar = "█".repeat((share * BAR).round() as usize);
            writeln!(
                text,
                "{}",
                format!("{name:<width$} {:6.2} %  {bar}", 100.0 * share).trim_end()
            )?;
        }
        let input = self.model.config().image();
        writeln!(
            text,
            "\npicture  {} x {}, its centre resized to {} x {}",
            self.picture.0, self.picture.1, input.width, input.height
        )?;
        writeln!(
            text,
            "memory   blob {} bytes, arena {} bytes",
            self.blob_bytes,
            self.model.arena_len()
        )?;
        writeln!(
            text,
            "time     {:.3} ms for the forward pass, the fastest of {} after {WARM_UP} to warm up, \
             one thread, {} kernels{}",
            self.milliseconds(),
            self.runs,
            self.model.kernels().name,
            if cfg!(debug_assertions) { "; a test build, use --release" } else { "" }
        )?;
        Ok(text)
    }

    fn json(&self) -> Result<String> {
        let classes: Vec<_> = self
            .ranked
            .iter()
            .map(|ranked| {
                serde_json::json!({
                    "class": ranked.class,
                    "name": self.name(ranked),
                    "probability": share(ranked),
                    "logit": ranked.logit,
                })
            })
            .collect();
        let report = serde_json::json!({
            "model": self.cli.model.to_string_lossy(),
            "image": self.cli.image.to_string_lossy(),
            "classes": classes,
            "blob_bytes": self.blob_bytes,
            "arena_bytes": self.model.arena_len(),
            "forward_milliseconds": (self.milliseconds() * 1000.0).round() / 1000.0,
            "timed_runs": self.runs,
            "kernels": self.model.kernels().name,
            "optimised": !cfg!(debug_assertions),
        });
        Ok(format!("{report:#}\n"))
    }

    /// The class's name, or its number; what would steer a terminal is replaced.
    fn name(&self, ranked: &Ranked) -> String {
        let name = self.model.class_name(ranked.class);
        let name = name.map_or_else(|| format!("class {}", ranked.class), str::to_owned);
        name.replace(char::is_control, "\u{FFFD}")
    }

    fn milliseconds(&self) -> f64 {
        self.fastest.as_secs_f64() * 1000.0
    }
}

/// The class's probability, 0 to 1.
fn share(ranked: &Ranked) -> f64 {
    f64::from(ranked.probability) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_has_the_shape_of_the_input() {
        for (picture, to, expected) in [
            ((4000, 3000), (32, 32), (3000, 3000)),
            ((3000, 4000), (32, 32), (3000, 3000)),
            ((1000, 1000), (64, 32), (1000, 500)),
            ((100, 1000), (32, 64), (100, 200)),
            ((1, 9), (32, 32), (1, 1)),
            ((500, 1), (32, 64), (1, 1)),
            ((1, 1), (512, 1), (1, 1)),
            ((32, 32), (32, 32), (32, 32)),
        ] {
            assert_eq!(centre(picture, to), expected, "{picture:?} to {to:?}");
        }
    }

    #[test]
    fn a_picture_of_the_right_size_is_taken_as_it_is() {
        let bytes: Vec<u8> = (0..3 * 6 * 4).collect();
        let picture = RgbImage::from_raw(6, 4, bytes.clone()).unwrap();
        let input = Grid { height: 4, width: 6, channels: 3 };
        assert_eq!(fit(picture, input), bytes, "a picture of 6 x 4");
    }

    #[test]
    fn transparency_shows_white() {
        assert_eq!(over_white(10, 255), 10, "opaque");
        assert_eq!(over_white(10, 0), 255, "transparent");
        assert_eq!(over_white(0, 128), 127, "half");
    }

    #[test]
    fn what_cannot_be_read_is_named_with_the_remedy() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/tiny.bin");
        let refusal = |model: &str, image: &str| {
            let cli = Cli::parse_from(["classify", model, image]);
            format!("{:#}", classify(&cli).unwrap_err())
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = refusal("no/model.bin", source);
        assert!(error.contains("no/model.bin"), "a missing blob: {error}");
        let error = refusal(source, source);
        assert!(error.contains("Cargo.toml") && error.contains("export"), "no blob: {error}");
        let error = refusal(golden, "no/photo.jpg");
        assert!(error.contains("no/photo.jpg"), "a missing picture: {error}");
        let error = refusal(golden, source);
        assert!(error.contains(FORMATS), "no picture: {error}");
    }
}
