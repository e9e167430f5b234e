#!/bin/sh
# Takes away what setup.sh or member.sh made. Remove the function first:
#   REGION=cn-hangzhou s remove -y          (in each region)
#   ACCOUNT_ID=1234567890123456 docs/setup/cli/remove.sh cn-hangzhou cn-beijing
# Dead letters are deleted with their queue. The log stays, unless REMOVE_LOGS=yes.
# In another account: docs/setup/cli/remove.sh --member
. "$(dirname "$0")/lib.sh"

if [ "${1:-}" = --member ]; then
  deny bucketwarden-member bucketwarden-member
  gone "role bucketwarden-member" aliyun ram DeleteRole --RoleName bucketwarden-member
  exit
fi
: "${ACCOUNT_ID:?set it to the account ID}" "${1:?name at least one region}"

for region; do
  gone "queue in $region" aliyun mns-open DeleteQueue --version 2022-01-19 --force --region "$region" --QueueName bucketwarden-dead-letters
  if [ "${REMOVE_LOGS:-}" = yes ]; then
    project=bucketwarden-$ACCOUNT_ID-$region
    gone "log project $project" aliyun sls DeleteProject --region "$region" --project "$project"
  fi
done
for file in "$ram"/policy-*.json; do
  name=${file##*/policy-}
  deny bucketwarden "bucketwarden-${name%.json}"
done
deny bucketwarden bucketwarden
gone "role bucketwarden" aliyun ram DeleteRole --RoleName bucketwarden
