//! Transfers one file over HTTP into a `.part` file and continues where an earlier transfer stopped.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use ureq::Agent;
use ureq::http::header::{CONTENT_RANGE, RANGE};
use ureq::http::{Response, StatusCode};

use super::archive::Archive;

/// The transfer fails after this number of consecutive connections that brought no new byte.
const ATTEMPTS: u32 = 4;
/// Longest time to connect to the server.
const CONNECT: Duration = Duration::from_secs(30);

/// Where and how to transfer.
pub(super) struct Transfer<'a> {
    pub(super) agent: Agent,
    pub(super) url: &'a str,
    /// Wait after a connection that failed, doubled each time.
    pub(super) pause: Duration,
}

/// Why one connection did not complete the file.
enum Failure {
    /// A failure that may pass: the next connection may succeed.
    Passing(anyhow::Error),
    /// A lasting failure: the next connection would fail too.
    Lasting(anyhow::Error),
}

/// A client that closes a connection on which nothing arrives for `silence`.
pub(super) fn agent(silence: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(silence))
        .timeout_per_read(Some(silence))
        .user_agent(concat!("ocelli/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

impl Transfer<'_> {
    /// Fills `part` up to the archive's length.
    pub(super) fn fetch(&self, archive: &Archive, part: &Path) -> Result<()> {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(part)
            .with_context(|| format!("cannot write {}", part.display()))?;
        let bar = bar(archive);
        let (mut failed, mut pause) = (0, self.pause);
        let mut furthest = file.metadata()?.len();
        loop {
            match self.connect(archive, &mut file, &bar) {
                Ok(()) => {
                    bar.finish_and_clear();
                    return Ok(());
                }
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing(error)) => {
                    let arrived = file.metadata()?.len();
                    if arrived > furthest {
                        (failed, pause, furthest) = (0, self.pause, arrived);
                    } else {
                        failed += 1;
                    }
                    if failed == ATTEMPTS {
                        return Err(error.context(format!(
                            "cannot download {}: {arrived} of {} bytes are kept, run the command \
                             again to continue",
                            self.url, archive.bytes
                        )));
                    }
                    thread::sleep(pause);
                    pause *= 2;
                }
            }
        }
    }

    /// Requests the missing part of `file` and appends it.
    fn connect(
        &self,
        archive: &Archive,
        file: &mut File,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let mut start = file.seek(SeekFrom::End(0)).map_err(unwritable)?;
        if start > archive.bytes {
            start = 0;
            restart(file)?;
        }
        if start == archive.bytes {
            return Ok(());
        }
        bar.set_position(start);
        let mut request = self.agent.get(self.url);
        if start > 0 {
            request = request.header(RANGE, format!("bytes={start}-"));
        }
        let mut response = request.call().map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Lasting(
                anyhow!(error)
                    .context(format!("{} is not a valid address: give another --url", self.url)),
            ),
            error => Failure::Passing(error.into()),
        })?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if start > 0 => check_range(&response, start, archive)?,
            // The server does not support ranges and sends the whole file again.
            StatusCode::OK => restart(file)?,
            StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => {
                restart(file)?;
                return Err(passing("the server refused to continue the file"));
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(passing(format!("the server answers {status}")));
            }
            status => {
                return Err(Failure::Lasting(anyhow!(
                    "{} answers {status}: give another address with --url, or images with --data DIR",
                    self.url
                )));
            }
        }
        let start = file.stream_position().map_err(unwritable)?;
        self.check_length(&response, archive.bytes - start)?;
        append(&mut response.body_mut().as_reader(), file, archive.bytes - start, bar)
    }

    /// Refuses a different file before it is transferred, if the server announces the length.
    fn check_length(&self, response: &Response<ureq::Body>, expected: u64) -> Result<(), Failure> {
        match response.body().content_length() {
            Some(found) if found != expected => Err(Failure::Lasting(anyhow!(
                "{} offers {found} bytes, but {expected} are needed: this is not the published \
                 archive, give another address with --url",
                self.url
            ))),
            _ => Ok(()),
        }
    }
}

/// Checks that a partial answer begins where the file ends.
fn check_range(
    response: &Response<ureq::Body>,
    start: u64,
    archive: &Archive,
) -> Result<(), Failure> {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let expected = format!("bytes {start}-{}/", archive.bytes - 1);
    match range {
        Some(range) if range.starts_with(&expected) => Ok(()),
        _ => Err(Failure::Lasting(anyhow!(
            "the server continues with {range:?} instead of {expected:?}: give another address with \
             --url, or delete the .part file to start again"
        ))),
    }
}

/// Copies exactly `missing` bytes.
fn append(
    body: &mut impl Read,
    file: &mut File,
    missing: u64,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let mut buffer = vec![0; 1 << 16];
    let mut left = missing;
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) if left > 0 => return Err(passing("the connection was closed early")),
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Passing(error.into())),
        };
        if read as u64 > left {
            return Err(Failure::Lasting(anyhow!(
                "the server sends more bytes than the published archive has: give another address \
                 with --url"
            )));
        }
        file.write_all(&buffer[..read]).map_err(unwritable)?;
        left -= read as u64;
        bar.inc(read as u64);
    }
}

fn restart(file: &mut File) -> Result<(), Failure> {
    file.set_len(0).and_then(|()| file.rewind()).map_err(unwritable)
}

fn unwritable(error: io::Error) -> Failure {
    Failure::Lasting(anyhow!(error).context(
        "cannot write to the cache: free disk space, or give another cache with --cache DIR",
    ))
}

fn passing(reason: impl Into<String>) -> Failure {
    Failure::Passing(anyhow!(reason.into()))
}

/// A progress bar on standard error, if that is a terminal.
fn bar(archive: &Archive) -> ProgressBar {
    let bar = ProgressBar::new(archive.bytes).with_message(archive.name);
    let template = "{msg} {bar:32} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
