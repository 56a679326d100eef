#!/bin/bash
# run.sh WHAT FOLDER: one part of the kit that this script lies in, on a folder. Prints "FAIL PART
# TEST WHY" for each test that failed, then "RAN COUNT". WHAT is share, acl, syscalls, fsx, fsstress,
# pjd (all of it) or pjd-brief.
export kit
kit=$(cd "$(dirname "$0")" && pwd)
cd "$2" || exit 1

pjd_one() {
  mkdir "pjd-$BASHPID" && cd "pjd-$BASHPID" || exit 1
  bash "$kit/fstest/tests/$1" 2>&1 | sed -n "s#^not ok #FAIL $1 #p; s#^ok .*#OK#p"
}
export -f pjd_one

# Several side by side, as some of them sleep until a second has passed.
pjd() {
  xargs -P 8 -I{} bash -c 'pjd_one {}' > "/tmp/pjd-$$"
  grep '^FAIL' "/tmp/pjd-$$" | sort
  echo "RAN $(grep -c '^OK\|^FAIL' "/tmp/pjd-$$")"
  rm -rf pjd-* "/tmp/pjd-$$"
}

# A program that says at its end whether all was well, and counts as one test.
whole() {
  "$@" > "/tmp/whole-$$" 2>&1
  local outcome=$?
  if [ $outcome != 0 ]; then
    echo "FAIL $(basename "$1") $outcome $(tail -n 3 "/tmp/whole-$$" | tr '\n' ' ')"
  fi
  rm "/tmp/whole-$$"
  echo "RAN 1"
}

case $1 in
  share) "$kit/share" check "$2" ;;
  acl) "$kit/share" check "$2" acl ;;
  syscalls)
    mkdir syscalls
    "$kit/test_syscalls" "$2/syscalls" > "/tmp/sys-$$" 2>&1
    sed -n '/^ *[0-9]* .* OK$/d; /^ *[0-9]/s/^ */FAIL syscalls /p' "/tmp/sys-$$"
    echo "RAN $(grep -o '^ *[0-9]* ' "/tmp/sys-$$" | sort -u | wc -l)"
    rm -rf syscalls "/tmp/sys-$$"
    ;;
  fsx)
    mkdir fsx && cd fsx || exit 1
    whole "$kit/fsx" -q -N "${3:-3000}" -c 100 -S "${4:-1}" file
    cd .. && rm -rf fsx
    ;;
  fsstress)
    mkdir stress
    whole "$kit/fsstress" -X -d "$2/stress" -n "${3:-500}" -p 4 -s "${4:-1}"
    rm -rf stress
    ;;
  pjd) (cd "$kit/fstest/tests" && ls -- ${3:-*}/*.t) | pjd ;;
  # What asks most of a server and does not sleep.
  pjd-brief) printf '%s\n' chmod/07.t chown/01.t link/0[02].t open/0[07].t open/2[23].t \
    rename/{00,09,10,13,14,20}.t rmdir/06.t symlink/0[08].t truncate/00.t unlink/11.t | pjd ;;
esac
