#!/bin/sh
# Builds the command for people and runs it with the arguments. GO and BUILT come from
# make. It takes the place of `go run`, which adds a line of its own to every error and
# is silent while it downloads and compiles for the first time.
if [ ! -x "$BUILT" ]; then
	echo 'building bucketwarden; the first time downloads its modules and takes a minute or two ...' >&2
fi
"$GO" build -o "$BUILT" ./cmd/bucketwarden || exit 1
exec "$BUILT" "$@"
