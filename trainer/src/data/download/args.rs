//! The options of a command that can download its images.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::cache::{Download, download};

/// Options to flatten into a command that has an argument `data`.
#[derive(Args, Clone, Debug, Default)]
pub struct DownloadArgs {
    /// Use all of CIFAR-10. It is downloaded from its authors the first time (170 MB) and kept. An
    /// interrupted download continues where it stopped.
    #[arg(long, conflicts_with = "data")]
    pub download: bool,
    /// Directory for the downloaded images [default: the one in `OCELLI_CACHE`, or else ocelli in the
    /// user's cache directory].
    #[arg(long, value_name = "DIR", requires = "download")]
    pub cache: Option<PathBuf>,
    /// Mirror to download from; it must serve the same archive.
    #[arg(long, value_name = "URL", requires = "download")]
    pub url: Option<String>,
}

impl DownloadArgs {
    /// The directory of the downloaded images; `None` without `--download`. Downloads the images if they are
    /// not in the cache yet.
    ///
    /// # Errors
    /// As [`download()`].
    pub fn directory(&self) -> Result<Option<PathBuf>> {
        if !self.download {
            return Ok(None);
        }
        let options = Download { url: self.url.clone(), cache: self.cache.clone() };
        download(&options).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[arg(long)]
        data: Option<PathBuf>,
        #[command(flatten)]
        images: DownloadArgs,
    }

    #[test]
    fn a_download_excludes_a_directory_and_its_options_need_it() {
        let parse = |args: &[&str]| Command::try_parse_from([&["trainer"], args].concat());
        let asked = parse(&["--download", "--cache", "here", "--url", "http://mirror"]).unwrap();
        assert!(asked.images.download && asked.data.is_none(), "{asked:?}");
        let given = parse(&["--data", "there"]).unwrap();
        assert_eq!(given.images.directory().unwrap(), None, "nothing was asked for");
        for args in [
            &["--download", "--data", "there"][..],
            &["--cache", "here"],
            &["--url", "http://mirror"],
        ] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }
}
