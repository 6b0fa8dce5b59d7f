//! What the settings of a job ask for, as far as reelsmith sets it.

use serde_json::Value;

/// A job's settings, read.
pub(crate) struct Wanted {
    pub(crate) input: Place,
    pub(crate) destination: Place,
    pub(crate) segment_seconds: u64,
    pub(crate) dash: bool,
    pub(crate) videos: Vec<Video>,
    pub(crate) audios: Vec<Audio>,
}

/// `s3://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

pub(crate) struct Video {
    pub(crate) modifier: String,
    pub(crate) hevc: bool,
    pub(crate) size: (i64, i64),
    pub(crate) rate: (i64, i64),
    pub(crate) gop: i64,
    pub(crate) quality: i64,
    pub(crate) max_bitrate: i64,
    pub(crate) buffer: i64,
}

pub(crate) struct Audio {
    pub(crate) modifier: String,
    pub(crate) track: i64,
    pub(crate) bitrate: i64,
    pub(crate) sample_rate: i64,
    pub(crate) layout: &'static str,
    pub(crate) loudness: f64,
    pub(crate) true_peak: f64,
    pub(crate) language: String,
}

/// Reads a value by its path, or says which is missing.
struct At<'a>(&'a Value);

impl<'a> At<'a> {
    fn of(&self, path: &str) -> Result<&'a Value, String> {
        self.0
            .pointer(path)
            .ok_or_else(|| format!("expected {path} in the settings, found none"))
    }

    fn text(&self, path: &str) -> Result<String, String> {
        let text = self.of(path)?.as_str().map(str::to_owned);
        text.ok_or_else(|| format!("expected a text at {path}"))
    }

    fn integer(&self, path: &str) -> Result<i64, String> {
        let value = self.of(path)?;
        // Frames of a group of pictures are a double in this API.
        let whole = value.as_i64().or(value.as_f64().map(|n| n as i64));
        whole.ok_or_else(|| format!("expected a number at {path}"))
    }

    fn decimal(&self, path: &str) -> Result<f64, String> {
        let value = self.of(path)?.as_f64();
        value.ok_or_else(|| format!("expected a number at {path}"))
    }
}

impl Place {
    fn of(url: &str) -> Result<Self, String> {
        let parts = url.strip_prefix("s3://").and_then(|p| p.split_once('/'));
        let (bucket, key) =
            parts.ok_or_else(|| format!("expected s3://bucket/key, found {url}"))?;
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl Wanted {
    pub(crate) fn of(settings: &Value) -> Result<Self, String> {
        let at = At(settings);
        let group = "/outputGroups/0/outputGroupSettings/cmafGroupSettings";
        let outputs = at.of("/outputGroups/0/outputs")?.as_array();
        let outputs = outputs.map(Vec::as_slice).unwrap_or_default();
        let (video, audio): (Vec<_>, Vec<_>) = outputs
            .iter()
            .partition(|output| output.get("videoDescription").is_some());
        let selectors = at.of("/inputs/0")?.get("audioSelectors");
        let seconds = at.integer(&format!("{group}/segmentLength"))?;
        Ok(Self {
            input: Place::of(&at.text("/inputs/0/fileInput")?)?,
            destination: Place::of(&at.text(&format!("{group}/destination"))?)?,
            segment_seconds: u64::try_from(seconds).unwrap_or(1),
            dash: at.text(&format!("{group}/writeDashManifest"))? == "ENABLED",
            videos: video.into_iter().map(Video::of).collect::<Result<_, _>>()?,
            audios: audio
                .into_iter()
                .map(|output| Audio::of(output, selectors.unwrap_or(&Value::Null)))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Video {
    fn of(output: &Value) -> Result<Self, String> {
        let at = At(output);
        let codec = at.text("/videoDescription/codecSettings/codec")?;
        let hevc = codec == "H_265";
        let name = if hevc { "h265Settings" } else { "h264Settings" };
        let own = |field: &str| format!("/videoDescription/codecSettings/{name}/{field}");
        if at.text(&own("gopSizeUnits"))? != "FRAMES" {
            return Err("expected groups of pictures in frames".to_owned());
        }
        Ok(Self {
            modifier: at.text("/nameModifier")?,
            hevc,
            size: (
                at.integer("/videoDescription/width")?,
                at.integer("/videoDescription/height")?,
            ),
            rate: (
                at.integer(&own("framerateNumerator"))?,
                at.integer(&own("framerateDenominator"))?,
            ),
            gop: at.integer(&own("gopSize"))?,
            quality: at.integer(&own("qvbrSettings/qvbrQualityLevel"))?,
            max_bitrate: at.integer(&own("maxBitrate"))?,
            buffer: at.integer(&own("hrdBufferSize"))?,
        })
    }
}

impl Audio {
    fn of(output: &Value, selectors: &Value) -> Result<Self, String> {
        let at = At(output);
        let own = |field: &str| format!("/audioDescriptions/0/{field}");
        let source = at.text(&own("audioSourceName"))?;
        let aac = |field: &str| own(&format!("codecSettings/aacSettings/{field}"));
        let loudness = |field: &str| own(&format!("audioNormalizationSettings/{field}"));
        Ok(Self {
            modifier: at.text("/nameModifier")?,
            track: At(&selectors[&source]).integer("/tracks/0")?,
            bitrate: at.integer(&aac("bitrate"))?,
            sample_rate: at.integer(&aac("sampleRate"))?,
            layout: match at.text(&aac("codingMode"))?.as_str() {
                "CODING_MODE_1_0" => "mono",
                "CODING_MODE_5_1" => "5.1",
                _ => "stereo",
            },
            loudness: at.decimal(&loudness("targetLkfs"))?,
            true_peak: at.decimal(&loudness("truePeakLimiterThreshold"))?,
            language: at.text(&own("customLanguageCode"))?,
        })
    }
}
