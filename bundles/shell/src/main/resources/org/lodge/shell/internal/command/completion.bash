# Bash completion of lodge, made by: lodge completion bash
# A Lodge that runs is asked; the words below are for when none answers in time.

_lodge_words() {
  case "$1" in
@CASES@
  esac
}

_lodge() {
  local line=${COMP_LINE:0:COMP_POINT} words before current candidates word
  read -ra words <<<"$line"
  [[ $line != *[[:blank:]] ]] || words+=("")
  current=${words[-1]}
  before="${words[*]:1:${#words[@]}-2}"
  candidates=$(timeout 2 "${words[0]/#\~/$HOME}" complete -- "${words[@]:1}" 2>/dev/null </dev/null) ||
    case $current in
      -*) candidates=$(_lodge_words "options $before") ;;
      *) candidates=$(_lodge_words "words $before") ;;
    esac
  COMPREPLY=()
  while IFS= read -r word; do
    # Bash replaces only what stands behind the last : or =.
    [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("${word:$(_lodge_kept "$current")}")
  done <<<"$candidates"
  case "${COMPREPLY[*]-}" in
    *[:/]) compopt -o nospace 2>/dev/null ;;
  esac
}

_lodge_kept() {
  local rest=$1 breaks=${COMP_WORDBREAKS//[^:=]/}
  [ -n "$breaks" ] || { echo 0; return; }
  rest=${rest##*[$breaks]}
  echo $((${#1} - ${#rest}))
}

complete -F _lodge lodge
