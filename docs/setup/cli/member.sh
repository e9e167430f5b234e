#!/bin/sh
# The role in another account, with the credentials of that account:
#   FUNCTION_ACCOUNT_ID=1234567890123456 docs/setup/cli/member.sh
. "$(dirname "$0")/lib.sh"
: "${FUNCTION_ACCOUNT_ID:?set it to the ID of the account that has the function}"

step "role bucketwarden-member" aliyun ram CreateRole --RoleName bucketwarden-member \
  --AssumeRolePolicyDocument "$(sed "s/1234567890123456/$FUNCTION_ACCOUNT_ID/" "$ram/trust-member.json")"
allow bucketwarden-member bucketwarden-member "$ram/policy-member.json"
