//! List prices: `shared/core/prices/*.yaml`, with region, date, source and basis of each price.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{EnumMessage, VariantArray};

use crate::cost::Usd;
use crate::ladder::VideoCodec;
use crate::time::FrameRate;
use crate::units::Resolution;

/// Something that AWS bills. The documentation of a variant is its name for people.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumMessage,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Lambda memory while it runs, x86_64
    LambdaX86,
    /// Lambda memory while it runs, arm64
    LambdaArm,
    /// Lambda invocations
    LambdaRequest,
    /// Lambda /tmp above 512 MB
    LambdaTmp,
    /// Step Functions, Standard
    StatesTransition,
    /// Submission table, writes
    DynamodbWrite,
    /// Submission table, reads
    DynamodbRead,
    /// Submission table, storage
    DynamodbStorage,
    /// S3 writes and lists
    S3Put,
    /// S3 reads
    S3Get,
    /// S3 storage, Standard
    S3Storage,
    /// Queue
    SqsRequest,
    /// Topic
    SnsPublish,
    /// Log data ingested
    LogsIngest,
    /// CloudFront to viewers
    CloudfrontEgress,
    /// CloudFront requests
    CloudfrontRequest,
    /// S3 to viewers without CloudFront
    S3Egress,
    /// MediaConvert, on demand
    MediaconvertMinute,
}

impl Item {
    /// Every item, in the order of the documents.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name for people.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// How certain a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceBasis {
    /// Stated in a public document that quotes AWS's page.
    Quoted,
    /// Not found in writing; check it before relying on it.
    Recalled,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// Price of `per` units.
    pub usd: Usd,
    pub per: f64,
    pub unit: String,
    pub standing: PriceBasis,
    /// The page where AWS publishes it.
    pub source: String,
}

/// A factor of normalised minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    pub factor: f64,
    pub standing: PriceBasis,
}

/// MediaConvert's classes of picture size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureClass {
    /// Less than 1280x720.
    Sd,
    /// Up to 1920x1080.
    Hd,
    Uhd,
}

impl PictureClass {
    /// The class of a picture, landscape or portrait.
    pub fn of(size: Resolution) -> Self {
        let (long, short) = (size.width.max(size.height), size.width.min(size.height));
        if long < 1280 && short < 720 {
            Self::Sd
        } else if long <= 1920 && short <= 1080 {
            Self::Hd
        } else {
            Self::Uhd
        }
    }
}

/// MediaConvert's classes of frame rate: up to 30, 60 and 120 frames per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateClass {
    #[serde(rename = "to_30")]
    To30,
    #[serde(rename = "to_60")]
    To60,
    #[serde(rename = "to_120")]
    To120,
}

impl RateClass {
    /// The class of a frame rate.
    pub fn of(rate: FrameRate) -> Self {
        let at_most = |n: u64| u64::from(rate.num()) <= n * u64::from(rate.den());
        match rate {
            _ if at_most(30) => Self::To30,
            _ if at_most(60) => Self::To60,
            _ => Self::To120,
        }
    }
}

/// How many normalised minutes a minute of MediaConvert's output counts as: the product of these factors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConvertFactors {
    pub resolution: BTreeMap<PictureClass, Factor>,
    pub codec: BTreeMap<VideoCodec, Factor>,
    pub frame_rate: BTreeMap<RateClass, Factor>,
    /// For an output with audio only.
    pub audio: Factor,
    /// Shortest billed duration of an output, in seconds.
    pub shortest_s: f64,
}

impl MediaConvertFactors {
    /// Normalised minutes of a minute of video output.
    pub fn of(&self, codec: VideoCodec, size: Resolution, rate: FrameRate) -> f64 {
        self.codec[&codec].factor
            * self.resolution[&PictureClass::of(size)].factor
            * self.frame_rate[&RateClass::of(rate)].factor
    }
}

/// The prices of one region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    pub region: String,
    /// The day on which the prices were collected, `YYYY-MM-DD`.
    pub as_of: String,
    pub prices: BTreeMap<Item, Quote>,
    pub mediaconvert: MediaConvertFactors,
}

impl PriceList {
    /// The price list that ships with reelsmith.
    pub fn us_east_1() -> Self {
        super::built_in(include_str!("../../prices/us-east-1.yaml"))
    }

    /// The price of a quantity.
    pub fn of(&self, item: Item, quantity: f64) -> Usd {
        let price = self.prices.get(&item).map(|q| q.usd.0 / q.per);
        Usd(price.unwrap_or_default() * quantity)
    }
}

/// Instruction set of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Architecture {
    #[serde(rename = "arm64")]
    Arm64,
    #[default]
    #[serde(rename = "x86_64")]
    X86,
}

impl Architecture {
    /// The name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }

    /// The billed item for memory.
    pub fn memory(self) -> Item {
        match self {
            Self::Arm64 => Item::LambdaArm,
            Self::X86 => Item::LambdaX86,
        }
    }
}
