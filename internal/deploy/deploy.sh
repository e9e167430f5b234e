#!/bin/sh
# Deploys s.yaml to regions: deploy.sh HOME_REGION [REGION...]
# The timer goes to the home region only: its sweep goes over all regions' buckets.
set -eu
: "${1:?name at least one region}" "${ACCOUNT_ID:?set it to the account number}"
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
  # By its own name, because fc3 passes over what is behind an unchanged one.
  "$s" deploy -y -t s.yaml --trigger bucket-calls
done
