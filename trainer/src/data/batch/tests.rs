//! Batches of images whose bytes are their labels.

use std::time::Duration;

use super::*;

const RAW: Normalisation = Normalisation::PIXELS;

/// Images of 2 × 2 pixels; every byte of image `i` is `i`, and so is its label.
fn numbered(count: u8) -> Images {
    let pixels = (0..count).flat_map(|i| [i; 12]).collect();
    Images::new(2, 2, pixels, (0..count).map(u16::from).collect()).unwrap()
}

fn spec(seed: u64) -> BatchSpec {
    let augment = Augment { shift: 1, flip: true, strong: None };
    let mix = Mix::default();
    BatchSpec {
        size: 4,
        partial: false,
        augment,
        views: None,
        mix,
        hide: 0.0,
        background: 0.0,
        normalisation: RAW,
        seed,
    }
}

fn batches(images: Images, seed: u64) -> TrainBatches {
    TrainBatches::new(images, spec(seed)).unwrap()
}

#[test]
fn an_epoch_holds_every_image_once() {
    let epoch = batches(numbered(12), 1).epoch(0);
    assert_eq!(epoch.len(), 3, "batches");
    let mut labels = Vec::new();
    for batch in epoch {
        assert_eq!((batch.len, batch.images.len()), (4, 48), "shape");
        for (label, image) in batch.labels.iter().zip(batch.images.chunks_exact(12)) {
            let near = |value: &f32| (value - *label as f32).abs() < 1e-3;
            assert!(image.iter().all(near), "the pixels of {label} are {image:?}");
        }
        labels.extend(batch.labels);
    }
    assert_ne!(labels, (0..12).collect::<Vec<_>>(), "shuffled");
    labels.sort_unstable();
    assert_eq!(labels, (0..12).collect::<Vec<_>>(), "each image once");
}

#[test]
fn a_short_batch_is_left_out_of_training() {
    let sizes: Vec<_> = batches(numbered(11), 1).epoch(0).map(|batch| batch.len).collect();
    assert_eq!(sizes, [4, 4], "only full batches");
    let spec = BatchSpec { partial: true, ..spec(1) };
    let batches = TrainBatches::new(numbered(11), spec).unwrap();
    let sizes: Vec<_> = batches.epoch(0).map(|batch| batch.len).collect();
    assert_eq!(sizes, [4, 4, 3], "the rest too");
    assert_eq!((batches.batches_per_epoch(), batches.images_per_epoch()), (3, 11), "counts");
}

#[test]
fn parts_keep_order_and_the_rest() {
    let batch = batches(numbered(8), 1).epoch(0).next().unwrap();
    let parts: Vec<_> = batch.parts(3).collect();
    let sizes: Vec<_> = parts.iter().map(|part| (part.labels.len(), part.images.len())).collect();
    assert_eq!(sizes, [(3, 36), (1, 12)], "labels and values");
    assert_eq!(parts[1].images, &batch.images[36..], "the last image");
    let mix = Mix { mixup: 1.0, cutmix: 0.0, resizemix: None };
    let batches = TrainBatches::new(numbered(8), BatchSpec { mix, ..spec(1) }).unwrap();
    let batch = batches.epoch(0).next().unwrap();
    let Mixed { partners, share, .. } = batch.mixed.clone().expect("always mixed");
    let last = batch.parts(3).nth(1).and_then(|part| part.mixed);
    assert_eq!(last, Some((&partners[3..], share)), "the last image's partner");
}

#[test]
fn seed_and_epoch_alone_decide() {
    let bytes = (0..20 * 12).map(|i| (i * 7 % 251) as u8).collect();
    let images = Images::new(2, 2, bytes, (0..20).collect()).unwrap();
    let run = |seed, epoch, pause| {
        let mut all = Vec::new();
        for batch in batches(images.clone(), seed).epoch(epoch) {
            thread::sleep(Duration::from_millis(pause));
            all.push(batch);
        }
        all
    };
    let first = run(1, 0, 0);
    assert_eq!(first, run(1, 0, 5), "a slow consumer sees the same");
    assert_ne!(first, run(1, 1, 0), "another epoch");
    assert_ne!(first, run(2, 0, 0), "another seed");
}

