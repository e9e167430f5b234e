#!/bin/sh
# What must exist before the first event, without Terraform:
#   ACCOUNT_ID=1234567890123456 CAPABILITIES="keys tags" docs/setup/cli/setup.sh cn-hangzhou cn-beijing
# It makes the role and its policies once, and a queue and a log project in each region.
# It makes no alarms and no event bus: see docs/setup/README.md.
. "$(dirname "$0")/lib.sh"
: "${ACCOUNT_ID:?set it to the account ID}" "${1:?name at least one region}"

for name in ${CAPABILITIES:-}; do
  [ -e "$ram/policy-$name.json" ] || { echo "no capability $name: there is no file docs/ram/policy-$name.json" >&2; exit 2; }
done

step "role bucketwarden" aliyun ram CreateRole --RoleName bucketwarden --AssumeRolePolicyDocument "$(cat "$ram/trust.json")"
allow bucketwarden bucketwarden "$ram/policy.json"
for name in ${CAPABILITIES:-}; do
  allow bucketwarden "bucketwarden-$name" "$ram/policy-$name.json"
done

for region; do
  project=bucketwarden-$ACCOUNT_ID-$region
  step "queue in $region" aliyun mns-open CreateQueue --version 2022-01-19 --force --region "$region" \
    --QueueName bucketwarden-dead-letters --MessageRetentionPeriod 604800
  step "log project $project" aliyun sls CreateProject --region "$region" --body "{\"projectName\":\"$project\",\"description\":\"Bucketwarden\"}"
  step "logstore function" aliyun sls CreateLogStore --region "$region" --project "$project" \
    --body '{"logstoreName":"function","ttl":90,"shardCount":1}'
  step "index of the logstore" aliyun sls CreateIndex --region "$region" --project "$project" --logstore function --body "$(cat "$setup/index.json")"
done
