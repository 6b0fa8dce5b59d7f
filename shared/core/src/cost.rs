//! What a job costs: one model, used by the estimate, the cost cap, the planner and docs/cost.md.
//!
//! The model multiplies what the work takes ([`WorkFigures`], measured) by what AWS bills for it ([`PriceList`], list prices).
//! The results are estimates for people and for one comparison with a cap. They decide no boundary in media, so they are
//! floating-point numbers.

mod estimate;
mod price;
mod title;
mod work;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use estimate::{CostModel, Estimate, Line, RungCost, estimate};
pub use price::{
    Architecture, Factor, Item, MediaConvertFactors, PictureClass, PriceBasis, PriceList, Quote,
    RateClass,
};
pub use title::{Source, Title};
pub use work::{Preset, Sizes, WorkFigures};

/// US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(pub f64);

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|usd| usd.0).sum())
    }
}

/// Two decimals from one dollar on, four below.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.abs() >= 1.0 {
            write!(f, "${:.2}", self.0)
        } else {
            write!(f, "${:.4}", self.0)
        }
    }
}

/// A text that is not an amount of dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an amount of dollars such as 25 or 0.50, found {0:?}")]
pub struct BadAmount(pub String);

impl std::str::FromStr for Usd {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().parse::<f64>() {
            Ok(amount) if amount.is_finite() && amount >= 0.0 => Ok(Self(amount)),
            _ => Err(BadAmount(text.to_owned())),
        }
    }
}

/// Parses a YAML file that is part of the binary.
#[expect(clippy::expect_used, reason = "a test parses every such file")]
fn built_in<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_norway::from_str(text).expect("a file that ships with reelsmith")
}

#[cfg(test)]
mod tests;
