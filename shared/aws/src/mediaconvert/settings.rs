//! The settings of a MediaConvert job: one CMAF group with one track per output.

use aws_sdk_mediaconvert::types::{
    CmafClientCache, CmafCodecSpecification, CmafGroupSettings, CmafManifestCompression,
    CmafManifestDurationFormat, CmafPtsOffsetHandlingForBFrames, CmafSegmentControl,
    CmafSegmentLengthControl, CmafStreamInfResolution, CmafTargetDurationCompatibilityMode,
    CmafWriteDashManifest, CmafWriteHlsManifest, CmafWriteSegmentTimelineInRepresentation,
    ColorSpace, Input, InputClipping, InputRotate, InputTimecodeSource, JobSettings, OutputGroup,
    OutputGroupSettings, OutputGroupType, Rectangle, TimecodeConfig, TimecodeSource, VideoSelector,
};
use reelsmith_core::aperture::Crop;
use reelsmith_core::encode::EncodeOrder;
use reelsmith_core::time::{FrameRange, FrameRate};
use reelsmith_core::timecode::Timecode;

use super::{audio, int, video};

pub(super) fn settings(order: &EncodeOrder) -> JobSettings {
    let timecode = TimecodeConfig::builder().source(TimecodeSource::Zerobased);
    JobSettings::builder()
        .inputs(input(order))
        .output_groups(group(order))
        .timecode_config(timecode.build())
        .build()
}

/// The picture is rotated as the container says, because the sizes of the plan are display sizes.
fn input(order: &EncodeOrder) -> Input {
    let selector = VideoSelector::builder()
        .rotate(InputRotate::Auto)
        .color_space(ColorSpace::Follow)
        .build();
    let mut input = Input::builder()
        .file_input(order.input.to_string())
        .timecode_source(InputTimecodeSource::Zerobased)
        .video_selector(selector)
        .set_input_clippings(
            order
                .clip
                .map(|frames| vec![clipping(frames, order.frame_rate)]),
        )
        .set_crop(order.crop.map(rectangle));
    for track in &order.audio {
        input = input.audio_selectors(audio::selector_name(track), audio::selector(track));
    }
    input.build()
}

/// Both timecodes count from zero, and the frame of the end is included.
fn clipping(frames: FrameRange, rate: FrameRate) -> InputClipping {
    let label = |frame| Timecode::of_frame(frame, rate).to_string();
    InputClipping::builder()
        .start_timecode(label(frames.start))
        .end_timecode(label(frames.end.saturating_sub(1)))
        .build()
}

/// MediaConvert accepts even numbers only. A number is odd only if a clean aperture ends at the edge of a picture of odd size.
fn rectangle(crop: Crop) -> Rectangle {
    let even = |pixels: u32| int(pixels & !1);
    Rectangle::builder()
        .x(even(crop.x))
        .y(even(crop.y))
        .width(even(crop.size.width))
        .height(even(crop.size.height))
        .build()
}

fn group(order: &EncodeOrder) -> OutputGroup {
    let settings = OutputGroupSettings::builder()
        .r#type(OutputGroupType::CmafGroupSettings)
        .cmaf_group_settings(cmaf(order))
        .build();
    let mut group = OutputGroup::builder()
        .name("CMAF")
        .output_group_settings(settings);
    for rung in &order.video {
        group = group.outputs(video::output(order, rung));
    }
    for track in &order.audio {
        group = group.outputs(audio::output(track));
    }
    group.build()
}

fn cmaf(order: &EncodeOrder) -> CmafGroupSettings {
    let dash = if order.dash {
        CmafWriteDashManifest::Enabled
    } else {
        CmafWriteDashManifest::Disabled
    };
    CmafGroupSettings::builder()
        .destination(order.destination.to_string())
        .segment_control(CmafSegmentControl::SegmentedFiles)
        .segment_length(int(order.segment_seconds))
        .segment_length_control(CmafSegmentLengthControl::GopMultiple)
        .fragment_length(int(order.fragment_seconds))
        .pts_offset_handling_for_b_frames(CmafPtsOffsetHandlingForBFrames::ZeroBased)
        .write_hls_manifest(CmafWriteHlsManifest::Enabled)
        .write_dash_manifest(dash)
        .write_segment_timeline_in_representation(CmafWriteSegmentTimelineInRepresentation::Enabled)
        .codec_specification(CmafCodecSpecification::Rfc6381)
        .client_cache(CmafClientCache::Enabled)
        .manifest_compression(CmafManifestCompression::None)
        .manifest_duration_format(CmafManifestDurationFormat::FloatingPoint)
        .stream_inf_resolution(CmafStreamInfResolution::Include)
        .target_duration_compatibility_mode(CmafTargetDurationCompatibilityMode::SpecCompliant)
        .build()
}
