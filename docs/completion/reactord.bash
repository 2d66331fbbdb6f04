# Completion of reactord's options for bash.
_reactord() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local options='--listen --reuse-port --drain-timeout
    --idle-timeout --line-timeout --drain-line-timeout --write-timeout --lifetime --lifetime-jitter
    --max-line --long-lines --output-high --output-low --output-hard --max-buffers
    --max-connections --max-connections-per-address --accept-rate --accept-rate-per-address --ip6-prefix
    --log-level --log-probes --log-rate --stall-threshold
    --config --instance --check --quiet --inetd --help --version'
  COMPREPLY=()
  case $previous in
    -c | --config) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    --log-level | --log-probes) mapfile -t COMPREPLY < <(compgen -W 'error warn info debug' -- "$current") ;;
    --reuse-port) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$current") ;;
    --inetd) mapfile -t COMPREPLY < <(compgen -W 'line echo' -- "$current") ;;
    --long-lines) mapfile -t COMPREPLY < <(compgen -W 'close truncate discard' -- "$current") ;;
    --*timeout | --life* | --max-* | --output-* | --*-rate* | --ip6-prefix | --stall-threshold) ;;
    --listen) mapfile -t COMPREPLY < <(compgen -W 'line@ echo@' -- "$current") ; compopt -o nospace ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
  esac
}
complete -F _reactord reactord
