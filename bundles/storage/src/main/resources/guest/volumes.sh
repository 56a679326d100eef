# What is done to the volumes that a guest keeps; Lodge has this run there:
#
#   sh -c "$(cat volumes.sh)" volumes FOLDER list
#   … create NAME BYTES | resize NAME BYTES ANY|NO-LESS | remove NAME | forget NAME SNAPSHOT
#   … snapshot NAME SNAPSHOT STILL|INSTANT | clone NAME SNAPSHOT|. NEW STILL|INSTANT | revert NAME SNAPSHOT
#
# INSTANT is for a volume that a guest writes meanwhile: its blocks are shared, or nothing is done.
#
#   NAME                       the raw image, of which nbdkit makes an export
#   .snapshot/NAME/SNAPSHOT    what it was
#   .new                       not yet part of it
#   .gone-NAME                 no more part of it
#   .was-NAME.INODE            the image that a revert replaces, to become the snapshot before-revert
#
# It may be cut short anywhere: a rename makes a change visible, and what it shows was synced before.
# Whoever comes next finishes what was visible and sweeps the rest. At the end all volumes are told,
# or in one line what is refused and why.
set -eu
umask 077
export LC_ALL=C

refuse() {
  echo "refused $*"
  exit 0
}

settle() {
  name=${1#.was-}
  inode=${name##*.}
  name=${name%.*}
  if [ "$(stat -c %i "$name" 2>/dev/null)" = "$inode" ]; then
    rm "$1"
  else
    mv -f "$1" ".snapshot/$name/before-revert"
    sync ".snapshot/$name"
  fi
}

purge() {
  rm -rf ".snapshot/${1#.gone-}"
  rm "$1"
}

# One at a time; what a script that was killed has started keeps the lock until it has ended.
begin() {
  exec 9<.
  flock -w 10 9 || refuse busy
  rm -f .new
  for each in .gone-*; do
    [ ! -e "$each" ] || purge "$each"
  done
  for each in .was-*; do
    [ ! -e "$each" ] || settle "$each"
  done
}

there() {
  [ -f "$1" ] || refuse missing "$1"
}

free() {
  [ ! -e "$1" ] || refuse exists "$1"
}

# copy IMAGE STILL|INSTANT: to .new
copy() {
  if said=$(cp --reflink=always "$1" .new 2>&1); then
    sync .new
    return
  fi
  rm -f .new
  [ "$2" = STILL ] || refuse unshared "$said"
  need=$(($(stat -c '%b * %B' "$1")))
  room=$(df --output=avail -B1 . | tail -n 1)
  [ "$need" -le "$room" ] || refuse space "$need" "$room"
  cp --reflink=never --sparse=auto "$1" .new
  sync .new
}

create() {
  free "$1"
  rm -rf ".snapshot/$1"
  truncate -s "$2" .new
  sync .new
  mv .new "$1"
  sync .
}

resize() {
  there "$1"
  [ "$3" = ANY ] || [ "$2" -ge "$(stat -c %s "$1")" ] || refuse smaller
  truncate -s "$2" "$1"
  sync "$1"
}

remove() {
  there "$1"
  mv "$1" ".gone-$1"
  sync .
  purge ".gone-$1"
}

forget() {
  there ".snapshot/$1/$2"
  rm ".snapshot/$1/$2"
  sync ".snapshot/$1"
}

snapshot() {
  there "$1"
  free ".snapshot/$1/$2"
  copy "$1" "$3"
  mkdir -p ".snapshot/$1"
  mv .new ".snapshot/$1/$2"
  sync . .snapshot ".snapshot/$1"
}

clone() {
  from=$1
  [ "$2" = . ] || from=.snapshot/$1/$2
  there "$from"
  free "$3"
  rm -rf ".snapshot/$3"
  copy "$from" "$4"
  mv .new "$3"
  sync .
}

revert() {
  there "$1"
  there ".snapshot/$1/$2"
  copy ".snapshot/$1/$2" STILL
  was=.was-$1.$(stat -c %i "$1")
  ln "$1" "$was"
  sync .
  mv -f .new "$1"
  sync .
  settle "$was"
}

# A guest that has just started makes it after its agent is there to be asked.
tries=0
while [ "$2" != list ] && [ ! -d "$1" ] && [ $tries -lt 50 ]; do
  sleep 0.2
  tries=$((tries + 1))
done
cd "$1" 2>/dev/null || refuse folder
shift
if [ "$1" != list ]; then
  begin
  "$@"
fi
find . -ignore_readdir_race -mindepth 1 -maxdepth 3 -type f -printf '%P %s %b %T@\n'
