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
  demo_windows
  chapter "The end"
  lodge down
  trap - EXIT
  rm -rf "$place"
}

chapter() { printf '\n== %s\n' "$*" >&2; }

# Runs a command as a person would type it.
show() {
  local word line=
  # As one could type it.
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=,@%+-]*) line+=" '$word'" ;;
      *) line+=" $word" ;;
    esac
  done
  printf '\n$%s\n' "$line" >&2
  "$@"
}

demo_devices() {
  local id=lodge-demo
  chapter "A disk that Lodge serves; its device-blk is replaced while the guest reads, writes and compares"
  truncate -s 64M "$place/disk.img"
  show lodge device add work blk "path=$place/disk.img" --id $id
  lodge exec work -- sh -c "$(cat "$repo/itests/demo/verify")" verify $id >"$place/verify.log" 2>&1 &
  device_blk 1.1.0
  eventually "the guest has written and read" second_round
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

served_by() { eventually "device-blk $1 serves" serves_blk "$1"; }

second_round() { lodge device ls --counters work | grep -Eq "write.requests +(6[5-9]|[7-9][0-9]|[0-9,]{3,}) "; }

serves_blk() { lodge device ls work | grep -Eq "blk +running +$1"; }

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

demo_windows() {
  local picture=$repo/target/demo-display.png
  chapter "Windows of two guests on the display guest, and a directory that the storage guest serves"
  lodge exec storage -- sh -c 'mkdir -p /srv/docs && echo from storage >/srv/docs/readme'
  show lodge share ls
  show lodge run vault foot
  window vault left
  show lodge run work foot
  window work right
  say "typing into the window of work"
  # shellcheck disable=SC2046
  lodge keys display $(chords 'ls /docs; echo typed in work > /docs/note; cat /docs/note') ret
  eventually "the note is in storage" lodge exec storage -- test -s /srv/docs/note
  show lodge exec vault -- cat /docs/note
  show lodge exec vault -- sh -c 'echo forged >/docs/note' && fail "a read-only share was written to"
  show lodge windows
  lodge screenshot display "$picture"
  say "the display guest's screen: $picture"
}

# Waits for the guest's window and puts it on one side of the screen.
window() {
  eventually "$1 has a window on the display" window_of "$1"
  lodge keys display "meta_l-shift-$2"
}

window_of() { lodge windows | grep -Eq "^ *[0-9]+ +$1 +display .* [1-9][0-9]*x[0-9]+ "; }

eventually() {
  local what=$1 tries
  shift
  for tries in $(seq 100); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  fail "not so after $tries tries: $what"
}

# The keys that type a text on an American keyboard.
chords() {
  local i
  for ((i = 0; i < ${#1}; i++)); do
    case ${1:i:1} in
      ' ') echo spc ;;
      '/') echo slash ;;
      ';') echo semicolon ;;
      '>') echo shift-dot ;;
      *) echo "${1:i:1}" ;;
    esac
  done
}
