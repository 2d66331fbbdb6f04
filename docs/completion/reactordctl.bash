# Completion of reactordctl's options and commands for bash.
_reactordctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command="" word skip=""
  local options='--socket --timeout --json --interval --count --help --version'
  local commands='help stats connections connection kill drain reload log-level limits listeners programs slow ended metrics events trace top quit'
  COMPREPLY=()
  case $previous in
    -s | --socket) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    -t | --timeout | -i | --interval | -n | --count) return ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $skip ]]; then
      skip=""
    elif [[ $word == -[stin] || $word == --socket || $word == --timeout || $word == --interval || $word == --count ]]; then
      skip=yes
    elif [[ $word != -* ]]; then
      command=$word
      break
    fi
  done
  case $command in
    '') mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current") ;;
    metrics) mapfile -t COMPREPLY < <(compgen -W 'openmetrics' -- "$current") ;;
    top)
      mapfile -t COMPREPLY < <(compgen -W 'protocol= peer= state=' -- "$current")
      compopt -o nospace
      ;;
    log-level | events) mapfile -t COMPREPLY < <(compgen -W 'error warn info debug' -- "$current") ;;
    connections)
      mapfile -t COMPREPLY < <(compgen -W 'sort= limit=' -- "$current")
      compopt -o nospace
      ;;
    ended)
      mapfile -t COMPREPLY < <(compgen -W 'failures peer= protocol= cause= limit=' -- "$current")
      [[ ${COMPREPLY[*]-} == failures ]] || compopt -o nospace
      ;;
  esac
}
complete -F _reactordctl reactordctl
