//! The tensors of a checkpoint, read without burn: path and shape of each.
//!
//! burn panics if the tensors of a checkpoint do not fit the module, so they are compared first.

use std::fmt;

use anyhow::{Result, bail, ensure};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use half::f16;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// Characters of a parameter's id: eight bytes in base 32.
const ID_LEN: usize = 13;

/// A serialised module, reduced to the values that are checked before it is loaded.
#[derive(Debug)]
pub(super) enum Tree {
    Map(Vec<(String, Self)>),
    Sequence(Vec<Self>),
    Text(String),
    Number(u64),
    Bytes(Floats),
    Nothing,
}

/// The bytes of a tensor, checked as f32 and as f16, because the type comes after the bytes in the file.
#[derive(Debug)]
pub(super) struct Floats {
    bytes: usize,
    single: Values,
    half: Values,
}

/// The bytes as little-endian floats of one size.
#[derive(Clone, Copy, Debug)]
struct Values {
    finite: bool,
    lowest: f32,
}

impl Values {
    fn of(values: impl Iterator<Item = f32>) -> Self {
        let none = Self { finite: true, lowest: f32::INFINITY };
        values.fold(none, |Self { finite, lowest }, value| Self {
            finite: finite & value.is_finite(),
            lowest: lowest.min(value),
        })
    }
}

/// One tensor of a checkpoint or of a module.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: String,
    shape: Vec<u64>,
}

impl Tree {
    /// Checks that loading into `module` cannot fail: it has the same tensors with the same shapes, each
    /// is complete, finite and f32 or f16, and no variance is negative.
    pub(super) fn check<B: Backend>(&self, module: &impl Module<B>) -> Result<()> {
        let mut found = Vec::new();
        self.entries(&mut Vec::new(), &mut found)?;
        let mut expected = Expected::default();
        module.visit(&mut expected);
        for entry in &expected.entries {
            match found.iter().find(|other| other.path == entry.path) {
                None => bail!("tensor `{}` is missing", entry.path),
                Some(other) => ensure!(
                    other.shape == entry.shape,
                    "tensor `{}` is {:?}, but the network has {:?}",
                    entry.path,
                    other.shape,
                    entry.shape
                ),
            }
        }
        let unknown = found.iter().find(|entry| !expected.entries.contains(entry));
        if let Some(entry) = unknown {
            bail!("tensor `{}` does not belong to the network", entry.path);
        }
        ensure!(found.len() == expected.entries.len(), "a tensor is stored twice");
        Ok(())
    }

    /// Collects the parameters below this point.
    fn entries(&self, path: &mut Vec<String>, found: &mut Vec<Entry>) -> Result<()> {
        match self {
            Self::Map(entries) => {
                if let (Some(Self::Text(id)), Some(tensor)) = (self.get("id"), self.get("param")) {
                    let shape = tensor.check_parameter(id, &path.join("."))?;
                    found.push(Entry { path: path.join("."), shape });
                    return Ok(());
                }
                for (key, value) in entries {
                    path.push(key.clone());
                    value.entries(path, found)?;
                    path.pop();
                }
            }
            Self::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(index.to_string());
                    let before = found.len();
                    item.entries(path, found)?;
                    // burn compares lengths when it loads, and panics where they differ.
                    ensure!(found.len() > before, "`{}` has no tensors", path.join("."));
                    path.pop();
                }
            }
            Self::Text(_) | Self::Number(_) | Self::Bytes(_) | Self::Nothing => {}
        }
        Ok(())
    }

    /// Checks one `{bytes, shape, dtype}` and returns its shape.
    fn check_parameter(&self, id: &str, path: &str) -> Result<Vec<u64>> {
        let parts = (self.get("bytes"), self.get("shape"), self.get("dtype"));
        let (Some(Self::Bytes(data)), Some(Self::Sequence(shape)), Some(Self::Text(dtype))) = parts
        else {
            bail!("tensor `{path}` has no bytes, shape or type");
        };
        // The length is checked first, because burn panics on ids that decode to more than eight bytes.
        ensure!(
            id.len() == ID_LEN && ParamId::try_deserialize(id).is_some(),
            "tensor `{path}` has the malformed id {id:?}"
        );
        let (size, values) = match dtype.as_str() {
            "F32" => (4, data.single),
            "F16" => (2, data.half),
            _ => bail!("tensor `{path}` is of type {dtype:?}, expected \"F32\" or \"F16\""),
        };
        let sides = shape.iter().map(|side| match side {
            Self::Number(side) => Some(*side),
            _ => None,
        });
        let Some(shape) = sides.collect::<Option<Vec<_>>>() else {
            bail!("tensor `{path}` has a shape that is not a list of numbers");
        };
        let bytes = shape.iter().try_fold(size, |bytes: u64, &side| bytes.checked_mul(side));
        ensure!(
            bytes == Some(data.bytes as u64),
            "tensor `{path}` of shape {shape:?} has {} bytes",
            data.bytes
        );
        ensure!(values.finite, "tensor `{path}` holds a value that is not finite");
        ensure!(
            values.lowest >= 0.0 || !path.ends_with(".running_var"),
            "tensor `{path}` holds a negative variance"
        );
        Ok(shape)
    }

    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1),
            _ => None,
        }
    }
}

/// The tensors of a module. Their shapes are known before any value is drawn.
#[derive(Default)]
struct Expected {
    path: Vec<String>,
    entries: Vec<Entry>,
}

impl<B: Backend> ModuleVisitor<B> for Expected {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let shape = param.lazy_shape().iter().map(|&side| side as u64).collect();
        self.entries.push(Entry { path: self.path.join("."), shape });
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("part of a checkpoint")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Tree::Sequence(items))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Tree, E> {
        let single = bytes.as_chunks::<4>().0.iter().map(|&chunk| f32::from_le_bytes(chunk));
        let half = bytes.as_chunks::<2>().0.iter().map(|&chunk| f16::from_le_bytes(chunk).to_f32());
        let (single, half) = (Values::of(single), Values::of(half));
        Ok(Tree::Bytes(Floats { bytes: bytes.len(), single, half }))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }
}
