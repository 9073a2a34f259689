//! One stage of the network in each call, so that other work runs between two calls.
//!
//! `cargo run --release -p runtime --example one_stage_a_call`

use runtime::{Model, RunError, Step};

/// A task that an executor polls until it has a result.
struct Classification<'a> {
    model: &'a Model<'static>,
    image: &'a [u8],
    /// Nobody else may write to the arena until the task is done.
    arena: &'a mut [u8],
    step: Step,
}

impl Classification<'_> {
    /// Runs the next stage; `Some` after the last one.
    fn poll(&mut self) -> Result<Option<usize>, RunError> {
        let output = self.model.run_step(self.image, self.arena, &mut self.step)?;
        Ok(output.map(|output| output.class()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::parse(include_bytes!("../../tests/golden/v1/micro.bin"))?;
    let image = vec![128; model.config().image().len()];
    let mut arena = vec![0; model.arena_len()];
    let mut task =
        Classification { model: &model, image: &image, arena: &mut arena, step: Step::default() };

    let mut calls = 1;
    let class = loop {
        if let Some(class) = task.poll()? {
            break class;
        }
        calls += 1; // Here an executor serves its other tasks.
    };
    println!("class {class} after {calls} calls");
    Ok(())
}
