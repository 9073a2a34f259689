//! The trained networks that are part of the program.

use runtime::config::Preset;

/// A trained network of `trainer/models`. Its checkpoint is part of the program, so that it can be used from
/// any directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shipped {
    /// `compact`, trained on all of CIFAR-10.
    Compact,
    /// `micro`, trained on all of CIFAR-10.
    Micro,
    /// `nano`, trained on all of CIFAR-10.
    Nano,
    /// `micro`, trained on the first 5,000 images of CIFAR-10.
    First5000,
}

impl Shipped {
    /// Every shipped network.
    pub const ALL: [Self; 4] = [Self::Compact, Self::Micro, Self::Nano, Self::First5000];

    /// The name of its directory in `trainer/models`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Micro => "micro",
            Self::Nano => "nano",
            Self::First5000 => "first-5000",
        }
    }

    /// The network of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shipped| shipped.name() == name)
    }

    /// The network that a preset starts from, if one with its shapes is shipped.
    pub const fn of(preset: Preset) -> Option<Self> {
        match preset {
            Preset::Compact => Some(Self::Compact),
            Preset::Micro | Preset::Micro64 | Preset::Micro96 => Some(Self::Micro),
            Preset::Nano => Some(Self::Nano),
            Preset::Seed | Preset::Vit64x4 | Preset::Vit128x6 => None,
        }
    }

    /// Its checkpoint, in half precision.
    pub(crate) const fn checkpoint(self) -> &'static [u8] {
        match self {
            Self::Compact => include_bytes!("../models/compact/best.mpk"),
            Self::Micro => include_bytes!("../models/micro/best.mpk"),
            Self::Nano => include_bytes!("../models/nano/best.mpk"),
            Self::First5000 => include_bytes!("../models/first-5000/best.mpk"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint;
    use burn_flex::Flex;

    #[test]
    fn each_one_has_the_shape_of_its_preset() {
        for preset in Preset::ALL {
            let Some(shipped) = Shipped::of(preset) else { continue };
            let bytes = shipped.checkpoint().to_vec();
            let found = checkpoint::decode::<Flex>(bytes, &Default::default()).unwrap();
            let own = preset.config(10).unwrap();
            let (found, own) = (found.config.spec(), own.spec());
            assert_eq!((found.dim, found.depth), (own.dim, own.depth), "{}", preset.name());
        }
        for shipped in Shipped::ALL {
            assert_eq!(Shipped::by_name(shipped.name()), Some(shipped), "{}", shipped.name());
        }
        assert_eq!(Shipped::by_name("best.mpk"), None, "a file");
    }
}
