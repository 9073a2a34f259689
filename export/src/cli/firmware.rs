//! `export firmware DIR --board NAME`: a Cargo project with a firmware.

use super::files::read;
use super::project::{self, ProjectArgs};
use anyhow::{Context, Result};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use export::blob::{AnyModel, rust_module};
use projects::board::Board;
use projects::firmware::Firmware;
use serde_json::json;
use std::path::{Path, PathBuf};
use trainer::say;
use trainer::summary::grouped;

/// The network of a firmware without `--model`.
const NANO: &[u8] = include_bytes!("../../../trainer/models/nano/model.bin");

/// Writes a Cargo project with a firmware that classifies an image on a board.
///
/// The project builds as it is. It has the memory map of the board, a runner that starts the program by probe-rs or
/// in QEMU, the network, an image, and a main that classifies the image and reports the class: by defmt on boards
/// that one can buy, by semihosting on emulated ones. The command prints how to build and run it.
///
/// A network that needs more memory than the board has is refused.
#[derive(Debug, Args)]
#[command(after_help = boards())]
pub(super) struct FirmwareArgs {
    /// Directory to write.
    directory: PathBuf,
    /// Board that the firmware is for; see the list below.
    #[arg(long, value_name = "NAME", value_parser = board_parser(), hide_possible_values = true)]
    board: &'static Board,
    /// Int8 blob. By default the trained `nano`, which knows the classes of CIFAR-10.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

fn board_parser() -> impl TypedValueParser<Value = &'static Board> {
    PossibleValuesParser::new(Board::ALL.map(|board| board.name))
        .try_map(|name| Board::by_name(&name).ok_or("no such board"))
}

/// The list of boards in the help.
fn boards() -> String {
    let lines: Vec<String> = Board::ALL.iter().map(|board| format!("  {board}")).collect();
    format!("Boards:\n{}", lines.join("\n"))
}

impl FirmwareArgs {
    pub(super) fn run(&self) -> Result<()> {
        let directory = project::name_of(&self.directory)?;
        let path = self.model.as_deref();
        let bytes = path.map_or_else(|| Ok(NANO.to_vec()), read)?;
        let shown = path.unwrap_or(Path::new("the built-in network"));
        let model = project::int8(shown, &bytes)?;
        let network = self.project.network(&bytes, &model)?;
        let source = self.project.source()?;
        let any = AnyModel::parse(&bytes)?;
        let module = rust_module::source_including(&any, "../model.bin");
        let firmware = Firmware { board: self.board, network: &network, module, source: &source };
        let memory = firmware.memory();
        memory.check().with_context(|| {
            format!("{} does not fit into {}", shown.display(), self.board.name)
        })?;
        let files = firmware.files()?;
        self.project.write(&self.directory, &files, path.as_slice())?;
        let (expected, commands) = (firmware.expected(), firmware.commands(directory));
        if self.project.json {
            let mut object =
                project::object(&self.directory, &files, &source, &expected, &commands);
            object["board"] = json!(self.board.name);
            object["target"] = json!(self.board.target);
            object["flash_bytes"] =
                json!({ "at_most": memory.flash(), "board": memory.board_flash });
            object["ram_bytes"] = json!({ "at_most": memory.ram(), "board": memory.board_ram });
            return say!("{object}");
        }
        let bytes = |bytes: usize| grouped(bytes as u64);
        say!("board {}", self.board)?;
        say!(
            "flash at most {} of {} bytes: network {}, image {}, program at most {}",
            bytes(memory.flash()),
            bytes(memory.board_flash),
            bytes(memory.blob),
            bytes(memory.image),
            bytes(memory.program)
        )?;
        say!(
            "RAM at most {} of {} bytes: arena {}, stack at most {}, buffers {}",
            bytes(memory.ram()),
            bytes(memory.board_ram),
            bytes(memory.arena),
            bytes(memory.stack),
            bytes(memory.statics)
        )?;
        project::print(&self.directory, &files, &source, &expected, &commands)
    }
}
