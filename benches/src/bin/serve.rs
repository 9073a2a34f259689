//! A worker that times one network image by image: `serve MODEL THREADS [in-place | f16 | burn]`.
//!
//! It imports `MODEL.safetensors` from the directory in `OCELLI_PEERS`, quantizes it on the images of
//! `MODEL.images.u8` after the first 32, and prints `READY {json}` with the cosine similarity of its logits
//! and those of `MODEL.logits.f32`. With `f16`, it runs the blob with f16 weights instead; with `burn`, the
//! float network on burn-ndarray, whose call starts from the normalised image. Then every line `run SECONDS` on standard input is answered by a line
//! of JSON: microseconds per call (5th percentile, median), microseconds of processor time per call, and
//! the number of calls. A call starts from the image's bytes and ends at the logits.
//!
//! `OCELLI_KERNELS` names the int8 kernel set. Without it, the best one of the processor runs.
//!
//! One image runs on one core. THREADS is read, but has no effect. For burn, set `MATMUL_NUM_THREADS` and
//! `RAYON_NUM_THREADS`. Weights are packed once, before the first call. With `in-place`, each call reads them
//! from the blob instead.

use anyhow::{Context, Result};
use benches::networks::FloatNetwork;
use burn::tensor::backend::Backend;
use export::float::FloatModel;
use export::{Method, unwatched};
use runtime::{Kernels, Model};
use serde_json::json;
use std::hint::black_box;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use trainer::checkpoint::Checkpoint;
use trainer::data::Images;
use trainer::import::{self, Options};

/// Number of images at the start of the file that are not used for calibration.
const COMPARED: usize = 32;
/// Number of calls before the first timed one.
const WARM_UP: usize = 20;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, threads, kind) = match arguments.as_slice() {
        [name, threads] => (*name, *threads, "packed"),
        [name, threads, kind @ ("in-place" | "f16" | "burn")] => (*name, *threads, *kind),
        _ => anyhow::bail!(
            "usage: OCELLI_PEERS=DIRECTORY serve MODEL THREADS [in-place | f16 | burn]"
        ),
    };
    threads.parse::<usize>().with_context(|| format!("THREADS is {threads}, not a number"))?;
    let directory = std::env::var_os("OCELLI_PEERS").context(
        "OCELLI_PEERS is not set: set it to the directory with MODEL.safetensors and its images",
    )?;
    let files = Files { directory: PathBuf::from(directory), name };
    match kind {
        "f16" => f16(&files),
        "burn" => burn(&files),
        _ => int8(&files, kind == "in-place"),
    }
}

/// Serves the int8 blob.
fn int8(files: &Files<'_>, in_place: bool) -> Result<()> {
    let blob = files.quantize()?;
    let mut packed = Vec::new();
    let model = Model::parse(&blob)?.with_kernels(kernels()?);
    let packed_len = if in_place { 0 } else { model.packed_len() };
    packed.resize(packed_len, 0);
    let model = if in_place { model } else { model.pack(&mut packed)? };
    let mut arena = vec![0; model.arena_len_fast()];
    let details = json!({
        "kernels": model.kernels().name,
        "blob": blob.len(),
        "packed": packed_len,
    });
    serve(files, model.config().image().len(), details, |image| {
        let output = model.run(image, &mut arena)?;
        Ok(output.logits().iter().map(|&logit| f64::from(logit)).collect())
    })
}

/// Serves the blob with f16 weights.
fn f16(files: &Files<'_>) -> Result<()> {
    let weights = FloatModel::new(files.import()?).weights()?;
    let blob = export::assemble::assemble_f16(&weights)?;
    let model = Model::parse_f16(&blob)?;
    let mut arena = vec![0; model.arena_len_fast()];
    let details = json!({ "kernels": model.kernels().name, "blob": blob.len() });
    serve(files, model.config().image().len(), details, |image| {
        let output = model.run(image, &mut arena)?;
        Ok(output.logits().iter().map(|&logit| f64::from(logit)).collect())
    })
}

