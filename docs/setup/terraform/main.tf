# What must exist before the first event, in one region: see docs/setup/README.md.
# The argument names were compared with the source of the provider 1.289. Nothing was applied.
terraform {
  required_version = ">= 1.5"

  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.283"
    }
  }
}

provider "alicloud" {
  region = var.region
}

data "alicloud_account" "this" {}

locals {
  account = data.alicloud_account.this.id
  ram     = "${path.module}/../../ram"

  # The policies of the function's role: the base, and one for each capability.
  capabilities = setunion(var.capabilities, toset(var.failures_to == "bus" ? ["bus"] : []))
  policies = merge(
    { "bucketwarden" = "${local.ram}/policy.json" },
    { for name in local.capabilities : "bucketwarden-${name}" => "${local.ram}/policy-${name}.json" },
  )

  queue = "bucketwarden-dead-letters"

  # Where the platform sends a failed invocation. With Serverless Devs, s.yaml needs the same value.
  destination = var.failures_to == "bus" ? (
    "acs:eventbridge:${var.region}:${local.account}:eventbus/bucketwarden"
    ) : (
    "acs:mns:${var.region}:${local.account}:/queues/${local.queue}/messages"
  )
}

resource "alicloud_ram_role" "function" {
  count = var.home ? 1 : 0

  role_name                   = "bucketwarden"
  description                 = "Bucketwarden's function"
  assume_role_policy_document = file("${local.ram}/trust.json")
}

resource "alicloud_ram_policy" "function" {
  for_each = var.home ? local.policies : {}

  policy_name     = each.key
  policy_document = file(each.value)
}

resource "alicloud_ram_role_policy_attachment" "function" {
  for_each = alicloud_ram_policy.function

  policy_name = each.value.policy_name
  policy_type = "Custom"
  role_name   = alicloud_ram_role.function[0].role_name
}

resource "alicloud_message_service_queue" "dead_letters" {
  queue_name               = local.queue
  message_retention_period = 604800 # seconds: a week, the maximum
}

resource "alicloud_log_project" "this" {
  project_name = "bucketwarden-${local.account}-${var.region}"
  description  = "Bucketwarden"
}

resource "alicloud_log_store" "function" {
  project_name     = alicloud_log_project.this.project_name
  logstore_name    = "function"
  retention_period = var.log_days
  shard_count      = 1
}

# The alarms and the queries of docs/operations.md need these fields.
resource "alicloud_log_store_index" "function" {
  project  = alicloud_log_project.this.project_name
  logstore = alicloud_log_store.function.logstore_name

  full_text {
    case_sensitive = false
    token          = join("", local.index.line.token)
  }

  dynamic "field_search" {
    for_each = local.index.keys

    content {
      name             = field_search.key
      type             = field_search.value.type
      enable_analytics = true
      token            = join("", try(field_search.value.token, []))

      # The same fields once more, if the platform keeps the line as text in the field message.
      dynamic "json_keys" {
        for_each = try(field_search.value.json_keys, {})

        content {
          name      = json_keys.key
          type      = json_keys.value.type
          doc_value = json_keys.value.doc_value
        }
      }
    }
  }
}

locals {
  index = jsondecode(file("${path.module}/../index.json"))
}
