//! Fingerprints equal those of the integer reference under every kernel set and with any contents of the arena.
//! They change neither the result nor the memory of a plain run.

use kit::fnv::Fnv1a;
use kit::hostile::{Subject, each, mutations};
use kit::image;
use kit::mutation::Victim;
use kit::network::{DescriptorHead, Network, PartHead};
use kit::rng::Rng;
use kit::smallest;
use kit::specs;
use kit::synthetic::{self, Values};
use runtime::config::{Pool, Preset, VitConfig};
use runtime::error::{FormatError, RecordId};
use runtime::format::{HEAD_DESCRIPTOR, HeadRecord, WriteError};
use runtime::search::Likeness;
use runtime::{AppendError, Described, Descriptor, Kernels, Model, RunError, Step, append_head};
use tests::integer_reference::{self, IntegerReference};

/// A random network with a descriptor.
fn described(config: &VitConfig, seed: u64, values: Values, dims: [u8; 2]) -> (Network, Vec<u8>) {
    let mut network = synthetic::network(config, seed, values);
    let body = synthetic::descriptor(config, seed, values, dims).to_bytes();
    network.other_heads = vec![(8, vec![7]), (HEAD_DESCRIPTOR, body.clone()), (9, Vec::new())];
    (network, body)
}

/// What a run gave, with every value as the reference has it.
fn plain(described: &Described<'_>) -> integer_reference::Described {
    let wide = |vector: &[i8]| vector.iter().map(|&value| value.into()).collect();
    let Likeness::Mixed { class } = described.likeness else { panic!("not mixed") };
    let (a, b) = (described.fingerprint.class, described.fingerprint.appearance);
    integer_reference::Described {
        class: (wide(a.vector), a.code),
        appearance: (wide(b.vector), b.code),
        class_weight: class.into(),
    }
}

fn check(config: &VitConfig, seed: u64, values: Values, dims: [u8; 2]) {
    let what = format!("seed {seed}, {values:?}, {dims:?}");
    let (network, body) = described(config, seed, values, dims);
    let (blob, image) = (network.to_bytes(), image::random(config.image(), seed));
    let reference = IntegerReference::new(&blob);
    let answer = reference.run(&image);
    let expected = reference.describe(&body, &answer);
    let checksum = u32::from_le_bytes(blob[12..16].try_into().unwrap());
    for kernels in Kernels::all() {
        let model = Model::parse(&blob).unwrap().with_kernels(kernels);
        let descriptor = Descriptor::parse(&model).unwrap().expect("a descriptor");
        assert_eq!(descriptor.lengths(), dims.map(usize::from), "{what}");
        let whole = descriptor.arena_len_fast();
        for (len, dirt) in [(descriptor.arena_len(), 0xA5), (whole, 0x5A)] {
            for offset in 0..4 {
                let mut arena = vec![dirt; len + offset];
                let found = descriptor.run(&image, &mut arena[offset..]).unwrap();
                assert_eq!(plain(&found), expected, "{what}, {kernels:?}, {len} bytes");
                assert_eq!(found.fingerprint.network, checksum, "{what}: network");
                let logits: Vec<i128> = found.output.logits().iter().map(|&l| l.into()).collect();
                assert_eq!(logits, answer.logits, "{what}, {kernels:?}: logits");
            }
        }
        check_steps(&descriptor, &image, &expected, &what);
        let pair = [&image[..], &image].concat();
        let batch = descriptor.run_batch(&pair, |described| plain(&described)).unwrap();
        assert_eq!(batch, [expected.clone(), expected.clone()], "{what}, {kernels:?}, batch");
        let mut arena = vec![0xA5; descriptor.arena_len()];
        let mut stream = descriptor.stream(&mut arena).unwrap();
        let rows = image.chunks_exact(3 * config.image().width);
        rows.for_each(|row| stream.row(row).unwrap());
        assert_eq!(plain(&stream.finish().unwrap()), expected, "{what}, {kernels:?}, row by row");
    }
}

/// One stage in each call, twice in one arena.
fn check_steps(
    descriptor: &Descriptor<'_, '_>,
    image: &[u8],
    expected: &integer_reference::Described,
    what: &str,
) {
    let (mut arena, mut step) = (vec![0x5A; descriptor.arena_len_fast()], Step::default());
    for len in [descriptor.arena_len(), descriptor.arena_len_fast()] {
        let arena = &mut arena[..len];
        let short = descriptor.run_step(&image[1..], arena, &mut step).err();
        assert!(matches!(short, Some(RunError::Image { .. })), "{what}: {short:?}");
        let mut calls = 1;
        let found = loop {
            if let Some(found) = descriptor.run_step(image, arena, &mut step).unwrap() {
                break plain(&found);
            }
            calls += 1;
        };
        assert_eq!(&found, expected, "{what}: step by step, {len} bytes");
        assert_eq!(step, Step::default(), "{what}: ready for the next image");
        assert!(calls > 3, "{what}: {calls} calls");
    }
}

