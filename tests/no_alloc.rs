//! The runtime makes no request to the allocator, from the bytes of a blob to ranked classes.

use kit::explained::{self, Room};
use kit::image;
use kit::index::RandomIndex;
use kit::planted::ALLOCATES;
use kit::synthetic::Values;
use kit::{f16_network, smallest, synthetic};
use runtime::config::{Preset, VitConfig};
use runtime::explain::Tiling;
use runtime::format::{HEAD_ATTRIBUTES, HEAD_DESCRIPTOR};
use runtime::search::{Index, Likeness};
use runtime::{Arithmetic, Attributes, Descriptor, Kernels, Model, Ranked};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;
use std::hint::black_box;

/// The system's allocator, counting each thread's requests.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // Unlike `with`, this cannot panic.
    let _ = REQUESTS.try_with(|requests| requests.set(requests.get() + 1));
}

// SAFETY: every request goes to the system's allocator unchanged; the counter is a constant-
// initialised thread-local without a destructor, so counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Requests, releases included, that `work` makes on this thread.
fn requests<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = REQUESTS.get();
    let result = work();
    (REQUESTS.get() - before, result)
}

/// Everything that a caller can do with a run.
fn use_all<A: Arithmetic>(model: &Model<'_, A>, image: &[u8], arena: &mut [u8]) -> u64 {
    let mut sites = 0u64;
    let output = model
        .run_observed(image, arena, &mut |site, values| {
            black_box((site, values.integers().count()));
            sites += 1;
        })
        .expect("sizes that fit");
    black_box(output.logits());
    black_box(output.embedding());
    black_box(output.class());
    for probability in output.probabilities() {
        black_box(probability);
    }
    for Ranked { class, .. } in output.top_k::<5>() {
        black_box(model.class_name(class));
    }
    sites
}

/// Everything that a caller can do with the attributes of a run. `map` has a value for each token.
fn use_attributes(model: &Model<'_>, image: &[u8], arena: &mut [u8], map: &mut [i32]) -> usize {
    let attributes = Attributes::parse(model).expect("a valid head").expect("an attribute head");
    let output = model.run(image, arena).expect("sizes that fit");
    for attribute in output.attributes(&attributes).expect("those of the model") {
        black_box(attribute);
    }
    for index in 0..attributes.len() {
        output.attribute_evidence(&attributes, index, map).expect("an attribute");
        black_box(&*map);
    }
    attributes.len()
}

#[test]
fn attributes_make_no_request() {
    let config = Preset::Nano.config(10).unwrap();
    let mut network = synthetic::network(&config, 1, Values::Typical);
    let head = synthetic::attributes(&config, 20, 1, Values::Typical);
    network.other_heads.push((HEAD_ATTRIBUTES, head.to_bytes()));
    let (blob, image) = (network.to_bytes(), image::random(config.image(), 1));
    let mut arena = vec![0; config.arena_len()];
    let mut map = vec![0; config.tokens()];
    let (requests, attributes) = requests(|| {
        let model = Model::parse(&blob).expect("a valid blob");
        use_attributes(&model, &image, &mut arena, &mut map)
    });
    assert_eq!((requests, attributes), (0, 20), "requests of all attributes");
}

#[test]
fn the_counter_counts() {
    let (made, vector) = requests(|| black_box(vec![1u8; 100]));
    assert_eq!(made, 1, "one vector");
    assert_eq!(requests(|| drop(vector)).0, 1, "its release");
    let grown = requests(|| (0..1000).for_each(|i| black_box(&mut Vec::new()).push(i))).0;
    assert_eq!(grown, 2000, "a thousand vectors made and released");
}

#[test]
fn int8_makes_no_request() {
    let mut blobs = vec![("micro", synthetic::blob(&Preset::Micro.config(10).unwrap(), 1))];
    blobs.extend(smallest::networks().map(|(name, network)| (name, network.to_bytes())));
    for (name, blob) in blobs {
        let config = Model::parse(&blob).unwrap().config().clone();
        let image = image::random(config.image(), 1);
        let mut arena = vec![0; config.arena_len()];
        for kernels in Kernels::all() {
            let (requests, sites) = requests(|| {
                let model = Model::parse(&blob).expect("a valid blob").with_kernels(kernels);
                use_all(&model, &image, &mut arena)
            });
            assert_eq!(requests, 0, "{name}, {kernels:?}");
            assert!(sites > 10, "{name}, {kernels:?}: {sites} sites");
        }
    }
}

