//! `export retrieval described.bin`: how well a search finds images of the class that is searched for.

use super::files::{parse, read};
use super::images::Network;
use super::progress::bar;
use super::values::positive;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use export::blob::AnyModel;
use export::retrieval::{Among, Compared, Seen, Task, accuracy, mean_average_precision, see};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use trainer::data::{self, DataSource, Dataset, Images, Reading};
use trainer::say;
use trainer::summary::{grouped, listed};

/// Numbers of examples of each class.
const EXAMPLES: [usize; 3] = [1, 5, 20];
/// Draws of the examples.
const DRAWS: u64 = 5;

/// Measures how well a search finds images of the class that is searched for.
///
/// The first table is the mean average precision of queries over a whole database. If several images have the same
/// distance, the result is the exact mean over all their orders. With all images of CIFAR-10, the protocol `test` is
/// "10k/50k" of the literature. `rest` is "1k/59k", also called "1k/5k/59k" if the descriptor was fitted to 5,000
/// images.
///
/// Further tables are about classes that the network was not trained on. The number is the share of images whose
/// nearest example is of their class. The examples are drawn at random, five times. The classes are those of
/// `--unseen`, and those of CIFAR-10 that the network does not have.
///
/// `float` is the fingerprint without rounding. Raw pixels and the last embedding of the network are there for
/// comparison.
#[derive(Debug, Args)]
pub(super) struct RetrievalArgs {
    /// Int8 blob with a descriptor, as `export descriptor` writes it.
    blob: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which images are the queries, and which are the database.
    #[arg(long, value_enum, default_value_t)]
    protocol: Protocol,
    /// Number of images that are queries: the first ones. By default, all.
    #[arg(long, value_name = "N", value_parser = positive)]
    queries: Option<usize>,
    /// Number of training images in the database: the first ones. By default, all.
    #[arg(long, value_name = "N", value_parser = positive)]
    database: Option<usize>,
    /// Directory with a folder of pictures for each class that the network was not trained on. It may be given
    /// several times.
    #[arg(long, value_name = "DIR")]
    unseen: Vec<PathBuf>,
    /// Print one JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

/// Which images are the queries, and which are the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// The test images are the queries, the training images the database.
    #[default]
    Test,
    /// 100 test images of each class are the queries, all other images the database.
    Rest,
}

/// A question about classes that the network was not trained on.
struct Unseen {
    /// What is asked, for tables.
    title: String,
    queries: usize,
    classes: usize,
    /// For each number of examples and each kind of comparison, the accuracy of each draw.
    accuracies: Vec<(usize, Compared, Vec<f64>)>,
}

impl RetrievalArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let context = || format!("cannot search with {}", self.blob.display());
        let AnyModel::Int8(model) = parse(&self.blob, &bytes)? else {
            bail!("{}: it is an f16 blob; export it as int8", context());
        };
        let network = Network::of_blob(&self.blob, model.config(), |class| model.class_name(class));
        let data = network.dataset(self.data.as_deref())?;
        let (queries, others) = self.queries(&data.test);
        let database = data.train.take(self.database.unwrap_or(usize::MAX));
        let queries = look(&bytes, &queries).with_context(context)?;
        let mut known = look(&bytes, &database).with_context(context)?;
        known.extend(look(&bytes, &others).with_context(context)?);
        let progress = bar("searching", Compared::ALL.len() * queries.len());
        let precisions = Compared::ALL.map(|compared| {
            let count = |n| progress.inc(n as u64);
            (compared, mean_average_precision(compared, &queries, &known, count))
        });
        progress.finish_and_clear();
        let (queries, known) = (queries.len(), known.len());
        let mut unseen = Vec::new();
        if data.source == DataSource::Cifar10 {
            unseen.extend(classes_left_out(&bytes, &network, self.data.as_deref())?);
        }
        for directory in &self.unseen {
            let reading = Reading::of_network(
                model.config().classes(),
                DataSource::Pictures,
                model.config().spec().image,
            );
            unseen.push(folders(&bytes, directory, reading)?);
        }
        if self.json {
            return say!("{}", object(queries, known, &precisions, &unseen));
        }
        let [queries, known] = [queries, known].map(|images| grouped(images as u64));
        say!("mean average precision, {queries} queries, {known} images")?;
        for (compared, precision) in precisions {
            say!("  {:<26}{precision:.4}", compared.name())?;
        }
        unseen.iter().try_for_each(print)
    }

    /// The test images that are searched for, and those that are searched.
    fn queries(&self, test: &Images) -> (Images, Images) {
        let some = self.queries.unwrap_or(usize::MAX);
        match self.protocol {
            Protocol::Test => (test.take(some), test.take(0)),
            Protocol::Rest => {
                let mut left = vec![100; usize::from(u16::MAX) + 1];
                let (queries, others): (Vec<usize>, Vec<usize>) =
                    (0..test.len()).partition(|&index| {
                        let left: &mut u32 = &mut left[usize::from(test.label(index))];
                        let query = *left > 0;
                        *left = left.saturating_sub(1);
                        query
                    });
                (test.subset(&queries).take(some), test.subset(&others))
            }
        }
    }
}

