//! What a job costs: one model, from list prices and measured work, for the estimate, the cap and docs/cost.md.
//!
//! Everything here is an estimate in dollars and seconds for people and for one comparison with a cap; nothing of it
//! decides a boundary in media, so it is floating point.

mod estimate;
mod price;
mod title;
mod work;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use estimate::{Deployment, Estimate, Line, RungCost, estimate};
pub use price::{
    Architecture, Factor, Item, MediaConvertFactors, PictureClass, PriceList, Quote, RateClass,
    Standing,
};
pub use title::{Source, Title};
pub use work::{Preset, Sizes, Work};

/// US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(pub f64);

impl std::ops::Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::iter::Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), std::ops::Add::add)
    }
}

/// Cents where there are any, four digits below that.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.abs() >= 1.0 {
            write!(f, "${:.2}", self.0)
        } else {
            write!(f, "${:.4}", self.0)
        }
    }
}

/// A text that is not an amount: expected dollars as in `25` or `0.5`, not negative.
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

#[cfg(test)]
mod tests;
