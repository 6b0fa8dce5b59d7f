//! List prices: `shared/core/prices/*.yaml`, each with its region, date, source and standing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cost::Usd;
use crate::ladder::VideoCodec;
use crate::time::FrameRate;
use crate::units::Resolution;

macro_rules! items {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        /// Something AWS bills.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Item {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Item {
            /// Every item, in the order of the documents.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What it is, for people.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

items! {
    /// Lambda memory while it runs, x86_64
    LambdaX86;
    /// Lambda memory while it runs, arm64
    LambdaArm;
    /// Lambda invocations
    LambdaRequest;
    /// Lambda /tmp above 512 MB
    LambdaTmp;
    /// Step Functions, Standard
    StatesTransition;
    /// Submission table, writes
    DynamodbWrite;
    /// Submission table, reads
    DynamodbRead;
    /// Submission table, storage
    DynamodbStorage;
    /// S3 writes and lists
    S3Put;
    /// S3 reads
    S3Get;
    /// S3 storage, Standard
    S3Storage;
    /// Queue
    SqsRequest;
    /// Topic
    SnsPublish;
    /// Logs taken in
    LogsIngest;
    /// CloudFront to viewers
    CloudfrontEgress;
    /// CloudFront requests
    CloudfrontRequest;
    /// S3 to viewers, without CloudFront
    S3Egress;
    /// MediaConvert, on demand
    MediaconvertMinute;
}

/// How sure a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Found in a public document that quotes AWS's own page.
    Quoted,
    /// Not found in writing; to be checked before it is relied on.
    Recalled,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// Price of `per` units.
    pub usd: Usd,
    /// How many units the price is for.
    pub per: f64,
    /// The unit.
    pub unit: String,
    /// How sure it is.
    pub standing: Standing,
    /// The page where AWS publishes it.
    pub source: String,
}

/// By how much something counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// The factor.
    pub factor: f64,
    /// How sure it is.
    pub standing: Standing,
}

/// MediaConvert's classes of picture size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureClass {
    /// Below 1280x720.
    Sd,
    /// To 1920x1080.
    Hd,
    /// Above.
    Uhd,
}

impl PictureClass {
    /// The class of a picture, upright or not.
    #[must_use]
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

/// MediaConvert's classes of frame rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateClass {
    /// To 30 frames per second.
    #[serde(rename = "to_30")]
    To30,
    /// Above 30, to 60.
    #[serde(rename = "to_60")]
    To60,
    /// Above 60.
    #[serde(rename = "to_120")]
    To120,
}

impl RateClass {
    /// The class of a frame rate.
    #[must_use]
    pub fn of(rate: FrameRate) -> Self {
        let at_most = |n: u64| u64::from(rate.num()) <= n * u64::from(rate.den());
        match rate {
            _ if at_most(30) => Self::To30,
            _ if at_most(60) => Self::To60,
            _ => Self::To120,
        }
    }
}

/// What a minute of MediaConvert's output counts as, in normalised minutes: the product of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConvertFactors {
    /// By picture size.
    pub resolution: BTreeMap<PictureClass, Factor>,
    /// By codec.
    pub codec: BTreeMap<VideoCodec, Factor>,
    /// By frame rate.
    pub frame_rate: BTreeMap<RateClass, Factor>,
    /// An output with audio only.
    pub audio: Factor,
    /// What the shortest output is billed as, in seconds.
    pub shortest_s: f64,
}

impl MediaConvertFactors {
    /// Normalised minutes of a minute of video output.
    #[must_use]
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
    /// The region.
    pub region: String,
    /// The day on which the figures were gathered, `YYYY-MM-DD`.
    pub as_of: String,
    /// Every price.
    pub prices: BTreeMap<Item, Quote>,
    /// What MediaConvert's output counts as.
    pub mediaconvert: MediaConvertFactors,
}

impl PriceList {
    /// The list that ships with reelsmith: us-east-1.
    ///
    /// # Panics
    /// Never: a test reads the file, which is part of the binary.
    #[must_use]
    pub fn us_east_1() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the file is part of the binary, and a test reads it"
        )]
        serde_norway::from_str(include_str!("../../prices/us-east-1.yaml"))
            .expect("the price list that ships with reelsmith")
    }

    /// The price of a quantity.
    #[must_use]
    pub fn of(&self, item: Item, quantity: f64) -> Usd {
        let price = self.prices.get(&item).map(|q| q.usd.0 / q.per);
        Usd(price.unwrap_or_default() * quantity)
    }
}

/// Instruction set of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Architecture {
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86,
}

impl Architecture {
    /// The name in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }

    /// What memory is billed as.
    #[must_use]
    pub fn memory(self) -> Item {
        match self {
            Self::Arm64 => Item::LambdaArm,
            Self::X86 => Item::LambdaX86,
        }
    }
}
