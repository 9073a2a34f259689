//! Tables that say which classes or pictures have which attributes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use runtime::format::MAX_ATTRIBUTES;

use crate::data::Images;

/// The table of CIFAR-10's classes.
const CIFAR10: &str = include_str!("../../assets/cifar10-attributes.csv");
/// The name of the table in a directory of pictures.
const FILE: &str = "attributes.csv";

/// A table of attributes: a row for a class or for a picture, and a column for an attribute.
///
/// The file is CSV. Its first line names the attributes; the first cell of this line is ignored. Each other line
/// begins with the name of a class, or with the path of a picture relative to the directory of all pictures. A
/// cell is `1` if the attribute is there, `0` if it is not, and empty if that is not known. The row of a picture
/// takes precedence over the row of its class. Lines that begin with `#` are comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    names: Vec<String>,
    rows: HashMap<String, Vec<Option<bool>>>,
}

/// What a table says of images, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    names: Vec<String>,
    /// `[images, attributes]`.
    values: Vec<Option<bool>>,
}

impl Table {
    /// The table for images: `given`, or else `attributes.csv` in the directory of the images, or else that of
    /// CIFAR-10, if the images have only its classes.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn find(given: Option<&Path>, data: Option<&Path>, classes: &[String]) -> Result<Self> {
        if let Some(path) = Self::file(given, data) {
            let name = path.display();
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read the table of attributes {name}"))?;
            return Self::parse(&text).with_context(|| format!("cannot use {name}"));
        }
        let cifar10 = Self::parse(CIFAR10).context("the built-in table")?;
        let missing = classes.iter().find(|class| !cifar10.rows.contains_key(class.as_str()));
        if let Some(class) = missing {
            bail!(
                "there is no table of attributes for the class {class}: write {FILE} into the directory of \
                 the pictures, or give a table with --table"
            );
        }
        Ok(cifar10)
    }

    /// The file that [`find`](Self::find) reads; `None` for the built-in table.
    pub fn file(given: Option<&Path>, data: Option<&Path>) -> Option<PathBuf> {
        let beside = data.map(|directory| directory.join(FILE)).filter(|path| path.is_file());
        given.map(Path::to_path_buf).or(beside)
    }

    /// Reads a table from text.
    ///
    /// # Errors
    /// If it has no attribute or no row, or a line that cannot be read. The message gives the line.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (_, header) = lines.next().context("it is empty")?;
        let names: Vec<String> = header.split(',').skip(1).map(|name| name.trim().into()).collect();
        ensure!(
            (1..=MAX_ATTRIBUTES).contains(&names.len()),
            "the first line names {} attributes, allowed are 1 to {MAX_ATTRIBUTES}",
            names.len()
        );
        for (at, name) in names.iter().enumerate() {
            ensure!(!name.is_empty(), "the attribute of column {} has no name", at + 2);
            ensure!(!names[..at].contains(name), "the attribute {name} is named twice");
        }
        let mut rows = HashMap::new();
        for (number, line) in lines {
            let mut cells = line.split(',').map(str::trim);
            let key = cells.next().unwrap_or_default().to_owned();
            let values = cells
                .map(|cell| match cell {
                    "1" => Ok(Some(true)),
                    "0" => Ok(Some(false)),
                    "" => Ok(None),
                    other => bail!("line {number}: {other:?} is neither 0 nor 1 nor empty"),
                })
                .collect::<Result<Vec<_>>>()?;
            ensure!(
                values.len() == names.len(),
                "line {number} has {} values, the first line names {} attributes",
                values.len(),
                names.len()
            );
            ensure!(
                rows.insert(key.clone(), values).is_none(),
                "line {number}: there is another row for {key}"
            );
        }
        ensure!(!rows.is_empty(), "it has no row after the first line");
        Ok(Self { names, rows })
    }

    /// Names of the attributes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The same table with only these attributes, in this order.
    ///
    /// # Errors
    /// If it does not have one of them.
    pub fn of_names(&self, names: &[String]) -> Result<Self> {
        let columns = names.iter().map(|name| {
            let column = self.names.iter().position(|own| own == name);
            column.with_context(|| format!("the table does not have the attribute {name}"))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let rows = self.rows.iter().map(|(key, values)| {
            (key.clone(), columns.iter().map(|&column| values[column]).collect())
        });
        Ok(Self { names: names.to_vec(), rows: rows.collect() })
    }

    /// What the table says of a class; `None` if it has no row for the class.
    pub fn class(&self, name: &str) -> Option<&[Option<bool>]> {
        self.rows.get(name).map(Vec::as_slice)
    }

    /// What the table says of each image. `classes` has the names of the images' labels.
    ///
    /// # Errors
    /// If there is a row neither for an image nor for its class.
    pub fn labels(&self, images: &Images, classes: &[String]) -> Result<Labels> {
        let mut values = Vec::with_capacity(images.len() * self.names.len());
        for image in 0..images.len() {
            let class = &classes[usize::from(images.label(image))];
            let own = images.name(image).and_then(|name| self.rows.get(name));
            let row = own.or_else(|| self.rows.get(class)).with_context(|| {
                let picture = images.name(image).map(|name| format!(" nor for {name}"));
                format!(
                    "the table of attributes has no row for the class {class}{}",
                    picture.unwrap_or_default()
                )
            })?;
            values.extend(row);
        }
        Ok(Labels { names: self.names.clone(), values })
    }
}

impl Labels {
    /// Names of the attributes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What is known of an image, `[attributes]`.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, image: usize) -> &[Option<bool>] {
        &self.values[image * self.names.len()..][..self.names.len()]
    }

    /// What is known of an attribute, `[images]`.
    pub fn of(&self, attribute: usize) -> impl Iterator<Item = Option<bool>> {
        self.values.iter().skip(attribute).step_by(self.names.len().max(1)).copied()
    }
}