#[test]
fn objects_make_no_request() {
    let config = Preset::Micro96.config(10).unwrap();
    let (blob, image) = (synthetic::blob(&config, 1), image::random(config.image(), 1));
    let model = Model::parse(&blob).unwrap();
    let mut arena = vec![0; config.arena_len()];
    let output = model.run(&image, &mut arena).unwrap();
    let tokens = config.tokens();
    let (mut map, mut labels, mut bytes) = (vec![0; tokens], vec![0; tokens], vec![0; tokens]);
    let (requests, found) = requests(|| {
        let tiling = Tiling::of(model.config()).expect("a grid");
        let mut room = Room { map: &mut map, labels: &mut labels, bytes: &mut bytes };
        explained::objects(&output, &tiling, &mut room)
    });
    assert_eq!(requests, 0, "objects, differences and bytes");
    assert!(found.is_some(), "they were computed");
}

#[test]
fn a_kernel_that_makes_a_request_is_found() {
    let config = Preset::Micro.config(10).unwrap();
    let (blob, image) = (synthetic::blob(&config, 1), image::random(config.image(), 1));
    let mut arena = vec![0; config.arena_len()];
    let model = Model::parse(&blob).unwrap().with_kernels(&ALLOCATES);
    let (made, _) = requests(|| use_all(&model, &image, &mut arena));
    assert_eq!(made, 2 * config.depth() as u64, "one made and one released in each block");
}

#[test]
fn f16_makes_no_request() {
    for (name, network) in smallest::networks() {
        let blob = f16_network::blob(&VitConfig::new(network.spec).unwrap(), 1);
        let image = image::random(Model::parse_f16(&blob).unwrap().config().image(), 1);
        let mut arena = vec![0; Model::parse_f16(&blob).unwrap().arena_len()];
        let (requests, sites) = requests(|| {
            let model = Model::parse_f16(&blob).expect("a valid blob");
            use_all(&model, &image, &mut arena)
        });
        assert_eq!(requests, 0, "{name}");
        assert!(sites > 10, "{name}: {sites} sites");
    }
}

#[test]
fn a_descriptor_makes_no_request() {
    let config = Preset::Micro.config(10).unwrap();
    let mut network = synthetic::network(&config, 1, Values::Typical);
    let head = synthetic::descriptor(&config, 1, Values::Typical, [32, 96]);
    network.other_heads.push((HEAD_DESCRIPTOR, head.to_bytes()));
    let (blob, image) = (network.to_bytes(), image::random(config.image(), 1));
    let mut arena = vec![0; config.arena_len() + 8192];
    let (requests, len) = requests(|| {
        let model = Model::parse(&blob).expect("a valid blob");
        let descriptor = Descriptor::parse(&model).expect("a valid head").expect("a head");
        let described = descriptor.run(&image, &mut arena).expect("sizes that fit");
        black_box(described.fingerprint).appearance.vector.len()
    });
    assert_eq!((requests, len), (0, 96), "micro");
}

#[test]
fn a_search_makes_no_request() {
    let bytes = RandomIndex::new(1, 300, [32, 96]).to_bytes();
    let other = RandomIndex::new(2, 1, [32, 96]).to_bytes();
    for kernels in Kernels::all() {
        let (requests, found) = requests(|| {
            let index = Index::parse(&bytes).expect("a valid index").with_kernels(kernels);
            let seen = index.entry(123).expect("an entry").fingerprint;
            let likeness = Likeness::Mixed { class: 100 };
            let all = index.nearest::<10>(&seen, likeness).expect("its own fingerprint");
            let staged = index.nearest_in_two_stages::<50, 10>(&seen, likeness).expect("as above");
            black_box(index.entry(all[0].position).and_then(|entry| entry.name));
            let other = Index::parse(&other).expect("a valid index");
            black_box(other.nearest::<1>(&seen, likeness)).expect_err("another network");
            all.len() + staged.len()
        });
        assert_eq!((requests, found), (0, 20), "{kernels:?}");
    }
}

#[test]
fn errors_are_formatted_without_a_request() {
    let [(_, network), ..] = smallest::networks();
    let blob = network.to_bytes();
    let mut text = String::with_capacity(1000);
    for len in 0..blob.len() {
        let (requests, result) = requests(|| match Model::parse(&blob[..len]) {
            Ok(_) => Ok(()),
            Err(error) => write!(text, "{error}"),
        });
        assert_eq!((requests, result), (0, Ok(())), "{len} bytes: {text}");
        assert!(!text.is_empty(), "{len} bytes: no error");
        text.clear();
    }
}
