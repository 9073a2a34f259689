//! Many pictures: a line, a row or an object for each.

use anyhow::{Result, ensure};
use blob_file::{class_name, share};
use pictures::{Gathered, centre, shown_path};
use runtime::{Model, Ranked};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// How many classes are printed for a picture.
pub(super) const CLASSES: usize = 5;

/// How the answers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Csv,
    Json,
}

/// Width and height of the model's input.
pub(super) fn size(model: &Model<'_>) -> (u32, u32) {
    let image = model.config().image();
    let side = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    (side(image.width), side(image.height))
}

/// Classifies every picture and writes its answer before the next one is read. A message names each picture
/// that cannot be classified.
///
/// # Errors
/// If `out` cannot be written to, or if a picture could not be classified. The others are still classified.
pub(super) fn classify(
    model: &Model<'_>,
    inputs: &Gathered,
    form: Form,
    out: &mut impl Write,
) -> Result<()> {
    let mut arena = vec![0; model.arena_len()];
    let (mut failed, mut counts) = (0, BTreeMap::<String, usize>::new());
    match form {
        Form::Csv => writeln!(out, "file,class,probability,error")?,
        Form::Json => write!(out, "[")?,
        Form::Text => {}
    }
    for (index, path) in inputs.files.iter().enumerate() {
        let ranked = answer(model, path, &mut arena);
        match &ranked {
            Ok(ranked) => *counts.entry(class_name(model, &ranked[0])).or_default() += 1,
            Err(_) => failed += 1,
        }
        match form {
            Form::Text => {
                let ranked = match ranked {
                    Ok(ranked) => ranked,
                    Err(fault) => {
                        eprintln!("{} {fault}", shown_path(path));
                        continue;
                    }
                };
                let (name, share) = (class_name(model, &ranked[0]), 100.0 * share(&ranked[0]));
                writeln!(out, "{share:6.2} %  {name:<16} {}", shown_path(path))?;
            }
            Form::Csv => writeln!(out, "{}", row(model, path, &ranked))?,
            Form::Json => {
                let comma = if index > 0 { "," } else { "" };
                write!(out, "{comma}\n  {}", object(model, path, &ranked))?;
            }
        }
    }
    match form {
        Form::Json => writeln!(out, "\n]")?,
        Form::Text => {
            let counts = counts.iter().map(|(name, count)| format!("{name} {count}"));
            let counts = counts.collect::<Vec<_>>().join(", ");
            writeln!(out, "\n{} pictures: {counts}", inputs.files.len() - failed)?;
        }
        Form::Csv => {}
    }
    ensure!(failed == 0, "{failed} of {} files could not be classified", inputs.files.len());
    Ok(())
}

/// The best classes of a picture, the best one first, or why there are none.
fn answer(model: &Model<'_>, path: &Path, arena: &mut [u8]) -> Result<Vec<Ranked>, String> {
    let picture = pictures::read(path).map_err(|fault| fault.to_string())?;
    let output = model.run(&centre(&picture, size(model)), arena);
    let ranked = output.map_err(|error| error.to_string())?.top_k::<CLASSES>().to_vec();
    if ranked.is_empty() { Err("has no class".into()) } else { Ok(ranked) }
}

fn row(model: &Model<'_>, path: &Path, ranked: &Result<Vec<Ranked>, String>) -> String {
    let file = field(&path.to_string_lossy());
    match ranked {
        Ok(ranked) => {
            format!("{file},{},{:.5},", field(&class_name(model, &ranked[0])), share(&ranked[0]))
        }
        Err(fault) => format!("{file},,,{}", field(fault)),
    }
}

fn object(
    model: &Model<'_>,
    path: &Path,
    ranked: &Result<Vec<Ranked>, String>,
) -> serde_json::Value {
    let image = path.to_string_lossy();
    match ranked {
        Ok(ranked) => {
            let class = |ranked: &Ranked| {
                json!({
                    "class": ranked.class,
                    "name": class_name(model, ranked),
                    "probability": share(ranked),
                    "logit": ranked.logit,
                })
            };
            json!({ "image": image, "classes": ranked.iter().map(class).collect::<Vec<_>>() })
        }
        Err(fault) => json!({ "image": image, "error": fault }),
    }
}

/// A field of a table, in quotes if it holds a character that would end it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_has_its_answer_and_each_fault_its_reason() {
        let directory = std::env::temp_dir().join(format!("classify-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("inner")).unwrap();
        let path = |name: &str| directory.join(name);
        image::RgbImage::from_pixel(9, 9, image::Rgb([200, 10, 10]))
            .save(path("a, b.png"))
            .unwrap();
        image::RgbImage::from_pixel(9, 9, image::Rgb([9, 10, 10]))
            .save(path("inner/c.png"))
            .unwrap();
        std::fs::write(path("inner/d.jpg"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
        std::fs::write(path("notes.txt"), "no picture").unwrap();
        let blob =
            std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/tiny.bin"));
        let blob = blob.unwrap();
        let model = Model::parse(&blob).unwrap();
        let inputs = Gathered::new(std::slice::from_ref(&directory)).unwrap();
        let written = |form| {
            let mut out = Vec::new();
            let error = classify(&model, &inputs, form, &mut out).unwrap_err().to_string();
            assert_eq!(error, "1 of 3 files could not be classified", "the HEIC file");
            String::from_utf8(out).unwrap()
        };
        let table = written(Form::Csv);
        let lines = table.lines().collect::<Vec<_>>();
        assert_eq!(lines.len(), 4, "{table}");
        assert!(lines[1].starts_with('"') && lines[1].contains("a, b.png\","), "{table}");
        assert!(lines[3].contains("d.jpg,,,") && lines[3].contains("HEIC"), "{table}");
        let array: serde_json::Value = serde_json::from_str(&written(Form::Json)).unwrap();
        assert!(array[1]["classes"][0]["probability"].as_f64().unwrap() > 0.0, "{array}");
        assert!(array[2]["error"].as_str().unwrap().contains("HEIC"), "{array}");
        let text = written(Form::Text);
        assert!(text.contains("2 pictures: ") && !text.contains("notes"), "{text}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