#[test]
fn random_networks_equal_the_reference() {
    let rng = &mut Rng::new(29);
    let mut checked = 0;
    for seed in 0.. {
        let config = specs::random(rng);
        if config.spec().pool != Pool::Mean || config.token_grid().is_none() {
            continue;
        }
        let values = if seed % 2 == 0 { Values::Typical } else { Values::Extreme };
        let dims = [rng.pick(1, 40), rng.pick(1, 128)];
        check(&config, seed, values, dims);
        checked += 1;
        if checked == 12 {
            break;
        }
    }
}

#[test]
fn presets_equal_the_reference_and_have_the_same_bits_for_ever() {
    let mut hash = Fnv1a::new();
    for (seed, preset) in (0..).zip([Preset::Nano, Preset::Micro, Preset::Vit64x4]) {
        let config = preset.config(10).unwrap();
        check(&config, seed, Values::Typical, [32, 96]);
        let (network, _) = described(&config, seed, Values::Typical, [32, 96]);
        let blob = network.to_bytes();
        let model = Model::parse(&blob).unwrap();
        let descriptor = Descriptor::parse(&model).unwrap().unwrap();
        let mut arena = vec![0; descriptor.arena_len()];
        let mut used = [false; 256];
        for image in 0..4 {
            let image = image::random(config.image(), image);
            let found = descriptor.run(&image, &mut arena).unwrap();
            let Likeness::Mixed { class } = found.likeness else { panic!("not mixed") };
            for part in [found.fingerprint.class, found.fingerprint.appearance] {
                hash.extend(part.vector.iter().map(|&value| i32::from(value)));
                hash.extend([part.code as i32, (part.code >> 32) as i32]);
                part.vector
                    .iter()
                    .for_each(|value| used[usize::from(value.cast_unsigned())] = true);
            }
            hash.extend([i32::from(class)]);
        }
        let used = used.iter().filter(|&&used| used).count();
        assert!(used > 100, "{}: only {used} values of i8", preset.name());
    }
    assert_eq!(hash.to_string(), "0c0eb8d491f6afed", "the bits of 12 fingerprints");
}

/// Runs the network of a blob, and its descriptor if it has one, under every kernel set.
fn run_described(bytes: &[u8]) -> Result<(), FormatError> {
    let model = Model::parse(bytes)?;
    let image = image::random(model.config().image(), 7);
    let mut first = None;
    for kernels in Kernels::all() {
        let model = model.clone().with_kernels(kernels);
        let Some(descriptor) = Descriptor::parse(&model)? else { return Ok(()) };
        let found = [0xA5, 0x5A].map(|dirt| {
            let mut arena = vec![dirt; descriptor.arena_len()];
            plain(&descriptor.run(&image, &mut arena).expect("what parses must run"))
        });
        let first = first.get_or_insert_with(|| found[0].clone());
        assert!(found.iter().all(|found| found == first), "{kernels:?} or the arena decides");
    }
    Ok(())
}

#[test]
fn a_damaged_head_is_refused_or_runs() {
    let [(_, mut network), ..] = smallest::networks();
    let config = VitConfig::new(network.spec.clone()).unwrap();
    let before = network.to_bytes().len();
    let head = synthetic::descriptor(&config, 3, Values::Typical, [5, 6]);
    network.other_heads.push((HEAD_DESCRIPTOR, head.to_bytes()));
    let blob = network.to_bytes();
    let subject = Subject { name: "descriptor".into(), blob, run: run_described };
    assert_eq!(run_described(&subject.blob), Ok(()), "intact");
    // Half of the changes hit the head.
    let victim = Victim::new(subject.blob.clone(), (before..subject.blob.len()).collect());
    let tally = each(mutations() / 4, |seed, tally| {
        let bytes = victim.mutated(&subject.blob, seed);
        let _ = tally.add(&subject, &bytes, || format!("mutation {seed}"));
    });
    tally.print("mutations");
    assert_eq!(tally.ran + tally.refused(), mutations() / 4, "mutations");
    if tally.ran + tally.refused() >= 1000 {
        assert!(tally.ran > tally.refused() / 10, "too few mutations get past the reader");
        assert!(tally.refused.len() >= 5, "too few kinds of damage: {:?}", tally.refused);
    }
}

