//! Rows of the submission table, newest first, by its indexes.

use aws_sdk_dynamodb::types::AttributeValue;
use reelsmith_core::keys::AssetId;
use reelsmith_core::submission::{Row, State};

use crate::dynamodb::item::Stored;
use crate::provision::{Cloud, CloudError, CloudResult, Doing};

/// Which rows of the submission table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsOf {
    /// Those in a state.
    State(State),
    /// Those of a title.
    Asset(AssetId),
}

impl RowsOf {
    /// Index, name of its partition key, and the value asked for.
    fn index(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::State(state) => ("by-status", "gsi_status", state.as_str()),
            Self::Asset(asset) => ("by-asset", "asset", asset.as_str()),
        }
    }
}

impl Cloud {
    /// Rows of the submission table, newest first, at most `limit`. An index follows the table within moments.
    pub async fn rows(&self, table: &str, of: &RowsOf, limit: usize) -> CloudResult<Vec<Row>> {
        let (index, attribute, value) = of.index();
        let action = format!("list the jobs of {attribute} {value} in {table}");
        let mut pages = self
            .dynamodb
            .query()
            .table_name(table)
            .index_name(index)
            .key_condition_expression("#a = :v")
            .expression_attribute_names("#a", attribute)
            .expression_attribute_values(":v", AttributeValue::S(value.to_owned()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .into_paginator()
            .send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.doing(action.as_str())?.items.unwrap_or_default() {
                let stored = Stored::from_item(table, item);
                let stored = stored.map_err(|e| CloudError::port(action.as_str(), e))?;
                rows.push(stored.row);
            }
            if rows.len() >= limit {
                break;
            }
        }
        rows.truncate(limit);
        Ok(rows)
    }
}
