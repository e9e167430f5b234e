#!/bin/sh
# Deploys s.yaml to regions: deploy.sh HOME_REGION [REGION...]
# The timer goes to the home region only: its sweep goes over all regions' buckets.
set -eu
: "${1:?name at least one region}" "${ACCOUNT_ID:?set it to the account number}"
# Two owners of one function reset each other's fields. A state that lies elsewhere is not seen.
tf=docs/setup/terraform
if grep -qs '"alicloud_fcv3_function"' "$tf"/*.tfstate "$tf"/terraform.tfstate.d/*/*.tfstate ||
  grep -Eqs '^[[:space:]]*"?deploy_function"?[[:space:]]*[=:][[:space:]]*true' "$tf"/*.tfvars "$tf"/*.tfvars.json ||
  [ "${TF_VAR_deploy_function:-}" = true ]; then
  echo "deploy: Terraform owns the function (deploy_function = true in $tf). Deploy with terraform apply, or set it to false and apply before this." >&2
  exit 1
fi
# What would stop the function at its start stops here.
"${GO:-go}" run ./internal/cmd/settingscheck -policy "${PACK:-}" >/dev/null
s=$(command -v s || echo internal/deploy/node/node_modules/.bin/s)
home=$1
for region; do
  echo "== $region"
  export REGION="$region"
  if [ "$region" = "$home" ]; then
    "$s" deploy -y -t s.yaml
  else
    "$s" deploy -y -t s.yaml --function --async-invoke-config
    "$s" deploy -y -t s.yaml --trigger http,bucket-created
  fi
  # The tool runs make package itself: did the policy reach it?
  if [ -n "${PACK:-}" ] && [ ! -e dist/code/policy.yaml ]; then
    echo "deploy: what was deployed has no policy: POLICY=$PACK did not reach the make package that s.yaml runs. Give it in the environment: export POLICY" >&2
    exit 1
  fi
  # By its own name, because fc3 passes over what is behind an unchanged one.
  "$s" deploy -y -t s.yaml --trigger bucket-calls
done
