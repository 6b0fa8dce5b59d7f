locals {
  keys = concat(
    [var.spec.partition_key, var.spec.sort_key],
    flatten([for index in var.spec.indexes : [for key in ["partition_key", "sort_key"] : index[key] if can(index[key].name)]]),
  )
  # Two indexes may share an attribute; it is defined once.
  attributes = { for key in local.keys : key.name => key.type... }
}

resource "aws_dynamodb_table" "this" {
  name                        = "${var.deployment}-${var.spec.name}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.spec.partition_key.name
  range_key                   = var.spec.sort_key.name
  deletion_protection_enabled = var.deletion_protection

  dynamic "attribute" {
    for_each = local.attributes

    content {
      name = attribute.key
      type = one(distinct(attribute.value))
    }
  }

  dynamic "global_secondary_index" {
    for_each = { for index in var.spec.indexes : index.name => index }

    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.partition_key.name
      range_key       = try(global_secondary_index.value.sort_key.name, null)
      projection_type = "ALL"
    }
  }

  ttl {
    attribute_name = var.spec.ttl_attribute
    enabled        = true
  }

  # The table records what was encoded; losing it means paying for every title again.
  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }
}
