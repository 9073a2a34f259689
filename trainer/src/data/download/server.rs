//! A small HTTP server on this machine, whose answers a test chooses.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What the server does with one request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// The file, or the rest of it if the request has a range.
    Ranges,
    /// The whole file, even if the request has a range.
    Whole,
    /// As [`Ranges`](Self::Ranges), but closes the connection after this number of bytes of the body.
    CutAfter(usize),
    /// As [`Ranges`](Self::Ranges), but sends nothing more after this number of bytes of the body.
    SilentAfter(usize),
    /// The whole file, without a `Content-Length`.
    Unannounced,
    /// A status and nothing else.
    Status(u16),
    /// A partial answer that begins one byte late.
    WrongRange,
    /// A redirect to another path of this server.
    Redirect,
}

/// A server that is running.
pub(super) struct Server {
    pub(super) url: String,
    /// The range of each request, in order.
    requests: Arc<Mutex<Vec<Option<String>>>>,
    thread: Option<JoinHandle<()>>,
    address: std::net::SocketAddr,
}

impl Server {
    /// Serves `content`, one answer for each request; the last one is repeated.
    pub(super) fn start(content: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers) = (requests.clone(), answers.to_vec());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(range) = read_request(&stream.unwrap()) else {
                    return;
                };
                let (stream, range) = range;
                let mut seen = seen.lock().unwrap();
                let answer = answers[seen.len().min(answers.len() - 1)];
                seen.push(range.clone());
                drop(seen);
                // The client may close the connection early; that is not an error here.
                write_answer(stream, answer, &content, range.as_deref()).ok();
            }
        });
        let url = format!("http://{address}/archive.tar.gz");
        Self { url, requests, thread: Some(thread), address }
    }

    /// The `Range` header of each request so far.
    pub(super) fn requests(&self) -> Vec<Option<String>> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An empty request ends the server.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Reads the head of a request; returns the value of its `Range` header.
fn read_request(stream: &TcpStream) -> Option<(TcpStream, Option<String>)> {
    let mut range = None;
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.next()?.ok()?;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some((stream.try_clone().unwrap(), range));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            range = Some(value.trim().to_owned());
        }
    }
    None
}

fn write_answer(
    mut stream: TcpStream,
    answer: Answer,
    content: &[u8],
    range: Option<&str>,
) -> std::io::Result<()> {
    let start = match answer {
        Answer::Whole | Answer::Unannounced => 0,
        _ => range.map_or(0, |range| {
            range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap()
        }),
    };
    let (body, end) = (&content[start.min(content.len())..], content.len() - 1);
    let announced = format!("Content-Length: {}\r\n", body.len());
    let head = match answer {
        Answer::Status(status) => format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n"),
        Answer::Redirect => {
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n".to_owned()
        }
        Answer::Unannounced => "HTTP/1.1 200 OK\r\n".to_owned(),
        Answer::WrongRange => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{end}/{}\r\n{announced}",
            start + 1,
            content.len()
        ),
        _ if start > 0 => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{end}/{}\r\n{announced}",
            content.len()
        ),
        _ => format!("HTTP/1.1 200 OK\r\n{announced}"),
    };
    write!(stream, "{head}Connection: close\r\n\r\n")?;
    match answer {
        Answer::Status(_) | Answer::Redirect => Ok(()),
        Answer::CutAfter(bytes) => stream.write_all(&body[..bytes.min(body.len())]),
        Answer::SilentAfter(bytes) => {
            stream.write_all(&body[..bytes.min(body.len())])?;
            thread::sleep(Duration::from_millis(600));
            Ok(())
        }
        _ => stream.write_all(body),
    }
}
