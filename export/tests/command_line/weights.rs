//! PyTorch weights in the forms that users have.

use std::collections::HashMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::{export, refusal, text};

/// Writes a small plain transformer for this number of classes, with `before` in front of each name.
pub(super) fn write_weights(path: &Path, before: &str, classes: usize) {
    let mut tensors = vec![("pos".to_owned(), vec![1, 64, 16])];
    let mut layer = |name: &str, shape: &[usize]| {
        tensors.push((format!("{name}.weight"), shape.to_vec()));
        tensors.push((format!("{name}.bias"), shape[..1].to_vec()));
    };
    layer("emb", &[16, 48]);
    for part in ["n1", "n2"] {
        layer(&format!("blocks.0.{part}"), &[16]);
    }
    for part in ["a.q", "a.k", "a.v", "a.o", "f1", "f2"] {
        layer(&format!("blocks.0.{part}"), &[16, 16]);
    }
    layer("nf", &[16]);
    layer("h3", &[classes, 16]);
    let pairs = [("T", "64"), ("P", "48"), ("D", "16"), ("L", "1"), ("H", "2"), ("dh", "8")];
    let more = [("M", "16"), ("gelu2", "False"), ("head", "mean")];
    let metadata: HashMap<String, String> =
        pairs.into_iter().chain(more).map(|(key, value)| (key.into(), value.into())).collect();
    let mut next = 0u32;
    let values = tensors.iter().map(|(_, shape)| -> Vec<u8> {
        let values = (0..shape.iter().product::<usize>()).map(|_| {
            next = next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (next >> 16) as f32 / 65_536.0 - 0.5
        });
        values.flat_map(f32::to_le_bytes).collect()
    });
    let values: Vec<_> = values.collect();
    let views = tensors.iter().zip(&values).map(|((name, shape), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (format!("{before}{name}"), view)
    });
    std::fs::write(path, safetensors::serialize(views, Some(metadata)).unwrap()).unwrap();
}

#[test]
fn wrapped_names_are_read_with_a_notice() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    write_weights(&path("plain.safetensors"), "", 10);
    let import = |weights: &str, best: &str| {
        let output = export(&["import", text(&path(weights)), text(&path(best))]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (std::fs::read(path(best)).unwrap().len(), String::from_utf8(output.stderr).unwrap())
    };
    let (plain, said) = import("plain.safetensors", "plain.mpk");
    assert_eq!(said, "", "nothing to say");
    for before in ["module.", "_orig_mod."] {
        let (weights, best) = (format!("{before}safetensors"), format!("{before}mpk"));
        write_weights(&path(&weights), before, 10);
        let (len, said) = import(&weights, &best);
        assert_eq!(len, plain, "the same network");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&format!("without `{before}`")), "{said}");
    }
}

#[test]
fn another_architecture_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let names = ["blocks.0.attn.qkv.weight", "cls_token", "norm.bias", "patch_embed.proj.weight"];
    let views = names.map(|name| (name, TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap()));
    std::fs::write(path("vit.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
    let (weights, out) = (path("vit.safetensors"), path("out"));
    let (weights, out) = (text(&weights), text(&out));
    for args in [
        &["import", weights, out][..],
        &["import", weights, out, "--preset", "vit-64x4"],
        &[weights, out],
        &["sensitivity", weights],
    ] {
        let error = refusal(&export(args), 1);
        assert!(error.contains("timm") && error.contains("`cls_token`"), "{error}");
        assert!(!error.contains("--preset"), "no preset helps: {error}");
    }
}

#[test]
fn weights_for_other_classes_have_a_remedy_that_works() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for (class, grey) in [("cat", 9), ("dog", 99), ("fox", 199)] {
        std::fs::create_dir_all(path("pictures").join(class)).unwrap();
        for index in 0..10 {
            let picture = image::RgbImage::from_pixel(32, 32, image::Rgb([grey, 20 * index, 9]));
            picture.save(path("pictures").join(class).join(format!("{index}.png"))).unwrap();
        }
    }
    // The ending in upper or lower case, or no ending.
    for name in ["three.SAFETENSORS", "three.SafeTensors", "three"] {
        let (weights, blob) = (path(name), path(&format!("{name}.bin")));
        write_weights(&weights, "", 3);
        let pictures = path("pictures");
        let args = [text(&weights), text(&blob), "--data", text(&pictures)];
        let args = [&args[..], &["--calibration", "8", "--evaluate", "0"]].concat();
        let error = refusal(&export(&args), 1);
        assert!(error.contains("3 outputs: name the classes with --classes"), "{error}");
        let error = refusal(&export(&[&args[..], &["--classes", "ape,cow,fox"]].concat()), 1);
        assert!(error.contains("ape, cow, fox") && error.contains("--classes"), "{error}");
        let done = export(&[&args[..], &["--classes", "cat,dog,fox"]].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let inspect = export(&["inspect", text(&blob)]);
        assert!(
            String::from_utf8_lossy(&inspect.stdout).contains("fox"),
            "the names of the classes"
        );
    }
}
