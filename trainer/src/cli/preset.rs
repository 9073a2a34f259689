//! Networks of the family by name.

use anyhow::{Context, Result, anyhow};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use runtime::config::{Preset, VitConfig};

/// Which network.
#[derive(Debug, Args)]
pub(super) struct PresetArgs {
    /// Name of the network.
    #[arg(long, default_value = "micro", value_parser = presets())]
    pub(super) preset: Preset,
}

/// Reads the name of a preset.
pub(super) fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name))
        .map(|name| Preset::by_name(&name).expect("one of the possible values"))
}

/// The description of a preset for this number of classes.
pub(super) fn network(preset: Preset, classes: usize) -> Result<VitConfig> {
    let classes = u16::try_from(classes).context("too many classes")?;
    preset.config(classes).map_err(|error| anyhow!("{}: {error}", preset.name()))
}
