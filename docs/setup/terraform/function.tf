# The function and its triggers, only with deploy_function = true. All values come from s.yaml, so that both ways deploy the same.
locals {
  s = yamldecode(replace(replace(replace(file("${path.module}/../../../s.yaml"),
    "$${vars.region}", var.region),
    "$${vars.account}", local.account),
  "$${vars.qualifier}", "LATEST")).resources.warden.props

  function = { for name in ["bucketwarden"] : name => local.s if var.deploy_function }

  # The timer sweeps the buckets of all regions, so only the home region has it.
  triggers = { for trigger in local.s.triggers : trigger.triggerName => trigger
  if var.deploy_function && (var.home || trigger.triggerType != "timer") }
}

check "one_owner" {
  assert {
    condition     = !var.deploy_function
    error_message = "Terraform owns the function (deploy_function = true). Do not run make deploy or s deploy for it as well: each resets the fields of the other."
  }
}

check "robots_need_the_bus" {
  assert {
    condition     = var.failures_to == "bus" || (length(var.robots) == 0 && var.mail == null)
    error_message = "Robots and mail work only with failures_to = \"bus\"."
  }
}

resource "alicloud_fcv3_function" "this" {
  for_each = local.function

  function_name         = each.value.functionName
  description           = each.value.description
  runtime               = each.value.runtime
  handler               = each.value.handler
  role                  = each.value.role
  cpu                   = each.value.cpu
  memory_size           = each.value.memorySize
  disk_size             = each.value.diskSize
  timeout               = each.value.timeout
  instance_concurrency  = each.value.instanceConcurrency
  internet_access       = each.value.internetAccess
  environment_variables = merge(each.value.environmentVariables, var.settings)

  code {
    zip_file = filebase64(var.package)
  }

  log_config {
    project                 = alicloud_log_project.this.project_name
    logstore                = alicloud_log_store.function.logstore_name
    enable_request_metrics  = each.value.logConfig.enableRequestMetrics
    enable_instance_metrics = each.value.logConfig.enableInstanceMetrics
    log_begin_rule          = each.value.logConfig.logBeginRule
  }

  instance_lifecycle_config {
    pre_stop {
      handler = each.value.instanceLifecycleConfig.preStop.handler
      timeout = each.value.instanceLifecycleConfig.preStop.timeout
    }
  }

  depends_on = [alicloud_ram_role_policy_attachment.function]
}

resource "alicloud_fcv3_async_invoke_config" "this" {
  for_each = alicloud_fcv3_function.this

  function_name                  = each.value.function_name
  qualifier                      = "LATEST"
  max_async_retry_attempts       = local.s.asyncInvokeConfig.maxAsyncRetryAttempts
  max_async_event_age_in_seconds = local.s.asyncInvokeConfig.maxAsyncEventAgeInSeconds

  destination_config {
    on_failure {
      destination = local.destination
    }
  }

  depends_on = [alicloud_message_service_queue.dead_letters, alicloud_event_bridge_event_bus.this]
}

resource "alicloud_fcv3_trigger" "this" {
  for_each = local.triggers

  function_name  = alicloud_fcv3_function.this["bucketwarden"].function_name
  trigger_name   = each.value.triggerName
  trigger_type   = each.value.triggerType
  description    = each.value.description
  qualifier      = each.value.qualifier
  trigger_config = jsonencode(each.value.triggerConfig)
}
