# Completion of reactord-load's options for bash.
_reactord_load() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local options='--connections --duration --processes --depth --warmup --timeout
    --rate --poisson --slo
    --script --send --expect --seed
    --connection-per-request --connect-rate --ramp --hold
    --latency --json --plot --compare --fail-if --quiet
    --help --version'
  COMPREPLY=()
  case $previous in
    -s | --script | --json | --plot | --compare) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    -[cdtPR] | --connections | --duration | --processes | --depth | --warmup | --timeout | --rate | --slo | --send) ;;
    --expect | --seed | --connect-rate | --ramp | --hold | --fail-if) ;;
    *)
      if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
      else
        mapfile -t COMPREPLY < <(compgen -W 'line@ echo@ raw@' -- "$current")
        compopt -o nospace
      fi
      ;;
  esac
}
complete -F _reactord_load reactord-load
