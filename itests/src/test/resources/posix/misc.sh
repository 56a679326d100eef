# What the scripts of pjd's fstest expect around them, with one process for each test instead of six.
# They are run by bash.
ntest=1
maindir=$(cd "$dir/../.." && pwd)
fstest="$maindir/fstest"
. "$maindir/tests/conf"

name253=$(printf '_%.0s123456789' {1..25})_12
name255=${name253}34
name256=${name255}5
path1021=$name255/$name255/$name255/$name253
path1023=$path1021/x
path1024=${path1023}x

# The longest name, and a path just below and just above what a system call takes.
name_max=$(printf 'x%.0s' {1..255})
long_dir=$name_max
for _ in {2..15}; do long_dir=$long_dir/$name_max; done
long_dir=$long_dir/x
too_long=$long_dir/$name_max

create_too_long() { mkdir -p "$long_dir"; }
unlink_too_long() { rm -rf "$name_max"; }

outcome() {
  if [ "$1" = 0 ]; then
    echo "ok $ntest"
  else
    echo "not ok $ntest $2"
  fi
  ntest=$((ntest + 1))
}

expect() {
  local wanted=$1 got
  shift
  # shellcheck disable=SC2048,SC2086
  got=$("$fstest" $* 2>/dev/null)
  got=${got##*$'\n'}
  [[ $got =~ ^($wanted)$ ]]
  outcome $? "wanted $wanted, got $got: ${*//$name_max/NAME_MAX}"
}

test_check() {
  # shellcheck disable=SC2048,SC2086
  [ $* ]
  outcome $? "$*"
}

namegen() { echo "fstest_${BASHPID}_$RANDOM"; }

quick_exit() {
  printf '1..1\nok 1\n'
  exit 0
}

supported() { [ "$1" != chflags ] && [ "$1" != lchmod ]; }

require() { supported "$1" || quick_exit; }
