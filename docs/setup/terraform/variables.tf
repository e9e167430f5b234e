variable "region" {
  description = "The region to set up. Apply once for each region, each with a state (workspace) of its own."
  type        = string
  default     = "cn-hangzhou"
}

variable "home" {
  description = "Whether this is the home region. The role, its policies and the nightly sweep exist once in an account, so only the home region has them."
  type        = bool
  default     = true
}

variable "capabilities" {
  description = "The capabilities to allow: the files docs/ram/policy-NAME.json. docs/ram/README.md says when each one is needed."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.capabilities, ["accounts", "bus", "config", "continue", "directory", "keys", "remove", "tags", "trail"])) == 0
    error_message = "A capability is one of accounts, bus, config, continue, directory, keys, remove, tags, trail."
  }
}

variable "deploy_function" {
  description = "Whether Terraform owns the function and its triggers. Leave it false if you deploy with Serverless Devs (make deploy): two owners reset each other's fields."
  type        = bool
  default     = false
}

variable "package" {
  description = "The package that make package made. Used only with deploy_function."
  type        = string
  default     = "../../../dist/bucketwarden.zip"
}

variable "settings" {
  description = "WARDEN_ settings that differ from those in s.yaml. No secret belongs here. Used only with deploy_function."
  type        = map(string)
  default     = {}
}

variable "log_days" {
  description = "How many days the log is kept."
  type        = number
  default     = 90
}

variable "log_prefix" {
  description = "Empty if a log line's JSON members are fields of the log, message. if they are in the field message. docs/first-deployment.md says how to find out."
  type        = string
  default     = ""

  validation {
    condition     = contains(["", "message."], var.log_prefix)
    error_message = "log_prefix is empty or message."
  }
}

variable "action_policy_id" {
  description = "The action policy of Simple Log Service that says whom the alarms notify. Create it in the console; without one there are no alarms."
  type        = string
  default     = ""
}

variable "contact_groups" {
  description = "Contact groups of Cloud Monitor to notify when there are dead letters. Without one there is no such alarm."
  type        = list(string)
  default     = []
}

variable "failures_to" {
  description = "Where failed invocations go: queue (straight into the dead letters), or bus (to the event bus bucketwarden, which notifies people and fills the same queue)."
  type        = string
  default     = "queue"

  validation {
    condition     = contains(["queue", "bus"], var.failures_to)
    error_message = "failures_to is queue or bus."
  }
}

variable "robots" {
  description = "Which robots to notify of failed invocations: dingtalk, feishu, wecom, slack. Only with failures_to = \"bus\"."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.robots, ["dingtalk", "feishu", "wecom", "slack"])) == 0
    error_message = "A robot is one of dingtalk, feishu, wecom, slack."
  }
}

variable "robot_urls" {
  description = "The address of each robot. An address is a credential: give it as TF_VAR_robot_urls, never in a file that is committed."
  type        = map(string)
  default     = {}
  sensitive   = true
}

variable "dingtalk_secret" {
  description = "The signing secret of the DingTalk robot."
  type        = string
  default     = ""
  sensitive   = true
}

variable "mail" {
  description = "Who gets mail of failed invocations. from is a sender address that exists in Direct Mail. Only with failures_to = \"bus\"."
  type        = object({ from = string, to = string })
  default     = null
}
