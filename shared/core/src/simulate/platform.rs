//! The figures of `shared/core/platform.yaml`.

use serde::{Deserialize, Serialize};

/// The basis of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FigureBasis {
    /// AWS documents it.
    Published,
    /// It could not be measured or found in documentation.
    Assumed,
}

/// One figure of the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    pub value: f64,
    pub unit: String,
    pub standing: FigureBasis,
    /// The page that states it, or why it is assumed.
    pub source: String,
}

macro_rules! platform {
    ($($name:ident),+ $(,)?) => {
        /// The limits and latencies of the platform; `unit` and `source` of a figure explain it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Platform {
            $(pub $name: Figure,)+
        }

        impl Platform {
            /// Every figure with its name, in the order of the file.
            pub fn figures(&self) -> Vec<(&'static str, &Figure)> {
                vec![$((stringify!($name), &self.$name)),+]
            }
        }
    };
}

platform! {
    environments_burst,
    environments_per_second,
    map_concurrency,
    standard_burst,
    standard_per_second,
    express_burst,
    express_per_second,
    puts_per_second,
    cold_start_s,
    state_s,
    event_s,
    map_start_s,
    object_s,
    spread,
    straggler_share,
    straggler_factor,
    failure_share,
    probe_s,
    index_s,
}

impl Platform {
    /// The figures that ship with reelsmith.
    pub fn built_in() -> Result<Self, serde_norway::Error> {
        serde_norway::from_str(include_str!("../../platform.yaml"))
    }
}
