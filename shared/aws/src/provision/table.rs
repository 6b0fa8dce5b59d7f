//! Tables.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};
use serde::Deserialize;

use crate::cloud::{Cloud, CloudResult, Doing, if_found};

/// A table with on-demand capacity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    pub name: String,
    pub partition_key: KeySpec,
    pub sort_key: KeySpec,
    /// The attribute that contains when an item expires, in epoch seconds.
    pub ttl_attribute: String,
    /// The global secondary indexes. Each projects every attribute.
    pub indexes: Vec<IndexSpec>,
}

/// A key attribute.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySpec {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: KeyKind,
}

/// The type of a key attribute: string or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum KeyKind {
    S,
    N,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexSpec {
    pub name: String,
    pub partition_key: KeySpec,
    #[serde(default)]
    pub sort_key: Option<KeySpec>,
}

impl Cloud {
    /// Creates a table. An existing table is not changed, because its keys cannot change.
    pub async fn provision_table(&self, spec: &TableSpec) -> CloudResult<()> {
        let described = self
            .dynamodb
            .describe_table()
            .table_name(&spec.name)
            .send()
            .await;
        let described = described.doing(format!("describe table {}", spec.name));
        if if_found(described)?.is_none() {
            self.create_table(spec).await?;
        }
        self.provision_ttl(spec).await
    }

    async fn create_table(&self, spec: &TableSpec) -> CloudResult<()> {
        let action = format!("create table {}", spec.name);
        self.dynamodb
            .create_table()
            .table_name(&spec.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes(spec).doing(action.as_str())?))
            .set_key_schema(Some(
                key_schema(&spec.partition_key, Some(&spec.sort_key)).doing(action.as_str())?,
            ))
            .set_global_secondary_indexes(Some(indexes(spec).doing(action.as_str())?))
            .send()
            .await
            .doing(action)
            .map(drop)
    }

    async fn provision_ttl(&self, spec: &TableSpec) -> CloudResult<()> {
        let action = format!("set the expiry attribute of table {}", spec.name);
        let now = self
            .dynamodb
            .describe_time_to_live()
            .table_name(&spec.name)
            .send()
            .await
            .doing(action.as_str())?;
        let status = now
            .time_to_live_description()
            .and_then(|d| d.time_to_live_status());
        if matches!(
            status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        ) {
            return Ok(());
        }
        let on = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name(&spec.ttl_attribute)
            .build()
            .doing(action.as_str())?;
        self.dynamodb
            .update_time_to_live()
            .table_name(&spec.name)
            .time_to_live_specification(on)
            .send()
            .await
            .doing(action)
            .map(drop)
    }
}

type Built<T> = Result<T, aws_sdk_dynamodb::error::BuildError>;

fn attributes(spec: &TableSpec) -> Built<Vec<AttributeDefinition>> {
    let mut keys = vec![&spec.partition_key, &spec.sort_key];
    for index in &spec.indexes {
        keys.push(&index.partition_key);
        keys.extend(&index.sort_key);
    }
    // Two indexes may share an attribute, which is defined once.
    let unique: BTreeMap<_, _> = keys.into_iter().map(|k| (&k.name, k.kind)).collect();
    let define = |(name, kind)| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(match kind {
                KeyKind::S => ScalarAttributeType::S,
                KeyKind::N => ScalarAttributeType::N,
            })
            .build()
    };
    unique.into_iter().map(define).collect()
}

fn key_schema(partition: &KeySpec, sort: Option<&KeySpec>) -> Built<Vec<KeySchemaElement>> {
    let element = |key: &KeySpec, kind| {
        KeySchemaElement::builder()
            .attribute_name(&key.name)
            .key_type(kind)
            .build()
    };
    let mut schema = vec![element(partition, KeyType::Hash)?];
    if let Some(sort) = sort {
        schema.push(element(sort, KeyType::Range)?);
    }
    Ok(schema)
}

fn indexes(spec: &TableSpec) -> Built<Vec<GlobalSecondaryIndex>> {
    let build = |index: &IndexSpec| {
        let all = Projection::builder()
            .projection_type(ProjectionType::All)
            .build();
        GlobalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(
                &index.partition_key,
                index.sort_key.as_ref(),
            )?))
            .projection(all)
            .build()
    };
    spec.indexes.iter().map(build).collect()
}
