//! A rung as an output: quality-defined variable bitrate with a maximum, and GOPs of a fixed number of frames.

use aws_sdk_mediaconvert::types::{
    CmfcIFrameOnlyManifest, CmfcSettings, ColorMetadata, ContainerSettings, ContainerType,
    DeinterlaceAlgorithm, Deinterlacer, DeinterlacerControl, DeinterlacerMode, H264CodecLevel,
    H264CodecProfile, H264EndOfStreamMarkers, H264FramerateControl,
    H264FramerateConversionAlgorithm, H264GopSizeUnits, H264InterlaceMode, H264ParControl,
    H264QualityTuningLevel, H264QvbrSettings, H264RateControlMode, H264SceneChangeDetect,
    H264Settings, H265CodecLevel, H265CodecProfile, H265EndOfStreamMarkers, H265FramerateControl,
    H265FramerateConversionAlgorithm, H265GopSizeUnits, H265InterlaceMode, H265ParControl,
    H265QualityTuningLevel, H265QvbrSettings, H265RateControlMode, H265SceneChangeDetect,
    H265Settings, H265WriteMp4PackagingType, Output, ScalingBehavior, VideoCodec,
    VideoCodecSettings, VideoDescription, VideoPreprocessor, VideoTimecodeInsertion,
};
use reelsmith_core::encode::{EncodeOrder, VideoOrder};
use reelsmith_core::ladder::{ResolvedRung, VideoCodec as Codec};

use super::{audio, int};

pub(super) fn output(order: &EncodeOrder, ordered: &VideoOrder) -> Output {
    let size = ordered.rung.resolution;
    // The planner keeps the aspect ratio up to rounding to even numbers. Fitting would add bars of one pixel.
    let mut description = VideoDescription::builder()
        .width(int(size.width))
        .height(int(size.height))
        .scaling_behavior(ScalingBehavior::StretchToOutput)
        .color_metadata(ColorMetadata::Insert)
        .timecode_insertion(VideoTimecodeInsertion::Disabled)
        .codec_settings(codec(order, ordered));
    if order.interlaced {
        let deinterlacer = Deinterlacer::builder()
            .algorithm(DeinterlaceAlgorithm::Interpolate)
            .mode(DeinterlacerMode::Deinterlace)
            .control(DeinterlacerControl::ForceAllFrames)
            .build();
        let preprocessors = VideoPreprocessor::builder().deinterlacer(deinterlacer);
        description = description.video_preprocessors(preprocessors.build());
    }
    Output::builder()
        .name_modifier(&ordered.modifier)
        .video_description(description.build())
        .container_settings(container(order))
        .build()
}

/// The output has no audio: all rungs share the audio renditions.
fn container(order: &EncodeOrder) -> ContainerSettings {
    let settings = CmfcSettings::builder()
        .set_audio_rendition_sets(audio::groups(order))
        .i_frame_only_manifest(CmfcIFrameOnlyManifest::Exclude);
    ContainerSettings::builder()
        .container(ContainerType::Cmfc)
        .cmfc_settings(settings.build())
        .build()
}

fn codec(order: &EncodeOrder, ordered: &VideoOrder) -> VideoCodecSettings {
    let settings = VideoCodecSettings::builder();
    match ordered.rung.codec {
        Codec::H264 => settings
            .codec(VideoCodec::H264)
            .h264_settings(h264(order, ordered)),
        Codec::H265 => settings
            .codec(VideoCodec::H265)
            .h265_settings(h265(order, ordered)),
    }
    .build()
}

fn h264(order: &EncodeOrder, ordered: &VideoOrder) -> H264Settings {
    let rung = &ordered.rung;
    let profile = match rung.settings.profile.as_str() {
        "baseline" => H264CodecProfile::Baseline,
        "main" => H264CodecProfile::Main,
        _ => H264CodecProfile::High,
    };
    let quality = H264QvbrSettings::builder().qvbr_quality_level(ordered.quality.into());
    H264Settings::builder()
        .codec_profile(profile)
        .codec_level(H264CodecLevel::from(level(rung).as_str()))
        .rate_control_mode(H264RateControlMode::Qvbr)
        .qvbr_settings(quality.build())
        .max_bitrate(int(rung.max_bitrate.0))
        .hrd_buffer_size(int(rung.buffer_bits))
        .quality_tuning_level(H264QualityTuningLevel::SinglePassHq)
        .gop_size_units(H264GopSizeUnits::Frames)
        .gop_size(order.gop_frames.0 as f64)
        .gop_closed_cadence(1)
        .scene_change_detect(H264SceneChangeDetect::Disabled)
        .framerate_control(H264FramerateControl::Specified)
        .framerate_conversion_algorithm(H264FramerateConversionAlgorithm::DuplicateDrop)
        .framerate_numerator(int(order.frame_rate.num()))
        .framerate_denominator(int(order.frame_rate.den()))
        .par_control(H264ParControl::Specified)
        .par_numerator(1)
        .par_denominator(1)
        .interlace_mode(H264InterlaceMode::Progressive)
        .end_of_stream_markers(H264EndOfStreamMarkers::Suppress)
        .build()
}

fn h265(order: &EncodeOrder, ordered: &VideoOrder) -> H265Settings {
    let rung = &ordered.rung;
    let profile = match rung.settings.profile.as_str() {
        "main10" => H265CodecProfile::Main10Main,
        _ => H265CodecProfile::MainMain,
    };
    let quality = H265QvbrSettings::builder().qvbr_quality_level(ordered.quality.into());
    H265Settings::builder()
        .codec_profile(profile)
        .codec_level(H265CodecLevel::from(level(rung).as_str()))
        .rate_control_mode(H265RateControlMode::Qvbr)
        .qvbr_settings(quality.build())
        .max_bitrate(int(rung.max_bitrate.0))
        .hrd_buffer_size(int(rung.buffer_bits))
        .quality_tuning_level(H265QualityTuningLevel::SinglePassHq)
        .gop_size_units(H265GopSizeUnits::Frames)
        .gop_size(order.gop_frames.0 as f64)
        .gop_closed_cadence(1)
        .scene_change_detect(H265SceneChangeDetect::Disabled)
        .framerate_control(H265FramerateControl::Specified)
        .framerate_conversion_algorithm(H265FramerateConversionAlgorithm::DuplicateDrop)
        .framerate_numerator(int(order.frame_rate.num()))
        .framerate_denominator(int(order.frame_rate.den()))
        .par_control(H265ParControl::Specified)
        .par_numerator(1)
        .par_denominator(1)
        .interlace_mode(H265InterlaceMode::Progressive)
        .end_of_stream_markers(H265EndOfStreamMarkers::Suppress)
        .write_mp4_packaging_type(H265WriteMp4PackagingType::Hvc1)
        .build()
}

/// 40 becomes `LEVEL_4`, 41 becomes `LEVEL_4_1`.
fn level(rung: &ResolvedRung) -> String {
    match rung.level % 10 {
        0 => format!("LEVEL_{}", rung.level / 10),
        minor => format!("LEVEL_{}_{minor}", rung.level / 10),
    }
}
