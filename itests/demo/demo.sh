# The main job of Lodge on real guests, a chapter for each part. Read by ../../lodge, whose functions it uses.

demo() {
  build
  own_place demo
  mkdir -p "$repo/target"
  cp -r "$repo/config" "$place/config"
  cp -r "$repo/itests/demo/config/." "$place/config/"
  export LODGE_CONFIG=$place/config
  images storage display app
  chapter "Four guests: a display, applications, files, and a vault"
  lodge up --detach
  show lodge start storage display work vault
  show lodge ls --times
  demo_devices
  demo_connections
  chapter "The display guest's screen"
  lodge screenshot display "$repo/target/demo-display.png"
  say "see $repo/target/demo-display.png"
  chapter "The end"
  lodge down
  trap - EXIT
  rm -rf "$place"
}

chapter() { printf '\n== %s\n' "$*" >&2; }

# Runs a command as a person would type it.
show() {
  printf '\n$ %s\n' "$*" >&2
  "$@"
}

demo_devices() {
  local id=lodge-demo
  chapter "A disk that Lodge serves; its device-blk is replaced while the guest reads, writes and compares"
  truncate -s 64M "$place/disk.img"
  show lodge device add work blk "path=$place/disk.img" --id $id
  lodge exec work -- sh -c "$(cat "$repo/itests/demo/verify")" verify $id >"$place/verify.log" 2>&1 &
  device_blk 1.1.0
  show cp "$place/device-blk-1.1.0.jar" "$LODGE_STATE/deploy/"
  served_by 1.1.0
  show lodge device ls --counters work
  show rm "$LODGE_STATE/deploy/device-blk-1.1.0.jar"
  served_by 1.0.0
  lodge exec work -- touch /run/verified
  wait $!
  cat "$place/verify.log"
  show lodge device rm work $id
}

# The distribution's device-blk under another version.
device_blk() {
  local unpacked=$place/device-blk
  mkdir "$unpacked"
  (cd "$unpacked" && "$JAVA_HOME/bin/jar" xf "$dist"/system/device-blk-*.jar)
  sed -i "s/^Bundle-Version: .*/Bundle-Version: $1\r/" "$unpacked/META-INF/MANIFEST.MF"
  sed -i "s/value=\"1\.0\.0\"/value=\"$1\"/" "$unpacked"/OSGI-INF/*.xml
  "$JAVA_HOME/bin/jar" cfm "$place/device-blk-$1.jar" "$unpacked/META-INF/MANIFEST.MF" -C "$unpacked" OSGI-INF -C "$unpacked" org
}

served_by() {
  local tries
  for tries in $(seq 200); do
    lodge device ls work | grep -Eq "blk +running +$1" && return
    sleep 0.1
  done
  fail "device-blk $1 does not serve after $((tries / 10)) s: see lodge device ls"
}

demo_connections() {
  chapter "Commands, files, and calls between guests"
  show lodge exec work -- uname -a
  show lodge cp "$repo/README.md" work:/tmp/README.md
  show lodge cp work:/tmp/README.md "$place/README.back"
  cmp "$repo/README.md" "$place/README.back" && say "the file came back as it was"
  lodge exec vault -- sh -c 'head -c 32 /dev/urandom >/root/key'
  show lodge exec work -- sh -c 'lodge-call vault sign </tmp/README.md'
  say "no rule lets storage have anything signed:"
  show lodge exec storage -- sh -c 'echo forged | lodge-call vault sign' && fail "a call without a rule was let through"
  show lodge policy explain sign storage vault
}
