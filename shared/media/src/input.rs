//! How a mezzanine is opened: always over the loopback, always with the demuxer that its bytes called for.

use reelsmith_core::sniff::Container;

use crate::command::{within_filter, words};

/// Streams that a demuxer may find before it gives up.
pub(crate) const MAX_STREAMS: u32 = reelsmith_core::check::MAX_STREAMS;

/// Pixels of a picture that a decoder makes room for: the largest square that is accepted at all.
const MAX_PIXELS: u64 = {
    let side = *reelsmith_core::check::SIDES.end() as u64;
    side * side
};

/// Reading on over this many bytes is cheaper than a new request.
const SHORT_SEEK: &str = "262144";

/// Bytes of the mezzanine that a connection may hold which ffmpeg has not asked for yet: they are read in vain where it seeks
/// away.
const RECEIVE_BUFFER: &str = "65536";

/// What a demuxer reads of the packets before it says what streams there are, where nothing is to be learnt from them: the
/// first one.
const ONE_PACKET: &str = "-probesize 32 -analyzeduration 0 -fpsprobesize 0";

/// Options of the input `url`, of which tables and one packet tell all, where it is `described`. Otherwise as [`open`].
pub(crate) fn open_described(url: &str, container: Container, described: bool) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    if described {
        args.extend(words(ONE_PACKET));
    }
    args.extend(open(url, container));
    args
}

/// Options of the input `url`, ending in `-i url`.
///
/// Nothing but HTTP over TCP can be reached, and no other demuxer can be chosen: playlists and concatenations that are
/// dressed up as media lead nowhere. Only options that ffmpeg has had since 5.1 are used, so that one build's command
/// line is another's.
pub(crate) fn open(url: &str, container: Container) -> Vec<String> {
    let mut args = only(container);
    if matches!(container, Container::MpegPs | Container::Mxf) {
        // A programme stream need not time every frame, nor MXF whose index tables end early; the demuxer can work out the others.
        args.extend(words("-fflags +genpts"));
    }
    args.extend(words(
        "-reconnect 1 -reconnect_on_network_error 1 -reconnect_on_http_error 5xx,429 -reconnect_delay_max 4",
    ));
    args.extend(["-short_seek_size".to_owned(), SHORT_SEEK.to_owned()]);
    args.extend(["-recv_buffer_size".to_owned(), RECEIVE_BUFFER.to_owned()]);
    args.extend(["-i".to_owned(), url.to_owned()]);
    args
}

/// The protocols, the demuxer, and how much a hostile file may ask for.
fn only(container: Container) -> Vec<String> {
    let demuxer = container.demuxer();
    let streams = MAX_STREAMS.to_string();
    let pixels = MAX_PIXELS.to_string();
    [
        "-protocol_whitelist",
        "http,tcp",
        "-format_whitelist",
        demuxer,
        "-max_streams",
        &streams,
        "-max_pixels",
        &pixels,
        "-f",
        demuxer,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Options of the input of captions within the pictures of a video stream, ending in `-i graph`: stream `s:0` is theirs.
///
/// ffmpeg reads them of decoded pictures only, by a filter that opens the file itself; it is told what [`open`] tells.
pub(crate) fn open_captions(url: &str, container: Container, stream: u32) -> Vec<String> {
    let demuxer = container.demuxer();
    let options = [
        "protocol_whitelist=http\\,tcp",
        &format!("format_whitelist={demuxer}"),
        &format!("max_streams={MAX_STREAMS}"),
        "reconnect=1",
        "reconnect_on_network_error=1",
        "reconnect_on_http_error=5xx\\,429",
        "reconnect_delay_max=4",
    ]
    .join("\\:");
    let address = within_filter(url);
    let graph = format!(
        "movie=filename='{address}':format_name={demuxer}:stream_index={stream}:format_opts='{options}'[out0+subcc]"
    );
    let mut args: Vec<String> = words("-f lavfi -i").collect();
    args.push(graph);
    args
}