#[test]
fn views_are_taken_in_turn_and_depend_on_the_image_alone() {
    let bytes = (0..8 * 12).map(|i| (i * 7 % 251) as u8).collect();
    let images = Images::new(2, 2, bytes, (0..8).collect()).unwrap();
    let views = NonZeroUsize::new(3);
    let rows = |seed, epoch| {
        let spec = BatchSpec { views, ..spec(seed) };
        let batches = TrainBatches::new(images.clone(), spec).unwrap();
        let mut rows = Vec::new();
        for batch in batches.epoch(epoch) {
            let Views { own, partners } = batch.views.expect("views");
            assert_eq!(own, partners, "not mixed");
            for (at, row) in own.into_iter().enumerate() {
                let (image, view) = (row / 3, row % 3);
                assert_eq!(batch.labels[at], image as i32, "its image");
                let planes = &batch.images[at * 12..][..12];
                let expected = batches.view(image..image + 1, view);
                assert_eq!(planes, expected.images, "image {image}, view {view}");
                rows.push(row);
            }
        }
        rows.sort_unstable();
        rows
    };
    assert_eq!(rows(1, 0), rows(2, 3), "another seed, three epochs later");
    let mut all: Vec<_> = (0..3).flat_map(|epoch| rows(1, epoch)).collect();
    all.sort_unstable();
    assert_eq!(all, (0..24).collect::<Vec<_>>(), "three epochs have every view once");
}

#[test]
fn the_partner_of_a_mixed_image_has_its_view() {
    let mix = Mix { mixup: 0.0, cutmix: 1.0, resizemix: None };
    let spec = BatchSpec { views: NonZeroUsize::new(2), mix, ..spec(1) };
    let batch = TrainBatches::new(numbered(8), spec).unwrap().epoch(0).next().unwrap();
    let partners = batch.mixed.as_ref().expect("always mixed").partners.clone();
    let rows: Vec<_> = batch.parts(3).flat_map(|part| part.views.unwrap()[1].to_vec()).collect();
    let images: Vec<_> = rows.iter().map(|row| (row / 2) as i32).collect();
    assert_eq!(images, partners, "the row belongs to the image that was pasted");
}

#[test]
fn an_epoch_can_be_dropped_early() {
    let mut epoch = batches(numbered(200), 1).epoch(0);
    assert!(epoch.next().is_some(), "first batch");
    drop(epoch);
}

#[test]
#[should_panic(expected = "the worker's own words")]
fn a_panic_of_the_worker_reaches_the_consumer() {
    let (sender, receiver) = sync_channel(QUEUED_BATCHES);
    let worker = thread::spawn(move || {
        let _held = sender;
        panic!("the worker's own words");
    });
    let mut epoch = Epoch { batches: Some(receiver), worker: Some(worker), remaining: 1 };
    epoch.next();
}

#[test]
fn evaluation_keeps_order_and_the_rest() {
    let all: Vec<_> = sequential(&numbered(10), 4, RAW).collect();
    let labels: Vec<_> = all.iter().flat_map(|batch| batch.labels.clone()).collect();
    assert_eq!(labels, (0..10).collect::<Vec<_>>(), "in order");
    assert_eq!(all.iter().map(|batch| batch.len).collect::<Vec<_>>(), [4, 4, 2], "sizes");
    assert_eq!(all[2].images.len(), 24, "a short batch has short images");
}

#[test]
fn too_few_images_are_refused() {
    let refused = |images, spec| TrainBatches::new(images, spec).unwrap_err().to_string();
    let error = refused(numbered(3), spec(0));
    assert!(error.contains("3 training images"), "{error}");
    assert!(
        refused(numbered(3), BatchSpec { size: 0, ..spec(0) }).contains("at least 1"),
        "no size"
    );
    let large = Augment { shift: 2, ..Augment::NONE };
    let error = refused(numbered(4), BatchSpec { augment: large, ..spec(0) });
    assert!(error.contains("at most 1"), "shift of 2 in 2: {error}");
}

#[test]
fn images_with_a_second_image_get_no_new_background() {
    let mix = Mix { mixup: 0.0, cutmix: 0.5, resizemix: None };
    let spec = BatchSpec { mix, background: 1.0, ..spec(1) };
    let batches = TrainBatches::new(numbered(200), spec).unwrap();
    let [mut mixed, mut replaced] = [0, 0];
    for batch in batches.epoch(0) {
        assert_ne!(batch.mixed.is_some(), batch.backgrounds.is_some(), "one of the two");
        mixed += usize::from(batch.mixed.is_some());
        let Some(backgrounds) = &batch.backgrounds else { continue };
        replaced += 1;
        assert_eq!(backgrounds.len(), batch.images.len(), "a background for each image");
        let parts: Vec<_> = batch.parts(3).map(|part| part.backgrounds.unwrap()).collect();
        assert_eq!(parts, [&backgrounds[..36], &backgrounds[36..]], "three images, then one");
    }
    assert!(mixed > 10 && replaced > 10, "{mixed} batches are mixed, {replaced} are not");
}
