//! Running an ffmpeg command that decodes sound: samples on stdout, and the time of every frame on stderr.

use std::collections::VecDeque;

use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{
    Child, CompletedRun, Limits, MAX_LINE, STDERR_TAIL, StopReason, apply_limits, check_exit,
    cpu_ms_at_exit, start,
};
use crate::command::Command;
use crate::error::MediaError;

/// A decoded frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PcmFrame {
    /// Its time in samples.
    pub(crate) time: i64,
    /// Interleaved samples.
    pub(crate) sound: Vec<f32>,
}

/// Bytes of samples that may wait for their times: far more than ffmpeg buffers.
const MAX_WAITING: usize = 64 << 20;
/// Bytes that are read at once.
const READ: usize = 256 << 10;

/// Runs a command that writes little-endian 32-bit floating-point samples to stdout and a `framecrc` list of the same frames
/// to stderr, and sends the frames. Ends early, and successfully, if the receiver is gone.
///
/// # Errors
/// As [`run`](super::run); also [`MediaError::Output`] if samples and times do not belong together.
pub(crate) async fn run_pcm(
    command: &Command,
    limits: &Limits,
    frames: mpsc::Sender<PcmFrame>,
) -> Result<CompletedRun, MediaError> {
    let wall = Instant::now() + limits.wall;
    let (mut child, mut group) = start(command).await?;
    apply_limits(group.pid, limits);
    let exit = tokio::task::spawn_blocking({
        let pid = group.pid;
        move || cpu_ms_at_exit(pid)
    });
    let mut reader = PcmReader::default();
    let watched = reader.read(&mut child, limits, wall, &frames).await;
    let cancelled = matches!(watched, Ok(Ended::Cancelled));
    let mut cpu_ms = None;
    if matches!(watched, Ok(Ended::Complete)) {
        cpu_ms = timeout_at(wall, exit).await.ok().and_then(Result::ok);
    }
    group.kill();
    let status = child.wait().await;
    group.reaped = true;
    let stderr = reader.stderr();
    if cancelled {
        return Ok(CompletedRun::default());
    }
    match watched {
        Ok(_) => {
            let cpu_ms = cpu_ms.flatten().unwrap_or_default();
            let waiting = reader.samples.len();
            let completed = check_exit(command, status, CompletedRun { cpu_ms, stderr })?;
            if waiting > 0 || !reader.times.is_empty() {
                let found = format!("{waiting} bytes of samples, {} times", reader.times.len());
                return Err(MediaError::output(
                    "decoded sound",
                    "as many samples as times",
                    found,
                ));
            }
            Ok(completed)
        }
        Err(reason) => Err(reason.into_error(command, limits, stderr)),
    }
}

enum Ended {
    Complete,
    /// Nobody wants more frames.
    Cancelled,
}

/// The time and the size in bytes of a frame whose samples may not have been read yet.
#[derive(Debug)]
struct FrameTime {
    time: i64,
    size: usize,
}

/// Joins samples and times.
#[derive(Debug, Default)]
struct PcmReader {
    samples: Vec<u8>,
    times: VecDeque<FrameTime>,
    /// The incomplete last line of stderr, and the lines that are not times.
    line: Vec<u8>,
    messages: Vec<u8>,
}

impl PcmReader {
    async fn read(
        &mut self,
        child: &mut Child,
        limits: &Limits,
        wall: Instant,
        frames: &mpsc::Sender<PcmFrame>,
    ) -> Result<Ended, StopReason> {
        let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take())
        else {
            return Ok(Ended::Complete);
        };
        let (mut samples, mut text) = (vec![0; READ], vec![0; READ]);
        let (mut more_samples, mut more_text) = (true, true);
        while more_samples || more_text {
            let deadline = wall.min(Instant::now() + limits.stall);
            let read = async {
                tokio::select! {
                    read = stdout.read(&mut samples), if more_samples => (true, read),
                    read = stderr.read(&mut text), if more_text => (false, read),
                }
            };
            let read = timeout_at(deadline, read).await;
            let (sound, read) = read.map_err(|_| StopReason::at(deadline, wall))?;
            let read = read.map_err(StopReason::Unreadable)?;
            if sound {
                more_samples = read > 0;
                self.samples
                    .extend_from_slice(samples.get(..read).unwrap_or_default());
            } else {
                more_text = read > 0;
                self.add_text(text.get(..read).unwrap_or_default());
            }
            if self.samples.len() > MAX_WAITING || self.line.len() as u64 > MAX_LINE {
                return Err(StopReason::LineTooLong);
            }
            if !self.send(frames).await {
                return Ok(Ended::Cancelled);
            }
        }
        Ok(Ended::Complete)
    }

    /// Sends the frames that are complete; false if nobody receives them.
    async fn send(&mut self, frames: &mpsc::Sender<PcmFrame>) -> bool {
        let mut from = 0usize;
        while let Some(first) = self.times.front() {
            let Some(bytes) = self.samples.get(from..from.saturating_add(first.size)) else {
                break;
            };
            let frame = PcmFrame {
                time: first.time,
                sound: reelsmith_sound::samples(bytes),
            };
            from += first.size;
            self.times.pop_front();
            if frames.send(frame).await.is_err() {
                return false;
            }
        }
        self.samples.drain(..from);
        true
    }

    fn add_text(&mut self, text: &[u8]) {
        self.line.extend_from_slice(text);
        let Some(end) = self.line.iter().rposition(|b| *b == b'\n') else {
            return;
        };
        let rest = self.line.split_off(end + 1);
        let lines = std::mem::replace(&mut self.line, rest);
        for line in lines.split(|b| *b == b'\n') {
            match FrameTime::read(&String::from_utf8_lossy(line)) {
                Some(time) => self.times.push_back(time),
                None if line.first() != Some(&b'#') => {
                    self.messages.extend_from_slice(line);
                    self.messages.push(b'\n');
                    let surplus = self.messages.len().saturating_sub(STDERR_TAIL);
                    self.messages.drain(..surplus);
                }
                None => {}
            }
        }
    }

    fn stderr(&self) -> String {
        let text = [self.messages.as_slice(), &self.line].concat();
        String::from_utf8_lossy(&text).trim().to_owned()
    }
}

impl FrameTime {
    /// Reads a line of `framecrc`: stream, decode time, time, duration, size and checksum.
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [stream, _, time, _, size, checksum] = fields.as_slice() else {
            return None;
        };
        if *stream != "0" || !checksum.starts_with("0x") {
            return None;
        }
        Some(Self {
            time: time.parse().ok()?,
            size: size.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_messages_are_told_apart() {
        let mut reader = PcmReader::default();
        reader.add_text(b"#tb 0: 1/48000\n0,  -5,  -5,  1024,  8192, 0x40");
        assert!(reader.times.is_empty());
        reader.add_text(b"1f0722\n[aac] a message, of, 6, fields, or, more\n0, 1, x, 1, 1, 0x0\n");
        let times: Vec<_> = reader.times.iter().map(|t| (t.time, t.size)).collect();
        assert_eq!(times, [(-5, 8_192)]);
        assert!(reader.stderr().starts_with("[aac] a message"));
    }
}
