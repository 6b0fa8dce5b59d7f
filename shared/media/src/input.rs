//! Input options of ffmpeg and ffprobe: always over the loopback, always with the demuxer that the bytes require.

use reelsmith_core::sniff::Container;

use crate::command::escape_in_filter;

/// Limit of streams, above which the demuxer fails.
pub(crate) const MAX_STREAMS: u32 = reelsmith_core::check::MAX_STREAMS;

/// Limit of pixels for which a decoder allocates memory: the largest square that reelsmith accepts.
const MAX_PIXELS: u64 = {
    let side = *reelsmith_core::check::SIDES.end() as u64;
    side * side
};

/// Gap in bytes up to which reading on is cheaper than a new request.
const SHORT_SEEK: u32 = 262_144;

/// Receive buffer of a connection in bytes. Small, because its content is discarded when ffmpeg seeks.
const RECEIVE_BUFFER: u32 = 65_536;

/// Limits the analysis of the streams to the first packet.
const ONE_PACKET: &str = "-probesize 32 -analyzeduration 0 -fpsprobesize 0";

/// As [`open`]; if the source is `described`, its tables and one packet describe the streams, and no more is analysed.
pub(crate) fn open_described(url: &str, container: Container, described: bool) -> String {
    let analysis = if described { ONE_PACKET } else { "" };
    format!("{analysis} {}", open(url, container))
}

/// Options of the input `url`, ending in `-i url`.
///
/// ffmpeg can use HTTP over TCP only, and no other demuxer, so playlists and concatenations disguised as media have no
/// effect. Only options that ffmpeg has had since 5.1 are used, so that the command line is the same for every build.
pub(crate) fn open(url: &str, container: Container) -> String {
    let demuxer = container.demuxer();
    let generate_times = match container {
        // A programme stream may leave frames without times, and so may MXF with short index tables; the demuxer adds them.
        Container::MpegPs | Container::Mxf => "-fflags +genpts",
        _ => "",
    };
    format!(
        "-protocol_whitelist http,tcp -format_whitelist {demuxer} -max_streams {MAX_STREAMS} -max_pixels {MAX_PIXELS} \
         -f {demuxer} {generate_times} -reconnect 1 -reconnect_on_network_error 1 -reconnect_on_http_error 5xx,429 \
         -reconnect_delay_max 4 -short_seek_size {SHORT_SEEK} -recv_buffer_size {RECEIVE_BUFFER} -i {url}"
    )
}

/// Options of an input that gives the closed captions of a video stream as stream `s:0`, ending in `-i graph`.
///
/// ffmpeg extracts them from decoded pictures only, with a filter that opens the file itself. The filter gets the same
/// options as [`open`].
pub(crate) fn open_captions(url: &str, container: Container, stream: u32) -> String {
    let demuxer = container.demuxer();
    let options = format!(
        "protocol_whitelist=http\\,tcp\\:format_whitelist={demuxer}\\:max_streams={MAX_STREAMS}\\:reconnect=1\\:\
         reconnect_on_network_error=1\\:reconnect_on_http_error=5xx\\,429\\:reconnect_delay_max=4"
    );
    let address = escape_in_filter(url);
    format!(
        "-f lavfi -i movie=filename='{address}':format_name={demuxer}:stream_index={stream}:format_opts='{options}'[out0+subcc]"
    )
}
