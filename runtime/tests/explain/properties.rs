//! What holds for every map.

use crate::reference::Picture;
use kit::rng::Rng;
use runtime::camera::Rectangle;
use runtime::config::Grid;
use runtime::explain::{Floor, MapError, OUTSIDE, Object, Objects, Tiling};

const FLOORS: [Floor; 2] = [Floor::Zero, Floor::Mean];

fn find(picture: &Picture, floor: Floor) -> (Vec<Object>, Vec<u16>) {
    let mut labels = vec![0; picture.map.len()];
    let objects = Objects::find(&picture.map, &picture.tiling(), floor, &mut labels).unwrap();
    (objects.as_slice().to_vec(), labels)
}

#[test]
fn every_token_above_the_floor_is_in_one_set() {
    for seed in 0..500 {
        let picture = Picture::random(&mut Rng::new(seed));
        let mut times = vec![0; picture.map.len()];
        for token in picture.sets(Floor::Zero).iter().flat_map(|set| &set.tokens) {
            times[*token] += 1;
        }
        let expected: Vec<i32> = picture.map.iter().map(|&value| i32::from(value > 0)).collect();
        assert_eq!(times, expected, "seed {seed}, before the cut");
        let (objects, labels) = find(&picture, Floor::Zero);
        let outside = labels.iter().zip(&picture.map);
        let lost = outside.filter(|&(&label, &value)| label == OUTSIDE && value > 0).count();
        let kept: usize = objects.iter().map(|object| object.tokens).sum();
        let positive = usize::try_from(expected.iter().sum::<i32>()).unwrap();
        assert_eq!(kept + lost, positive, "seed {seed}, after the cut");
    }
}

#[test]
fn a_box_holds_the_pixels_of_its_tokens_and_touches_them_on_each_side() {
    for seed in 0..300 {
        let picture = Picture::random(&mut Rng::new(seed));
        let tiling = picture.tiling();
        for floor in FLOORS {
            let (objects, labels) = find(&picture, floor);
            for (index, object) in objects.iter().enumerate() {
                let Rectangle { x, y, width, height } = object.area;
                let mut sides = [false; 4];
                for (row, column) in (0..picture.image.height)
                    .flat_map(|row| (0..picture.image.width).map(move |column| (row, column)))
                {
                    let token = tiling.token_at(row, column).unwrap();
                    if usize::from(labels[token]) != index {
                        continue;
                    }
                    assert!(
                        (y..y + height).contains(&row) && (x..x + width).contains(&column),
                        "seed {seed}: pixel {row}, {column} of object {index}"
                    );
                    let touched =
                        [row == y, row == y + height - 1, column == x, column == x + width - 1];
                    sides.iter_mut().zip(touched).for_each(|(side, touched)| *side |= touched);
                }
                assert_eq!(sides, [true; 4], "seed {seed}: a smaller box would do");
            }
        }
    }
}

#[test]
fn a_map_that_is_moved_has_its_objects_moved() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let (rows, columns) = (rng.pick(1u8, 6), rng.pick(1u8, 6));
        let pattern: Vec<i32> = (0..rows * columns).map(|_| rng.pick(-5, 5)).collect();
        let place = |down: usize, right: usize| {
            let grid = Grid { height: 10, width: 12, channels: 1 };
            let image = Grid { height: 40, width: 36, channels: 3 };
            let mut map = vec![0; grid.positions()];
            for (at, &value) in pattern.iter().enumerate() {
                let (row, column) = (at / usize::from(columns), at % usize::from(columns));
                map[(row + down) * grid.width + column + right] = value;
            }
            Picture { grid, image, map }
        };
        let (down, right) = (usize::from(rng.pick(0u8, 4)), usize::from(rng.pick(0u8, 6)));
        for floor in FLOORS {
            let mut expected = find(&place(0, 0), floor).0;
            for object in &mut expected {
                object.area.y += 4 * down;
                object.area.x += 3 * right;
            }
            assert_eq!(find(&place(down, right), floor).0, expected, "seed {seed}, {floor:?}");
        }
    }
}

