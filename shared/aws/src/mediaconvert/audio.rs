//! An audio track: the selector of the input and the output.

use aws_sdk_mediaconvert::types::{
    AacCodecProfile, AacCodingMode, AacRateControlMode, AacSettings, AudioCodec,
    AudioCodecSettings, AudioDescription, AudioLanguageCodeControl, AudioNormalizationAlgorithm,
    AudioNormalizationAlgorithmControl, AudioNormalizationPeakCalculation,
    AudioNormalizationSettings, AudioSelector, AudioSelectorType, CmfcAudioDuration,
    CmfcAudioTrackType, CmfcDescriptiveVideoServiceFlag, CmfcSettings, ContainerSettings,
    ContainerType, Output,
};
use reelsmith_core::encode::{AudioOrder, EncodeOrder};

use super::int;

/// The audio group of a track. A player selects stereo or surround by group, and the language within a group.
fn group(ordered: &AudioOrder) -> &'static str {
    if ordered.channels > 2 {
        "surround"
    } else {
        "audio"
    }
}

/// The audio groups as a video output lists them; `None` without audio.
pub(super) fn groups(order: &EncodeOrder) -> Option<String> {
    let mut groups: Vec<_> = order.audio.iter().map(group).collect();
    groups.sort_unstable();
    groups.dedup();
    Some(groups.join(",")).filter(|groups| !groups.is_empty())
}

pub(super) fn selector_name(ordered: &AudioOrder) -> String {
    format!("Audio Selector {}", ordered.track)
}

pub(super) fn selector(ordered: &AudioOrder) -> AudioSelector {
    AudioSelector::builder()
        .selector_type(AudioSelectorType::Track)
        .tracks(int(ordered.track))
        .build()
}

pub(super) fn output(ordered: &AudioOrder) -> Output {
    let kind = if ordered.default {
        CmfcAudioTrackType::AlternateAudioAutoSelectDefault
    } else {
        CmfcAudioTrackType::AlternateAudioAutoSelect
    };
    let described = if ordered.described {
        CmfcDescriptiveVideoServiceFlag::Flag
    } else {
        CmfcDescriptiveVideoServiceFlag::DontFlag
    };
    // The audio has the duration of the video, so that all playlists end together.
    let settings = CmfcSettings::builder()
        .audio_group_id(group(ordered))
        .descriptive_video_service_flag(described)
        .audio_track_type(kind)
        .audio_duration(CmfcAudioDuration::MatchVideoDuration)
        .build();
    let container = ContainerSettings::builder()
        .container(ContainerType::Cmfc)
        .cmfc_settings(settings);
    Output::builder()
        .name_modifier(&ordered.modifier)
        .audio_descriptions(description(ordered))
        .container_settings(container.build())
        .build()
}

fn description(ordered: &AudioOrder) -> AudioDescription {
    AudioDescription::builder()
        .audio_source_name(selector_name(ordered))
        .codec_settings(aac(ordered))
        .audio_normalization_settings(loudness(ordered))
        .language_code_control(AudioLanguageCodeControl::UseConfigured)
        .custom_language_code(&ordered.language)
        .set_stream_name(stream_name(&ordered.label))
        .build()
}

/// MediaConvert accepts letters, digits and spaces. The published playlists contain the label itself.
fn stream_name(label: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    let name: String = label.chars().filter(|c| plain(*c)).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn aac(ordered: &AudioOrder) -> AudioCodecSettings {
    let mode = match ordered.channels {
        1 => AacCodingMode::CodingMode10,
        6 => AacCodingMode::CodingMode51,
        _ => AacCodingMode::CodingMode20,
    };
    let settings = AacSettings::builder()
        .bitrate(int(ordered.bitrate.0))
        .coding_mode(mode)
        .sample_rate(int(ordered.sample_rate))
        .codec_profile(AacCodecProfile::Lc)
        .rate_control_mode(AacRateControlMode::Cbr)
        .build();
    AudioCodecSettings::builder()
        .codec(AudioCodec::Aac)
        .aac_settings(settings)
        .build()
}

fn loudness(ordered: &AudioOrder) -> AudioNormalizationSettings {
    AudioNormalizationSettings::builder()
        .algorithm(AudioNormalizationAlgorithm::ItuBs17703)
        .algorithm_control(AudioNormalizationAlgorithmControl::CorrectAudio)
        .target_lkfs(ordered.loudness_lufs)
        .peak_calculation(AudioNormalizationPeakCalculation::TruePeak)
        .true_peak_limiter_threshold(ordered.true_peak_dbtp)
        .build()
}