/// Runs the network on images.
fn look(bytes: &[u8], images: &Images) -> Result<Vec<Seen>> {
    let progress = bar("describing", 2 * images.len());
    let seen = see(bytes, images, |count| progress.inc(count as u64));
    progress.finish_and_clear();
    seen
}

/// The test images of the classes of CIFAR-10 that the network does not have: among themselves and among all.
fn classes_left_out(
    bytes: &[u8],
    network: &Network<'_>,
    directory: Option<&Path>,
) -> Result<Vec<Unseen>> {
    let all = network.all_images(directory)?;
    let known = |class: &String| network.classes.contains(&Some(class));
    let left_out: Vec<String> = all.classes.iter().filter(|class| !known(class)).cloned().collect();
    let named = network.classes.iter().all(Option::is_some);
    if !named || left_out.len() < 2 {
        return Ok(Vec::new());
    }
    let title = listed(&left_out);
    let alone = all.of_classes(&left_out)?.test;
    let labels: Vec<u16> = (0..all.classes.len())
        .filter(|&class| left_out.contains(&all.classes[class]))
        .map(|class| class as u16)
        .collect();
    let alone = ask(format!("{title} alone"), &look(bytes, &alone)?, left_out.len(), Among::All)?;
    let test = look(bytes, &all.test)?;
    let among = Among::Classes(&labels);
    Ok(vec![alone, ask(format!("{title} among all classes"), &test, all.classes.len(), among)?])
}

/// All pictures of folders.
fn folders(bytes: &[u8], directory: &Path, reading: Reading) -> Result<Unseen> {
    let Dataset { train, validation, test, classes, .. } = data::open(directory, reading)?;
    let mut seen = Vec::new();
    for images in [Some(train), validation, Some(test)].into_iter().flatten() {
        seen.extend(look(bytes, &images)?);
    }
    ask(directory.display().to_string(), &seen, classes.len(), Among::All)
}

/// Measures with each number of examples that leaves images of every class.
fn ask(title: String, images: &[Seen], classes: usize, queries: Among<'_>) -> Result<Unseen> {
    let mut accuracies = Vec::new();
    let task = |examples| Task { images, queries, examples };
    let possible = |examples: &usize| task(*examples).is_possible();
    let numbers: Vec<usize> = EXAMPLES.into_iter().filter(possible).collect();
    ensure!(!numbers.is_empty(), "{title}: a class has only one picture: add a second one");
    let progress = bar("searching", numbers.len() * Compared::ALL.len());
    for examples in numbers {
        for compared in Compared::ALL {
            let draws = (1..=DRAWS).map(|draw| accuracy(compared, task(examples), draw));
            accuracies.push((examples, compared, draws.collect()));
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    Ok(Unseen { title, queries: task(0).candidates(), classes, accuracies })
}

fn print(unseen: &Unseen) -> Result<()> {
    let Unseen { title, queries, classes, accuracies } = unseen;
    let (images, draws) = (grouped(*queries as u64), DRAWS);
    say!()?;
    say!("nearest example, {title}: {images} images, {classes} classes, mean of {draws} draws")?;
    let mut numbers: Vec<usize> = accuracies.iter().map(|&(examples, ..)| examples).collect();
    numbers.dedup();
    let heading = |examples: &usize| format!("{:>8} each", examples);
    say!("  {:<26}{}", "", numbers.iter().map(heading).collect::<String>())?;
    for compared in Compared::ALL {
        let of = accuracies.iter().filter(|(_, other, _)| *other == compared);
        let cell =
            |(.., draws): &(usize, Compared, Vec<f64>)| format!("{:>11.1} %", 100.0 * mean(draws));
        say!("  {:<26}{}", compared.name(), of.map(cell).collect::<String>())?;
    }
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn object(
    queries: usize,
    database: usize,
    precisions: &[(Compared, f64)],
    unseen: &[Unseen],
) -> Value {
    let rows = precisions.iter().map(|(compared, precision)| {
        json!({ "compared": compared, "mean_average_precision": precision })
    });
    let unseen = unseen.iter().map(|unseen| {
        let rows = unseen.accuracies.iter().map(|(examples, compared, draws)| {
            json!({ "examples": examples, "compared": compared, "accuracy": mean(draws), "draws": draws })
        });
        json!({
            "asked": unseen.title,
            "images": unseen.queries,
            "classes": unseen.classes,
            "rows": rows.collect::<Vec<_>>(),
        })
    });
    json!({
        "queries": queries,
        "database": database,
        "rows": rows.collect::<Vec<_>>(),
        "unseen": unseen.collect::<Vec<_>>(),
    })
}
