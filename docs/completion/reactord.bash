# Completion of reactord's options for bash.
_reactord() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # BEGIN options: from src/daemon/settings_table.cpp, by make docs
  local options='--listen --program --reuse-port --drain-timeout --control --metrics --metrics-file
    --idle-timeout --line-timeout --drain-line-timeout --write-timeout --lifetime --lifetime-jitter --max-line
    --long-lines --output-high --output-low --output-hard --max-buffers --max-connections
    --max-connections-per-address --accept-rate --accept-rate-per-address --ip6-prefix --log-level
    --log-probes --access-log --log-rate --stall-threshold --config --instance --check --quiet --inetd --help
    --version'
  # END options
  COMPREPLY=()
  case $previous in
    # BEGIN completions: from src/daemon/settings_table.cpp, by make docs
    --listen) mapfile -t COMPREPLY < <(compgen -W 'line@ echo@' -- "$current"); compopt -o nospace ;;
    --program | --drain-timeout | --control | --metrics | --idle-timeout | --line-timeout | \
      --drain-line-timeout | --write-timeout | --lifetime | --lifetime-jitter | --max-line | --output-high | \
      --output-low | --output-hard | --max-buffers | --max-connections | --max-connections-per-address | \
      --accept-rate | --accept-rate-per-address | --ip6-prefix | --log-rate | --stall-threshold | --instance) ;;
    --reuse-port) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$current") ;;
    --metrics-file | -c | --config) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    --long-lines) mapfile -t COMPREPLY < <(compgen -W 'close truncate discard' -- "$current") ;;
    --log-level | --log-probes) mapfile -t COMPREPLY < <(compgen -W 'error warn info debug' -- "$current") ;;
    --access-log) mapfile -t COMPREPLY < <(compgen -W 'all errors sample=1/100 off' -- "$current") ;;
    --inetd) mapfile -t COMPREPLY < <(compgen -W 'line echo' -- "$current") ;;
    # END completions
    *) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
  esac
}
complete -F _reactord reactord
