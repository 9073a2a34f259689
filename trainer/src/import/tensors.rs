//! The tensors of a safetensors file. Each is taken once and checked when it is taken.

use super::wrappers::Unwrapped;
use crate::checkpoint::is_pickle;
use anyhow::{Result, anyhow, bail, ensure};
use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How such a file is written.
const REMEDY: &str =
    "write it again with safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")";

/// Counters that no forward pass reads: the batches of a batch normalisation, and the networks that
/// PyTorch's `AveragedModel` has averaged.
const COUNTERS: [&str; 2] = ["num_batches_tracked", "n_averaged"];

/// An open file, and the names of the tensors that were not taken yet.
pub(super) struct Tensors<'a> {
    file: SafeTensors<'a>,
    metadata: HashMap<String, String>,
    /// From the name of a tensor to its name in the file.
    stored: BTreeMap<String, String>,
    removed: BTreeSet<String>,
    left: BTreeSet<String>,
}

impl<'a> Tensors<'a> {
    /// Reads the header of a whole file and checks that it describes the file's bytes.
    ///
    /// # Errors
    /// If `bytes` are not a complete safetensors file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        if is_pickle(bytes) {
            bail!("it is a pickle of torch.save, not a safetensors file: {REMEDY}");
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| refusal(&error))?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| refusal(&error))?;
        let Unwrapped { stored, removed } = Unwrapped::new(header.tensors().into_keys());
        let left = stored.keys().cloned().collect();
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self { file, metadata, stored, removed, left })
    }

    /// The value of a key of the file's own metadata.
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Names of the tensors not taken yet.
    pub(super) const fn left(&self) -> &BTreeSet<String> {
        &self.left
    }

    /// The prefixes that were removed from the names, for a message.
    pub(super) fn removed(&self) -> Option<String> {
        let quoted: Vec<_> = self.removed.iter().map(|part| format!("`{part}`")).collect();
        (!quoted.is_empty()).then(|| quoted.join(" and "))
    }

    /// A tensor by its name without wrappers.
    fn view(&self, name: &str) -> Option<TensorView<'a>> {
        self.file.tensor(self.stored.get(name)?).ok()
    }

    /// The sides of a tensor, if the file has it.
    pub(super) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        Some(self.view(name)?.shape().to_vec())
    }

    /// The values of a tensor of that shape, row-major.
    ///
    /// # Errors
    /// If it is missing, of another shape, of a type other than f16, bf16 and f32, or has a value
    /// that is not finite.
    pub(super) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let Some(view) = self.view(name) else {
            bail!(
                "tensor `{name}` {shape:?} is missing: import with the preset and the names that \
                 the weights were trained with"
            );
        };
        ensure!(
            view.shape() == shape,
            "tensor `{name}` is {:?}, but the network needs {shape:?}: import with the preset that the \
             weights were trained with",
            view.shape()
        );
        self.left.remove(name);
        let values = floats(name, &view)?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            bail!(
                "tensor `{name}` holds {} at index {at}: the training diverged, or the number \
                 does not fit the type of the tensor; save an earlier checkpoint, or save the tensor as f32",
                values[at]
            );
        }
        Ok(values)
    }

    /// Checks that every tensor was taken.
    ///
    /// # Errors
    /// If one was not. The message names the first one.
    pub(super) fn finish(self) -> Result<()> {
        let counter = |name: &str| COUNTERS.contains(&name.rsplit('.').next().unwrap_or(name));
        let mut surplus = self.left.iter().filter(|name| !counter(name));
        let Some(first) = surplus.next() else {
            return Ok(());
        };
        let more = match surplus.count() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        bail!(
            "the file has a tensor that the network does not have, `{first}`{more}: import with the \
             preset that the weights were trained with"
        );
    }
}

/// All values of a tensor; f16 and bf16 fit f32 exactly.
fn floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>> {
    let data = view.data();
    let wide = |convert: fn([u8; 2]) -> f32| {
        let (pairs, _) = data.as_chunks::<2>();
        pairs.iter().map(|&pair| convert(pair)).collect()
    };
    Ok(match view.dtype() {
        Dtype::F32 => {
            let (words, _) = data.as_chunks::<4>();
            words.iter().map(|&word| f32::from_le_bytes(word)).collect()
        }
        Dtype::F16 => wide(|pair| f16::from_le_bytes(pair).to_f32()),
        Dtype::BF16 => wide(|pair| bf16::from_le_bytes(pair).to_f32()),
        other => bail!(
            "tensor `{name}` is of type {other}, but only f16, bf16 and f32 can be read: convert it with \
             tensor.float() before saving"
        ),
    })
}

