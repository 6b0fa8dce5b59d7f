//! Conversion between items of the table and types of the domain.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};
use reelsmith_core::submission::{OutboxEntry, Row, State};
use reelsmith_core::time::UnixMillis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One item: attribute names with their values.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(super) const ROW: &str = "row";

/// How long DynamoDB keeps a row after its job has ended, in seconds. A live row does not expire.
const ROW_KEPT_SECONDS: i64 = 90 * 86_400;
/// How long DynamoDB keeps a sent outbox entry, in seconds.
const ENTRY_KEPT_SECONDS: i64 = 14 * 86_400;

pub(super) fn job_pk(job_key: &JobKey) -> String {
    format!("job#{job_key}")
}

pub(super) fn outbox_pk(outbox: &str) -> String {
    format!("outbox#{outbox}")
}

/// A row with its bookkeeping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) row: Row,
    /// How often the row was written, from 1.
    pub(super) revision: u64,
    /// The token of the call that wrote the row.
    pub(super) write: String,
}

impl Stored {
    /// The item of the row: its own fields, and the attributes of keys, indexes and expiry.
    pub(super) fn to_item(&self) -> PortResult<Item> {
        let row = &self.row;
        let mut item = attributes(row)?;
        let mut set = |name: &str, value| item.insert(name.to_owned(), value);
        set("pk", AttributeValue::S(job_pk(&row.job_key)));
        set("sk", AttributeValue::S(ROW.to_owned()));
        set("revision", number(self.revision));
        set("write", AttributeValue::S(self.write.clone()));
        set(
            "gsi_status",
            AttributeValue::S(row.state.as_str().to_owned()),
        );
        if matches!(row.state, State::Complete | State::Failed) {
            set("expires", expires(row.updated, ROW_KEPT_SECONDS));
        }
        Ok(item)
    }

    /// Reads a row from an item; `Invalid`, with the name of the attribute, if it is not a row.
    pub(crate) fn from_item(resource: &str, item: Item) -> PortResult<Self> {
        #[derive(serde::Deserialize)]
        struct Fields {
            #[serde(flatten)]
            row: Row,
            revision: u64,
            write: String,
        }
        let fields: Fields = value_of(resource, item)?;
        Ok(Self {
            row: fields.row,
            revision: fields.revision,
            write: fields.write,
        })
    }
}

/// The status of an unsent outbox entry. Rows use the names of their states in the same index.
pub(super) const PENDING: &str = "PENDING";
pub(super) const SENT: &str = "SENT";

/// An outbox entry as the attributes of an item, without its keys.
pub(super) fn entry_attributes(entry: &OutboxEntry) -> PortResult<Item> {
    let mut item = attributes(entry)?;
    let status = AttributeValue::S(PENDING.to_owned());
    item.insert("gsi_status".to_owned(), status);
    item.insert("updated".to_owned(), number(entry.created.0));
    Ok(item)
}

pub(super) fn entry_key(entry: &OutboxEntry) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(outbox_pk(&entry.outbox))),
        ("sk".to_owned(), AttributeValue::S(entry.id.clone())),
    ])
}

/// When a sent entry expires, in epoch seconds.
pub(super) fn entry_expires(sent: UnixMillis) -> AttributeValue {
    expires(sent, ENTRY_KEPT_SECONDS)
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn expires(from: UnixMillis, kept_seconds: i64) -> AttributeValue {
    number((from.0 / 1_000).saturating_add(kept_seconds))
}

/// A value as the attributes of an item, without its keys.
pub(super) fn attributes(value: &impl Serialize) -> PortResult<Item> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(fields.into_iter().map(|(k, v)| (k, to_av(v))).collect()),
        Ok(other) => Err(unreadable(
            "item",
            &format!("expected fields, found {other}"),
        )),
        Err(e) => Err(unreadable("item", &e.to_string())),
    }
}

/// Reads a value from an item. The error names the attribute that cannot be read.
pub(super) fn value_of<T: DeserializeOwned>(resource: &str, item: Item) -> PortResult<T> {
    let mut fields = Map::new();
    for (name, av) in item {
        let value = from_av(av).map_err(|e| unreadable(resource, &format!("{name}: {e}")))?;
        fields.insert(name, value);
    }
    serde_json::from_value(Value::Object(fields)).map_err(|e| unreadable(resource, &e.to_string()))
}

fn unreadable(resource: &str, why: &str) -> PortError {
    PortError::new(
        PortErrorKind::Invalid,
        format!("{resource}: expected an item that this version writes: {why}"),
    )
}

fn to_av(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(b) => AttributeValue::Bool(b),
        Value::Number(n) => AttributeValue::N(n.to_string()),
        Value::String(s) => AttributeValue::S(s),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(to_av).collect()),
        Value::Object(map) => {
            AttributeValue::M(map.into_iter().map(|(k, v)| (k, to_av(v))).collect())
        }
    }
}

fn from_av(av: AttributeValue) -> Result<Value, String> {
    Ok(match av {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(b) => Value::Bool(b),
        AttributeValue::N(n) => serde_json::from_str::<serde_json::Number>(&n)
            .map(Value::Number)
            .map_err(|_| format!("expected a number, found {n:?}"))?,
        AttributeValue::S(s) => Value::String(s),
        AttributeValue::L(list) => Value::Array(
            list.into_iter()
                .map(from_av)
                .collect::<Result<Vec<_>, _>>()?,
        ),
        AttributeValue::M(map) => Value::Object(
            map.into_iter()
                .map(|(k, v)| from_av(v).map(|v| (k, v)))
                .collect::<Result<Map<_, _>, _>>()?,
        ),
        _ => return Err("expected text, a number, a list or a map, found a set or bytes".into()),
    })
}

#[cfg(test)]
mod tests;
