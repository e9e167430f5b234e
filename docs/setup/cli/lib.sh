# Shared by the scripts of this folder; not run by itself.
# The names of the parameters were read in the command line's own metadata of
# 2026-04-21. Nothing was run against an account.
set -eu
ram=$(cd "$(dirname "$0")/../../ram" && pwd)
setup=$(cd "$(dirname "$0")/.." && pwd)

# step WHAT COMMAND...: runs a command; what exists already is not changed.
step() {
  what=$1
  shift
  if out=$("$@" 2>&1); then
    echo "done    $what"
    return
  fi
  case $out in
  *AlreadyExist* | *already\ exist*) echo "exists  $what (not changed)" ;;
  *)
    echo "FAILED  $what" >&2
    printf '%s\n' "$out" >&2
    exit 1
    ;;
  esac
}

# gone WHAT COMMAND...: the same for removals.
gone() {
  what=$1
  shift
  if out=$("$@" 2>&1); then
    echo "removed $what"
    return
  fi
  case $out in
  *NotExist* | *not\ exist*) echo "absent  $what" ;;
  *)
    echo "FAILED  $what" >&2
    printf '%s\n' "$out" >&2
    exit 1
    ;;
  esac
}

# allow ROLE POLICY FILE: creates a policy and attaches it to a role.
allow() {
  step "policy $2" aliyun ram CreatePolicy --PolicyName "$2" --PolicyDocument "$(cat "$3")"
  step "policy $2 at role $1" aliyun ram AttachPolicyToRole --PolicyType Custom --PolicyName "$2" --RoleName "$1"
}

# deny ROLE POLICY: detaches a policy and deletes it.
deny() {
  gone "policy $2 at role $1" aliyun ram DetachPolicyFromRole --PolicyType Custom --PolicyName "$2" --RoleName "$1"
  gone "policy $2" aliyun ram DeletePolicy --PolicyName "$2"
}