#[test]
fn a_map_on_its_side_has_its_boxes_on_their_sides() {
    let turned = |grid: Grid| Grid { height: grid.width, width: grid.height, channels: 1 };
    for seed in 0..300 {
        let picture = Picture::random(&mut Rng::new(seed));
        let (rows, columns) = (picture.grid.height, picture.grid.width);
        let map = (0..rows * columns).map(|at| picture.map[at % rows * columns + at / rows]);
        let side = Picture {
            map: map.collect(),
            grid: turned(picture.grid),
            image: turned(picture.image),
        };
        for floor in FLOORS {
            let numbers = |object: &Object, turned: bool| {
                let Rectangle { x, y, width, height } = object.area;
                let area = if turned { [y, x, height, width] } else { [x, y, width, height] };
                (object.evidence, object.tokens, object.evidence_share, object.picture_share, area)
            };
            let (found, expected) = (find(&picture, floor).0, find(&side, floor).0);
            let mut evidence: Vec<i64> = found.iter().map(|object| object.evidence).collect();
            evidence.dedup();
            // Equal sets are ordered by their first tokens, which turning changes.
            if evidence.len() < found.len() || picture.sets(floor).len() > found.len() {
                continue;
            }
            let found: Vec<_> = found.iter().map(|object| numbers(object, false)).collect();
            let expected: Vec<_> = expected.iter().map(|object| numbers(object, true)).collect();
            assert_eq!(found, expected, "seed {seed}, {floor:?}");
        }
    }
}

#[test]
fn a_positive_factor_changes_no_box_and_no_share() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut picture = Picture::random(&mut rng);
        picture.map.iter_mut().for_each(|value| *value >>= 8);
        let factor = rng.pick(1, 127);
        for floor in FLOORS {
            let (mut expected, labels) = find(&picture, floor);
            expected.iter_mut().for_each(|object| object.evidence *= i64::from(factor));
            let map = picture.map.iter().map(|value| value * factor).collect();
            let scaled = Picture { map, ..picture.clone() };
            assert_eq!(find(&scaled, floor), (expected, labels), "seed {seed}, times {factor}");
        }
    }
}

#[test]
fn the_largest_maps_fit() {
    let square = |side| Grid { height: side, width: side, channels: 1 };
    let checks =
        |at: usize| if (at / 32 + at % 32).is_multiple_of(2) { i32::MAX } else { i32::MIN };
    for (name, value) in [("full", (|_| i32::MAX) as fn(usize) -> i32), ("chequered", checks)] {
        let map: Vec<i32> = (0..1024).map(value).collect();
        let picture = Picture { grid: square(32), image: square(512), map };
        let objects = find(&picture, Floor::Zero).0;
        let (count, tokens) = if name == "full" { (1, 1024) } else { (8, 1) };
        assert_eq!(objects.len(), count, "{name}");
        assert_eq!(objects[0].tokens, tokens, "{name}");
        assert_eq!(objects[0].evidence, tokens as i64 * i64::from(i32::MAX), "{name}");
    }
}

#[test]
fn wrong_lengths_are_refused() {
    let grid = Grid { height: 2, width: 3, channels: 1 };
    let tiling = Tiling::new(grid, grid).unwrap();
    let mut labels = [7; 6];
    let error = Objects::find(&[1; 5], &tiling, Floor::Mean, &mut labels).unwrap_err();
    assert_eq!(error, MapError::Map { found: 5, expected: 6 }, "a value too few");
    assert_eq!(labels, [7; 6], "nothing is written after an error");
    let error = Objects::find(&[1; 6], &tiling, Floor::Mean, &mut labels[1..]).unwrap_err();
    assert_eq!(error, MapError::Length { found: 5, expected: 6 }, "a label too few");
}
