#!/bin/sh
# The function under `s local`, in the emulator's image: s-local.sh image | invoke EVENT | start
# The status is that of s, 1 if the function failed, 2 for wrong use, and 3 if
# something is missing on this machine: it says what to install.
set -eu
image=bucketwarden-emulator:local
s=$(command -v s || echo internal/deploy/node/node_modules/.bin/s)
component=$(sed -n 's/^ *component: *//p' s.local.yaml)
cache=${serverless_devs_config_home:-$HOME}/.s/components/devsapp.cn/v3/$component

missing() { printf 'NOT RUN: %s\n  %s\n  make local and make invoke run the same binary and need none of this.\n' "$1" "$2" >&2; exit 3; }

event=${2-}
[ -f "$event" ] || event=events/${event%.json}.json # the name of a sample
case ${1-} in
image | start) ;;
invoke) [ -f "$event" ] || { printf 'there is no event file %s; make events lists the samples\n' "${2-}" >&2; exit 2; } ;;
*) echo "usage: $0 image | invoke EVENT | start" >&2; exit 2 ;;
esac

docker=$(command -v docker) || missing 'there is no docker' 'install docker.io (Debian) or Docker Engine'
docker info >/dev/null 2>&1 || missing 'docker does not answer' 'start its daemon, and check that you may use it'
if [ "$1" != image ]; then
  [ -x "$s" ] || missing 'there is no s' 'npm install -g @serverless-devs/s@3, or npm ci in internal/deploy/node'
  [ -e "$cache/.s.lock" ] || missing "the component $component is not in the cache" "s loads it at its first use, with a network: s verify -t s.local.yaml"
fi

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -ldflags '-s -w' -o "$context/emulator" ./internal/cmd/emulator
# The component always runs amd64, whatever this machine is.
DOCKER_BUILDKIT=0 docker build -q --platform linux/amd64 -t "$image" -f internal/cmd/emulator/Dockerfile "$context"
[ "$1" != image ] || exit 0

# The component publishes its port on every address of this machine; here it is the
# loopback's.
mkdir "$context/bin"
cat >"$context/bin/docker" <<EOF
#!/bin/sh
previous=
for word do
  shift
  case \$previous in -p) case \$word in [0-9]*:[0-9]*) word=127.0.0.1:\$word ;; esac ;; esac
  previous=\$word
  set -- "\$@" "\$word"
done
exec '$docker' "\$@"
EOF
chmod +x "$context/bin/docker"
PATH=$context/bin:$PATH

# These keys win over everybody's own, which must not get into a container.
export PATH FC_DOCKER_IMAGE_URL="$image" AccountID=1234567890123456 AccessKeyID=local AccessKeySecret=local
if [ "$1" = start ]; then
  # Its own proxy listens on every address too, unless node is told otherwise.
  cat >"$context/loopback.cjs" <<'EOF'
const { Server } = require('node:net');
const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  const anywhere = typeof port === 'number' && typeof rest[0] !== 'string';
  return listen.call(this, port, ...(anywhere ? ['127.0.0.1', ...rest] : rest));
};
EOF
  NODE_OPTIONS="--require $context/loopback.cjs" "$s" local start -t s.local.yaml
  exit
fi
# The component puts the event between apostrophes into a shell command. In JSON an
# apostrophe is only in strings, where it can be escaped.
sed "s/'/\\\\u0027/g" "$event" >"$context/event.json"
status=0
"$s" local invoke -t s.local.yaml -f "$context/event.json" >"$context/out" 2>&1 || status=$?
cat "$context/out"
[ "$status" -eq 0 ] || { echo "s ended with status $status" >&2; exit "$status"; }
# s itself ends with 0 also when the function fails.
! grep -q '"errorType"' "$context/out" || { echo 'the function failed' >&2; exit 1; }