fn micro() -> (Network, DescriptorHead) {
    let config = VitConfig::new(specs::tiny()).unwrap();
    let head = synthetic::descriptor(&config, 1, Values::Typical, [8, 12]);
    (synthetic::network(&config, 1, Values::Typical), head)
}

#[test]
fn a_head_is_added_and_replaced_and_changes_nothing_else() {
    let (mut network, head) = micro();
    network.other_heads = vec![(1, vec![1, 2]), (9, Vec::new())];
    let (before, body) = (network.to_bytes(), head.to_bytes());
    let mut buffer = vec![0; before.len() + 2 * body.len()];
    let mut add = |blob: &[u8], body: &[u8]| {
        let head = HeadRecord { kind: HEAD_DESCRIPTOR, body };
        append_head(blob, head, &mut buffer).map(|len| buffer[..len].to_vec())
    };
    let added = add(&before, &body).unwrap();
    network.other_heads.push((HEAD_DESCRIPTOR, body.clone()));
    assert_eq!(added, network.to_bytes(), "added");
    assert_eq!(add(&added, &body).unwrap(), added, "replaced");
    let cut = &added[..99];
    let error = Model::parse(cut).map(drop).unwrap_err();
    assert_eq!(add(cut, &body), Err(AppendError::Format(error)), "a blob that is cut");
    network.other_heads = vec![(9, Vec::new()); 7];
    assert_eq!(add(&network.to_bytes(), &body), Err(AppendError::Full), "nine heads");
    let head = HeadRecord { kind: HEAD_DESCRIPTOR, body: &body };
    let short = append_head(&before, head, &mut vec![0; before.len()]);
    assert_eq!(short, Err(AppendError::Write(WriteError)), "a short buffer");
}

/// What the reader says about a changed head.
fn error(change: impl FnOnce(&mut DescriptorHead)) -> FormatError {
    let (mut network, mut head) = micro();
    change(&mut head);
    network.other_heads.push((HEAD_DESCRIPTOR, head.to_bytes()));
    let blob = network.to_bytes();
    let model = Model::parse(&blob).expect("a network whose other heads are not read");
    let error = Descriptor::parse(&model).map(drop).unwrap_err();
    assert!(!error.to_string().is_empty(), "{error:?} has an empty message");
    error
}

#[test]
fn a_blob_without_a_descriptor_has_none() {
    let (mut network, _) = micro();
    for heads in [Vec::new(), vec![(1, vec![1, 2]), (77, Vec::new())]] {
        network.other_heads = heads;
        let blob = network.to_bytes();
        let model = Model::parse(&blob).unwrap();
        assert!(Descriptor::parse(&model).unwrap().is_none(), "{:?}", network.other_heads);
    }
}

#[test]
fn every_range_and_length_of_the_head_is_checked() {
    let record = RecordId::Head(1);
    let range = |field, found, min, max| FormatError::Range { record, field, found, min, max };
    let length =
        |tensor, found, expected| FormatError::TensorLen { record, tensor, found, expected };
    // Two blocks, four rows of five tokens, dim 41, ten classes.
    assert_eq!(error(|head| head.block = 0), range("block", 0, 1, 2), "no block");
    assert_eq!(error(|head| head.block = 3), range("block", 3, 1, 2), "three blocks");
    assert_eq!(error(|head| head.cells[0] = 0), range("rows", 0, 1, 4), "no row");
    assert_eq!(error(|head| head.cells[1] = 6), range("columns", 6, 1, 5), "six columns");
    let cells = FormatError::Cells { record, cells: "rows", found: 3, side: 4 };
    assert_eq!(error(|head| head.cells[0] = 3), cells, "three rows");
    let bias = error(|head| head.channels.bias.truncate(160));
    assert_eq!(bias, length("bias", 160, 164), "biases of channels");
    let shift = error(|head| head.channels.shift[4] = 31);
    assert_eq!(shift, range("shift", 31, 32, 62), "a shift of a channel");
    let max = i64::from(i32::MAX);
    for part in [0, 1] {
        let change = |change: &dyn Fn(&mut PartHead)| {
            error(|head| change([&mut head.appearance, &mut head.class][part]))
        };
        for dim in [0, 129] {
            let found = change(&|part| part.dim = dim);
            assert_eq!(found, range("dim", dim.into(), 1, 128), "dim {dim}");
        }
        let values = [12, 8][part];
        assert_eq!(change(&|part| part.norm.eps = 0), range("eps", 0, 1, max), "eps");
        let codes = change(&|part| part.code_weights.push(0));
        assert_eq!(codes, length("code weights", 64 * values + 1, 64 * values), "code weights");
        let codes = change(&|part| part.code_bias.truncate(252));
        assert_eq!(codes, length("bias", 252, 256), "biases of a code");
        let weights = change(&|part| part.layer.weights.push(0));
        assert!(matches!(weights, FormatError::TensorLen { tensor: "weights", .. }), "{weights}");
    }
    let weights = error(|head| head.known_weights.push(0));
    assert_eq!(weights, length("weights", 81, 80), "weights of the classes");
    let scale = error(|head| head.known_scale.shift = 63);
    assert_eq!(scale, range("shift", 63, 32, 62), "scale of the weight");
}

