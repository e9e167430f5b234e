#!/bin/sh
# The function under `s local`, in the emulator's image: s-local.sh image | invoke EVENT | start
# Where something is missing it says what to install, and skips.
set -eu
image=bucketwarden-emulator:local
s=$(command -v s || echo internal/deploy/node/node_modules/.bin/s)
component=$(sed -n 's/^ *component: *//p' s.local.yaml)
cache=${serverless_devs_config_home:-$HOME}/.s/components/devsapp.cn/v3/$component

skip() { printf 'SKIPPED: %s\n  %s\n  make local and make invoke run the same binary and need none of this.\n' "$1" "$2"; exit 0; }

command -v docker >/dev/null || skip 'there is no docker' 'install docker.io (Debian) or Docker Engine'
docker info >/dev/null 2>&1 || skip 'docker does not answer' 'start its daemon, and see that you may use it'
if [ "$1" != image ]; then
  [ -x "$s" ] || skip 'there is no s' 'npm install -g @serverless-devs/s@3, or npm ci in internal/deploy/node'
  [ -e "$cache/.s.lock" ] || skip "the component $component is not in the cache" "s loads it at its first use, with a network: s verify -t s.local.yaml"
fi

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -ldflags '-s -w' -o "$context/emulator" ./internal/cmd/emulator
DOCKER_BUILDKIT=0 docker build -q -t "$image" -f internal/cmd/emulator/Dockerfile "$context"

# These keys win over everybody's own, which must not get into a container.
export FC_DOCKER_IMAGE_URL="$image" AccountID=1234567890123456 AccessKeyID=local AccessKeySecret=local
case $1 in
image) ;;
start) "$s" local start -t s.local.yaml ;;
invoke) # s itself ends with 0 also when the function fails
  "$s" local invoke -t s.local.yaml -f "$2" | tee "$context/out"
  ! grep -q '"errorType"' "$context/out" || { echo 'the function failed'; exit 1; } ;;
*) echo "usage: $0 image | invoke EVENT | start" >&2; exit 2 ;;
esac
