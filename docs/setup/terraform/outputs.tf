output "destination" {
  description = "The value of asyncInvokeConfig.destinationConfig.onFailure.destination in s.yaml."
  value       = local.destination
}

output "role" {
  description = "The role of the function."
  value       = "acs:ram::${local.account}:role/bucketwarden"
}
