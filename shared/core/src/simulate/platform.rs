//! The figures of `shared/core/platform.yaml`.

use serde::{Deserialize, Serialize};

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A limit that AWS documents.
    Published,
    /// Nobody here could measure it.
    Assumed,
}

/// One figure of the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The number.
    pub value: f64,
    /// What it counts.
    pub unit: String,
    /// Where it comes from.
    pub standing: Standing,
    /// The page, or the reason.
    pub source: String,
}

macro_rules! platform {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What a fleet is held to.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Platform {
            $($(#[$doc])* pub $name: Figure,)+
        }

        impl Platform {
            /// Every figure with its name, in the file's order.
            #[must_use]
            pub fn figures(&self) -> Vec<(&'static str, &Figure)> {
                vec![$((stringify!($name), &self.$name)),+]
            }
        }
    };
}

platform! {
    /// Execution environments a function may get at once.
    environments_burst,
    /// Environments it may get per second after that.
    environments_per_second,
    /// Children of one Map run at once.
    map_concurrency,
    /// Standard children that may start at once.
    standard_burst,
    /// Standard children per second after that.
    standard_per_second,
    /// Express children that may start at once.
    express_burst,
    /// Express children per second after that.
    express_per_second,
    /// Objects written per second below one prefix.
    puts_per_second,
    /// Seconds that a new environment takes.
    cold_start_s,
    /// Seconds of a transition and a warm invocation.
    state_s,
    /// Seconds from the object's arrival to the execution's start.
    event_s,
    /// Seconds that a Map run takes to begin.
    map_start_s,
    /// Seconds to the first byte of an object.
    object_s,
    /// Standard deviation of the logarithm of a piece's duration.
    spread,
    /// Part of the pieces that straggle.
    straggler_share,
    /// How many times as long these take.
    straggler_factor,
    /// Part of the pieces that fail half way.
    failure_share,
    /// Seconds to probe a mezzanine.
    probe_s,
    /// Seconds to read an index and plan.
    index_s,
}

impl Platform {
    /// The figures that ship with reelsmith.
    ///
    /// # Errors
    /// Where the file in this build cannot be read; a test reads it.
    pub fn built_in() -> Result<Self, serde_norway::Error> {
        serde_norway::from_str(include_str!("../../platform.yaml"))
    }
}