/// The message for a file that the parser refuses.
fn refusal(error: &SafeTensorError) -> anyhow::Error {
    match error {
        SafeTensorError::HeaderTooSmall
        | SafeTensorError::InvalidHeaderLength
        | SafeTensorError::MetadataIncompleteBuffer => anyhow!(
            "it is incomplete, or it is not a safetensors file (its length does not match its header): \
             copy it again, or {REMEDY}"
        ),
        SafeTensorError::HeaderTooLarge
        | SafeTensorError::InvalidHeader(_)
        | SafeTensorError::InvalidHeaderStart
        | SafeTensorError::InvalidHeaderDeserialization(_) => {
            anyhow!("it is not a safetensors file ({error}): {REMEDY}")
        }
        _ => anyhow!("it is a damaged safetensors file ({error}): {REMEDY}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tensors: &[(&str, Dtype, &[usize], &[u8])]) -> Vec<u8> {
        let views = tensors.iter().map(|&(name, dtype, shape, data)| {
            (name, TensorView::new(dtype, shape.to_vec(), data).unwrap())
        });
        safetensors::serialize(views, None).unwrap()
    }

    fn refused(bytes: &[u8]) -> String {
        match Tensors::parse(bytes) {
            Ok(_) => panic!("foreign bytes were accepted"),
            Err(error) => error.to_string(),
        }
    }

    fn take_error(bytes: &[u8], name: &str, shape: &[usize]) -> String {
        let mut tensors = Tensors::parse(bytes).unwrap();
        tensors.take(name, shape).unwrap_err().to_string()
    }

    #[test]
    fn every_float_type_is_widened_exactly() {
        let bytes = file(&[
            ("half", Dtype::F16, &[2], &[0x00, 0x3e, 0x01, 0x00]),
            ("brain", Dtype::BF16, &[1, 1], &[0xc0, 0x3f]),
            ("single", Dtype::F32, &[1], &1.1f32.to_le_bytes()),
        ]);
        let mut tensors = Tensors::parse(&bytes).unwrap();
        let half = tensors.take("half", &[2]).unwrap();
        assert_eq!(half, [1.5, 2f32.powi(-24)], "f16, the second subnormal");
        assert_eq!(tensors.take("brain", &[1, 1]).unwrap(), [1.5], "bf16");
        assert_eq!(tensors.take("single", &[1]).unwrap(), [1.1], "f32");
        assert!(tensors.finish().is_ok(), "all were taken");
    }

    #[test]
    fn each_wrong_tensor_is_named_with_its_fault() {
        let nan = [1f32.to_le_bytes(), f32::NAN.to_le_bytes()].concat();
        let bytes = file(&[
            ("wide", Dtype::F64, &[1], &[0; 8]),
            ("nan", Dtype::F32, &[2], &nan),
            ("infinite", Dtype::F16, &[1], &[0x00, 0x7c]),
        ]);
        let missing = take_error(&bytes, "none", &[3]);
        assert!(missing.contains("`none` [3] is missing"), "{missing}");
        let shape = take_error(&bytes, "nan", &[1, 2]);
        assert!(shape.contains("`nan` is [2], but the network needs [1, 2]"), "{shape}");
        let dtype = take_error(&bytes, "wide", &[1]);
        assert!(dtype.contains("`wide` is of type F64"), "{dtype}");
        let nan = take_error(&bytes, "nan", &[2]);
        assert!(nan.contains("`nan` holds NaN at index 1"), "{nan}");
        let infinite = take_error(&bytes, "infinite", &[1]);
        assert!(infinite.contains("`infinite` holds inf at index 0"), "{infinite}");
        let surplus = Tensors::parse(&bytes).unwrap().finish().unwrap_err();
        let surplus = surplus.to_string();
        assert!(surplus.contains("the network does not have, `infinite` and 2 more"), "{surplus}");
    }

    #[test]
    fn counters_of_batch_normalisations_may_be_left() {
        let bytes = file(&[("tok.0.1.num_batches_tracked", Dtype::I64, &[], &[7; 8])]);
        assert!(Tensors::parse(&bytes).unwrap().finish().is_ok(), "a counter is left");
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = file(&[("a", Dtype::F32, &[3], &[1; 12])]);
        for len in 0..whole.len() {
            let error = refused(&whole[..len]);
            assert!(error.contains("incomplete"), "{len} bytes: {error}");
        }
        let longer = refused(&[&whole[..], &[0]].concat());
        assert!(longer.contains("does not match its header"), "{longer}");
    }

    #[test]
    fn each_kind_of_foreign_file_has_its_own_message() {
        let pickle = refused(b"PK\x03\x04 archive/data.pkl");
        assert!(pickle.contains("torch.save") && pickle.contains("save_file"), "{pickle}");
        let text = refused("a long text which is no header at all".as_bytes());
        assert!(text.contains("not a safetensors file"), "{text}");
        let json = refused(&[&9u64.to_le_bytes()[..], b"{\"a\": 1.}"].concat());
        assert!(json.contains("not a safetensors file"), "{json}");
        let overlap = br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#;
        let overlap =
            refused(&[&(overlap.len() as u64).to_le_bytes()[..], overlap, &[0; 4]].concat());
        assert!(overlap.contains("damaged"), "{overlap}");
    }

    #[test]
    fn metadata_is_read() {
        let none: [(&str, TensorView<'_>); 0] = [];
        let metadata = HashMap::from([("T".to_owned(), "64".to_owned())]);
        let bytes = safetensors::serialize(none, Some(metadata)).unwrap();
        let tensors = Tensors::parse(&bytes).unwrap();
        assert_eq!((tensors.metadata("T"), tensors.metadata("D")), (Some("64"), None), "keys");
    }
}
