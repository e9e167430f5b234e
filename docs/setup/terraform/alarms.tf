# The alarms of docs/operations.md. The queries are in docs/setup/alarms.json.
locals {
  alarms = { for alarm in jsondecode(file("${path.module}/../alarms.json")) : alarm.id => alarm }

  # A query is a search, then SQL, which quotes names with a point. {name} stands for a field.
  quote = var.log_prefix == "" ? "" : "\""
  queries = { for id, alarm in local.alarms : id => join("|", [
    replace(split("|", alarm.query)[0], "/\\{(\\w+)\\}/", "${var.log_prefix}$1"),
    replace(split("|", alarm.query)[1], "/\\{(\\w+)\\}/", "${local.quote}${var.log_prefix}$1${local.quote}"),
  ]) }
}

resource "alicloud_log_alert" "this" {
  for_each = { for id, alarm in local.alarms : id => alarm if var.action_policy_id != "" }

  version           = "2.0"
  type              = "default"
  project_name      = alicloud_log_project.this.project_name
  alert_name        = "bucketwarden-${each.key}"
  alert_displayname = "Bucketwarden: ${each.value.title}"
  auto_annotation   = true
  no_data_fire      = false
  send_resolved     = true

  schedule {
    type     = "FixedRate"
    interval = each.value.every
  }

  query_list {
    project        = alicloud_log_project.this.project_name
    region         = var.region
    store          = alicloud_log_store.function.logstore_name
    store_type     = "log"
    query          = local.queries[each.key]
    time_span_type = "Relative"
    start          = "-${each.value.over}"
    end            = "now"
  }

  group_configuration {
    type = "no_group"
  }

  severity_configurations {
    severity = 8
    eval_condition = {
      condition       = each.value.condition
      count_condition = "__count__ > 0"
    }
  }

  annotations {
    key   = "title"
    value = "Bucketwarden: ${each.value.title}"
  }

  annotations {
    key   = "desc"
    value = "See docs/operations.md."
  }

  # One message for each alarm and interval, however many buckets it is about.
  policy_configuration {
    alert_policy_id  = "sls.builtin.dynamic"
    action_policy_id = var.action_policy_id
    repeat_interval  = "4h"
  }

  depends_on = [alicloud_log_store_index.function]
}

# What a message says: the rows of the query. Choose this template in the action policy. Templates
# are kept once for an account, in the main region of Simple Log Service.
locals {
  message = jsondecode(file("${path.module}/../notify/alarm.json"))
}

provider "alicloud" {
  alias  = "main"
  region = "cn-heyuan"
}

resource "alicloud_log_resource_record" "message" {
  count    = var.home && var.action_policy_id != "" ? 1 : 0
  provider = alicloud.main

  resource_name = "sls.alert.content_template"
  record_id     = local.message.template_id
  tag           = local.message.template_name
  value         = jsonencode(local.message)
}

# The name of the metric and its dimensions come from examples, not from a reference.
resource "alicloud_cms_alarm" "dead_letters" {
  count = length(var.contact_groups) == 0 ? 0 : 1

  name              = "bucketwarden-dead-letters"
  project           = "acs_mns_new"
  metric            = "ActiveMessages"
  metric_dimensions = jsonencode([{ userId = local.account, region = var.region, queue = alicloud_message_service_queue.dead_letters.queue_name }])
  period            = 300
  contact_groups    = var.contact_groups
  silence_time      = 14400

  escalations_critical {
    statistics          = "Maximum"
    comparison_operator = ">"
    threshold           = "0"
    times               = 1
  }
}