/// Serves the float network on burn-ndarray. It runs the first image only.
fn burn(files: &Files<'_>) -> Result<()> {
    let checkpoint = files.import()?;
    let shape = checkpoint.config.image();
    let pixels = files.read("images.u8")?.get(..shape.len()).context("no image")?.to_vec();
    let images = Images::new(shape.height, shape.width, pixels, vec![0])?;
    let network = FloatNetwork::new(checkpoint.model, &images, checkpoint.normalisation);
    serve(files, shape.len(), json!({}), |_| {
        let logits = network.run().to_vec::<f32>();
        let logits = logits.map_err(|error| anyhow::anyhow!("logits in f32: {error:?}"))?;
        Ok(logits.into_iter().map(f64::from).collect())
    })
}

/// Reports that `run` is ready, then times it as often as standard input asks for. `run` returns the logits of
/// an image of `image_len` bytes.
fn serve(
    files: &Files<'_>,
    image_len: usize,
    mut details: serde_json::Value,
    mut run: impl FnMut(&[u8]) -> Result<Vec<f64>>,
) -> Result<()> {
    let pixels = files.read("images.u8")?;
    let image = pixels.get(..image_len).context("no image")?;
    let floats = floats(&files.read("logits.f32")?);
    let logits = run(image)?;
    let name = files.name;
    let floats = floats
        .get(..logits.len())
        .with_context(|| format!("{name}.logits.f32 is too short for an image"))?;
    details["cos"] = rounded(cosine(&logits, floats)).into();
    for _ in 0..WARM_UP {
        black_box(run(image)?);
    }
    println!("READY {details}");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let seconds: f64 = line
            .strip_prefix("run ")
            .and_then(|seconds| seconds.trim().parse().ok())
            .with_context(|| format!("{line:?} is not `run SECONDS`"))?;
        println!("{}", measure(|| run(black_box(image)), Duration::from_secs_f64(seconds))?);
    }
    Ok(())
}

/// The kernel set that `OCELLI_KERNELS` names; the best one if it is not set.
fn kernels() -> Result<&'static Kernels> {
    let Some(name) = std::env::var_os("OCELLI_KERNELS") else { return Ok(Kernels::best()) };
    let set = Kernels::all().find(|set| name == *set.name);
    set.with_context(|| {
        let names: Vec<_> = Kernels::all().map(|set| set.name).collect();
        let name = name.display();
        format!("OCELLI_KERNELS is {name}: set it to one of {}", names.join(", "))
    })
}

/// The files of one network.
struct Files<'a> {
    directory: PathBuf,
    name: &'a str,
}

impl Files<'_> {
    fn path(&self, kind: &str) -> PathBuf {
        self.directory.join(format!("{}.{kind}", self.name))
    }

    fn read(&self, kind: &str) -> Result<Vec<u8>> {
        let path = self.path(kind);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The float network.
    fn import<B: Backend>(&self) -> Result<Checkpoint<B>> {
        import::load(&self.path("safetensors"), &Options::default(), &Default::default())
    }

    /// The int8 blob.
    fn quantize(&self) -> Result<Vec<u8>> {
        let model = FloatModel::new(self.import()?);
        let shape = model.config().image();
        let pixels = self.read("images.u8")?;
        let rest = pixels.get(COMPARED * shape.len()..).context("no images to calibrate on")?;
        let labels = vec![0; rest.len() / shape.len()];
        let images = Images::new(shape.height, shape.width, rest.to_vec(), labels)?;
        Ok(export::quantize(&model, &images, Method::default(), unwatched)?.1.blob)
    }
}

/// Calls the network for `duration`, at least three times.
fn measure(
    mut run: impl FnMut() -> Result<Vec<f64>>,
    duration: Duration,
) -> Result<serde_json::Value> {
    let mut times = Vec::new();
    let (start, processor) = (Instant::now(), processor_time());
    while start.elapsed() < duration || times.len() < 3 {
        let call = Instant::now();
        black_box(run()?);
        times.push(call.elapsed());
    }
    let processor = match (processor, processor_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => start.elapsed(),
    };
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(json!({
        "p05": micros(times[times.len() / 20]),
        "med": micros(times[times.len() / 2]),
        "cpu": micros(processor) / times.len() as f64,
        "n": times.len(),
    }))
}

/// Processor time of this thread, if the operating system reports it.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string(Path::new("/proc/thread-self/schedstat")).ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

fn floats(bytes: &[u8]) -> Vec<f64> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|&word| f64::from(f32::from_le_bytes(word))).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}
