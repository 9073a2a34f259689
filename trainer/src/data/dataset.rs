//! The images that a network is trained and tested on.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::images::Images;

/// Training and test images that share one list of classes.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Images to train on; without [`validation`](Self::validation), a validation part is cut from these by
    /// [`split`](super::split()).
    pub train: Images,
    /// Images to choose the best epoch by, if they were given separately.
    pub validation: Option<Images>,
    /// Images for the final accuracy. They must not be used for any choice.
    pub test: Images,
    /// Name of every class; a label is an index into this list.
    pub classes: Vec<String>,
    /// Where the images come from.
    pub source: DataSource,
}

/// Where images come from. It is stored with a trained network, so that later steps can find the same
/// kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataSource {
    /// CIFAR-10, built in or from a directory.
    Cifar10,
    /// The user's own images. The test images of folders were drawn at random from the list of all files,
    /// as in the first versions. Another list of files gives other test images.
    Custom,
    /// Images from a directory. For folders of pictures, the bytes of each file decide whether it is a test
    /// image. Other files have no influence.
    Pictures,
}

impl Dataset {
    /// The images for a network that was trained on `classes`: for CIFAR-10 the images of these classes,
    /// for folders all images.
    ///
    /// # Errors
    /// As [`of_classes`](Self::of_classes).
    pub fn for_network(self, classes: &[String]) -> Result<Self> {
        let part = self.source == DataSource::Cifar10
            && self.classes != classes
            && classes.iter().all(|class| self.classes.contains(class));
        if part { self.of_classes(classes) } else { Ok(self) }
    }

    /// The images of some classes, which are numbered in the order of `wanted`.
    ///
    /// # Errors
    /// If there are fewer than two of them, or one is not a class of this data or is named twice.
    pub fn of_classes(&self, wanted: &[String]) -> Result<Self> {
        ensure!(wanted.len() >= 2, "a network needs at least two classes: name more of them");
        let mut labels = vec![None; self.classes.len()];
        for (new, name) in wanted.iter().enumerate() {
            let old = self.classes.iter().position(|class| class == name).with_context(|| {
                format!("there is no class {name}: the classes are {}", self.classes.join(", "))
            })?;
            ensure!(labels[old].is_none(), "the class {name} is named twice");
            labels[old] = Some(u16::try_from(new).context("there are too many classes")?);
        }
        Ok(Self {
            train: self.train.relabelled(&labels),
            validation: self.validation.as_ref().map(|images| images.relabelled(&labels)),
            test: self.test.relabelled(&labels),
            classes: wanted.to_vec(),
            source: self.source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        let images = |labels: Vec<u16>| {
            let pixels = labels.iter().flat_map(|&label| [label as u8; 3]).collect();
            Images::new(1, 1, pixels, labels).unwrap()
        };
        Dataset {
            train: images(vec![2, 0, 1, 2, 1]),
            validation: Some(images(vec![0, 2])),
            test: images(vec![1, 2, 0]),
            classes: ["ant", "bee", "cow"].map(String::from).to_vec(),
            source: DataSource::Custom,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_images_of_some_classes_get_new_labels() {
        let found = dataset().of_classes(&names(&["cow", "bee"])).unwrap();
        assert_eq!(found.train.labels(), [0, 1, 0, 1], "training");
        assert_eq!(found.test.labels(), [1, 0], "test");
        assert_eq!(found.validation.unwrap().labels(), [0], "validation");
        assert_eq!(found.train.image(1), [1; 3], "the second image is of the old label 1");
        assert_eq!(found.classes, ["cow", "bee"], "classes");
    }

    #[test]
    fn a_network_of_some_classes_gets_their_images() {
        let some = names(&["cow", "ant"]);
        let found = dataset().for_network(&some).unwrap();
        assert_eq!(found.classes.len(), 3, "folders are used as they are");
        let cifar10 = Dataset { source: DataSource::Cifar10, ..dataset() };
        assert_eq!(cifar10.clone().for_network(&some).unwrap().classes, some, "some");
        let other = cifar10.for_network(&names(&["cow", "dog"])).unwrap();
        assert_eq!(other.classes.len(), 3, "for a message about all of them");
    }

    #[test]
    fn classes_that_are_not_there_are_named() {
        let refusal = |wanted| dataset().of_classes(&names(wanted)).unwrap_err().to_string();
        let error = refusal(&["cow", "dog"]);
        assert!(error.contains("no class dog") && error.contains("ant, bee, cow"), "{error}");
        assert!(refusal(&["cow", "cow"]).contains("twice"), "twice");
        assert!(refusal(&["cow"]).contains("at least two"), "one class");
    }
}
