//! The network as C, and what every package in C has.

use crate::files::{Files, fill};
use crate::literal::{c_bytes, c_string};
use crate::network::Network;
use crate::source::Source;
use anyhow::Result;

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../templates/c/", $name))
    };
}

/// The functions that every example has.
pub(crate) const CLASSIFY: &str = template!("classify.c");

/// The header of the library.
pub(crate) fn library_header(source: &Source) -> Result<String> {
    source.text("runtime/c/include/ocelli.h")
}

/// Adds the header and the source of a network, to two folders.
pub(crate) fn add_network(files: &mut Files, network: &Network<'_>, headers: &str, sources: &str) {
    files.add(format!("{headers}/ocelli_network.h"), header(network));
    let names: String =
        network.class_names.iter().map(|name| format!("    {},\n", c_string(name))).collect();
    let blob = c_bytes(network.blob);
    let text = fill(template!("ocelli_network.c.in"), &[("BLOB", &blob), ("NAMES", &names)]);
    files.add(format!("{sources}/ocelli_network.c"), text);
}

/// The image of the examples.
pub(crate) fn image(network: &Network<'_>) -> String {
    fill(template!("image.h.in"), &[("IMAGE", &c_bytes(&network.image))])
}

fn header(network: &Network<'_>) -> String {
    let config = &network.config;
    let image = config.image();
    let number = |value: usize| value.to_string();
    fill(
        template!("ocelli_network.h.in"),
        &[
            ("PARAMETERS", &config.parameters().to_string()),
            ("MACS", &config.macs().to_string()),
            ("BLOB_LEN", &number(network.blob.len())),
            ("ARENA_LEN", &number(network.arena_len)),
            ("WIDTH", &number(image.width)),
            ("HEIGHT", &number(image.height)),
            ("IMAGE_LEN", &number(image.len())),
            ("CLASSES", &number(config.classes())),
        ],
    )
}

/// The lines that every example prints.
pub(crate) fn expected(network: &Network<'_>) -> [String; 3] {
    let found = &network.found;
    [
        format!("class {}", found.class),
        format!("percent {}", found.percent),
        format!("logit {}", found.logit),
    ]
}
