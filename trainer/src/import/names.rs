//! Names of tensors: one naming for networks with a convolution stem, one for plain transformers.

/// How a file names its tensors, without `.weight` and `.bias`: the table of [`super`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Blocks under `bl`.
    Modules,
    /// Blocks under `blocks`: plain transformers.
    Plain,
}

/// Query, key and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum QueryKeyValue {
    /// One tensor, rows of queries first, then keys, then values.
    Packed(String),
    /// A tensor each.
    Separate([String; 3]),
}

impl Naming {
    /// The naming that some of `names` follow, if any do.
    pub(super) fn detect<'a>(names: impl IntoIterator<Item = &'a String>) -> Option<Self> {
        names.into_iter().find_map(|name| {
            let mut parts = name.split('.');
            let (blocks, _, part) =
                (parts.next()?, parts.next()?.parse::<u8>().ok()?, parts.next()?);
            // Other architectures also name their blocks `blocks`.
            match (blocks, part) {
                ("bl", "n1" | "at" | "n2" | "f") => Some(Self::Modules),
                ("blocks", "n1" | "a" | "n2" | "f1" | "f2") => Some(Self::Plain),
                _ => None,
            }
        })
    }

    /// Convolution `conv` of stem stage `stage`, and its batch normalisation.
    pub(super) fn convolution(stage: usize, conv: usize, residual: bool) -> (String, String) {
        let path = if residual { format!("tok.{stage}.m.{conv}") } else { format!("tok.{stage}") };
        (format!("{path}.0"), format!("{path}.1"))
    }

    /// A part of block `block`.
    fn block(self, block: usize, modules: &str, plain: &str) -> String {
        match self {
            Self::Modules => format!("bl.{block}.{modules}"),
            Self::Plain => format!("blocks.{block}.{plain}"),
        }
    }

    pub(super) fn norm1(self, block: usize) -> String {
        self.block(block, "n1", "n1")
    }

    pub(super) fn norm2(self, block: usize) -> String {
        self.block(block, "n2", "n2")
    }

    pub(super) fn query_key_value(self, block: usize) -> QueryKeyValue {
        match self {
            Self::Modules => QueryKeyValue::Packed(self.block(block, "at.qkv", "")),
            Self::Plain => QueryKeyValue::Separate(
                ["a.q", "a.k", "a.v"].map(|part| self.block(block, "", part)),
            ),
        }
    }

    pub(super) fn projection(self, block: usize) -> String {
        self.block(block, "at.o", "a.o")
    }

    pub(super) fn mlp1(self, block: usize) -> String {
        self.block(block, "f.a", "f1")
    }

    pub(super) fn depthwise(self, block: usize) -> String {
        self.block(block, "f.dw", "dw")
    }

    pub(super) fn mlp2(self, block: usize) -> String {
        self.block(block, "f.b", "f2")
    }

    pub(super) const fn norm(self) -> &'static str {
        match self {
            Self::Modules => "n",
            Self::Plain => "nf",
        }
    }

    /// Layer `layer` of a head with `layers` layers.
    pub(super) fn head(self, layer: usize, layers: usize) -> String {
        match self {
            Self::Modules if layers == 1 => "head".to_owned(),
            Self::Modules => format!("head.{layer}"),
            Self::Plain if layer + 1 == layers => "h3".to_owned(),
            Self::Plain => format!("h{}", layer + 1),
        }
    }
}
