//! Objects and differences of maps, compared with a reference that was written from `INTEGER.md`.

mod networks;
mod properties;
mod reference;

use kit::rng::Rng;
use reference::{Picture, share};
use runtime::explain::{Floor, MAX_OBJECTS, OUTSIDE, Objects};

/// Compares everything that is found in a map with the reference.
fn check(picture: &Picture, floor: Floor) {
    let mut labels = vec![0x5A5A; picture.map.len()];
    let objects = Objects::find(&picture.map, &picture.tiling(), floor, &mut labels).unwrap();
    let sets = picture.sets(floor);
    let kept = &sets[..sets.len().min(MAX_OBJECTS)];
    assert_eq!(objects.as_slice().len(), kept.len(), "{picture:?}, {floor:?}: objects");
    for (index, (object, set)) in objects.as_slice().iter().zip(kept).enumerate() {
        let area = object.area;
        let found = (
            [area.x, area.y, area.width, area.height],
            i128::from(object.evidence),
            i128::from(object.evidence_share),
            i128::from(object.picture_share),
            object.tokens,
        );
        let expected =
            (set.area, set.evidence, set.evidence_share, set.picture_share, set.tokens.len());
        assert_eq!(found, expected, "{picture:?}, {floor:?}: object {index}");
    }
    for (token, &label) in labels.iter().enumerate() {
        let place = kept.iter().position(|set| set.tokens.contains(&token));
        let expected = place.map_or(OUTSIDE, |place| u16::try_from(place).unwrap());
        assert_eq!(label, expected, "{picture:?}, {floor:?}: token {token}");
    }
    let inside: i128 = kept.iter().map(|set| set.evidence).sum();
    let all: i128 = picture.map.iter().map(|&value| i128::from(value)).sum();
    assert_eq!(i128::from(objects.outside()), all - inside, "{picture:?}: outside");
    let positive = picture.positive();
    let expected = share(positive - inside, positive);
    assert_eq!(i128::from(objects.outside_share()), expected, "{picture:?}: share outside");
}

#[test]
fn random_maps_equal_the_reference() {
    let (mut cut, mut empty) = (0, 0);
    for seed in 0..2000 {
        let picture = Picture::random(&mut Rng::new(seed));
        for floor in [Floor::Zero, Floor::Mean] {
            check(&picture, floor);
            cut += u32::from(picture.sets(floor).len() > MAX_OBJECTS);
            empty += u32::from(picture.sets(floor).is_empty());
        }
    }
    assert!(cut > 50 && empty > 50, "{cut} maps with more than eight sets, {empty} without any");
}
