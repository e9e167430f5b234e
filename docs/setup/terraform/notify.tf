# Failed invocations to people, by an event bus of their own: failures_to = "bus".
# The addresses of robots are credentials: they are in Terraform's state, and who may read the rules can read them.
locals {
  bus    = var.failures_to == "bus" ? ["bucketwarden"] : []
  robots = var.failures_to == "bus" ? var.robots : []
  notify = "${path.module}/../notify"
}

resource "alicloud_event_bridge_event_bus" "this" {
  for_each = toset(local.bus)

  event_bus_name = each.key
  description    = "Bucketwarden's failed invocations"
}

# The queue holds the same message as without a bus: only the data, not the envelope.
resource "alicloud_event_bridge_rule" "queue" {
  for_each = alicloud_event_bridge_event_bus.this

  event_bus_name = each.value.event_bus_name
  rule_name      = "dead-letters"
  filter_pattern = file("${local.notify}/pattern.json")

  targets {
    target_id           = "queue"
    type                = "acs.mns.queue"
    endpoint            = "acs:mns:${var.region}:${local.account}:queues/${local.queue}"
    push_retry_strategy = "EXPONENTIAL_DECAY_RETRY"

    param_list {
      resource_key = "queue"
      form         = "CONSTANT"
      value        = local.queue
    }

    param_list {
      resource_key = "Body"
      form         = "JSONPATH"
      value        = "$.data"
    }

    param_list {
      resource_key = "IsBase64Encode"
      form         = "CONSTANT"
      value        = "false"
    }
  }
}

resource "alicloud_event_bridge_rule" "dingtalk" {
  for_each = toset([for robot in local.robots : robot if robot == "dingtalk"])

  event_bus_name = alicloud_event_bridge_event_bus.this["bucketwarden"].event_bus_name
  rule_name      = "notify-${each.key}"
  filter_pattern = file("${local.notify}/pattern.json")

  targets {
    target_id           = each.key
    type                = "acs.dingtalk"
    endpoint            = var.robot_urls[each.key]
    push_retry_strategy = "BACKOFF_RETRY"

    param_list {
      resource_key = "URL"
      form         = "CONSTANT"
      value        = var.robot_urls[each.key]
    }

    param_list {
      resource_key = "SecretKey"
      form         = "CONSTANT"
      value        = var.dingtalk_secret
    }

    param_list {
      resource_key = "Body"
      form         = "TEMPLATE"
      value        = file("${local.notify}/paths.json")
      template     = file("${local.notify}/${each.key}.json")
    }
  }
}

# These three have no target type of their own.
resource "alicloud_event_bridge_rule" "robot" {
  for_each = toset([for robot in local.robots : robot if robot != "dingtalk"])

  event_bus_name = alicloud_event_bridge_event_bus.this["bucketwarden"].event_bus_name
  rule_name      = "notify-${each.key}"
  filter_pattern = file("${local.notify}/pattern.json")

  targets {
    target_id           = each.key
    type                = "https"
    endpoint            = var.robot_urls[each.key]
    push_retry_strategy = "BACKOFF_RETRY"

    param_list {
      resource_key = "url"
      form         = "CONSTANT"
      value        = var.robot_urls[each.key]
    }

    param_list {
      resource_key = "Network"
      form         = "CONSTANT"
      value        = "PublicNetwork"
    }

    param_list {
      resource_key = "Body"
      form         = "TEMPLATE"
      value        = file("${local.notify}/paths.json")
      template     = file("${local.notify}/${each.key}.json")
    }
  }
}

resource "alicloud_event_bridge_rule" "mail" {
  count = var.failures_to == "bus" && var.mail != null ? 1 : 0

  event_bus_name = alicloud_event_bridge_event_bus.this["bucketwarden"].event_bus_name
  rule_name      = "notify-mail"
  filter_pattern = file("${local.notify}/pattern.json")

  targets {
    target_id           = "mail"
    type                = "acs.mail"
    endpoint            = "acs:mail:${var.region}:${local.account}"
    push_retry_strategy = "BACKOFF_RETRY"

    dynamic "param_list" {
      for_each = {
        Subject        = "Bucketwarden: an invocation failed"
        AccountName    = var.mail.from
        AddressType    = "1"
        ReplyToAddress = "false"
        ToAddress      = var.mail.to
        IsHtmlBody     = "false"
      }

      content {
        resource_key = param_list.key
        form         = "CONSTANT"
        value        = param_list.value
      }
    }

    param_list {
      resource_key = "Body"
      form         = "TEMPLATE"
      value        = file("${local.notify}/paths.json")
      template     = file("${local.notify}/mail.txt")
    }
  }
}