#[test]
fn a_head_that_ends_early_or_late_or_twice_is_refused() {
    let (mut network, head) = micro();
    let body = head.to_bytes();
    let mut parse = |heads: Vec<(u8, Vec<u8>)>| {
        network.other_heads = heads;
        let blob = network.to_bytes();
        let model = Model::parse(&blob).unwrap();
        Descriptor::parse(&model).map(drop)
    };
    for len in (0..body.len()).step_by(5) {
        let cut = parse(vec![(HEAD_DESCRIPTOR, body[..len].to_vec())]);
        assert_eq!(cut, Err(FormatError::Record { record: RecordId::Head(1) }), "{len} bytes");
    }
    let mut longer = body.clone();
    longer.push(0);
    let late = parse(vec![(HEAD_DESCRIPTOR, longer)]);
    assert_eq!(late, Err(FormatError::Trailing { bytes: 1 }), "one byte too many");
    let twice = parse(vec![(5, vec![]), (HEAD_DESCRIPTOR, body.clone()), (HEAD_DESCRIPTOR, body)]);
    let (record, found) = (RecordId::Head(3), HEAD_DESCRIPTOR.into());
    let range = FormatError::Range { record, field: "kind", found, min: found + 1, max: 255 };
    assert_eq!(twice, Err(range), "two descriptors");
}

#[test]
fn a_network_without_a_mean_pool_over_a_grid_has_no_descriptor() {
    let config = VitConfig::new(specs::tiny_seed()).unwrap();
    let (_, head) = micro();
    let mut network = synthetic::network(&config, 1, Values::Typical);
    network.other_heads.push((HEAD_DESCRIPTOR, head.to_bytes()));
    let blob = network.to_bytes();
    let model = Model::parse(&blob).unwrap();
    let (record, field) = (RecordId::Head(1), "mean pool over a token grid");
    let error = FormatError::Presence { record, field, expected: true };
    assert_eq!(Descriptor::parse(&model).map(drop), Err(error), "patches in row order");
}

#[test]
fn wrong_sizes_are_refused_and_a_plain_run_needs_no_more_than_before() {
    let (mut network, head) = micro();
    let before = Model::parse(&network.to_bytes()).unwrap().arena_len();
    network.other_heads.push((HEAD_DESCRIPTOR, head.to_bytes()));
    let blob = network.to_bytes();
    let model = Model::parse(&blob).unwrap();
    assert_eq!(model.arena_len(), before, "the arena of a plain run");
    let descriptor = Descriptor::parse(&model).unwrap().unwrap();
    let image = image::random(model.config().image(), 3);
    let expected = descriptor.arena_len();
    let mut arena = vec![0; expected];
    let found = expected - 1;
    let error = descriptor.run(&image, &mut arena[1..]).map(drop).unwrap_err();
    assert_eq!(error, RunError::Arena { found, expected }, "a short arena");
    let error = descriptor.stream(&mut arena[1..]).map(drop).unwrap_err();
    assert_eq!(error, RunError::Arena { found, expected }, "a short arena, by rows");
    let error = descriptor.run(&image[1..], &mut arena).map(drop).unwrap_err();
    let (found, expected) = (image.len() - 1, image.len());
    assert_eq!(error, RunError::Image { found, expected }, "a short image");
    let mut stream = descriptor.stream(&mut arena).unwrap();
    stream.row(&image[..3 * model.config().image().width]).unwrap();
    let expected = model.config().image().height;
    assert_eq!(stream.rows(), 1, "rows");
    let error = stream.finish().map(drop).unwrap_err();
    assert_eq!(error, RunError::Rows { found: 1, expected }, "rows are missing");
}
